using System.Collections.Concurrent;

namespace Roster.Storage.Sqlite;

/// <summary>
/// The one writer of an SQLite file: a thread with its own connection, which takes jobs in order. Small jobs that wait
/// together share a transaction and so one fsync; each is still whole or not at all, by a savepoint.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    /// <summary>Jobs share a transaction up to this many rows, so that a small write never waits for many large ones.</summary>
    public const int MaxRowsTogether = 1_000;

    private readonly SqliteDatabase _database;
    private readonly Action<SqliteDatabase> _committed;
    private readonly BlockingCollection<Job> _jobs = [];
    private readonly Thread _thread;

    /// <param name="database">The connection, which is the writer's from now on.</param>
    /// <param name="committed">Called on the writer's thread, with its connection, after each transaction.</param>
    public SqliteWriter(SqliteDatabase database, Action<SqliteDatabase> committed)
    {
        _database = database;
        _committed = committed;
        _thread = new Thread(TakeJobs) { IsBackground = true, Name = "SQLite writer" };
        _thread.Start();
    }

    /// <summary>Runs work in a transaction and returns its result when that is durable.</summary>
    /// <param name="rows">About how many rows the work touches.</param>
    /// <param name="cancel">Takes the job back while it waits; once begun, it runs to its end.</param>
    /// <exception cref="StoreException">Nothing was written.</exception>
    public Task<T> RunAsync<T>(int rows, Func<SqliteDatabase, T> work, CancellationToken cancel)
    {
        var job = new Job<T>(rows, work, cancel);
        _jobs.Add(job, CancellationToken.None);
        return job.Task;
    }

    /// <summary>Runs what must not be in a transaction, when its turn comes.</summary>
    public Task MaintainAsync(Action<SqliteDatabase> work)
    {
        var job = new Job<bool>(MaxRowsTogether, database =>
        {
            work(database);
            return true;
        }, CancellationToken.None)
        { IsMaintenance = true };
        _jobs.Add(job, CancellationToken.None);
        return job.Task;
    }

    /// <summary>Finishes the jobs that wait, then closes the connection.</summary>
    public void Dispose()
    {
        _jobs.CompleteAdding();
        _thread.Join();
        _jobs.Dispose();
        _database.Dispose();
    }

    private void TakeJobs()
    {
        var together = new List<Job>();
        Job? next = null;
        while (next is not null || _jobs.TryTake(out next, Timeout.Infinite))
        {
            together.Add(next);
            var rows = Math.Max(1, next.Rows);
            next = null;
            while (rows < MaxRowsTogether && _jobs.TryTake(out next))
            {
                rows += Math.Max(1, next.Rows);
                if (rows > MaxRowsTogether)
                    break;
                together.Add(next);
                next = null;
            }
            RunTogether(together);
            together.Clear();
        }
    }

    private void RunTogether(IReadOnlyList<Job> jobs)
    {
        try
        {
            if (jobs[0].IsMaintenance)
            {
                jobs[0].Run(_database);
                jobs[0].Complete();
                return;
            }
            _database.Execute("begin immediate");
            using var writeback = jobs[0].Rows > MaxRowsTogether ? SqliteLogWriteback.Begin(_database.LogPath) : null;
            // A savepoint makes SQLite copy each page before it first changes: half as much work again for a large job, which is
            // alone and whose failure is the transaction's.
            if (jobs.Count == 1)
                jobs[0].Run(_database);
            else
                foreach (var job in jobs)
                    RunInSavepoint(job);
            _database.Execute("commit");
        }
        catch (Exception failure)
        {
            if (_database.IsInTransaction)
                _database.Execute("rollback");
            foreach (var job in jobs)
                job.Fail(failure);
        }
        foreach (var job in jobs)
            job.Complete();
        _committed(_database);
    }

    private void RunInSavepoint(Job job)
    {
        _database.Execute("savepoint job");
        try
        {
            job.Run(_database);
        }
        catch (Exception failure) when (_database.IsInTransaction)
        {
            _database.Execute("rollback to job");
            job.Fail(failure);
        }
        _database.Execute("release job");
    }

    /// <summary>Work and what became of it; nobody hears of that before <see cref="Complete"/>.</summary>
    private abstract class Job(int rows)
    {
        public int Rows => rows;

        /// <summary>Whether it runs outside of a transaction, alone.</summary>
        public bool IsMaintenance { get; init; }

        public abstract void Run(SqliteDatabase database);

        public abstract void Fail(Exception failure);

        public abstract void Complete();
    }

    private sealed class Job<T>(int rows, Func<SqliteDatabase, T> work, CancellationToken cancel) : Job(rows)
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _failure;

        public Task<T> Task => _completion.Task;

        public override void Run(SqliteDatabase database)
        {
            cancel.ThrowIfCancellationRequested();
            _result = work(database);
        }

        public override void Fail(Exception failure) => _failure = failure;

        public override void Complete()
        {
            if (_failure is OperationCanceledException)
                _completion.SetCanceled(cancel);
            else if (_failure is not null)
                _completion.SetException(_failure);
            else
                _completion.SetResult(_result!);
        }
    }
}
