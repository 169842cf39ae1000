using Npgsql;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres.Search;

/// <summary>
/// One step of a workspace's search index along its log, in one transaction. An empty index is first filled from the
/// partners, in the order of their ids. A step reads partners as they are now. One that is already newer than the
/// step's revision is looked at again in a later step.
/// </summary>
internal static class PostgresSearchStep
{
    /// <summary>A step ends with the change set that reaches so many changes. When it fills, it ends after so many partners.</summary>
    private const int MaxTaken = 10_000;

    /// <summary>
    /// Partners read and written at once. So no statement takes long, however large the last change set of a step is,
    /// and memory has a bound, however large partners are.
    /// </summary>
    private const int Together = 1_000;

    /// <summary>Partners of a workspace of which the planner should know. To read fewer takes some milliseconds.</summary>
    private const long FirstSize = 4_000;

    /// <summary>
    /// Changes nothing. But Citus moves a shard only when its changes have ended, while a row lock alone would be left
    /// behind: then another node could take the same step.
    /// </summary>
    private const string HoldShard = "update search_state set reached = reached where workspace_id = $1 and reached < 0";

    private const string HoldState = """
        select reached, filling, filled, (select revision from log_end where workspace_id = $1), counted from search_state
        where workspace_id = $1 for update skip locked
        """;

    private const string UpdateState = "update search_state set reached = $2, filling = $3, filled = $4 where workspace_id = $1";

    private const string SelectChanges = """
        select changes from change_set where workspace_id = $1 and revision > $2 and revision <= $3
        """;

    private static readonly string SelectNext = $"""
        select {PartnerColumns.All} from partner where workspace_id = $1 and id > $2 order by id limit (select $3::bigint)
        """;

    /// <summary>Deletes old rows between two ids, when an index is filled anew.</summary>
    private const string DeleteBetween = "delete from partner_search where workspace_id = $1 and id > $2 and id <= $3";

    private const string DeleteNamed =
        "delete from partner_search using unnest((select $2::uuid[])) as n (named) where workspace_id = $1 and id = n.named";

    private const string Insert = """
        insert into partner_search (workspace_id, id, revision, text, sort_name, name, email, phone, terms, updated_at, deleted)
        select s.workspace_id, n.id, n.revision, n.text, n.sort_name, n.name, n.email, n.phone, n.terms::jsonb, n.updated_at, n.deleted
        from search_state as s, unnest((select $2::uuid[]), (select $3::bigint[]), (select $4::text[]), (select $5::text[]),
            (select $6::text[]), (select $7::text[]), (select $8::text[]), (select $9::text[]), (select $10::bigint[]),
            (select $11::boolean[])) as n (id, revision, text, sort_name, name, email, phone, terms, updated_at, deleted)
        where s.workspace_id = $1
        """;

    /// <summary>What the index has of partners: as of which revision, and which terms.</summary>
    private const string SelectKnown = """
        select found.id, found.revision, found.terms::text, found.deleted, found.email is not null, found.phone is not null
        from unnest((select $2::uuid[])) as n (named) cross join lateral (
            select id, revision, terms, deleted, email, phone from partner_search where workspace_id = $1 and id = n.named limit 1) as found
        """;

    /// <summary>At the beginning of a filling: its partners are counted from nothing.</summary>
    private const string DeleteTerms = "delete from search_term where workspace_id = $1";

    private const string UpdateTerms = """
        update search_term set live = search_term.live + n.live, total = search_term.total + n.total
        from unnest((select $2::integer[]), (select $3::text[]), (select $4::bigint[]), (select $5::bigint[]))
            as n (kind, term, live, total)
        where workspace_id = $1 and search_term.kind = n.kind and search_term.term = n.term
        """;

