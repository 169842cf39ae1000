using Npgsql;

namespace Roster.Storage.Postgres.Search;

/// <summary>
/// Queries of the search index. They are put together from the constant pieces here; what callers send goes in as parameters.
/// </summary>
internal static class PostgresSearchQuery
{
    /// <summary>Up to so many partners that have the grams of a search are sorted; where there are more, the order leads.</summary>
    private const int MaxSorted = 2_000;

    /// <summary>A text that so many partners in a row do not have often enough is rare enough for its trigrams to be read whole.</summary>
    private const long MaxLookedAt = 2_000;

    private const string SelectState = "select reached, kept from search_state where workspace_id = $1";

    private const string SelectKnown = "select id from search_doc where workspace_id = $1 and id = $2";

    /// <summary>The page's partners as cursors, in order: at most as many as it takes.</summary>
    /// <exception cref="CursorExpiredException">The page's snapshot is no longer kept.</exception>
    public static async Task<IReadOnlyList<PartnerCursor>> FindAsync(
        NpgsqlConnection connection, long workspaceId, PartnerQuery query, CancellationToken cancel)
    {
        if (query.After is { } after
            && (await connection.ListAsync(new PostgresStatement(SelectKnown, workspaceId, after.Id), _ => true, cancel)).Count == 0)
            throw new CursorExpiredException();
        var hasGrams = query.Filter is { Q: { } q, Email: null, Phone: null } && Grams.Sought(workspaceId, SearchText.Fold(q)).Length > 0;
        if (hasGrams && query is { Sort: PartnerSort.CreatedAt, Skip: 0 }
            && await connection.ListAsync(AmongNext(workspaceId, query), row => new PartnerCursor(row.GetGuid(0)), cancel) is var page && page.Count == query.Take)
            return page;
        var few = hasGrams ? await FewAsync(connection, workspaceId, query.Filter, cancel) : null;
        return query.Sort == PartnerSort.CreatedAt
            ? await connection.ListAsync(InCreationOrder(workspaceId, query, few), row => new PartnerCursor(row.GetGuid(0)), cancel)
            : await FindInSnapshotAsync(connection, workspaceId, query, few, cancel);
    }

    public static async Task<long> CountAsync(NpgsqlConnection connection, long workspaceId, PartnerFilter filter, CancellationToken cancel) =>
        (await connection.ListAsync(Count(workspaceId, filter), row => row.GetInt64(0), cancel))[0];

    internal static PostgresStatement Count(long workspaceId, PartnerFilter filter)
    {
        var query = new PostgresQuery(workspaceId);
        return query.Statement($"select count(*) from search_doc as d where d.workspace_id = $1{query.And(filter)}");
    }

    /// <summary>Those that a list would have among the next few in its order: a whole page of them, where the text is a common one.</summary>
    internal static PostgresStatement AmongNext(long workspaceId, PartnerQuery list)
    {
        var query = new PostgresQuery(workspaceId);
        var (comparison, direction) = list.IsDescending ? ("<", "desc") : (">", "asc");
        return query.Statement($"""
            select d.id from (
                select d.id, d.text, d.updated_at, d.deleted from search_doc as d
                where d.workspace_id = $1{(list.After is null ? "" : $" and d.id {comparison} {query.Put(list.After.Id)}")}
                order by d.id {direction} limit {query.Put(MaxLookedAt)}) as d
            where true{query.And(list.Filter, byGrams: false)} order by d.id {direction} limit {query.Put((long)list.Take)}
            """);
    }

