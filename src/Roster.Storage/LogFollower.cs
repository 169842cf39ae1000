using System.Collections.Concurrent;
using System.Diagnostics;

namespace Roster.Storage;

/// <summary>What became of a step along a workspace's log.</summary>
internal enum FollowStep
{
    /// <summary>All that was written when the step began is taken.</summary>
    Reached,

    /// <summary>There is more to take.</summary>
    More,

    /// <summary>Another server is at it: looked at again in a moment.</summary>
    Held,
}

/// <summary>
/// Follows the logs of workspaces, away from writes. A write only tells that there is more (<see cref="Changed"/>); who needs what is made of it
/// waits until it is there (<see cref="ReachAsync"/>). One step of a workspace runs at a time. Where a step fails, its workspace is tried again after
/// pauses that grow, and who waits for it is told at once; the other workspaces go on.
/// </summary>
/// <remarks>It keeps some hundred bytes for each workspace that was written or waited for since the start, and one task for each that is behind.</remarks>
internal abstract class LogFollower : IAsyncDisposable
{
    /// <summary>How long <see cref="ReachAsync"/> waits.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long a write waits to be taken, with what else is written by then: one step over many costs a fraction of many steps.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(250);

    /// <summary>How long after a step that failed the next one begins, at the least; and at the most, where nobody waits.</summary>
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);

    /// <summary>How often who waits looks: another server may be the one that follows.</summary>
    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<long, Following> _followings = [];
    private readonly CancellationTokenSource _stopping = new();
    /// <summary>Good to ask also when its source is disposed of.</summary>
    private readonly CancellationToken _stopped;
    private readonly SemaphoreSlim _lanes;

    /// <summary>Those that failed share few of the lanes, so that none that hangs is in the way of those that do not.</summary>
    private readonly SemaphoreSlim _failingLanes;
    private volatile bool _isClosed;

    /// <param name="lanes">How many workspaces are followed at once.</param>
    protected LogFollower(int lanes) =>
        (_lanes, _failingLanes, _stopped) = (new SemaphoreSlim(lanes), new SemaphoreSlim(Math.Max(1, lanes / 4)), _stopping.Token);

    /// <summary>Tells that a workspace's log has grown. It is followed soon, with what else is written by then.</summary>
    public void Changed(long workspaceId)
    {
        var one = Of(workspaceId);
        lock (one.Gate)
        {
            one.IsWanted = true;
            if (!_isClosed && one.Work.IsCompleted)
                one.Work = Task.Run(() => FollowAsync(workspaceId, one));
        }
    }

    /// <summary>Returns when the log is taken up to a revision.</summary>
    /// <exception cref="StoreException">
    /// It is not within <see cref="Patience"/>, or cannot be now (<see cref="StoreTrouble.SearchBehind"/>); or the server has stopped.
    /// </exception>
    public async Task ReachAsync(long workspaceId, long revision, CancellationToken cancel)
    {
        if (await ReachedAsync(workspaceId, cancel) >= revision)
            return;
        var since = Stopwatch.GetTimestamp();
        var one = Of(workspaceId);
        for (var look = ShortestLook; ; look = look * 2 < LongestLook ? look * 2 : LongestLook)
        {
            var advanced = Volatile.Read(ref one.Advanced).Task;
            // Before the look, so that what is seen is not older than the failure.
            var failure = one.FailureSince(since - (long)(ShortestRetry.TotalSeconds * Stopwatch.Frequency));
            var reached = await ReachedAsync(workspaceId, cancel);
            if (reached >= revision)
                return;
            if (_isClosed)
                throw new StoreException(StoreTrouble.Unavailable, "The server has stopped.");
            // Where the last step failed, the next one most likely fails too: it is not worth waiting for.
            if (failure is not null || Stopwatch.GetElapsedTime(since) > Patience)
                throw new StoreException(
                    StoreTrouble.SearchBehind, $"The search index is at revision {reached} and {revision} is wanted. {failure?.Message}", failure);
            Changed(workspaceId);
            one.Hurry.TrySetResult();
            await Task.WhenAny(advanced, Task.Delay(look, cancel));
            cancel.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Gives up the steps that run: what is not taken yet is taken after the next start.</summary>
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

    /// <summary>Returns after a time, or when this is closed.</summary>
    protected Task PauseAsync(TimeSpan time) => Task.WhenAny(Task.Delay(time, _stopped));

    /// <summary>The revision up to which the workspace's log is taken.</summary>
    protected abstract Task<long> ReachedAsync(long workspaceId, CancellationToken cancel);

    /// <summary>Takes the next part of a workspace's log, from where it stands.</summary>
    /// <param name="stop">The server stops: the step may be given up.</param>
    protected abstract Task<FollowStep> TakeAsync(long workspaceId, CancellationToken stop);

    /// <summary>What was made of the log may be damaged: says so and has it made anew by the next steps, where it is.</summary>
    /// <returns>Whether it was. Then the next step begins at once, but for one that follows such a failure.</returns>
    protected virtual bool TryMend(long workspaceId, Exception failure) => false;

    /// <summary>A step failed, and is tried again later.</summary>
    protected abstract void Failed(long workspaceId, Exception failure);

    /// <summary>All that was written when the last step began is taken.</summary>
    protected abstract void Followed(long workspaceId);

    private Following Of(long workspaceId) => _followings.GetOrAdd(workspaceId, _ => new Following());

    /// <summary>Follows until nothing is wanted any more.</summary>
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
            // The next start goes on.
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
                // Before the step, so that what is written during it is followed by another.
                one.Begin();
                var step = await TakeAsync(workspaceId, stop);
                one.Advance();
                if (step == FollowStep.Reached)
                    Followed(workspaceId);
                else
                    one.IsWanted = true;
                // Where there is more, others that wait for a lane have their turn first.
                one.Succeed(step == FollowStep.More ? TimeSpan.Zero : Gathering);
            }
            catch (Exception) when (stop.IsCancellationRequested)
            {
                // Given up, or what it needs is closed already.
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

    /// <summary>How one workspace is followed.</summary>
    private sealed class Following
    {
        public readonly Lock Gate = new();
        private Exception? _failure;
        private long _failedAt;

        /// <summary>Ends when a step has come further, or cannot; a new one is there then.</summary>
        public TaskCompletionSource Advanced = NewSignal();

        public Task Work { get; set; } = Task.CompletedTask;

        /// <summary>Whether there was more when a step had begun, or somebody waits.</summary>
        public volatile bool IsWanted;

        /// <summary>Set when somebody waits for the next step.</summary>
        public TaskCompletionSource Hurry { get; private set; } = NewSignal();

        /// <summary>How long the next step waits where nobody hurries it.</summary>
        public TimeSpan Pause { get; private set; } = Gathering;

        /// <summary>How many steps failed in a row.</summary>
        public int Failures { get; private set; }

        /// <summary>Why the last step failed; null where it did not, or before that time.</summary>
        public Exception? FailureSince(long timestamp)
        {
            lock (Gate)
                return _failedAt >= timestamp ? _failure : null;
        }

        public void Begin()
        {
            IsWanted = false;
            Hurry = NewSignal();
        }

        public void Succeed(TimeSpan pause)
        {
            lock (Gate)
                (_failure, Failures, Pause) = (null, 0, pause);
        }

        public void Fail(Exception? failure, TimeSpan pause)
        {
            // Who waited for this step is told what became of it; the next one is hurried by who comes later.
            lock (Gate)
                (_failure, _failedAt, Failures, Pause, IsWanted, Hurry) = (failure, Stopwatch.GetTimestamp(), Failures + 1, pause, true, NewSignal());
        }

        /// <returns>Whether nothing is wanted; then the work ends, and the next <see cref="Changed"/> begins another.</returns>
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