    /// <summary>Those that the update did not find.</summary>
    private const string InsertTerms = """
        insert into search_term (workspace_id, kind, term, shown, live, total)
        select s.workspace_id, n.kind, n.term, n.shown, n.live, n.total
        from search_state as s, unnest(
            (select $2::integer[]), (select $3::text[]), (select $4::text[]), (select $5::bigint[]), (select $6::bigint[]))
            as n (kind, term, shown, live, total)
        where s.workspace_id = $1 on conflict do nothing
        """;

    private const string DeleteUnused = """
        delete from search_term using unnest((select $2::integer[]), (select $3::text[])) as n (kind, term)
        where workspace_id = $1 and search_term.kind = n.kind and search_term.term = n.term and total = 0
        """;

    /// <summary>How many partners the index has.</summary>
    private const string SelectTotal = "select total from search_term where workspace_id = $1 and kind = 3 and term = 'partner'";

    private const string UpdateCounted = "update search_state set counted = $2 where workspace_id = $1";

    private const string DeleteDayCounts = "delete from day_count where workspace_id = $1";

    private const string SelectCountsBetween = """
        select at, kind, key_id, created, updated, deleted, restored from change_set
        where workspace_id = $1 and revision > $2 and revision <= $3
        """;

    /// <summary>A day has fewer rows than the limit, which makes the planner look up day by day.</summary>
    private const string SelectPairs = """
        select found.day, found.kind, found.key_id from unnest((select $2::integer[])) as n (day) cross join lateral (
            select day, kind, key_id from day_count where workspace_id = $1 and day = n.day limit 1000) as found
        """;

    private const string UpdateDayCounts = """
        update day_count set change_sets = day_count.change_sets + n.change_sets, created = day_count.created + n.created,
            updated = day_count.updated + n.updated, deleted = day_count.deleted + n.deleted, restored = day_count.restored + n.restored
        from unnest((select $2::integer[]), (select $3::text[]), (select $4::uuid[]), (select $5::bigint[]), (select $6::bigint[]),
            (select $7::bigint[]), (select $8::bigint[]), (select $9::bigint[]))
            as n (day, kind, key_id, change_sets, created, updated, deleted, restored)
        where workspace_id = $1 and day_count.day = n.day and day_count.kind = n.kind and day_count.key_id = n.key_id
        """;

    private const string InsertDayCounts = """
        insert into day_count (workspace_id, day, kind, key_id, change_sets, created, updated, deleted, restored)
        select s.workspace_id, n.day, n.kind, n.key_id, n.change_sets, n.created, n.updated, n.deleted, n.restored
        from search_state as s, unnest((select $2::integer[]), (select $3::text[]), (select $4::uuid[]), (select $5::bigint[]),
            (select $6::bigint[]), (select $7::bigint[]), (select $8::bigint[]), (select $9::bigint[]))
            as n (day, kind, key_id, change_sets, created, updated, deleted, restored)
        where s.workspace_id = $1
        """;

    /// <summary>The result of a step.</summary>
    /// <param name="IsFilled">
    /// Whether it ended the filling of a large index, or the counting of a long log, of which the planner has no statistics yet.
    /// </param>
    /// <param name="HasGrown">
    /// Whether the workspace has become so much larger that the planner should look at it again. Autovacuum does that when a
    /// tenth of the table is new, and until then the planner may take a large workspace for an empty one.
    /// </param>
    /// <param name="HasErased">Whether it removed erased partners, whose values are still in the table's pages.</param>
    internal readonly record struct Outcome(FollowStep Step, bool IsFilled = false, bool HasGrown = false, bool HasErased = false);

