using System.Diagnostics;
using Npgsql;
using Roster.Storage.Postgres.Tools;

namespace Roster.Storage.Postgres.Connections;

/// <summary>The connections to a database, and what happens when a connection or the server fails.</summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    /// <summary>How long a write is retried. That covers restarts; failovers take longer.</summary>
    private static readonly TimeSpan WritePatience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a read-only database is retried: a failover makes it read-only for a moment, a setting for longer.
    /// </summary>
    private static readonly TimeSpan ReadOnlyPatience = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long COMMIT may take before its outcome is looked up on another connection. It is never cancelled.
    /// </summary>
    private static readonly TimeSpan CommitPatience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The warning "The transaction has already committed locally, but might not have been replicated to the standby."
    /// </summary>
    private const string PossiblyNotReplicated = "01000";

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Has the transaction's statements planned without their values. With them the planner takes a workspace that came
    /// after the last analyze for an empty one, in which it may read all for each row (docs/decisions/0007).
    /// </summary>
    private static readonly PostgresStatement PlanWithoutValues = new("set local plan_cache_mode = force_generic_plan");

    private static readonly PostgresStatement BeginWrite = new("begin transaction isolation level read committed");
    private static readonly PostgresStatement BeginRead = new("begin transaction read only");

    private static readonly PostgresStatement[] Limits =
    [
        new("set local lock_timeout = 5000"),
        new("set local idle_in_transaction_session_timeout = 10000"),
    ];

    /// <summary>
    /// The beginning of a transaction that writes. It waits a limited time for locks. If the client is cut off, the server
    /// frees the locks itself.
    /// </summary>
    public static readonly PostgresStatement[] BeginAlone = [BeginWrite, .. Limits, PlanWithoutValues];

    /// <inheritdoc cref="BeginAlone"/>
    public static readonly PostgresStatement[] BeginOnCitus = [BeginWrite, .. OnWorkers([.. Limits, PlanWithoutValues])];

    private const string TouchLogEnd = "update log_end set revision = revision where workspace_id = $1";

    /// <summary>
    /// Locks a workspace's log until the transaction ends: for other writers, and for those who look up this
    /// transaction's outcome.
    /// </summary>
    public const string LockLogEnd = "select revision, changed_at from log_end where workspace_id = $1 for update";

    private const string SelectRunning = "select pid from pg_stat_activity where pid = $1 and state is distinct from 'idle'";

    private readonly NpgsqlDataSource _source;
    private readonly CancellationTokenSource _end = new();
    /// <summary>A copy of the token, which still works after its source is disposed of.</summary>
    private readonly CancellationToken _ended;
    private int _isEnding;

    /// <summary>
    /// Half of the pool for writing, and a quarter for looking up what became of a COMMIT. One that waits for a standby keeps
    /// its connection, for hours if need be: what is left is for reading.
    /// </summary>
    private readonly SemaphoreSlim _placesToWrite, _placesToLookUp;

    public PostgresDatabase(NpgsqlDataSource source)
    {
        _source = source;
        _ended = _end.Token;
        var connections = new NpgsqlConnectionStringBuilder(source.ConnectionString).MaxPoolSize;
        _placesToWrite = new SemaphoreSlim(Math.Max(connections / 2, 1));
        _placesToLookUp = new SemaphoreSlim(Math.Max(connections / 4, 1));
    }

    /// <summary>Whether the server is a Citus coordinator; known after the first check.</summary>
    public bool IsCitus { get; set; }

    /// <inheritdoc cref="BeginAlone"/>
    public PostgresStatement[] Begin => IsCitus ? BeginOnCitus : BeginAlone;

    /// <summary>
    /// Gives running work this long to end. Then its callers get an error, and nothing new begins. Only the first call
    /// counts.
    /// </summary>
    public void EndWithin(TimeSpan grace)
    {
        if (Interlocked.Exchange(ref _isEnding, 1) == 0)
            _end.CancelAfter(grace);
    }

    /// <summary>Ends the grace period at once.</summary>
    public Task EndNowAsync() => _end.CancelAsync();

    /// <summary>Reads; if the connection is lost, on another one.</summary>
    /// <exception cref="StoreException">The database does not answer.</exception>
    public Task<T> ReadAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancel) =>
        ReadAsync(Stopwatch.GetTimestamp(), read, cancel);

    /// <param name="since">
    /// When the read began to wait, as a <see cref="Stopwatch"/> timestamp: its patience counts from then.
    /// </param>
    /// <inheritdoc cref="ReadAsync{T}(Func{NpgsqlConnection, Task{T}}, CancellationToken)"/>
    public Task<T> ReadAsync<T>(long since, Func<NpgsqlConnection, Task<T>> read, CancellationToken cancel) =>
        ReadAsync(since, ReadPatience, read, cancel);

    /// <summary>
    /// As <see cref="ReadAsync{T}(Func{NpgsqlConnection, Task{T}}, CancellationToken)"/>, by the index that fits any values.
    /// It takes two round trips more. Searches cannot be read so: their best index depends on the values.
    /// </summary>
    public Task<T> ReadPlannedWithoutValuesAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancel) => ReadAsync(
        async connection =>
        {
            await connection.RunAsync(cancel, [BeginRead, .. IsCitus ? OnWorkers([PlanWithoutValues]) : [PlanWithoutValues]]);
            var result = await read(connection);
            await connection.RunAsync(cancel, new PostgresStatement("commit"));
            return result;
        },
        cancel);

    /// <summary>
    /// Has Citus give the transaction's settings to its workers (docs.citusdata.com/en/stable/develop/api_guc.html). The coordinator
    /// itself cannot plan without values: they tell the node. There the setting lasts until the others are sent.
    /// </summary>
    private static PostgresStatement[] OnWorkers(PostgresStatement[] settings) =>
    [
        new("set local citus.propagate_set_commands = 'local'"),
        .. settings,
        new("set local citus.propagate_set_commands = 'none'"),
        new("set local plan_cache_mode to default"),
    ];

    /// <summary>Reads without retrying.</summary>
    /// <exception cref="StoreException">The database does not answer.</exception>
    public Task<T> ReadNowAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancel) =>
        ReadAsync(Stopwatch.GetTimestamp(), TimeSpan.Zero, read, cancel);

    private async Task<T> ReadAsync<T>(
        long since, TimeSpan patience, Func<NpgsqlConnection, Task<T>> read, CancellationToken cancel)
    {
        try
        {
            return await UntilEndAsync(new Commitment(), () => TryAgainAsync(since, patience, null, async connection =>
            {
                await using (connection)
                    return await read(connection);
            }, cancel));
        }
        catch (StoreException failure) when (failure.Trouble == StoreTrouble.Full)
        {
            throw StoreException.NoRoomToRead(failure);
        }
    }

    /// <summary>
    /// Writes in a workspace. The work begins the transaction (<see cref="Begin"/>, <see cref="LockLogEnd"/>) and does
    /// not end it. Once COMMIT is sent, it is neither cancelled nor guessed about: if its answer is lost, <paramref
    /// name="isThere"/> tells whether the write is there, at a time when it can no longer be committed.
    /// </summary>
    /// <param name="since">
    /// When the write began to wait, as a <see cref="Stopwatch"/> timestamp: its patience counts from then.
    /// </param>
    /// <param name="work">Returns whether there is something to commit. It may run more than once.</param>
    /// <param name="isThere">
    /// A statement that returns a row if the write is there; runs with the workspace's log locked.
    /// </param>
    /// <exception cref="StoreException">
    /// Nothing was written, or the outcome is unknown; the trouble tells which.
    /// </exception>
    public Task<T> WriteAsync<T>(
        long workspaceId, long since, Func<NpgsqlConnection, Task<(T Result, bool IsToCommit)>> work, Func<T, PostgresStatement> isThere,
        CancellationToken cancel)
    {
        var commitment = new Commitment();
        return UntilEndAsync(commitment, () => TryAgainAsync(since, WritePatience, _placesToWrite, async connection =>
        {
            var (process, commit) = (connection.ProcessID, Task.CompletedTask);
            try
            {
                var (result, isToCommit) = await work(connection);
                if (!isToCommit)
                {
                    await connection.RunAsync(CancellationToken.None, new PostgresStatement("rollback"));
                    return result;
                }
                commitment.Commit();
                (var isCommitted, commit) = await CommitAsync(connection);
                if (!isCommitted && !await ResolveAsync(workspaceId, isThere(result)))
                    throw new StoreException(
                        StoreTrouble.Unavailable, "The connection was lost at COMMIT; it is certain now that nothing was written.");
                return result;
            }
            finally
            {
                await CloseAsync(connection, process, commit, _placesToWrite);
            }
        }, cancel));
    }

    /// <summary>Writes something that may be written twice: repeated until it is certainly there.</summary>
    public Task WriteAgainAsync(Func<NpgsqlConnection, Task> work, CancellationToken cancel) =>
        WriteAgainAsync(_placesToWrite, work, cancel);

    private Task<bool> WriteAgainAsync(SemaphoreSlim places, Func<NpgsqlConnection, Task> work, CancellationToken cancel)
    {
        var commitment = new Commitment();
        return UntilEndAsync(commitment, () => TryAgainAsync(Stopwatch.GetTimestamp(), WritePatience, places, async connection =>
        {
            var (process, commit) = (connection.ProcessID, Task.CompletedTask);
            try
            {
                await connection.RunAsync(cancel, Begin);
                await work(connection);
                commitment.Commit();
                (var isCommitted, commit) = await CommitAsync(connection);
                return isCommitted ? true : throw new IOException("The COMMIT has no answer that counts.");
            }
            finally
            {
                await CloseAsync(connection, process, commit, places);
            }
        }, cancel));
    }

    /// <summary>
    /// Vacuums or analyzes tables in which a workspace's rows were changed; on Citus, the shards with these rows. If
    /// that is not possible in time, autovacuum does it later.
    /// </summary>
    /// <param name="command">"vacuum" or "analyze".</param>
    /// <param name="patience">In whole seconds; on Citus, the time of any statement.</param>
    public async Task TidyAsync(long workspaceId, string command, string[] tables, TimeSpan patience, CancellationToken cancel)
    {
        try
        {
            await ReadNowAsync(async connection =>
            {
                if (IsCitus)
                    await PostgresCitus.TidyAsync(connection, workspaceId, command, tables);
                else
                    await connection.RunWithinAsync($"{command} {string.Join(", ", tables)}", patience, cancel);
                return true;
            }, cancel);
        }
        catch (StoreException)
        {
            // Autovacuum does it later.
        }
    }

    /// <summary>Ends running work and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _end.Dispose();
        await _source.DisposeAsync();
    }

    /// <summary>
    /// Runs work until the server stops. Then its caller gets an error at once, even if the database does not answer.
    /// The abandoned work can no longer commit, and ends with its connection.
    /// </summary>
    /// <exception cref="StoreException">The server stops.</exception>
    private async Task<T> UntilEndAsync<T>(Commitment commitment, Func<Task<T>> work)
    {
        if (_ended.IsCancellationRequested)
            throw Ending(commitment);
        var working = work();
        try
        {
            return await working.WaitAsync(_ended);
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested && !working.IsCanceled)
        {
            // Nobody waits for the result any more; its exception is observed here.
            _ = working.ContinueWith(left => left.Exception, CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw Ending(commitment);
        }
    }

    private static StoreException Ending(Commitment commitment) => commitment.GiveUp()
        ? new StoreException(StoreTrouble.Unavailable, "The server stops, and its database did not answer in time; nothing was written.")
        : new StoreException(StoreTrouble.OutcomeUnknown, "The server stops, and its database did not answer to COMMIT in time.");

    /// <summary>Decides once whether work may be committed or is given up: the first of the two wins.</summary>
    private sealed class Commitment
    {
        private const int Committing = 1;
        private const int GivenUp = 2;

        private int _state;

        /// <summary>To be called before COMMIT is sent.</summary>
        /// <exception cref="StoreException">The work was given up.</exception>
        public void Commit()
        {
            if (Interlocked.CompareExchange(ref _state, Committing, 0) == GivenUp)
                throw new StoreException(StoreTrouble.Unavailable, "The server stops; nothing was written.");
        }

        /// <returns>Whether it will certainly never be committed.</returns>
        public bool GiveUp() => Interlocked.CompareExchange(ref _state, GivenUp, 0) != Committing;
    }

    /// <summary>
    /// Sends COMMIT without a timeout and without a token: a cancelled COMMIT could report success although no standby
    /// has it.
    /// </summary>
    /// <returns>
    /// Whether it has certainly committed, and the command, which may still run. Uncertain: the connection was lost,
    /// the answer is late, or the server warned that the commit might not have been replicated.
    /// </returns>
    private static async Task<(bool IsCommitted, Task Command)> CommitAsync(NpgsqlConnection connection)
    {
        var isWarned = false;
        connection.Notice += (_, notice) => isWarned |= notice.Notice.SqlState == PossiblyNotReplicated;
        var command = new NpgsqlCommand("commit", connection) { CommandTimeout = 0 };
        var commit = command.ExecuteNonQueryAsync(CancellationToken.None);
        if (await Task.WhenAny(commit, Task.Delay(CommitPatience)) != commit)
            return (false, commit);
        try
        {
            await commit;
            return (!isWarned, commit);
        }
        catch (Exception failure) when (PostgresFailure.IsOutage(failure) && !PostgresFailure.IsRolledBack(failure))
        {
            return (false, Task.CompletedTask);
        }
    }

    /// <summary>
    /// Finds out whether a transaction was committed whose COMMIT has no answer. Getting its row lock proves that it
    /// has ended. Then a durable write of that row keeps it from committing later, and proves that what was read is
    /// durable too.
    /// </summary>
    private async Task<bool> ResolveAsync(long workspaceId, PostgresStatement isThere)
    {
        try
        {
            var isFound = false;
            await WriteAgainAsync(_placesToLookUp, async connection =>
            {
                await connection.RunAsync(default, new PostgresStatement(LockLogEnd, workspaceId));
                isFound = (await connection.ListAsync(isThere, _ => true, default)).Count > 0;
                await connection.RunAsync(default, new PostgresStatement(TouchLogEnd, workspaceId));
            }, CancellationToken.None);
            return isFound;
        }
        catch (StoreException failure)
        {
            throw new StoreException(
                StoreTrouble.OutcomeUnknown,
                $"The connection was lost at COMMIT, and no server can tell what became of it. {failure.Message}", failure);
        }
    }

    /// <summary>
    /// Closes the connection after a COMMIT that still runs, and gives its place back: earlier if the server does not run it
    /// any more, since the connection may not learn of that for long. A failure to close says nothing about the commit.
    /// </summary>
    private Task CloseAsync(NpgsqlConnection connection, int process, Task commit, SemaphoreSlim places)
    {
        var closing = CloseAfterAsync();
        return commit.IsCompleted ? closing : Task.CompletedTask;

        async Task CloseAfterAsync()
        {
            try
            {
                while (!commit.IsCompleted && await IsRunningAsync(process))
                    await Task.WhenAny(commit, Task.Delay(CommitPatience));
            }
            finally
            {
                places.Release();
            }
            try
            {
                await commit;
            }
            catch (Exception failure) when (PostgresFailure.IsOutage(failure))
            {
                // The outcome is looked up on another connection.
            }
            finally
            {
                await DisposeAsync(connection);
            }
        }
    }

    private static async Task DisposeAsync(NpgsqlConnection connection)
    {
        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception failure) when (PostgresFailure.IsOutage(failure))
        {
            // It is already closed.
        }
    }

    /// <summary>
    /// Whether the server that writes now runs something on this connection. After a failover it is another server, which does
    /// not know the connection.
    /// </summary>
    /// <returns>True also if the server does not answer.</returns>
    private async Task<bool> IsRunningAsync(int process)
    {
        try
        {
            return (await ReadNowAsync(
                connection => connection.ListAsync(new PostgresStatement(SelectRunning, process), _ => true, default), default)).Count > 0;
        }
        catch (StoreException)
        {
            return !_ended.IsCancellationRequested;
        }
    }

    /// <summary>
    /// Runs work that changes nothing when it fails, and repeats it while the failure may pass and there is time.
    /// </summary>
    /// <param name="places">Of which each attempt takes one, if there are any.</param>
    /// <param name="work">Gets a connection, which it closes, and a place, which it gives back.</param>
    private async Task<T> TryAgainAsync<T>(
        long since, TimeSpan patience, SemaphoreSlim? places, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancel)
    {
        for (var pause = ShortestPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var isOpen = false;
            try
            {
                var connection = await OpenAsync(since, patience, places, cancel);
                isOpen = true;
                return await work(connection);
            }
            catch (Exception failure) when (PostgresFailure.IsOutage(failure) || PostgresFailure.IsTransient(failure, IsCitus))
            {
                var isReadOnly = failure is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };
                // Those that are open are in use, all of them or while another one was made in vain. What is broken shows itself.
                var isWait = !isOpen && failure is NpgsqlException { InnerException: TimeoutException };
                // If the server is gone or has become a standby, the pool's other connections to it are useless too.
                if (isReadOnly || (failure is not PostgresException && !isWait))
                    _source.Clear();
                var ends = isReadOnly && ReadOnlyPatience < patience ? ReadOnlyPatience : patience;
                if (!PostgresFailure.IsTransient(failure, IsCitus) || Stopwatch.GetElapsedTime(since) + pause > ends)
                    throw PostgresFailure.Of(failure);
            }
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), cancel);
        }
    }

    /// <exception cref="StoreException">There is no place within the patience.</exception>
    private async Task<NpgsqlConnection> OpenAsync(long since, TimeSpan patience, SemaphoreSlim? places, CancellationToken cancel)
    {
        var left = patience - Stopwatch.GetElapsedTime(since);
        if (places is not null && !await places.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancel))
            throw new StoreException(
                StoreTrouble.Unavailable,
                "PostgreSQL: too many transactions wait for the database already, for example at COMMIT for a standby.");
        try
        {
            return await _source.OpenConnectionAsync(cancel);
        }
        catch
        {
            places?.Release();
            throw;
        }
    }
}
