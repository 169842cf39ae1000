using System.Diagnostics;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>
/// The only writer of an SQLite file: a thread with its own connection that runs jobs. Small jobs that wait at the same
/// time share a transaction, and so one fsync; a savepoint makes each atomic. Large jobs and small ones take turns.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    /// <summary>Most rows of jobs that share a transaction.</summary>
    public const int MaxRowsTogether = WaitingWrites<Job>.MaxRowsTogether;

    /// <summary>Most waiting jobs; the server accepts as many connections.</summary>
    public const int MaxWaiting = 10_000;

    /// <summary>
    /// Overwrites a transaction in the log whose commit failed. SQLite does not count it as written, so nobody sees it
    /// now; but it may be complete there, and whoever reads the log after a crash would see it. A newer committed
    /// transaction in its place makes it void for certain.
    /// </summary>
    public const string Fence = "update upkeep set fence = fence + 1 where id = 1";

    private static readonly TimeSpan SettlePause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan InterruptPause = TimeSpan.FromMilliseconds(100);

    private readonly Func<SqliteDatabase>? _open;
    private readonly Action<SqliteDatabase> _committed;
    private readonly WaitingWrites<Job> _jobs = new(job => job.Rows, (first, _) => !first.IsMaintenance);
    private readonly Thread _thread;
    private SqliteDatabase? _database;
    private volatile bool _isStopping;
    private volatile bool _isMaintaining;
    private int _maintenance;
    private StoreException? _unknown;

    /// <param name="database">The connection, which the writer then owns; null if it cannot be opened yet.</param>
    /// <param name="committed">Called on the writer's thread, with its connection, after each transaction.</param>
    /// <param name="open">
    /// Opens a missing connection when a job comes. If it fails, so does the job, and the next job tries again.
    /// </param>
    public SqliteWriter(SqliteDatabase? database, Action<SqliteDatabase> committed, Func<SqliteDatabase>? open = null)
    {
        _database = database;
        _committed = committed;
        _open = open;
        _thread = new Thread(RunLoop) { IsBackground = true, Name = "SQLite writer" };
        _thread.Start();
    }

    /// <summary>Receives the problems of the file.</summary>
    public StoreNotices Notices { get; init; } = new();

    /// <summary>Checked before each commit; if null, the file counts as healthy.</summary>
    public SqliteHealth? Health { get; init; }

    /// <summary>Called on the writer's thread when it is certain that a failed commit was not written.</summary>
    public Action? Settled { get; init; }

    /// <summary>Runs work in a transaction, and returns its result when it is durable.</summary>
    /// <param name="rows">Approximate number of rows that the work touches.</param>
    /// <param name="cancel">Cancels the job while it waits. Once begun, it runs to its end.</param>
    /// <exception cref="StoreException">Nothing was written, unless the outcome is unknown.</exception>
    public Task<T> RunAsync<T>(int rows, Func<SqliteDatabase, T> work, CancellationToken cancel) => Add(new Job<T>(rows, work, cancel));

    /// <summary>Runs work outside of a transaction, in its turn. Closing the writer interrupts it.</summary>
    public async Task<T> MaintainAsync<T>(Func<SqliteDatabase, T> work)
    {
        Interlocked.Increment(ref _maintenance);
        try
        {
            return await Add(new Job<T>(MaxRowsTogether + 1, work, CancellationToken.None) { IsMaintenance = true });
        }
        finally
        {
            Interlocked.Decrement(ref _maintenance);
        }
    }

    /// <summary>Whether such work waits or is under way: others may wait for it for minutes.</summary>
    public bool IsToMaintain => Volatile.Read(ref _maintenance) > 0;

    /// <summary>Jobs that wait; 0 after its end.</summary>
    public int Waiting
    {
        get
        {
            lock (_jobs)
                return _jobs.Count;
        }
    }

    /// <summary>Finishes the waiting jobs, then closes the connection.</summary>
    public void Dispose()
    {
        lock (_jobs)
        {
            _isStopping = true;
            Monitor.Pulse(_jobs);
        }
        while (!_thread.Join(InterruptPause))
            if (_isMaintaining)
                _database?.Interrupt();
        _database?.Dispose();
    }

    private Task<T> Add<T>(Job<T> job)
    {
        lock (_jobs)
        {
            if (_isStopping)
                return Task.FromException<T>(new StoreException(StoreTrouble.Unavailable, "The server stops; nothing was written."));
            if (_jobs.Count >= MaxWaiting)
                return Task.FromException<T>(
                    new StoreException(StoreTrouble.Overloaded, $"{MaxWaiting} writes wait already; nothing was written."));
            _jobs.Add(job);
            Monitor.Pulse(_jobs);
        }
        return job.Task;
    }

    private void RunLoop()
    {
        while (TakeNext() is { } jobs)
            RunJobs(jobs);
    }

    /// <returns>Null if there will be no more jobs.</returns>
    private List<Job>? TakeNext()
    {
        while (true)
        {
            lock (_jobs)
            {
                if (_jobs.Count == 0 && !_isStopping)
                    Monitor.Wait(_jobs, _unknown is null ? Timeout.InfiniteTimeSpan : SettlePause);
                if (_jobs.Count > 0)
                    return _jobs.TakeTogether();
                if (_isStopping)
                    return null;
            }
            TrySettle();
        }
    }

    /// <summary>Runs jobs and completes each of them. Never throws, so that the thread goes on.</summary>
    private void RunJobs(List<Job> jobs)
    {
        // Drop cancelled jobs, so that others do not wait for them.
        jobs.RemoveAll(job => job.TryCancel());
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
            if (failure is StoreException { Trouble: StoreTrouble.Unavailable }
                && Stopwatch.GetElapsedTime(begun).TotalMilliseconds >= SqliteDatabase.BusyTimeoutMilliseconds)
                FailWaiting(begun, failure);
        }
        foreach (var job in jobs)
            job.Complete();
    }

    /// <summary>Also fails jobs that have waited at least as long for the same lock.</summary>
    private void FailWaiting(long begun, Exception failure)
    {
        List<Job> waited;
        lock (_jobs)
            waited = _jobs.TakeWhile(job => job.Since <= begun);
        foreach (var job in waited)
        {
            job.Fail(failure);
            job.Complete();
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
            // No savepoint for a single job: if it fails, so does the transaction. A savepoint makes SQLite copy each
            // page before its first change, half as much work again for a large job.
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
            // The commit is done; a failed checkpoint does not undo it.
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
                StoreNotice.OutcomeUnknown,
                "The disk failed while a write was committed. Nothing more is written until it can be undone for certain. "
                + failure.Message));
            try
            {
                Rollback(database);
                Settle(database);
            }
            catch (StoreException)
            {
                throw failure;
            }
            throw new StoreException(
                StoreTrouble.Unavailable,
                $"The disk failed at COMMIT; it is certain now that nothing was written. {failure.Message}",
                failure);
        }
    }

    /// <summary>Makes it certain that a failed commit is not written.</summary>
    /// <exception cref="StoreException">It is not certain yet; nothing else may be written.</exception>
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
            // This commit has nothing of anybody's, so only why it failed matters.
            throw new StoreException(
                failure is { Trouble: StoreTrouble.OutcomeUnknown, InnerException: StoreException cause } ? cause.Trouble : failure.Trouble,
                $"What became of an earlier write is not certain, and until it is nothing is written. {failure.Message}", failure);
        }
        _unknown = null;
        Notices.End(StoreNotice.OutcomeUnknown);
        Settled?.Invoke();
    }

    /// <summary>Settles even if nobody writes, so that claims are released.</summary>
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
            // The next write meets the same failure.
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

    /// <summary>
    /// Rolls back. If that fails, it is tried again before anything else, since SQLite has no nested transactions.
    /// </summary>
    private static void Rollback(SqliteDatabase database)
    {
        try
        {
            database.Rollback();
        }
        catch (StoreException)
        {
            // The first failure is reported.
        }
    }

    /// <summary>Work and its result, which is published by <see cref="Complete"/>.</summary>
    private abstract class Job(int rows)
    {
        public int Rows => rows;

        /// <summary>When it was queued.</summary>
        public long Since { get; } = Stopwatch.GetTimestamp();

        /// <summary>Whether it runs alone, outside of a transaction.</summary>
        public bool IsMaintenance { get; init; }

        /// <summary>Completes the job as cancelled if its caller has cancelled it.</summary>
        public abstract bool TryCancel();

        public abstract void Run(SqliteDatabase database);

        /// <summary>Sets the failure; the first one stays.</summary>
        public abstract void Fail(Exception failure);

        public abstract void Complete();
    }

    private sealed class Job<T>(int rows, Func<SqliteDatabase, T> work, CancellationToken cancel) : Job(rows)
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _failure;

        public Task<T> Task => _completion.Task;

        public override bool TryCancel()
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
