using System.Collections.Concurrent;
using Roster.Server.Hosting;

namespace Roster.Server.Guard;

/// <summary>
/// Collects the times of use of keys and stores them every few seconds, so that no request waits for it.
/// </summary>
internal sealed class KeyUse(IRosterStore store, ILogger<KeyUse> logger) : RepeatedWork(TimeSpan.FromSeconds(5), logger)
{
    private readonly ConcurrentDictionary<Guid, Timestamp> _lastUsedAt = [];

    public void Note(Guid keyId, Timestamp at) => _lastUsedAt[keyId] = at;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync();
    }

    protected override Task PassAsync(CancellationToken cancel) => WriteAsync();

    private async Task WriteAsync()
    {
        var used = new Dictionary<Guid, Timestamp>();
        foreach (var id in _lastUsedAt.Keys)
            if (_lastUsedAt.TryRemove(id, out var at))
                used[id] = at;
        if (used.Count == 0)
            return;
        try
        {
            await store.NoteKeyUseAsync(used, CancellationToken.None);
        }
        catch (StoreException)
        {
            // Requests meet and report the same trouble. The times of use of these seconds may be lost.
        }
    }
}
