using System.Diagnostics;
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

    internal const string SelectReached = """
        select log_end.revision, search_state.reached from log_end join search_state on search_state.workspace_id = log_end.workspace_id
        where log_end.workspace_id = $1
        """;

    /// <summary>The first live partners of each address, but for some.</summary>
    private const string SelectIds = """
        select id from (
            select id, row_number() over (partition by email order by number) as nth
            from unnest($2::integer[]) as n (number) join search_doc using (number)
            where workspace_id = $1 and email = any ($3) and not deleted and not (id = any ($4))) as found
        where nth <= $5
        """;

    private readonly PostgresDatabase _database;
    private readonly TimeProvider _clock;
    private readonly PostgresSearchWork _passes;
    private readonly PostgresSearchWork _merges;

    public PostgresSearch(PostgresDatabase database, TimeProvider clock)
    {
        (_database, _clock) = (database, clock);
        _passes = new PostgresSearchWork(FollowAsync);
        _merges = new PostgresSearchWork(MergeAsync);
    }

    /// <summary>Tells that a workspace's log has grown. It is followed soon, with what else is written by then.</summary>
    public void Changed(long workspaceId) => _passes.DoSoon(workspaceId);

    /// <summary>Returns when the workspace's index shows all that is written now.</summary>
    /// <exception cref="StoreException">It does not within <see cref="Patience"/>.</exception>
    public async Task ReachNewestAsync(long workspaceId, CancellationToken cancel)
    {
        var (newest, reached) = await ReachedAsync();
        var start = Stopwatch.GetTimestamp();
        for (var pause = TimeSpan.FromMilliseconds(2); reached < newest; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            _passes.DoNow(workspaceId);
            await Task.Delay(pause, cancel);
            (_, reached) = await ReachedAsync();
            if (Stopwatch.GetElapsedTime(start) > Patience)
                throw new StoreException(
                    StoreTrouble.SearchBehind, $"The search index is at revision {reached} and {newest} is wanted. {_passes.Failure?.Message}", _passes.Failure);
        }

        async Task<(long Newest, long Reached)> ReachedAsync() => await _database.ReadAsync(connection => connection.OneAsync(
            new PostgresStatement(SelectReached, workspaceId), row => (row.GetInt64(0), row.GetInt64(1)), cancel), cancel);
    }

    /// <inheritdoc cref="PostgresSearchQuery.FindAsync"/>
    public Task<IReadOnlyList<PartnerCursor>> FindAsync(long workspaceId, PartnerQuery query, CancellationToken cancel) =>
        _database.ReadAsync(connection => PostgresSearchQuery.FindAsync(connection, workspaceId, query, cancel), cancel);

    public Task<long> CountAsync(long workspaceId, PartnerFilter filter, CancellationToken cancel) =>
        _database.ReadAsync(connection => PostgresSearchQuery.CountAsync(connection, workspaceId, filter, cancel), cancel);

    /// <summary>
    /// The live partners with these folded addresses, in a transaction that holds the workspace's log: those that the index knows, and
    /// those that were changed since it last followed the log. So a write never waits for the index while it holds up others. Of those that
    /// the index knows, <see cref="RowsNow.MaxMatches"/> for each address.
    /// </summary>
    public static async Task<ILookup<string, Partner>> WithEmailAsync(NpgsqlConnection connection, long workspaceId, string[] emails, long end)
    {
        var (_, reached) = await connection.OneAsync(
            new PostgresStatement(SelectReached, workspaceId), row => (row.GetInt64(0), row.GetInt64(1)), default);
        var ids = await PostgresSearchPass.ReadChangedAsync(connection, workspaceId, reached, end);
        var numbers = await PostgresSearchSegments.HavingEmailAsync(connection, workspaceId, emails);
        // Of those that were changed, the index does not count.
        ids.UnionWith(await connection.ListAsync(
            new PostgresStatement(SelectIds, workspaceId, numbers, emails, ids.ToArray(), (long)RowsNow.MaxMatches), row => row.GetGuid(0), default));
        var partners = await connection.ListAsync(
            new PostgresStatement(PostgresStore.SelectNamed, workspaceId, ids.ToArray()), PostgresStore.MapPartner, default);
        return partners.Where(partner => partner is { DeletedAt: null, Email: not null }).OrderBy(partner => partner.Id)
            .ToLookup(partner => Upsert.FoldEmail(partner.Email!));
    }

    public async ValueTask DisposeAsync()
    {
        await _passes.DisposeAsync();
        await _merges.DisposeAsync();
    }

    /// <returns>False where another node holds the workspace's index.</returns>
    private async Task<bool> FollowAsync(long workspaceId, CancellationToken stop)
    {
        while (true)
        {
            var outcome = PassOutcome.Held;
            await _database.WriteAgainAsync(
                async connection => outcome = await PostgresSearchPass.RunAsync(connection, workspaceId, Timestamp.Now(_clock)), stop);
            if (outcome != PassOutcome.Held)
                _merges.DoNow(workspaceId);
            // What was written meanwhile has its own turn, so that it is many when that comes.
            if (outcome != PassOutcome.More)
                return outcome == PassOutcome.Reached;
        }
    }

    private async Task<bool> MergeAsync(long workspaceId, CancellationToken stop)
    {
        while (await _database.ReadAsync(connection => PostgresSearchMerge.ChooseAsync(connection, workspaceId), stop) is { Count: > 0 } chosen)
        {
            var isDone = false;
            await _database.WriteAgainAsync(async connection => isDone = await PostgresSearchMerge.RunAsync(connection, workspaceId, chosen), stop);
            if (!isDone)
                return false;
        }
        return true;
    }
}