    /// <summary>Takes the next step in the connection's transaction.</summary>
    public static async Task<Outcome> RunAsync(NpgsqlConnection connection, long workspaceId)
    {
        await connection.RunAsync(default, new PostgresStatement(HoldShard, workspaceId));
        if (await connection.ListAsync(
            new(HoldState, workspaceId),
            row => (Reached: row.GetInt64(0), Filling: row.Int64OrNull(1), Filled: row.GuidOrNull(2), Newest: row.GetInt64(3),
                Counted: row.GetInt64(4)),
            default)
            is not [var state])
        {
            // Another node holds the row. Or the row is missing, which is damage: then this throws.
            await connection.OneAsync(new PostgresStatement(PostgresSearch.SelectReached, workspaceId), row => row.GetInt64(0), default);
            return new(FollowStep.Held);
        }
        // The log of an earlier version, or what came while the index was filled. Otherwise both go on together.
        if (state.Counted < state.Reached)
        {
            var counted = Math.Min(state.Reached, await PostgresStore.FindUpToAsync(
                connection, workspaceId, state.Counted, long.MaxValue, DayCounts.Together, default) ?? state.Reached);
            await CountDaysAsync(connection, workspaceId, state.Counted, counted);
            return new(FollowStep.More, IsFilled: state.Counted > 0 && counted == state.Reached);
        }
        if (state.Reached == 0 && state.Newest > 0)
            return await FillAsync(connection, workspaceId, state.Filling ?? state.Newest, state.Filled ?? Guid.Empty);
        if (await PostgresStore.FindUpToAsync(connection, workspaceId, state.Reached, MaxTaken, MaxTaken, default) is not { } upTo)
            return new(FollowStep.Reached);
        HashSet<Guid> changed;
        try
        {
            changed = await ReadChangedAsync(connection, workspaceId, state.Reached, upTo);
        }
        catch (DamagedLogException)
        {
            // The log cannot be read, so the index is filled anew from the partners.
            return await FillAsync(connection, workspaceId, state.Newest, Guid.Empty);
        }
        var terms = new TermChanges();
        var (hasErased, more) = (false, 0);
        // In the order of the tables' rows.
        foreach (var ids in changed.Order().Chunk(Together))
        {
            var (created, erased) = await RenewAsync(connection, workspaceId, ids, terms);
            hasErased |= erased > 0;
            more += created - erased;
        }
        await WriteAsync(connection, workspaceId, terms);
        var hasGrown = more > 0 && HasGrown(
            more, await connection.OneAsync(new PostgresStatement(SelectTotal, workspaceId), row => row.GetInt64(0), default));
        await CountDaysAsync(connection, workspaceId, state.Counted, upTo);
        await connection.RunAsync(default, new PostgresStatement(UpdateState, workspaceId, upTo, default(long?), default(Guid?)));
        return new(upTo < state.Newest ? FollowStep.More : FollowStep.Reached, HasGrown: hasGrown, HasErased: hasErased);
    }

    /// <summary>Whether a workspace has reached 4,000 partners, or four times as many, and so on.</summary>
    /// <param name="more">How many of them are new.</param>
    internal static bool HasGrown(long more, long total)
    {
        var size = FirstSize;
        while (size <= total / 4)
            size *= 4;
        return size <= total && total - more < size;
    }

    /// <summary>Counts the change sets after one revision and up to another.</summary>
    private static async Task CountDaysAsync(NpgsqlConnection connection, long workspaceId, long after, long upTo)
    {
        if (after >= upTo)
            return;
        if (after == 0)
            await connection.RunAsync(default, new PostgresStatement(DeleteDayCounts, workspaceId));
        var counts = new DayCounts();
        await using (var rows = await connection.QueryAsync(default, new PostgresStatement(SelectCountsBetween, workspaceId, after, upTo)))
            while (await rows.ReadAsync())
                counts.Add(new DayCount(
                    DayCount.DayOf(rows.Timestamp(0)), rows.GetString(1), rows.GetGuid(2), 1,
                    rows.GetInt32(3), rows.GetInt32(4), rows.GetInt32(5), rows.GetInt32(6)));
        var known = (await connection.ListAsync(
            new PostgresStatement(SelectPairs, workspaceId, counts.Days),
            row => (Day: row.GetInt32(0), Kind: row.GetString(1), KeyId: row.GetGuid(2)), default)).ToHashSet();
        var isKnown = counts.Rows(known).ToLookup(one => known.Contains((one.Day, one.Kind, one.KeyId ?? DayCounts.Shared)));
        await connection.RunAsync(
            default,
            Statement(UpdateDayCounts, [.. isKnown[true]]), Statement(InsertDayCounts, [.. isKnown[false]]),
            new PostgresStatement(UpdateCounted, workspaceId, upTo));

        PostgresStatement Statement(string sql, DayCount[] rows) => new(
            sql, workspaceId, Column(rows, one => one.Day), Column(rows, one => one.Kind),
            Column(rows, one => one.KeyId ?? DayCounts.Shared), Column(rows, one => one.ChangeSets), Column(rows, one => one.Created),
            Column(rows, one => one.Updated), Column(rows, one => one.Deleted), Column(rows, one => one.Restored));
    }

