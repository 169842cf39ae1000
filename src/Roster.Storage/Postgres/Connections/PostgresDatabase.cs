using System.Diagnostics;
using Npgsql;
using Roster.Storage.Postgres.Tools;

namespace Roster.Storage.Postgres.Connections;

/// <summary>The connections to a database, and what is done when one of them, or its server, goes away.</summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    /// <summary>How long a write is tried again before it is given up. Failovers take longer than that, restarts do not.</summary>
    private static readonly TimeSpan WritePatience = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(5);

    /// <summary>A database that only became read-only for a moment has failed over; for longer, somebody has set it so.</summary>
    private static readonly TimeSpan ReadOnlyPatience = TimeSpan.FromSeconds(2);

    /// <summary>How long COMMIT may take before its outcome is looked up elsewhere. It is not cancelled even then.</summary>
    private static readonly TimeSpan CommitPatience = TimeSpan.FromSeconds(10);

    /// <summary>"The transaction has already committed locally, but might not have been replicated to the standby."</summary>
    private const string PossiblyNotReplicated = "01000";

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// What a transaction begins with. It waits a bounded time for locks, and a server whose client is cut off frees the locks itself.
    /// </summary>
    public static readonly PostgresStatement[] Begin =
    [
        new("begin transaction isolation level read committed"),
        new("set local lock_timeout = 5000"),
        new("set local idle_in_transaction_session_timeout = 10000"),
    ];

    private const string TouchLogEnd = "update log_end set revision = revision where workspace_id = $1";

    /// <summary>
    /// Holds a workspace's log: whoever comes next waits until this transaction has ended, and so does who looks up what became of it.
    /// </summary>
    public const string LockLogEnd = "select revision, changed_at from log_end where workspace_id = $1 for update";

    private readonly NpgsqlDataSource _source;
    private readonly CancellationTokenSource _end = new();
    /// <summary>Good to ask also when its source is disposed of.</summary>
    private readonly CancellationToken _ended;
    private int _isEnding;

    public PostgresDatabase(NpgsqlDataSource source)
    {
        _source = source;
        _ended = _end.Token;
    }

    /// <summary>Whether the server is a coordinator of Citus; known when it was looked at for the first time.</summary>
    public bool IsCitus { get; set; }

    /// <summary>What runs may go on so long; then those who wait for it are told so, and nothing new begins. The first call counts.</summary>
    public void EndWithin(TimeSpan grace)
    {
        if (Interlocked.Exchange(ref _isEnding, 1) == 0)
            _end.CancelAfter(grace);
    }

    /// <summary>As if the grace were over.</summary>
    public Task EndNowAsync() => _end.CancelAsync();

    /// <summary>Reads, on another connection where one is lost.</summary>
    /// <exception cref="StoreException">The database does not answer.</exception>
    public Task<T> ReadAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancel) =>
        ReadAsync(Stopwatch.GetTimestamp(), read, cancel);

    /// <param name="since">When the read began to wait, as <see cref="Stopwatch"/> counts: its patience began then.</param>
    /// <inheritdoc cref="ReadAsync{T}(Func{NpgsqlConnection, Task{T}}, CancellationToken)"/>
    public Task<T> ReadAsync<T>(long since, Func<NpgsqlConnection, Task<T>> read, CancellationToken cancel) =>
        ReadAsync(since, ReadPatience, read, cancel);

    /// <summary>Reads, or says at once why it cannot.</summary>
    /// <exception cref="StoreException">The database does not answer.</exception>
    public Task<T> ReadNowAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancel) =>
        ReadAsync(Stopwatch.GetTimestamp(), TimeSpan.Zero, read, cancel);

    private Task<T> ReadAsync<T>(long since, TimeSpan patience, Func<NpgsqlConnection, Task<T>> read, CancellationToken cancel) =>
        UntilEndAsync(new Commitment(), () => TryAgainAsync(since, patience, async () =>
        {
            await using var connection = await _source.OpenConnectionAsync(cancel);
            return await read(connection);
        }, cancel));

    /// <summary>
    /// Writes in a workspace, in a transaction that the work begins (<see cref="Begin"/>, <see cref="LockLogEnd"/>) and does not end.
    /// Once COMMIT was sent, it is not cancelled and not guessed about: where its answer is lost, <paramref name="isThere"/> looks
    /// whether the write is there, when it is certain that it cannot come any more.
    /// </summary>
    /// <param name="since">When the write began to wait, as <see cref="Stopwatch"/> counts: its patience began then.</param>
    /// <param name="work">Returns whether there is something to commit; may be done again.</param>
    /// <param name="isThere">The statement that gives a row where the write is there; asked with the workspace's log held.</param>
    /// <exception cref="StoreException">Nothing was written, or the outcome is unknown: its trouble says which.</exception>
    public Task<T> WriteAsync<T>(
        long workspaceId, long since, Func<NpgsqlConnection, Task<(T Result, bool IsToCommit)>> work, Func<T, PostgresStatement> isThere,
        CancellationToken cancel)
    {
        var commitment = new Commitment();
        return UntilEndAsync(commitment, () => TryAgainAsync(since, WritePatience, async () =>
        {
            var connection = await _source.OpenConnectionAsync(cancel);
            var commit = Task.CompletedTask;
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
                await CloseAsync(connection, commit);
            }
        }, cancel));
    }

    /// <summary>Writes what may be written twice: again, where it is not certain that it is there.</summary>
    public Task WriteAgainAsync(Func<NpgsqlConnection, Task> work, CancellationToken cancel)
    {
        var commitment = new Commitment();
        return UntilEndAsync(commitment, () => TryAgainAsync(Stopwatch.GetTimestamp(), WritePatience, async () =>
        {
            var connection = await _source.OpenConnectionAsync(cancel);
            var commit = Task.CompletedTask;
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
                await CloseAsync(connection, commit);
            }
        }, cancel));
    }

    /// <summary>
    /// Has the server look after tables in which a workspace's rows were changed; on Citus, after the shards that have them. Where that cannot be
    /// done in time, autovacuum does it later.
    /// </summary>
    /// <param name="command">"vacuum" or "analyze".</param>
    /// <param name="patience">In whole seconds; on Citus, as long as any statement has.</param>
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
            // Later.
        }
    }

    /// <summary>Ends what still runs, and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _end.Dispose();
        await _source.DisposeAsync();
    }

    /// <summary>
    /// Does work until the server stops. Then who waits for it is told at once, also where the database does not answer: the work is left to
    /// itself, can commit nothing any more, and ends with its connection.
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
            // What becomes of it nobody waits for any more.
            _ = working.ContinueWith(left => left.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw Ending(commitment);
        }
    }

    private static StoreException Ending(Commitment commitment) => commitment.GiveUp()
        ? new StoreException(StoreTrouble.Unavailable, "The server stops, and its database did not answer in time; nothing was written.")
        : new StoreException(StoreTrouble.OutcomeUnknown, "The server stops, and its database did not answer to COMMIT in time.");

    /// <summary>Whether a piece of work may have been committed, or surely never will be: one of them, whichever is decided first.</summary>
    private sealed class Commitment
    {
        private const int Committing = 1;
        private const int GivenUp = 2;

        private int _state;

        /// <summary>Called before COMMIT is sent.</summary>
        /// <exception cref="StoreException">It was given up.</exception>
        public void Commit()
        {
            if (Interlocked.CompareExchange(ref _state, Committing, 0) == GivenUp)
                throw new StoreException(StoreTrouble.Unavailable, "The server stops; nothing was written.");
        }

        /// <returns>Whether it will surely never be committed.</returns>
        public bool GiveUp() => Interlocked.CompareExchange(ref _state, GivenUp, 0) != Committing;
    }

    /// <summary>
    /// Sends COMMIT, without a timeout and without a token: cancelled, it could report success for what no standby has.
    /// </summary>
    /// <returns>
    /// Whether it is certain that it committed. It is not where the connection was lost, the answer is late, or the server warned that
    /// the commit might not have been replicated. And the command, which may still run.
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
    /// Finds out what became of a transaction whose COMMIT has no answer. Holding the row that it held means that it has ended. Then
    /// writing that row, durably, keeps it from coming after all, and proves that what was seen is as durable.
    /// </summary>
    private async Task<bool> ResolveAsync(long workspaceId, PostgresStatement isThere)
    {
        try
        {
            var isFound = false;
            await WriteAgainAsync(async connection =>
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
                StoreTrouble.OutcomeUnknown, $"The connection was lost at COMMIT, and no server can tell what became of it. {failure.Message}", failure);
        }
    }

    /// <summary>Closes the connection, when a COMMIT that still runs has ended. That it fails says nothing about what was committed.</summary>
    private static Task CloseAsync(NpgsqlConnection connection, Task commit)
    {
        var closing = CloseAfterAsync();
        return commit.IsCompleted ? closing : Task.CompletedTask;

        async Task CloseAfterAsync()
        {
            try
            {
                await commit;
            }
            catch (Exception failure) when (PostgresFailure.IsOutage(failure))
            {
                // Its outcome is looked up elsewhere.
            }
            try
            {
                await connection.DisposeAsync();
            }
            catch (Exception failure) when (PostgresFailure.IsOutage(failure))
            {
                // It is gone already.
            }
        }
    }

    /// <summary>Does work that changes nothing where it fails, again while the failure may pass and there is time.</summary>
    private async Task<T> TryAgainAsync<T>(long since, TimeSpan patience, Func<Task<T>> work, CancellationToken cancel)
    {
        for (var pause = ShortestPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                return await work();
            }
            catch (Exception failure) when (PostgresFailure.IsOutage(failure))
            {
                var isReadOnly = failure is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };
                // The other connections to a server that is gone, or has become a standby, lead nowhere either.
                if (isReadOnly || failure is not PostgresException)
                    _source.Clear();
                var ends = isReadOnly && ReadOnlyPatience < patience ? ReadOnlyPatience : patience;
                if (!PostgresFailure.IsTransient(failure, IsCitus) || Stopwatch.GetElapsedTime(since) + pause > ends)
                    throw PostgresFailure.Of(failure);
            }
            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), cancel);
        }
    }
}
