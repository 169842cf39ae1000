using System.Diagnostics;
using Npgsql;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Tools;

namespace Roster.Storage.Postgres.Search;

/// <summary>
/// The search index: the tables partner_search, search_term and day_count, which follow the log outside of writes. Each
/// node follows what it wrote, and what one of its callers waits for. A workspace's state is a row that one node
/// holds at a time.
/// </summary>
internal sealed class PostgresSearch(PostgresDatabase database, StoreNotices notices) : LogFollower(Lanes)
{
    /// <summary>Workspaces that are followed at once, each with a connection.</summary>
    private const int Lanes = 4;

    /// <summary>Changes that the index has not seen yet, and that a write reads from the log itself.</summary>
    private const long MaxUnseen = 100_000;

    /// <summary>The pause before a start asks again which indexes are behind, when the query failed.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromMinutes(1);

    /// <summary>The longest that vacuum or analyze may take.</summary>
    private static readonly TimeSpan TidyPatience = TimeSpan.FromMinutes(5);

    /// <summary>The shortest time between analyzes of workspaces that grow.</summary>
    private static readonly TimeSpan BetweenAnalyzes = TimeSpan.FromSeconds(10);

    /// <summary>The tables whose rows of a workspace the planner should know.</summary>
    private static readonly string[] Planned = ["partner_search", "search_term", "day_count"];

    internal const string SelectReached = "select reached from search_state where workspace_id = $1";

    /// <summary>The revision up to which partners and change sets are counted.</summary>
    internal const string SelectCounted = "select least(reached, counted) from search_state where workspace_id = $1";

    /// <summary>Has an index filled, and its change sets counted, from the beginning.</summary>
    internal const string Reset =
        "update search_state set reached = 0, filling = null, filled = null, counted = 0 where workspace_id = $1";

    private const string SelectEnds = """
        select log_end.revision, search_state.reached from log_end join search_state on search_state.workspace_id = log_end.workspace_id
        where log_end.workspace_id = $1
        """;

    /// <summary>All that have something to follow, so on Citus all nodes are asked.</summary>
    internal const string SelectBehind = """
        select log_end.workspace_id from log_end join search_state on search_state.workspace_id = log_end.workspace_id
        where search_state.reached < log_end.revision or search_state.counted < log_end.revision
        """;

    internal const string SelectBehindOf = """
        select log_end.workspace_id from log_end join search_state on search_state.workspace_id = log_end.workspace_id
        where (search_state.reached < log_end.revision or search_state.counted < log_end.revision)
            and log_end.workspace_id = any ($1) and search_state.workspace_id = any ($1)
        """;

    /// <summary>The first live partners of each address, but for some. Looked up one by one, by the index.</summary>
    private const string SelectIds = """
        select found.id from unnest((select $2::text[])) as n (sought) cross join lateral (
            select id from partner_search
            where workspace_id = $1 and email = n.sought and not deleted and not (id = any ($3)) order by id limit $4) as found
        """;

    /// <summary>The tags or keys of metadata behind one, in order, with how many partners have them.</summary>
    internal const string SelectTerms = """
        select term, shown, live from search_term where workspace_id = $1 and kind = $2 and term > $3
        order by term limit (select $4::bigint)
        """;

    /// <summary>Of the kind <see cref="SearchTerm.Presence"/>.</summary>
    private const string SelectPresence = "select term, live, total from search_term where workspace_id = $1 and kind = 3";

    /// <summary>
    /// The revision up to which partners and change sets are counted, the numbers of partners, and the days: one statement, so that all
    /// are of the same moment.
    /// </summary>
    internal const string SelectStatistics = """
        select null::integer as day, null::text as kind, null::uuid as key_id, least(reached, counted), 0::bigint, 0::bigint, 0::bigint,
            0::bigint
        from search_state where workspace_id = $1
        union all
        select null, term, null, live, total, 0, 0, 0 from search_term where workspace_id = $1 and kind = 3
        union all
        select * from (
            select day, kind, key_id, change_sets, created, updated, deleted, restored from day_count
            where workspace_id = $1 and day >= $2 order by day, kind, key_id limit (select $3::bigint)) as days
        """;

    /// <summary>More than the days of an answer can have: so the planner reads them in the order of their index.</summary>
    internal const long MaxDayCounts = 2 * DayCount.MaxDays * DayCount.MaxOfDay;

    private readonly Lock _analyzeGate = new();
    private Task _begun = Task.CompletedTask;
    private Task _analyzing = Task.CompletedTask;

    /// <summary>When the last one began, as a <see cref="Stopwatch"/> timestamp.</summary>
    private long _analyzedAt;

    /// <summary>Begins to follow what was written before the start.</summary>
    public void Begin() => _begun = BeginAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _begun;
        await _analyzing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The newest revision, and the one that the index shows.</summary>
    public Task<(long Newest, long Reached)> EndsAsync(long workspaceId, CancellationToken cancel) => database.ReadAsync(
        connection => connection.OneAsync(
            new PostgresStatement(SelectEnds, workspaceId), row => (row.GetInt64(0), row.GetInt64(1)), cancel), cancel);