    /// <summary>Takes over partners as they are now.</summary>
    /// <returns>How many were not there yet, and how many were erased.</returns>
    private static async Task<(int Created, int Erased)> RenewAsync(
        NpgsqlConnection connection, long workspaceId, Guid[] ids, TermChanges terms)
    {
        var partners = await connection.ListAsync(new(PostgresStore.SelectNamed, workspaceId, ids), PostgresStore.MapPartner, default);
        var known = (await connection.ListAsync(
            new(SelectKnown, workspaceId, ids),
            row => new Known(
                row.GetGuid(0), row.GetInt64(1), row.TextOrNull(2), row.GetBoolean(3), row.GetBoolean(4), row.GetBoolean(5)),
            default)).ToDictionary(one => one.Id);
        // What was filled in, or taken with an earlier change of the same partner, is there already.
        var renewed = partners.FindAll(partner => !known.TryGetValue(partner.Id, out var one) || one.Revision != partner.Revision);
        var erased = known.Keys.Except(partners.Select(partner => partner.Id)).ToArray();
        Guid[] replaced = [.. renewed.Select(partner => partner.Id).Where(known.ContainsKey), .. erased];
        foreach (var old in replaced.Select(id => known[id]))
            terms.Remove(old.Terms is { } json ? SearchTerm.FromJson(json) : [], old.HasEmail, old.HasPhone, old.IsDeleted);
        if (replaced.Length > 0)
            await connection.RunAsync(default, new PostgresStatement(DeleteNamed, workspaceId, replaced));
        await InsertAsync(connection, workspaceId, renewed, terms);
        return (renewed.Count - (replaced.Length - erased.Length), erased.Length);
    }

    /// <summary>The partners that were changed after one revision and up to another.</summary>
    public static async Task<HashSet<Guid>> ReadChangedAsync(NpgsqlConnection connection, long workspaceId, long after, long upTo)
    {
        var changed = new HashSet<Guid>();
        await using var rows = await connection.QueryAsync(default, new PostgresStatement(SelectChanges, workspaceId, after, upTo));
        while (await rows.ReadAsync())
        {
            var ids = ChangeEncoding.DecodeIds(rows.GetFieldValue<byte[]>(0));
            changed.EnsureCapacity(changed.Count + ids.Count);
            changed.UnionWith(ids);
        }
        return changed;
    }

