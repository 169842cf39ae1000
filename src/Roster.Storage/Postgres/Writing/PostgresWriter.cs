using System.Diagnostics;
using Roster.Changes;

namespace Roster.Storage.Postgres.Writing;

/// <summary>
/// The writes of this node, a queue for each workspace: whatever waits for the workspace's log waits here, without a connection.
/// Small writes that wait together share a transaction, and so one COMMIT; each is whole or not at all by its own plan.
/// </summary>
/// <param name="write">Writes some together, in their order; completes each, or fails.</param>
internal sealed class PostgresWriter(Func<long, IReadOnlyList<PostgresWriter.Write>, Task> write) : IAsyncDisposable
{
    /// <summary>Writes share a transaction up to this many rows, so that a small one never waits for many large ones.</summary>
    private const int MaxRowsTogether = 1_000;

    /// <summary>How many writes of a workspace may wait; a server takes as many connections.</summary>
    private const int MaxWaiting = 10_000;

    /// <summary>How many rows those may have together, some 100 MB. One more is taken whatever its size.</summary>
    private const int MaxRowsWaiting = 200_000;

    private readonly Dictionary<long, Waiting> _queues = [];
    private readonly HashSet<Task> _drains = [];

    /// <returns>When it is durable.</returns>
    /// <exception cref="StoreException">More wait than may.</exception>
    public Task<WrittenPlan> RunAsync(long workspaceId, WriteRequest request, CancellationToken cancel)
    {
        var one = new Write(request, cancel);
        lock (_queues)
        {
            if (_queues.TryGetValue(workspaceId, out var waiting))
            {
                if (waiting.Writes.Count >= MaxWaiting || waiting.Rows >= MaxRowsWaiting)
                    throw new StoreException(
                        StoreTrouble.Overloaded, $"{waiting.Writes.Count} writes of {waiting.Rows} rows wait already; nothing was written.");
                waiting.Add(one);
            }
            else
            {
                _queues.Add(workspaceId, waiting = new Waiting());
                waiting.Add(one);
                var drain = Task.Run(() => DrainAsync(workspaceId, waiting), CancellationToken.None);
                _drains.Add(drain);
                drain.ContinueWith(Forget, TaskScheduler.Default);
            }
        }
        return one.Completion;
    }

    /// <summary>Finishes the writes that wait.</summary>
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

    private async Task DrainAsync(long workspaceId, Waiting waiting)
    {
        while (Take(workspaceId, waiting) is { } together)
        {
            try
            {
                await write(workspaceId, together);
            }
            catch (Exception failure)
            {
                // Whatever it is, it is for those who wait to hear, and must not stop the queue.
                foreach (var one in together)
                    one.Fail(failure);
            }
        }
    }

    /// <returns>Null, with the queue closed, where nothing waits.</returns>
    private List<Write>? Take(long workspaceId, Waiting waiting)
    {
        lock (_queues)
        {
            var together = new List<Write>();
            var rows = 0;
            while (waiting.Writes.TryPeek(out var next))
            {
                if (next.TakeBack())
                {
                    waiting.Take();
                    continue;
                }
                var fits = together.Count == 0
                    || (together[0].SeesOnlyNamed && next.SeesOnlyNamed && rows + next.Request.Change.Count <= MaxRowsTogether);
                if (!fits)
                    break;
                together.Add(waiting.Take());
                rows += next.Request.Change.Count;
            }
            if (together.Count > 0)
                return together;
            _queues.Remove(workspaceId);
            return null;
        }
    }

    /// <summary>What waits in a workspace's queue.</summary>
    private sealed class Waiting
    {
        public Queue<Write> Writes { get; } = [];

        public int Rows { get; private set; }

        public void Add(Write one)
        {
            Writes.Enqueue(one);
            Rows += one.Request.Change.Count;
        }

        public Write Take()
        {
            var one = Writes.Dequeue();
            Rows -= one.Request.Change.Count;
            return one;
        }
    }

    /// <summary>A change that waits to be written, and what became of it.</summary>
    internal sealed class Write(WriteRequest request, CancellationToken cancel)
    {
        private readonly TaskCompletionSource<WrittenPlan> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public WriteRequest Request => request;

        /// <summary>Asked once: it looks at every row.</summary>
        public bool SeesOnlyNamed { get; } = request.Change.SeesOnlyNamed;

        /// <summary>When it began to wait, as <see cref="Stopwatch"/> counts.</summary>
        public long Since { get; } = Stopwatch.GetTimestamp();

        public Task<WrittenPlan> Completion => _completion.Task;

        /// <summary>Whether its caller has gone while it waited.</summary>
        public bool TakeBack()
        {
            if (!cancel.IsCancellationRequested)
                return false;
            _completion.SetCanceled(cancel);
            return true;
        }

        /// <param name="planned">When it was planned, as <see cref="Stopwatch"/> counts.</param>
        public void Complete(ChangePlan plan, long planned) =>
            _completion.SetResult(new WrittenPlan(plan, Stopwatch.GetElapsedTime(Since, planned), Stopwatch.GetElapsedTime(planned)));

        public void Fail(Exception failure) => _completion.TrySetException(failure);
    }
}
