using System.Diagnostics;
using Roster.Changes;

namespace Roster.Storage.Postgres.Writing;

/// <summary>
/// The writes of this node, queued by workspace, so that waiting for the workspace's log takes no connection. Small
/// writes that wait at the same time share a transaction, and so one COMMIT; each is atomic by its own plan. Large writes
/// and small ones take turns.
/// </summary>
/// <param name="write">Writes some in one transaction, in order; completes each or throws.</param>
internal sealed class PostgresWriter(Func<long, IReadOnlyList<PostgresWriter.Write>, Task> write) : IAsyncDisposable
{
    /// <summary>Most waiting writes of a workspace; a server accepts as many connections.</summary>
    private const int MaxWaiting = 10_000;

    /// <summary>Most rows of waiting writes, about 100 MB. Below that, a write of any size is accepted.</summary>
    private const int MaxRowsWaiting = 200_000;

    private readonly Dictionary<long, WaitingWrites<Write>> _queues = [];
    private readonly HashSet<Task> _drains = [];

    /// <returns>The result, when it is durable.</returns>
    /// <exception cref="StoreException">Too many writes wait.</exception>
    public Task<WrittenPlan> RunAsync(long workspaceId, WriteRequest request, CancellationToken cancel)
    {
        var one = new Write(request, cancel);
        lock (_queues)
        {
            if (_queues.TryGetValue(workspaceId, out var waiting))
            {
                if (waiting.Count >= MaxWaiting || waiting.Rows >= MaxRowsWaiting)
                    throw new StoreException(
                        StoreTrouble.Overloaded,
                        $"{waiting.Count} writes of {waiting.Rows} rows wait already; nothing was written.");
                waiting.Add(one);
            }
            else
            {
                _queues.Add(workspaceId, waiting = new WaitingWrites<Write>(
                    each => each.Request.Change.Count, (first, next) => first.SeesOnlyNamed && next.SeesOnlyNamed));
                waiting.Add(one);
                var drain = Task.Run(() => DrainAsync(workspaceId, waiting), CancellationToken.None);
                _drains.Add(drain);
                drain.ContinueWith(Forget, TaskScheduler.Default);
            }
        }
        return one.Completion;
    }

    /// <summary>Writes that wait, of all workspaces.</summary>
    public int Waiting
    {
        get
        {
            lock (_queues)
                return _queues.Values.Sum(waiting => waiting.Count);
        }
    }

    /// <summary>Finishes the waiting writes.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] drains;
        lock (_queues)
            drains = [.. _drains];
        await Task.WhenAll(drains);
    }

    private void Forget(Task drain)
    {
        lock (_queues)
            _drains.Remove(drain);
    }

    private async Task DrainAsync(long workspaceId, WaitingWrites<Write> waiting)
    {
        while (DequeueBatch(workspaceId, waiting) is { } batch)
        {
            try
            {
                await write(workspaceId, batch);
            }
            catch (Exception failure)
            {
                // Report any failure to the waiting callers; it must not stop the queue.
                foreach (var one in batch)
                    one.Fail(failure);
            }
        }
    }

    /// <returns>The writes of the next transaction; null, with the queue removed, if none wait.</returns>
    private List<Write>? DequeueBatch(long workspaceId, WaitingWrites<Write> waiting)
    {
        lock (_queues)
        {
            while (waiting.Count > 0)
            {
                var batch = waiting.TakeTogether();
                batch.RemoveAll(one => one.TakeBack());
                foreach (var one in batch)
                    one.Begin();
                if (batch.Count > 0)
                    return batch;
            }
            _queues.Remove(workspaceId);
            return null;
        }
    }

    /// <summary>A waiting write and its result.</summary>
    internal sealed class Write(WriteRequest request, CancellationToken cancel)
    {
        private readonly TaskCompletionSource<WrittenPlan> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public WriteRequest Request => request;

        /// <summary>Computed once, since it examines every row.</summary>
        public bool SeesOnlyNamed { get; } = request.Change.SeesOnlyNamed;

        /// <summary>When it was queued, as a <see cref="Stopwatch"/> timestamp.</summary>
        public long Since { get; } = Stopwatch.GetTimestamp();

        private long _begun;

        /// <summary>Ends its wait. What it is tried again for counts as planning.</summary>
        public void Begin() => _begun = Stopwatch.GetTimestamp();

        public Task<WrittenPlan> Completion => _completion.Task;

        /// <summary>Completes it as cancelled if its caller has cancelled it.</summary>
        public bool TakeBack()
        {
            if (!cancel.IsCancellationRequested)
                return false;
            _completion.SetCanceled(cancel);
            return true;
        }

        /// <param name="planned">When it was planned, as a <see cref="Stopwatch"/> timestamp.</param>
        public void Complete(ChangePlan plan, long planned) =>
            _completion.SetResult(new WrittenPlan(
                plan, Stopwatch.GetElapsedTime(Since, _begun), Stopwatch.GetElapsedTime(Since, planned),
                Stopwatch.GetElapsedTime(planned)));

        public void Fail(Exception failure) => _completion.TrySetException(failure);
    }
}
