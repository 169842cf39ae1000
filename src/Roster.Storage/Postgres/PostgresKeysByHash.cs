using System.Diagnostics;
using Roster.Access;

namespace Roster.Storage.Postgres;

/// <summary>
/// Finds API keys in batches. Requests that arrive during a lookup wait, and are then looked up together in one
/// statement: each sees the keys as of its arrival or later, and many requests cost hardly more than one.
/// </summary>
/// <param name="find">
/// Finds the keys with these hashes. The number is the arrival of the first caller, as a <see cref="Stopwatch"/>
/// timestamp.
/// </param>
internal sealed class PostgresKeysByHash(Func<long, byte[][], Task<List<ApiKey>>> find)
{
    /// <summary>Longest wait for the lookup before, whose connection may be dead.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private Lookup? _next;
    private Task _last = Task.CompletedTask;

    /// <exception cref="StoreException">The database does not answer.</exception>
    public async Task<ApiKey?> FindAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel)
    {
        var text = Convert.ToHexString(hash.Span);
        Task<Dictionary<string, ApiKey>> found;
        lock (_lock)
        {
            if (_next is null)
            {
                _next = new Lookup();
                _next.Found = FindAsync(_next, _last);
            }
            _next.Hashes.Add(text);
            found = _next.Found;
        }
        return (await found.WaitAsync(cancel)).GetValueOrDefault(text);
    }

    private async Task<Dictionary<string, ApiKey>> FindAsync(Lookup lookup, Task before)
    {
        // The first caller still holds the lock.
        await Task.Yield();
        if (!before.IsCompleted)
            await Task.WhenAny(before, Task.Delay(LongestWait));
        lock (_lock)
        {
            _next = null;
            _last = lookup.Found;
        }
        var keys = await find(lookup.Since, [.. lookup.Hashes.Select(Convert.FromHexString)]);
        return keys.ToDictionary(key => Convert.ToHexString(key.Hash));
    }

    /// <summary>A batch of hashes, in hexadecimal.</summary>
    private sealed class Lookup
    {
        public HashSet<string> Hashes { get; } = [];

        public long Since { get; } = Stopwatch.GetTimestamp();

        public Task<Dictionary<string, ApiKey>> Found { get; set; } = null!;
    }
}
