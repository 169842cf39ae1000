using System.Diagnostics;
using Roster.Access;

namespace Roster.Storage.Postgres;

/// <summary>
/// Finds the keys of requests. Those that come while others are looked up wait, and are then looked up together in one statement: so
/// each sees the keys as they are after it came, and many requests cost hardly more than one.
/// </summary>
/// <param name="find">Finds the keys with some hashes, for callers of which the first came then, as <see cref="Stopwatch"/> counts.</param>
internal sealed class PostgresKeysByHash(Func<long, byte[][], Task<List<ApiKey>>> find)
{
    /// <summary>Nobody waits longer for others, who may be on a connection that is dead.</summary>
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
        // Its first caller still holds the lock.
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

    /// <summary>Hashes that are looked up together, as hexadecimal digits.</summary>
    private sealed class Lookup
    {
        public HashSet<string> Hashes { get; } = [];

        public long Since { get; } = Stopwatch.GetTimestamp();

        public Task<Dictionary<string, ApiKey>> Found { get; set; } = null!;
    }
}
