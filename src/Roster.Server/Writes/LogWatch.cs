using System.Collections.Concurrent;
using Roster.Server.Hosting;

namespace Roster.Server.Writes;

/// <summary>
/// Requests that wait for new change sets. Writes of this server wake them at once. For writes of other servers, it
/// polls the database: once per workspace and interval, however many wait.
/// </summary>
internal sealed class LogWatch(IRosterStore store, ILogger<LogWatch> logger)
    : RepeatedWork(TimeSpan.FromMilliseconds(200), logger)
{
    /// <summary>Most waiting requests of a server.</summary>
    public const int MaxWaiting = 2_000;

    /// <summary>Most waiting requests of one workspace.</summary>
    public const int MaxWaitingForOne = 200;

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<long, Watched> _watched = [];
    private int _waiting;

    /// <summary>
    /// Registers a waiting request. Call it before reading the log, so that no later write is missed.
    /// </summary>
    /// <returns>Null if too many wait already.</returns>
    public Place? Enter(long workspaceId)
    {
        lock (_lock)
        {
            if (_waiting >= MaxWaiting || _watched.GetValueOrDefault(workspaceId) is { Waiting: >= MaxWaitingForOne })
                return null;
            var watched = _watched.GetOrAdd(workspaceId, _ => new Watched());
            _waiting++;
            watched.Waiting++;
            return new Place(this, workspaceId, watched);
        }
    }

    /// <summary>Wakes the requests that wait for a workspace's log to reach this revision.</summary>
    public void Reached(long workspaceId, long revision)
    {
        if (_watched.TryGetValue(workspaceId, out var watched))
            watched.Reached(revision);
    }

    protected override async Task PassAsync(CancellationToken cancel)
    {
        if (store.IsShared)
            foreach (var workspaceId in _watched.Keys)
                await LookAsync(workspaceId, cancel);
    }

    private async Task LookAsync(long workspaceId, CancellationToken cancel)
    {
        try
        {
            Reached(workspaceId, (await store.FindEndAsync(workspaceId, cancel)).Number);
        }
        catch (StoreException)
        {
            // Requests meet the same failure and report it; waiting ones are woken when it is over.
        }
    }

    private void Leave(long workspaceId, Watched watched)
    {
        lock (_lock)
        {
            _waiting--;
            if (--watched.Waiting == 0)
                _watched.TryRemove(workspaceId, out _);
        }
    }

    /// <summary>A waiting request; dispose it when it stops waiting.</summary>
    internal sealed class Place(LogWatch watch, long workspaceId, Watched watched) : IDisposable
    {
        /// <summary>Waits until the log has a newer revision than this one, or the time is over.</summary>
        /// <param name="stopping">Ends the wait like the end of the time.</param>
        /// <returns>False if the time is over.</returns>
        public async Task<bool> WaitAsync(long after, TimeSpan time, CancellationToken stopping, CancellationToken cancel)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancel);
            var over = Task.Delay(time, end.Token);
            // A wake-up may be for an older revision than this request needs.
            while (!over.IsCompleted && watched.AfterAsync(after) is { IsCompleted: false } written)
                await Task.WhenAny(written, over);
            await end.CancelAsync();
            cancel.ThrowIfCancellationRequested();
            return watched.AfterAsync(after).IsCompleted;
        }

        public void Dispose() => watch.Leave(workspaceId, watched);
    }

    /// <summary>A workspace with waiting requests.</summary>
    internal sealed class Watched
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _written = NewSource();
        private long _end;

        public int Waiting { get; set; }

        /// <summary>Completes when the log is known to have a newer revision.</summary>
        public Task AfterAsync(long revision)
        {
            lock (_lock)
                return _end > revision ? Task.CompletedTask : _written.Task;
        }

        public void Reached(long revision)
        {
            lock (_lock)
            {
                if (revision <= _end)
                    return;
                _end = revision;
                _written.SetResult();
                _written = NewSource();
            }
        }

        private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
