using System.Diagnostics;
using Roster.Changes;

namespace Roster.Storage.Postgres;

/// <summary>
/// The writes of this node, a queue for each workspace: whatever waits for the workspace's log waits here, without a connection.
/// Small writes that wait together share a transaction, and so one COMMIT; each is whole or not at all by its own plan.
/// </summary>
/// <param name="write">Writes some together, in their order; completes each, or fails.</param>
internal sealed class PostgresWriter(Func<long, IReadOnlyList<PostgresWriter.Write>, Task> write) : IAsyncDisposable
{
    /// <summary>Writes share a transaction up to this many rows, so that a small one never waits for many large ones.</summary>
    private const int MaxRowsTogether = 1_000;

    private readonly Dictionary<long, Queue<Write>> _queues = [];
    private readonly HashSet<Task> _drains = [];

    /// <returns>When it is durable.</returns>
    public Task<WrittenPlan> RunAsync(long workspaceId, WriteRequest request, CancellationToken cancel)
    {
        var one = new Write(request, cancel);
        lock (_queues)
        {
            if (_queues.TryGetValue(workspaceId, out var queue))
                queue.Enqueue(one);
            else
            {
                _queues.Add(workspaceId, queue = new([one]));
                var drain = Task.Run(() => DrainAsync(workspaceId, queue), CancellationToken.None);
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

    private async Task DrainAsync(long workspaceId, Queue<Write> queue)
    {
        while (Take(workspaceId, queue) is { } together)
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
    private List<Write>? Take(long workspaceId, Queue<Write> queue)
    {
        lock (_queues)
        {
            var together = new List<Write>();
            var rows = 0;
            while (queue.TryPeek(out var next))
            {
                if (next.TakeBack())
                {
                    queue.Dequeue();
                    continue;
                }
                var fits = together.Count == 0
                    || (together[0].SeesOnlyNamed && next.SeesOnlyNamed && rows + next.Request.Change.Count <= MaxRowsTogether);
                if (!fits)
                    break;
                together.Add(queue.Dequeue());
                rows += next.Request.Change.Count;
            }
            if (together.Count > 0)
                return together;
            _queues.Remove(workspaceId);
            return null;
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