    /// <param name="few">All partners that have the search text, where they are known.</param>
    internal static PostgresStatement InCreationOrder(long workspaceId, PartnerQuery list, Guid[]? few)
    {
        var query = new PostgresQuery(workspaceId);
        var (comparison, direction) = list.IsDescending ? ("<", "desc") : (">", "asc");
        return query.Statement($"""
            select d.id from search_doc as d
            where d.workspace_id = $1{query.And(few is null ? list.Filter : list.Filter with { Q = null })}
              {(few is null ? "" : $"and d.id = any ({query.Put(few)})")}
              {(list.After is null ? "" : $"and d.id {comparison} {query.Put(list.After.Id)}")}
            order by d.id {direction} limit {query.Put((long)list.Take)} offset {query.Put((long)list.Skip)}
            """);
    }

    /// <summary>The limit in it keeps the planner from joining the whole workspace before it sorts.</summary>
    /// <inheritdoc cref="InCreationOrder"/>
    internal static PostgresStatement InSnapshot(long workspaceId, PartnerQuery list, long snapshot, Guid[]? few)
    {
        var query = new PostgresQuery(workspaceId);
        var isByName = list.Sort == PartnerSort.Name;
        var (table, key) = isByName ? ("search_name", "s.name") : ("search_update", "s.updated_at");
        var (comparison, direction) = list.IsDescending ? ("<", "desc") : (">", "asc");
        var at = query.Put(snapshot);
        return query.Statement($"""
            select s.id, {key} from {table} as s cross join lateral (
                select d.id from search_doc as d
                where d.workspace_id = $1 and d.id = s.id{query.And(few is null ? list.Filter : list.Filter with { Q = null })} limit 1) as d
            where s.workspace_id = $1 and s.since <= {at} and (s.until is null or s.until > {at})
              {(few is null ? "" : $"and s.id = any ({query.Put(few)})")}
              {(list.After is not { } after ? ""
                : $"and ({key}, s.id) {comparison} ({query.Put(isByName ? after.Name : after.UpdatedAt)}, {query.Put(after.Id)})")}
            order by {key} {direction}, s.id {direction} limit {query.Put((long)list.Take)} offset {query.Put((long)list.Skip)}
            """);
    }

    internal static PostgresStatement Having(long workspaceId, string q)
    {
        var query = new PostgresQuery(workspaceId);
        return query.Statement($"""
            select d.id from search_doc as d where d.workspace_id = $1{query.And(new PartnerFilter(Q: q, Deleted: DeletedPartners.With))}
            limit {query.Put(MaxSorted + 1L)}
            """);
    }

    /// <summary>
    /// The partners that a search text finds, where they are few: then they are sorted, and the planner need not guess whether looking
    /// for them in the list's order would be long.
    /// </summary>
    private static async Task<Guid[]?> FewAsync(NpgsqlConnection connection, long workspaceId, PartnerFilter filter, CancellationToken cancel)
    {
        var found = await connection.ListAsync(Having(workspaceId, filter.Q!), row => row.GetGuid(0), cancel);
        return found.Count <= MaxSorted ? [.. found] : null;
    }

    /// <summary>In the order of the snapshot in which the list began, whatever was written since.</summary>
    private static async Task<List<PartnerCursor>> FindInSnapshotAsync(
        NpgsqlConnection connection, long workspaceId, PartnerQuery query, Guid[]? few, CancellationToken cancel)
    {
        var snapshot = query.After?.Snapshot ?? (await StateAsync()).Reached;
        var found = await connection.ListAsync(
            InSnapshot(workspaceId, query, snapshot, few),
            row => query.Sort == PartnerSort.Name
                ? new PartnerCursor(row.GetGuid(0), Name: row.GetString(1), Snapshot: snapshot)
                : new PartnerCursor(row.GetGuid(0), UpdatedAt: row.Timestamp(1), Snapshot: snapshot),
            cancel);
        // Looked at afterwards: until now, what the snapshot needs was not forgotten.
        return (await StateAsync()).Kept <= snapshot ? found : throw new CursorExpiredException();

        async Task<(long Reached, long Kept)> StateAsync() => (await connection.ListAsync(
            new PostgresStatement(SelectState, workspaceId), row => (row.GetInt64(0), row.GetInt64(1)), cancel))[0];
    }
}