    /// <param name="since">The log's end when the filling began. From there the log is followed when the index is full.</param>
    /// <param name="from">The last partner that was filled in.</param>
    private static async Task<Outcome> FillAsync(NpgsqlConnection connection, long workspaceId, long since, Guid from)
    {
        if (from == Guid.Empty)
            await connection.RunAsync(default, new PostgresStatement(DeleteTerms, workspaceId));
        var terms = new TermChanges();
        var (last, isLast) = (from, false);
        for (var filled = 0; filled < MaxTaken && !isLast; filled += Together)
        {
            var partners = await connection.ListAsync(
                new(SelectNext, workspaceId, last, (long)Together), PostgresStore.MapPartner, default);
            isLast = partners.Count < Together;
            var to = isLast ? Guid.AllBitsSet : partners[^1].Id;
            // Rows that are left of an older index are deleted without taking their terms away: the counts began from nothing.
            await connection.RunAsync(default, new PostgresStatement(DeleteBetween, workspaceId, last, to));
            await InsertAsync(connection, workspaceId, partners, terms);
            last = to;
        }
        await WriteAsync(connection, workspaceId, terms);
        await connection.RunAsync(default, isLast
            ? new PostgresStatement(UpdateState, workspaceId, since, default(long?), default(Guid?))
            : new PostgresStatement(UpdateState, workspaceId, 0L, since, last));
        return new(FollowStep.More, IsFilled: isLast && from != Guid.Empty);
    }

    /// <param name="terms">Takes the terms of the partners; it is written when they are many.</param>
    private static async Task InsertAsync(NpgsqlConnection connection, long workspaceId, List<Partner> partners, TermChanges terms)
    {
        if (partners.Count == 0)
            return;
        var termsOf = partners.ConvertAll(partner => SearchTerm.Of(partner.Tags, partner.Metadata));
        await connection.RunAsync(default, InsertOf(workspaceId, [.. partners], [.. termsOf]));
        for (var i = 0; i < partners.Count; i++)
            terms.Add(partners[i], termsOf[i]);
        if (terms.AreMany)
            await WriteAsync(connection, workspaceId, terms);
    }

    private static async Task WriteAsync(NpgsqlConnection connection, long workspaceId, TermChanges terms)
    {
        foreach (var part in terms.Take().Chunk(Together))
        {
            var statements = new List<PostgresStatement>
            {
                new(UpdateTerms, workspaceId, Kinds(part), Terms(part), Column(part, one => one.Live), Column(part, one => one.Total)),
            };
            if (Array.FindAll(part, one => one.Total > 0) is { Length: > 0 } more)
                statements.Add(new(
                    InsertTerms, workspaceId, Kinds(more), Terms(more), Column(more, one => one.Shown ?? one.Term),
                    Column(more, one => one.Live), Column(more, one => one.Total)));
            if (Array.FindAll(part, one => one.Total < 0) is { Length: > 0 } less)
                statements.Add(new(DeleteUnused, workspaceId, Kinds(less), Terms(less)));
            await connection.RunAsync(default, statements);
        }

        static int[] Kinds(TermChange[] changes) => Column(changes, one => one.Kind);

        static string[] Terms(TermChange[] changes) => Column(changes, one => one.Term);
    }

    private static PostgresStatement InsertOf(long workspaceId, Partner[] partners, List<SearchTerm>[] terms) => new(
        Insert, workspaceId,
        Column(partners, partner => partner.Id),
        Column(partners, partner => partner.Revision),
        Column(partners, SearchText.Of),
        Column(partners, partner => SearchText.SortName(partner.Name)),
        Column(partners, partner => partner.Name),
        Column(partners, partner => partner.Email is null ? null : Upsert.FoldEmail(partner.Email)),
        Column(partners, partner => partner.Phone is null ? null : SearchText.Digits(partner.Phone)),
        Column(terms, of => of.Count == 0 ? null : SearchTerm.ToJson(of)),
        Column(partners, partner => partner.UpdatedAt.Microseconds),
        Column(partners, partner => partner.DeletedAt is not null));

    private static TValue[] Column<TRow, TValue>(TRow[] rows, Converter<TRow, TValue> value) => Array.ConvertAll(rows, value);

    /// <summary>What the index has of a partner.</summary>
    /// <param name="Terms">As <see cref="SearchTerm.ToJson"/> has them, or null.</param>
    private sealed record Known(Guid Id, long Revision, string? Terms, bool IsDeleted, bool HasEmail, bool HasPhone);
}