    /// <summary>Returns when the workspace's index shows all that is written now.</summary>
    /// <inheritdoc cref="LogFollower.ReachAsync"/>
    public async Task ReachNewestAsync(long workspaceId, CancellationToken cancel)
    {
        var (newest, reached) = await EndsAsync(workspaceId, cancel);
        if (reached < newest)
            await ReachAsync(workspaceId, newest, cancel);
    }

    /// <summary>The page's partners as cursors, in order: at most as many as it takes.</summary>
    public async Task<IReadOnlyList<PartnerCursor>> FindAsync(long workspaceId, PartnerQuery query, CancellationToken cancel) =>
        await database.ReadAsync(
            connection => connection.ListAsync(
                PostgresSearchQuery.Page(workspaceId, query),
                row => query.Sort switch
                {
                    PartnerSort.Name => new PartnerCursor(row.GetGuid(0), Name: row.GetString(1)),
                    PartnerSort.UpdatedAt => new PartnerCursor(row.GetGuid(0), UpdatedAt: row.Timestamp(2)),
                    _ => new PartnerCursor(row.GetGuid(0)),
                },
                cancel),
            cancel);

    public Task<long> CountAsync(long workspaceId, PartnerFilter filter, CancellationToken cancel) => database.ReadAsync(
        async connection => PresenceCounts.Has(filter)
            ? Presence(await connection.ListAsync(new PostgresStatement(SelectPresence, workspaceId), MapPresence, cancel)).Count(filter)
            : await connection.OneAsync(PostgresSearchQuery.Count(workspaceId, filter), row => row.GetInt64(0), cancel), cancel);

    /// <summary>The numbers of a workspace.</summary>
    /// <param name="fromDay">The first day that is wanted.</param>
    /// <exception cref="StoreException">
    /// The log is still being counted, after an upgrade, or cannot be (<see cref="StoreTrouble.SearchBehind"/>).
    /// </exception>
    public async Task<Statistics> StatisticsAsync(long workspaceId, int fromDay, CancellationToken cancel)
    {
        var newest = await database.ReadAsync(
            connection => connection.OneAsync(
                new PostgresStatement(PostgresStore.SelectEnd, workspaceId), row => row.GetInt64(0), cancel), cancel);
        // A filling shows partners before the log is counted.
        await WaitUntilAsync(
            workspaceId, newest,
            (id, stop) => database.ReadAsync(
                connection => connection.OneAsync(new PostgresStatement(SelectCounted, id), row => row.GetInt64(0), stop), stop),
            cancel);
        var read = await database.ReadAsync(connection => ReadAsync(connection, workspaceId, fromDay, cancel), cancel);
        return read.Revision >= newest ? read : throw new StoreException(
            StoreTrouble.SearchBehind, $"The log is counted up to revision {read.Revision}, and {newest} is wanted.");
    }

    private static async Task<Statistics> ReadAsync(NpgsqlConnection connection, long workspaceId, int fromDay, CancellationToken cancel)
    {
        var (revision, presence, days) = (0L, new PresenceCounts(), new List<DayCount>());
        await using var rows = await connection.QueryAsync(
            cancel, new PostgresStatement(SelectStatistics, workspaceId, fromDay, MaxDayCounts));
        while (await rows.ReadAsync(cancel))
            if (rows.IsDBNull(1))
                revision = rows.GetInt64(3);
            else if (rows.IsDBNull(0))
                presence.Add(rows.GetString(1), rows.GetInt64(3), rows.GetInt64(4));
            else
                days.Add(new DayCount(
                    rows.GetInt32(0), rows.GetString(1), rows.GetGuid(2) is var key && key == DayCounts.Shared ? null : key,
                    rows.GetInt64(3), rows.GetInt64(4), rows.GetInt64(5), rows.GetInt64(6), rows.GetInt64(7)));
        return new(revision, presence.Numbers, [.. days.OrderBy(day => (day.Day, day.Kind, day.KeyId))]);
    }

    private static (string Term, long Live, long Total) MapPresence(NpgsqlDataReader row) =>
        (row.GetString(0), row.GetInt64(1), row.GetInt64(2));

    private static PresenceCounts Presence(List<(string Term, long Live, long Total)> rows)
    {
        var counts = new PresenceCounts();
        foreach (var (term, live, total) in rows)
            counts.Add(term, live, total);
        return counts;
    }

    /// <summary>The tags or keys of metadata behind one, in order, with how many partners have them.</summary>
    public async Task<IReadOnlyList<TermCount>> TermsAsync(
        long workspaceId, TermKind kind, string? after, int take, CancellationToken cancel) =>
        await database.ReadAsync(
            connection => connection.ListAsync(
                new PostgresStatement(SelectTerms, workspaceId, (int)kind, after ?? "", (long)take),
                row => new TermCount(row.GetString(0), row.GetString(1), row.GetInt64(2)), cancel),
            cancel);

