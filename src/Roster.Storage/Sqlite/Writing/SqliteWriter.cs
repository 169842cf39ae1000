using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>
/// The one writer of an SQLite file: a thread with its own connection, which takes jobs in order. Small jobs that wait
/// together share a transaction and so one fsync; each is still whole or not at all, by a savepoint.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    /// <summary>Jobs share a transaction up to this many rows, so that a small write never waits for many large ones.</summary>
    public const int MaxRowsTogether = 1_000;

    /// <summary>As many as the server takes connections.</summary>
    public const int MaxWaiting = 10_000;

    /// <summary>
    /// Writes over the place in the log where a transaction stands that failed to be committed: SQLite has not counted it as written, so it
    /// is not seen by anyone now, but is whole there perhaps, and would be seen by who reads the log after a crash. With this behind the
    /// last one that counts, it is nothing, for certain.
    /// </summary>
    public const string Fence = "update upkeep set fence = fence + 1 where id = 1";

    private static readonly TimeSpan SettlePause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan InterruptPause = TimeSpan.FromMilliseconds(100);

    private readonly Func<SqliteDatabase>? _open;
    private readonly Action<SqliteDatabase> _committed;
    private readonly BlockingCollection<Job> _jobs = new(MaxWaiting);
    private readonly Thread _thread;
    private SqliteDatabase? _database;
    private volatile bool _isStopping;
    private volatile bool _isMaintaining;
    private StoreException? _unknown;

    /// <summary>Taken out of the queue, and not yet begun.</summary>
    private Job? _next;

    /// <param name="database">The connection, which is the writer's from now on; null where it cannot be opened yet.</param>
    /// <param name="committed">Called on the writer's thread, with its connection, after each transaction.</param>
    /// <param name="open">Opens the connection that was not given, when a job comes; where that fails, the job does, and the next one tries again.</param>
    public SqliteWriter(SqliteDatabase? database, Action<SqliteDatabase> committed, Func<SqliteDatabase>? open = null)
    {
        _database = database;
        _committed = committed;
        _open = open;
        _thread = new Thread(TakeJobs) { IsBackground = true, Name = "SQLite writer" };
        _thread.Start();
    }

    /// <summary>Where the file's trouble is told.</summary>
    public StoreNotices Notices { get; init; } = new();

    /// <summary>Asked before each commit; without it the file is taken to be sound.</summary>
    public SqliteHealth? Health { get; init; }

    /// <summary>Called on the writer's thread when it is certain that what failed to be committed was not written.</summary>
    public Action? Settled { get; init; }

    /// <summary>Runs work in a transaction and returns its result when that is durable.</summary>
    /// <param name="rows">About how many rows the work touches.</param>
    /// <param name="cancel">Takes the job back while it waits; once begun, it runs to its end.</param>
    /// <exception cref="StoreException">Nothing was written, unless the outcome is unknown.</exception>
    public Task<T> RunAsync<T>(int rows, Func<SqliteDatabase, T> work, CancellationToken cancel) => Add(new Job<T>(rows, work, cancel));

    /// <summary>Runs what must not be in a transaction, when its turn comes. It is interrupted when the writer is closed.</summary>
    public Task<T> MaintainAsync<T>(Func<SqliteDatabase, T> work) =>
        Add(new Job<T>(MaxRowsTogether, work, CancellationToken.None) { IsMaintenance = true });

    /// <summary>Finishes the jobs that wait for a caller, then closes the connection.</summary>
    public void Dispose()
    {
        _isStopping = true;
        _jobs.CompleteAdding();
        while (!_thread.Join(InterruptPause))
            if (_isMaintaining)
                _database?.Interrupt();
        _jobs.Dispose();
        _database?.Dispose();
    }

    private Task<T> Add<T>(Job<T> job)
    {
        try
        {
            if (!_jobs.TryAdd(job))
                return Task.FromException<T>(new StoreException(StoreTrouble.Overloaded, $"{MaxWaiting} writes wait already; nothing was written."));
        }
        catch (InvalidOperationException)
        {
            return Task.FromException<T>(new StoreException(StoreTrouble.Unavailable, "The server stops; nothing was written."));
        }
        return job.Task;
    }

    private void TakeJobs()
    {
        var together = new List<Job>();
        while (TakeNext())
        {
            together.Add(_next);
            var rows = Math.Max(1, _next.Rows);
            _next = null;
            while (rows < MaxRowsTogether && _jobs.TryTake(out _next))
            {
                rows += Math.Max(1, _next.Rows);
                if (rows > MaxRowsTogether)
                    break;
                together.Add(_next);
                _next = null;
            }
            Take(together);
            together.Clear();
        }
    }

    /// <returns>False where there will be no more.</returns>
    [MemberNotNullWhen(true, nameof(_next))]
    private bool TakeNext()
    {
        while (_next is null && !_jobs.TryTake(out _next, _unknown is null ? Timeout.InfiniteTimeSpan : SettlePause))
        {
            if (_jobs.IsCompleted)
                return false;
            TrySettle();
        }
        return true;
    }

    /// <summary>Whatever happens, each job is told, and the thread goes on.</summary>
    private void Take(List<Job> jobs)
    {
        // Who does not wait any more must not make others wait.
        jobs.RemoveAll(job => job.IsTakenBack());
        if (jobs.Count == 0)
            return;
        var begun = Stopwatch.GetTimestamp();
        try
        {
            _database ??= _open!();
            if (jobs[0].IsMaintenance)
                Maintain(_database, jobs[0]);
            else
                RunTogether(_database, jobs);
        }
        catch (Exception failure)
        {
            if (failure is StoreException trouble)
                Health?.Note(trouble);
            foreach (var job in jobs)
                job.Fail(failure);
            if (failure is StoreException { Trouble: StoreTrouble.Unavailable } && Stopwatch.GetElapsedTime(begun).TotalMilliseconds >= SqliteDatabase.BusyTimeoutMilliseconds)
                FailWaiting(begun, failure);
        }
        foreach (var job in jobs)
            job.Complete();
    }

    /// <summary>Those that have waited as long as the failed ones for the same lock have waited long enough.</summary>
    private void FailWaiting(long begun, Exception failure)
    {
        while ((_next is not null || _jobs.TryTake(out _next)) && _next.Since <= begun)
        {
            _next.Fail(failure);
            _next.Complete();
            _next = null;
        }
    }

    private void Maintain(SqliteDatabase database, Job job)
    {
        if (_isStopping)
            throw new StoreException(StoreTrouble.Unavailable, "The server stops.");
        Health?.CheckKnown();
        _isMaintaining = true;
        try
        {
            job.Run(database);
        }
        finally
        {
            _isMaintaining = false;
        }
    }

    private void RunTogether(SqliteDatabase database, List<Job> jobs)
    {
        Health?.CheckKnown();
        if (_unknown is not null)
            Settle(database);
        try
        {
            database.Execute("begin immediate");
            using var writeback = jobs[0].Rows > MaxRowsTogether ? SqliteLogWriteback.Begin(database.LogPath) : null;
            // A savepoint makes SQLite copy each page before it first changes: half as much work again for a large job, which is
            // alone and whose failure is the transaction's.
            if (jobs.Count == 1)
                jobs[0].Run(database);
            else
                foreach (var job in jobs)
                    RunInSavepoint(database, job);
            Health?.CheckInPlace();
            Commit(database);
        }
        catch
        {
            Rollback(database);
            throw;
        }
        try
        {
            _committed(database);
        }
        catch (StoreException)
        {
            // What was committed is there, whatever becomes of its log.
        }
    }

    private void Commit(SqliteDatabase database)
    {
        try
        {
            database.Commit();
        }
        catch (StoreException failure) when (failure.Trouble == StoreTrouble.OutcomeUnknown)
        {
            _unknown = failure;
            Notices.Begin(new StoreNotice(
                StoreNotice.OutcomeUnknown, $"The disk failed while a write was committed. Nothing more is written until it can be undone for certain. {failure.Message}"));
            try
            {
                Rollback(database);
                Settle(database);
            }
            catch (StoreException)
            {
                throw failure;
            }
            throw new StoreException(StoreTrouble.Unavailable, $"The disk failed at COMMIT; it is certain now that nothing was written. {failure.Message}", failure);
        }
    }

    /// <summary>Makes certain that what failed to be committed is not written.</summary>
    /// <exception cref="StoreException">It is not certain yet; nothing else must be written.</exception>
    private void Settle(SqliteDatabase database)
    {
        try
        {
            database.Execute("begin immediate");
            database.Execute(Fence);
            Health?.CheckInPlace();
            database.Commit();
        }
        catch (StoreException failure)
        {
            Rollback(database);
            throw new StoreException(
                failure.Trouble == StoreTrouble.OutcomeUnknown ? StoreTrouble.Unavailable : failure.Trouble,
                $"What became of an earlier write is not certain, and until it is nothing is written. {failure.Message}", failure);
        }
        _unknown = null;
        Notices.End(StoreNotice.OutcomeUnknown);
        Settled?.Invoke();
    }

    /// <summary>Makes it certain though nobody writes, so that what was claimed is given back.</summary>
    private void TrySettle()
    {
        try
        {
            Health?.CheckKnown();
            if (_unknown is not null && _database is not null)
                Settle(_database);
        }
        catch (StoreException)
        {
            // Who writes meets the same.
        }
    }

    private static void RunInSavepoint(SqliteDatabase database, Job job)
    {
        database.Execute("savepoint job");
        try
        {
            job.Run(database);
        }
        catch (Exception failure) when (database.IsInTransaction)
        {
            database.Execute("rollback to job");
            job.Fail(failure);
        }
        database.Execute("release job");
    }

    /// <summary>Where even that fails, SQLite tries again before anything else, since it takes no transaction inside of another.</summary>
    private static void Rollback(SqliteDatabase database)
    {
        try
        {
            database.Rollback();
        }
        catch (StoreException)
        {
            // What is told is what came first.
        }
    }

    /// <summary>Work and what became of it; nobody hears of that before <see cref="Complete"/>.</summary>
    private abstract class Job(int rows)
    {
        public int Rows => rows;

        /// <summary>When it came.</summary>
        public long Since { get; } = Stopwatch.GetTimestamp();

        /// <summary>Whether it runs outside of a transaction, alone.</summary>
        public bool IsMaintenance { get; init; }

        /// <summary>Whether its caller has gone; it is told so then.</summary>
        public abstract bool IsTakenBack();

        public abstract void Run(SqliteDatabase database);

        /// <summary>Notes why it failed; what is noted first stays.</summary>
        public abstract void Fail(Exception failure);

        public abstract void Complete();
    }

    private sealed class Job<T>(int rows, Func<SqliteDatabase, T> work, CancellationToken cancel) : Job(rows)
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _failure;

        public Task<T> Task => _completion.Task;

        public override bool IsTakenBack()
        {
            if (!cancel.IsCancellationRequested)
                return false;
            _completion.TrySetCanceled(cancel);
            return true;
        }

        public override void Run(SqliteDatabase database)
        {
            cancel.ThrowIfCancellationRequested();
            _result = work(database);
        }

        public override void Fail(Exception failure) => _failure ??= failure;

        public override void Complete()
        {
            if (_failure is OperationCanceledException)
                _completion.TrySetCanceled(cancel);
            else if (_failure is not null)
                _completion.TrySetException(_failure);
            else
                _completion.TrySetResult(_result!);
        }
    }
}
