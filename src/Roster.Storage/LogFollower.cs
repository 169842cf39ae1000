using System.Collections.Concurrent;
using System.Diagnostics;

namespace Roster.Storage;

/// <summary>The result of a step along a workspace's log.</summary>
internal enum FollowStep
{
    /// <summary>Everything written before the step began has been processed.</summary>
    Reached,

    /// <summary>There is more to process.</summary>
    More,

    /// <summary>Another server is processing it; try again soon.</summary>
    Held,
}

/// <summary>
/// Follows the logs of workspaces, separately from writes. A write only announces that there is more (<see
/// cref="Changed"/>). A reader waits until its revision has been processed (<see cref="ReachAsync"/>). Each workspace
/// runs one step at a time. After a failed step, its workspace is tried again with growing pauses, and its readers get
/// an error at once; other workspaces go on.
/// </summary>
/// <remarks>
/// Keeps some hundred bytes for each workspace that was written or waited for since the start, and one task for each
/// that is behind.
/// </remarks>
internal abstract class LogFollower : IAsyncDisposable
{
    /// <summary>How long <see cref="ReachAsync"/> waits.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a write waits for others before a step processes them together: one step costs a fraction of many.
    /// </summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(250);

    /// <summary>The pause after a failed step: the shortest, and the longest if nobody waits.</summary>
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);

    /// <summary>How often a waiting reader looks again: another server may be the one that follows.</summary>
    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<long, Following> _followings = [];
    private readonly CancellationTokenSource _stopping = new();
    /// <summary>A copy of the token, which still works after its source is disposed of.</summary>
    private readonly CancellationToken _stopped;
    private readonly SemaphoreSlim _lanes;

    /// <summary>Failed workspaces share a few of the lanes, so that hanging steps do not block the others.</summary>
    private readonly SemaphoreSlim _failingLanes;
    private volatile bool _isClosed;

    /// <param name="lanes">How many workspaces are followed at the same time.</param>
    protected LogFollower(int lanes) =>
        (_lanes, _failingLanes, _stopped) = (new SemaphoreSlim(lanes), new SemaphoreSlim(Math.Max(1, lanes / 4)), _stopping.Token);

    /// <summary>Announces that a workspace's log has grown. It is followed soon, together with other writes.</summary>
    public void Changed(long workspaceId)
    {
        var one = Of(workspaceId);
        lock (one.Gate)
        {
            one.Note();
            if (!_isClosed && one.Work.IsCompleted)
                one.Work = Task.Run(() => FollowAsync(workspaceId, one));
        }
    }

    /// <summary>The age of the oldest announced write, of any workspace, that has not been processed.</summary>
    public TimeSpan Lag
    {
        get
        {
            var oldest = _followings.Values.Select(one => one.BehindSince).Where(since => since != 0).DefaultIfEmpty().Min();
            return oldest == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(oldest);
        }
    }

    /// <summary>Waits until the log has been processed up to a revision.</summary>
    /// <exception cref="StoreException">
    /// It takes longer than <see cref="Patience"/> or the last step failed (<see cref="StoreTrouble.SearchBehind"/>);
    /// or the server has stopped.
    /// </exception>
    public Task ReachAsync(long workspaceId, long revision, CancellationToken cancel) =>
        WaitUntilAsync(workspaceId, revision, ReachedAsync, cancel);

    /// <summary>Waits until a part of the work has been done up to a revision.</summary>
    /// <param name="reachedOf">The revision up to which that part is done in a workspace.</param>
    /// <inheritdoc cref="ReachAsync" path="/exception"/>
    protected async Task WaitUntilAsync(
        long workspaceId, long revision, Func<long, CancellationToken, Task<long>> reachedOf, CancellationToken cancel)
    {
        if (await reachedOf(workspaceId, cancel) >= revision)
            return;
        var since = Stopwatch.GetTimestamp();
        var one = Of(workspaceId);
        for (var look = ShortestLook; ; look = look * 2 < LongestLook ? look * 2 : LongestLook)
        {
            var advanced = Volatile.Read(ref one.Advanced).Task;
            // Read before the revision, so that the revision is not older than the failure.
            var failure = one.FailureSince(since - (long)(ShortestRetry.TotalSeconds * Stopwatch.Frequency));
            var reached = await reachedOf(workspaceId, cancel);
            if (reached >= revision)
                return;
            if (_isClosed)
                throw new StoreException(StoreTrouble.Unavailable, "The server has stopped.");
            // If the last step failed, the next one most likely fails too: do not wait for it.
            if (failure is not null || Stopwatch.GetElapsedTime(since) > Patience)
                throw new StoreException(
                    StoreTrouble.SearchBehind,
                    $"The search index is at revision {reached} and {revision} is wanted. {failure?.Message}", failure);
            Changed(workspaceId);
            one.Hurry.TrySetResult();
            await Task.WhenAny(advanced, Task.Delay(look, cancel));
            cancel.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Abandons the running steps; the next start continues them.</summary>
    public virtual async ValueTask DisposeAsync()
    {
        _isClosed = true;
        await _stopping.CancelAsync();
        foreach (var one in _followings.Values)
        {
            Task work;
            lock (one.Gate)
                work = one.Work;
            await work;
            one.Advance();
        }
        _stopping.Dispose();
    }

    protected bool IsClosed => _isClosed;

    /// <summary>Returns after a time, or when the follower is closed.</summary>
    protected Task PauseAsync(TimeSpan time) => Task.WhenAny(Task.Delay(time, _stopped));

    /// <summary>The revision up to which the workspace's log has been processed.</summary>
    protected abstract Task<long> ReachedAsync(long workspaceId, CancellationToken cancel);

    /// <summary>Processes the next part of a workspace's log.</summary>
    /// <param name="stop">Cancelled when the server stops: the step may then be abandoned.</param>
    protected abstract Task<FollowStep> TakeAsync(long workspaceId, CancellationToken stop);

    /// <summary>If the index is damaged, reports that and has the next steps rebuild it.</summary>
    /// <returns>
    /// Whether it is rebuilt. Then the next step begins at once, unless the step before had failed too.
    /// </returns>
    protected virtual bool TryMend(long workspaceId, Exception failure) => false;

    /// <summary>Called when a step failed and will be tried again.</summary>
    protected abstract void Failed(long workspaceId, Exception failure);

    /// <summary>Called when everything written before the last step began has been processed.</summary>
    protected abstract void Followed(long workspaceId);

    private Following Of(long workspaceId) => _followings.GetOrAdd(workspaceId, _ => new Following());

    /// <summary>Runs steps until there is nothing more to process.</summary>
    private async Task FollowAsync(long workspaceId, Following one)
    {
        try
        {
            do
            {
                await Task.WhenAny(one.Hurry.Task, Task.Delay(one.Pause, _stopped));
                await FollowOnceAsync(workspaceId, one, _stopped);
            }
            while (!one.IsDone());
        }
        catch (OperationCanceledException) when (_stopped.IsCancellationRequested)
        {
            // The next start continues.
        }
    }

    private async Task FollowOnceAsync(long workspaceId, Following one, CancellationToken stop)
    {
        var isFailing = one.Failures > 0;
        if (isFailing)
            await _failingLanes.WaitAsync(stop);
        try
        {
            await _lanes.WaitAsync(stop);
            try
            {
                // Reset before the step: what is written during it needs another step.
                one.Begin();
                var step = await TakeAsync(workspaceId, stop);
                one.Advance();
                if (step == FollowStep.Reached)
                {
                    one.Reach();
                    Followed(workspaceId);
                }
                else
                    one.IsWanted = true;
                // If there is more, other workspaces that wait for a lane come first.
                one.Succeed(step == FollowStep.More ? TimeSpan.Zero : Gathering);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                // Abandoned, or something that the step needs is closed already.
                throw new OperationCanceledException(stop);
            }
            catch (Exception failure)
            {
                var isMended = TryMend(workspaceId, failure);
                var pause = ShortestRetry * Math.Pow(2, Math.Min(one.Failures, 10));
                if (isMended && one.Failures == 0)
                    one.Fail(null, TimeSpan.Zero);
                else
                {
                    one.Fail(failure, pause < LongestRetry ? pause : LongestRetry);
                    if (!isMended)
                        Failed(workspaceId, failure);
                }
                one.Advance();
            }
            finally
            {
                _lanes.Release();
            }
        }
        finally
        {
            if (isFailing)
                _failingLanes.Release();
        }
    }

    /// <summary>The state of following one workspace.</summary>
    private sealed class Following
    {
        public readonly Lock Gate = new();
        private Exception? _failure;
        private long _failedAt;
        private long _behindSince;

        /// <summary>The same, of the writes since the last step began.</summary>
        private long _newerSince;

        /// <summary>Completed when a step has advanced or failed; replaced by a new one then.</summary>
        public TaskCompletionSource Advanced = NewSignal();

        public Task Work { get; set; } = Task.CompletedTask;

        /// <summary>Whether more was written after the last step began, or somebody waits.</summary>
        public volatile bool IsWanted;

        /// <summary>Completed when somebody waits for the next step.</summary>
        public TaskCompletionSource Hurry { get; private set; } = NewSignal();

        /// <summary>How long the next step waits if nobody hurries it.</summary>
        public TimeSpan Pause { get; private set; } = Gathering;

        /// <summary>The number of failed steps in a row.</summary>
        public int Failures { get; private set; }

        /// <summary>Why the last step failed; null if it did not, or if it failed before that time.</summary>
        public Exception? FailureSince(long timestamp)
        {
            lock (Gate)
                return _failedAt >= timestamp ? _failure : null;
        }

        /// <summary>When the oldest write was announced that no step has processed, as a timestamp; 0 if there is none.</summary>
        public long BehindSince => Volatile.Read(ref _behindSince);

        /// <summary>Notes that there is more. The gate must be held.</summary>
        public void Note()
        {
            var now = Stopwatch.GetTimestamp();
            if (_behindSince == 0)
                Volatile.Write(ref _behindSince, now);
            if (_newerSince == 0)
                _newerSince = now;
            IsWanted = true;
        }

        public void Begin()
        {
            lock (Gate)
                (_newerSince, IsWanted) = (0, false);
            Hurry = NewSignal();
        }

        /// <summary>All that was announced before the step began has been processed.</summary>
        public void Reach()
        {
            lock (Gate)
                Volatile.Write(ref _behindSince, _newerSince);
        }

        public void Succeed(TimeSpan pause)
        {
            lock (Gate)
                (_failure, Failures, Pause) = (null, 0, pause);
        }

        public void Fail(Exception? failure, TimeSpan pause)
        {
            // Readers that waited for this step get its failure. Only later readers hurry the next step.
            lock (Gate)
                (_failure, _failedAt, Failures, Pause, IsWanted, Hurry) =
                    (failure, Stopwatch.GetTimestamp(), Failures + 1, pause, true, NewSignal());
        }

        /// <returns>
        /// Whether there is nothing to do. Then the task ends, and the next <see cref="Changed"/> starts another.
        /// </returns>
        public bool IsDone()
        {
            lock (Gate)
            {
                if (IsWanted)
                    return false;
                Work = Task.CompletedTask;
                return true;
            }
        }

        public void Advance() => Interlocked.Exchange(ref Advanced, NewSignal()).SetResult();

        private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
