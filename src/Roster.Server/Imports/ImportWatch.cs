using Roster.Imports;

namespace Roster.Server.Imports;

/// <summary>
/// Requests that wait for an import to change. Any server may change it, so each looks at the database four times a second.
/// </summary>
internal sealed class ImportWatch(StoredImports imports, TimeProvider clock, IHostApplicationLifetime server)
{
    /// <summary>Most waiting requests of a server.</summary>
    public const int MaxWaiting = 200;

    /// <summary>Most waiting requests of one workspace.</summary>
    public const int MaxWaitingForOne = 50;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly Dictionary<long, int> _waiting = [];

    /// <returns>A place to be disposed of; null if too many wait.</returns>
    public IDisposable? Enter(long workspaceId)
    {
        lock (_lock)
        {
            var of = _waiting.GetValueOrDefault(workspaceId);
            if (of >= MaxWaitingForOne || _waiting.Values.Sum() >= MaxWaiting)
                return null;
            _waiting[workspaceId] = of + 1;
            return new Place(this, workspaceId);
        }
    }

    /// <summary>Waits for a step after one.</summary>
    /// <returns>The import as it is after the wait; null if the time is over, or the server stops.</returns>
    public async Task<Import?> NextAsync(Import import, long after, TimeSpan wait, CancellationToken cancel)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(server.ApplicationStopping, cancel);
        for (var begun = clock.GetTimestamp(); clock.GetElapsedTime(begun) < wait;)
        {
            await Task.Delay(Interval, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancel.ThrowIfCancellationRequested();
            if (end.IsCancellationRequested)
                return null;
            if (await imports.FindAsync(import.WorkspaceId, import.Id, cancel) is { } now && now.Step > after)
                return now;
        }
        return null;
    }

    private void Leave(long workspaceId)
    {
        lock (_lock)
            if (--_waiting[workspaceId] == 0)
                _waiting.Remove(workspaceId);
    }

    private sealed class Place(ImportWatch watch, long workspaceId) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
                watch.Leave(workspaceId);
        }
    }
}
