using Npgsql;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres.Search;

/// <summary>
/// One step of a workspace's part of partner_search along its log, in one transaction. An index that shows nothing yet is filled from the partners first, in
/// the order of their ids. Partners are taken as they are when their turn comes: one that is newer than the step's revision will be looked at again.
/// </summary>
internal static class PostgresSearchStep
{
    /// <summary>A step ends with the change set that brings it to so many changes, or when it has filled in so many partners.</summary>
    private const int MaxTaken = 10_000;

    /// <summary>Rows in one statement: so none takes long, however large the change set is that a step ends with.</summary>
    private const int SentTogether = 2_500;

    private const string HoldState = """
        select reached, filling, filled, (select revision from log_end where workspace_id = $1) from search_state
        where workspace_id = $1 for update skip locked
        """;

    private const string UpdateState = "update search_state set reached = $2, filling = $3, filled = $4 where workspace_id = $1";

    private const string SelectChanges = """
        select changes from change_set where workspace_id = $1 and revision > $2 and revision <= $3
        """;

    private static readonly string SelectNext = $"""
        select {PartnerColumns.All} from partner where workspace_id = $1 and id > $2 order by id limit (select $3::bigint)
        """;

    /// <summary>What is left of an index that is filled anew, between two partners.</summary>
    private const string DeleteBetween = "delete from partner_search where workspace_id = $1 and id > $2 and id <= $3";

    private const string DeleteNamed =
        "delete from partner_search using unnest((select $2::uuid[])) as n (named) where workspace_id = $1 and id = n.named";

    private const string Insert = """
        insert into partner_search (workspace_id, id, revision, text, sort_name, name, email, phone, updated_at, deleted)
        select $1, n.id, n.revision, n.text, n.sort_name, n.name, n.email, n.phone, n.updated_at, n.deleted
        from search_state as s, unnest((select $2::uuid[]), (select $3::bigint[]), (select $4::text[]), (select $5::text[]), (select $6::text[]),
            (select $7::text[]), (select $8::text[]), (select $9::bigint[]), (select $10::boolean[]))
            as n (id, revision, text, sort_name, name, email, phone, updated_at, deleted)
        where s.workspace_id = $1
        """;

    /// <summary>What the index has of partners, and as of which revision.</summary>
    private const string SelectRevisions = """
        select found.id, found.revision from unnest((select $2::uuid[])) as n (named) cross join lateral (
            select id, revision from partner_search where workspace_id = $1 and id = n.named limit 1) as found
        """;

    /// <summary>What came of a step.</summary>
    /// <param name="IsFilled">Whether it ended the filling of a large index: the planner does not know yet what is in it.</param>
    /// <param name="HasErased">Whether it removed erased partners, of which the table's pages still have the values.</param>
    internal readonly record struct Outcome(FollowStep Step, bool IsFilled, bool HasErased);

    /// <summary>Takes the next step in the connection's transaction.</summary>
    public static async Task<Outcome> RunAsync(NpgsqlConnection connection, long workspaceId)
    {
        if (await connection.ListAsync(
            new(HoldState, workspaceId), row => (Reached: row.GetInt64(0), Filling: row.Int64OrNull(1), Filled: row.GuidOrNull(2), Newest: row.GetInt64(3)), default)
            is not [var state])
        {
            // Another node is at it; or the row is not there, which is damage.
            await connection.OneAsync(new PostgresStatement(PostgresSearch.SelectReached, workspaceId), row => row.GetInt64(0), default);
            return new(FollowStep.Held, false, false);
        }
        if (state.Reached == 0 && state.Newest > 0)
            return await FillAsync(connection, workspaceId, state.Filling ?? state.Newest, state.Filled ?? Guid.Empty);
        if (await PostgresStore.FindUpToAsync(connection, workspaceId, state.Reached, MaxTaken, MaxTaken, default) is not { } upTo)
            return new(FollowStep.Reached, false, false);
        HashSet<Guid> changed;
        try
        {
            changed = await ReadChangedAsync(connection, workspaceId, state.Reached, upTo);
        }
        catch (DamagedLogException)
        {
            // The log does not tell what was changed. The partners do.
            return await FillAsync(connection, workspaceId, state.Newest, Guid.Empty);
        }
        // As they lie in the tables.
        Guid[] ids = [.. changed.Order()];
        var partners = await connection.ListAsync(new(PostgresStore.SelectNamed, workspaceId, ids), PostgresStore.MapPartner, default);
        var known = (await connection.ListAsync(
            new(SelectRevisions, workspaceId, ids), row => (Id: row.GetGuid(0), Revision: row.GetInt64(1)), default)).ToDictionary(one => one.Id, one => one.Revision);
        // What was filled in, or taken with an earlier change of the same partner, is there already.
        var renewed = partners.FindAll(partner => !known.TryGetValue(partner.Id, out var revision) || revision != partner.Revision);
        var erased = known.Keys.Except(partners.Select(partner => partner.Id)).ToArray();
        foreach (var part in renewed.Select(partner => partner.Id).Where(known.ContainsKey).Concat(erased).Chunk(SentTogether))
            await connection.RunAsync(default, new PostgresStatement(DeleteNamed, workspaceId, part));
        await InsertAsync(connection, workspaceId, renewed);
        await connection.RunAsync(default, new PostgresStatement(UpdateState, workspaceId, upTo, default(long?), default(Guid?)));
        return new(upTo < state.Newest ? FollowStep.More : FollowStep.Reached, false, erased.Length > 0);
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

    /// <param name="since">The log's end when the filling began: from there the log is followed when all are filled in.</param>
    /// <param name="from">The last partner that was filled in.</param>
    private static async Task<Outcome> FillAsync(NpgsqlConnection connection, long workspaceId, long since, Guid from)
    {
        var partners = await connection.ListAsync(new(SelectNext, workspaceId, from, (long)MaxTaken), PostgresStore.MapPartner, default);
        var isLast = partners.Count < MaxTaken;
        var to = isLast ? Guid.AllBitsSet : partners[^1].Id;
        await connection.RunAsync(default, new PostgresStatement(DeleteBetween, workspaceId, from, to));
        await InsertAsync(connection, workspaceId, partners);
        await connection.RunAsync(default, isLast
            ? new PostgresStatement(UpdateState, workspaceId, since, default(long?), default(Guid?)) : new PostgresStatement(UpdateState, workspaceId, 0L, since, to));
        return new(FollowStep.More, IsFilled: isLast && from != Guid.Empty, HasErased: false);
    }

    private static async Task InsertAsync(NpgsqlConnection connection, long workspaceId, List<Partner> partners)
    {
        foreach (var part in partners.Chunk(SentTogether))
            await connection.RunAsync(default, InsertOf(workspaceId, part));
    }

    private static PostgresStatement InsertOf(long workspaceId, Partner[] partners) => new(
        Insert, workspaceId,
        Column(partners, partner => partner.Id),
        Column(partners, partner => partner.Revision),
        Column(partners, SearchText.Of),
        Column(partners, partner => SearchText.SortName(partner.Name)),
        Column(partners, partner => partner.Name),
        Column(partners, partner => partner.Email is null ? null : Upsert.FoldEmail(partner.Email)),
        Column(partners, partner => partner.Phone is null ? null : SearchText.Digits(partner.Phone)),
        Column(partners, partner => partner.UpdatedAt.Microseconds),
        Column(partners, partner => partner.DeletedAt is not null));

    private static T[] Column<T>(Partner[] partners, Converter<Partner, T> value) => Array.ConvertAll(partners, value);
}