    /// <summary>
    /// The live partners with these folded addresses, in a transaction that holds the workspace's log. They come from
    /// the index, at most <see cref="RowsNow.MaxMatches"/> for each address, and from the changes that the index has
    /// not followed yet. So a write never waits for the index while other writes wait for it.
    /// </summary>
    public static async Task<ILookup<string, Partner>> WithEmailAsync(
        NpgsqlConnection connection, long workspaceId, string[] emails, long end)
    {
        var reached = await connection.OneAsync(new PostgresStatement(SelectReached, workspaceId), row => row.GetInt64(0), default);
        // The index was up to date a moment ago. If it is far behind now, it is being filled anew.
        if (await PostgresStore.FindUpToAsync(connection, workspaceId, reached, MaxUnseen, MaxUnseen, default) is { } upTo && upTo < end)
            throw new StoreException(StoreTrouble.SearchBehind, $"The search index is at revision {reached} and {end} is wanted.");
        var ids = await PostgresSearchStep.ReadChangedAsync(connection, workspaceId, reached, end);
        // Partners that were changed since are read from the directory, so the index is not asked for them.
        ids.UnionWith(await connection.ListAsync(
            new PostgresStatement(SelectIds, workspaceId, emails, ids.ToArray(), (long)RowsNow.MaxMatches),
            row => row.GetGuid(0), default));
        var partners = await PostgresStore.ListAsync(
            connection, new PostgresStatement(PostgresStore.SelectNamed, workspaceId, ids.Order().ToArray()), default);
        return partners.Where(partner => partner is { DeletedAt: null, Email: not null }).OrderBy(partner => partner.Id)
            .ToLookup(partner => Upsert.FoldEmail(partner.Email!));
    }

    /// <summary>The start does not wait for this: on Citus it asks all nodes, and one may be away.</summary>
    private async Task BeginAsync()
    {
        while (!IsClosed)
        {
            try
            {
                var (behind, isComplete) = await database.ReadNowAsync(ListBehindAsync, default);
                foreach (var workspaceId in behind)
                    Changed(workspaceId);
                if (isComplete)
                    return;
            }
            catch (StoreException)
            {
                // It is asked again.
            }
            await PauseAsync(Again);
        }
    }

    private async Task<(List<long> Behind, bool IsComplete)> ListBehindAsync(NpgsqlConnection connection)
    {
        var all = new PostgresStatement(SelectBehind);
        return database.IsCitus
            ? await PostgresCitus.ListAsync(
                connection, all, workspaces => new PostgresStatement(SelectBehindOf, workspaces), row => row.GetInt64(0))
            : (await connection.ListAsync(all, row => row.GetInt64(0), default), true);
    }

    protected override Task<long> ReachedAsync(long workspaceId, CancellationToken cancel) => database.ReadAsync(
        connection => connection.OneAsync(new PostgresStatement(SelectReached, workspaceId), row => row.GetInt64(0), cancel), cancel);

    protected override async Task<FollowStep> TakeAsync(long workspaceId, CancellationToken stop)
    {
        var outcome = default(PostgresSearchStep.Outcome);
        await database.WriteAgainAsync(async connection => outcome = await PostgresSearchStep.RunAsync(connection, workspaceId), stop);
        // After a filling, a long count or a growth, the planner needs statistics. After an erasure, vacuum frees the space of
        // erased values to be overwritten.
        if (outcome.HasGrown)
            BeginAnalyze(workspaceId, stop);
        if (outcome.IsFilled)
            await database.TidyAsync(workspaceId, "analyze", Planned, TidyPatience, stop);
        else if (outcome.HasErased)
            await database.TidyAsync(workspaceId, "vacuum", ["partner_search", "search_term"], TidyPatience, stop);
        return outcome.Step;
    }

    /// <summary>
    /// Analyzes the index beside the steps, one workspace at a time, and not often: so many workspaces that grow at once keep
    /// nobody waiting. Autovacuum does what is left out.
    /// </summary>
    private void BeginAnalyze(long workspaceId, CancellationToken stop)
    {
        lock (_analyzeGate)
        {
            if (!_analyzing.IsCompleted || Stopwatch.GetElapsedTime(_analyzedAt) < BetweenAnalyzes)
                return;
            _analyzedAt = Stopwatch.GetTimestamp();
            _analyzing = database.TidyAsync(workspaceId, "analyze", Planned, TidyPatience, stop);
        }
    }

    protected override void Failed(long workspaceId, Exception failure) => notices.Begin(
        new StoreNotice(
            StoreNotice.SearchFailing,
            $"The search index of workspace {workspaceId} cannot be kept up; searches answer search_behind. {failure.Message}"),
        $"{workspaceId}");

    protected override void Followed(long workspaceId) => notices.End(StoreNotice.SearchFailing, $"{workspaceId}");
}
