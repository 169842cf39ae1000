using System.Collections.Concurrent;
using Roster.Server.Hosting;

namespace Roster.Server.Writes;

/// <summary>
/// Who waits for something to be written. What this server writes wakes them at once; for what other servers write, it asks the database, once
/// for each workspace and interval, however many wait.
/// </summary>
internal sealed class LogWatch(IRosterStore store, ILogger<LogWatch> logger)
    : RepeatedWork(TimeSpan.FromMilliseconds(200), logger)
{
    /// <summary>How many requests may wait on a server.</summary>
    public const int MaxWaiting = 2_000;

    /// <summary>How many requests may wait for one workspace.</summary>
    public const int MaxWaitingForOne = 200;

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<long, Watched> _watched = [];
    private int _waiting;

    /// <summary>A place among those who wait, from before the log is looked at: what is written after that is not missed.</summary>
    /// <returns>Null where too many wait already.</returns>
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

    /// <summary>Tells those who wait that a workspace's log reaches to this revision.</summary>
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
            // Requests meet the same trouble and report it; those who wait are woken when it is over.
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

    /// <summary>A request that waits for a workspace; dispose it when it does not any more.</summary>
    internal sealed class Place(LogWatch watch, long workspaceId, Watched watched) : IDisposable
    {
        /// <summary>Returns when the log goes on after a revision, or the time is over.</summary>
        /// <param name="stopping">Ends the time.</param>
        /// <returns>False where the time is over.</returns>
        public async Task<bool> WaitAsync(long after, TimeSpan time, CancellationToken stopping, CancellationToken cancel)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancel);
            var over = Task.Delay(time, end.Token);
            // What wakes those who wait may be no news to all of them.
            while (!over.IsCompleted && watched.AfterAsync(after) is { IsCompleted: false } written)
                await Task.WhenAny(written, over);
            await end.CancelAsync();
            cancel.ThrowIfCancellationRequested();
            return watched.AfterAsync(after).IsCompleted;
        }

        public void Dispose() => watch.Leave(workspaceId, watched);
    }

    /// <summary>A workspace that requests wait for.</summary>
    internal sealed class Watched
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _written = NewSource();
        private long _end;

        public int Waiting { get; set; }

        /// <summary>Completes when the log is known to go on after a revision.</summary>
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
