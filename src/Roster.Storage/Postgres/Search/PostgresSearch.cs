using System.Collections.Concurrent;
using System.Threading.Channels;
using Npgsql;
using Roster.Changes;

namespace Roster.Storage.Postgres.Search;

/// <summary>
/// The search index, in tables of the same database that follow the log away from writes. Any node follows what it wrote, or what
/// somebody waits for; a workspace's state is a row that only one of them holds at a time.
/// </summary>
internal sealed class PostgresSearch : IAsyncDisposable
{
    /// <summary>How long a search waits for the index to show what was written before it came.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    /// <summary>After this long, a workspace that another node held, or that failed, is looked at again.</summary>
    private static readonly TimeSpan Later = TimeSpan.FromMilliseconds(250);

    private const string SelectReached = """
        select log_end.revision, search_state.reached from log_end join search_state on search_state.workspace_id = log_end.workspace_id
        where log_end.workspace_id = $1
        """;

    private const string SelectIdsWithEmail = "select id from search_doc where workspace_id = $1 and email = any ($2) and not deleted";

    private readonly PostgresDatabase _database;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<long, bool> _pending = [];
    private readonly Channel<long> _changed = Channel.CreateUnbounded<long>();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;
    private volatile Exception? _failure;

    public PostgresSearch(PostgresDatabase database, TimeProvider clock)
    {
        (_database, _clock) = (database, clock);
        _following = Task.Run(FollowLogsAsync);
    }

    /// <summary>Tells the follower that a workspace's log has grown.</summary>
    public void Changed(long workspaceId)
    {
        if (_pending.TryAdd(workspaceId, true))
            _changed.Writer.TryWrite(workspaceId);
    }

    /// <summary>Returns when the workspace's index shows all that is written now.</summary>
    /// <exception cref="StoreException">It does not within <see cref="Patience"/>.</exception>
    public async Task ReachNewestAsync(long workspaceId, CancellationToken cancel)
    {
        var (newest, reached) = await ReachedAsync();
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        for (var pause = TimeSpan.FromMilliseconds(2); reached < newest; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            Changed(workspaceId);
            await Task.Delay(pause, cancel);
            (_, reached) = await ReachedAsync();
            if (System.Diagnostics.Stopwatch.GetElapsedTime(start) > Patience)
                throw new StoreException(
                    StoreTrouble.SearchBehind, $"The search index is at revision {reached} and {newest} is wanted. {_failure?.Message}", _failure);
        }

        async Task<(long Newest, long Reached)> ReachedAsync() => (await _database.ReadAsync(connection => connection.ListAsync(
            new PostgresStatement(SelectReached, workspaceId), row => (row.GetInt64(0), row.GetInt64(1)), cancel), cancel))[0];
    }

    /// <inheritdoc cref="PostgresSearchQuery.FindAsync"/>
    public Task<IReadOnlyList<PartnerCursor>> FindAsync(long workspaceId, PartnerQuery query, CancellationToken cancel) =>
        _database.ReadAsync(connection => PostgresSearchQuery.FindAsync(connection, workspaceId, query, cancel), cancel);

    public Task<long> CountAsync(long workspaceId, PartnerFilter filter, CancellationToken cancel) =>
        _database.ReadAsync(connection => PostgresSearchQuery.CountAsync(connection, workspaceId, filter, cancel), cancel);

    /// <summary>
    /// The live partners with these folded addresses, in a transaction that holds the workspace's log: those that the index knows, and
    /// those that were changed since it last followed the log. So a write never waits for the index while it holds up others.
    /// </summary>
    public static async Task<ILookup<string, Partner>> WithEmailAsync(NpgsqlConnection connection, long workspaceId, string[] emails, long end)
    {
        var (_, reached) = (await connection.ListAsync(
            new PostgresStatement(SelectReached, workspaceId), row => (row.GetInt64(0), row.GetInt64(1)), default))[0];
        var ids = await PostgresSearchPass.ReadChangedAsync(connection, workspaceId, reached, end);
        ids.UnionWith(await connection.ListAsync(
            new PostgresStatement(SelectIdsWithEmail, workspaceId, emails), row => row.GetGuid(0), default));
        var partners = await connection.ListAsync(
            new PostgresStatement(PostgresStore.SelectNamed, workspaceId, ids.ToArray()), PostgresStore.MapPartner, default);
        return partners.Where(partner => partner is { DeletedAt: null, Email: not null }).OrderBy(partner => partner.Id)
            .ToLookup(partner => Upsert.FoldEmail(partner.Email!));
    }

    public async ValueTask DisposeAsync()
    {
        _changed.Writer.Complete();
        await _stop.CancelAsync();
        await _following;
        _stop.Dispose();
    }

    private async Task FollowLogsAsync()
    {
        await foreach (var workspaceId in _changed.Reader.ReadAllAsync())
        {
            // Before the pass, so that what is written during it is followed by another.
            _pending.TryRemove(workspaceId, out _);
            try
            {
                if (!await FollowAsync(workspaceId))
                    ChangedLater(workspaceId);
                _failure = null;
            }
            catch (Exception failure)
            {
                // The directory must go on without its index. Searches wait in vain and say why; the next pass tries again.
                _failure = failure;
                ChangedLater(workspaceId);
            }
        }
    }

    private void ChangedLater(long workspaceId)
    {
        if (!_stop.IsCancellationRequested)
            _ = Task.Delay(Later, _stop.Token).ContinueWith(_ => Changed(workspaceId), TaskContinuationOptions.OnlyOnRanToCompletion);
    }

    /// <returns>False where another node holds the workspace's index.</returns>
    private async Task<bool> FollowAsync(long workspaceId)
    {
        while (!_stop.IsCancellationRequested)
        {
            var outcome = PassOutcome.Held;
            await _database.WriteAgainAsync(
                async connection => outcome = await PostgresSearchPass.RunAsync(connection, workspaceId, Timestamp.Now(_clock)), _stop.Token);
            if (outcome != PassOutcome.More)
                return outcome == PassOutcome.Reached;
        }
        return true;
    }
}
