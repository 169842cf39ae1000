using System.Collections.Concurrent;
using Roster.Server.Hosting;

namespace Roster.Server.Guard;

/// <summary>
/// Collects the times of use of keys and sessions and stores them every few seconds, so that no request waits for it.
/// </summary>
internal sealed class KeyUse(IRosterStore store, ILogger<KeyUse> logger) : RepeatedWork(TimeSpan.FromSeconds(5), logger)
{
    private readonly ConcurrentDictionary<Guid, Timestamp> _keys = [];
    private readonly ConcurrentDictionary<Guid, Timestamp> _sessions = [];

    public void Note(Guid keyId, Timestamp at) => _keys[keyId] = at;

    public void NoteSession(Guid sessionId, Timestamp at) => _sessions[sessionId] = at;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync();
    }

    protected override Task PassAsync(CancellationToken cancel) => WriteAsync();

    private async Task WriteAsync()
    {
        try
        {
            if (Taken(_keys) is { Count: > 0 } keys)
                await store.NoteKeyUseAsync(keys, CancellationToken.None);
            if (Taken(_sessions) is { Count: > 0 } sessions)
                await store.NoteSessionUseAsync(sessions, CancellationToken.None);
        }
        catch (StoreException)
        {
            // Requests meet and report the same trouble. The times of use of these seconds may be lost.
        }
    }

    private static Dictionary<Guid, Timestamp> Taken(ConcurrentDictionary<Guid, Timestamp> noted)
    {
        var used = new Dictionary<Guid, Timestamp>();
        foreach (var id in noted.Keys)
            if (noted.TryRemove(id, out var at))
                used[id] = at;
        return used;
    }
}
