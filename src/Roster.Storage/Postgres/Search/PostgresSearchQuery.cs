using Npgsql;

namespace Roster.Storage.Postgres.Search;

/// <summary>
/// Queries of the search index. They are put together from the constant pieces here; what callers send goes in as parameters. Partners are
/// looked up one by one by <c>lateral … limit 1</c>: so the planner never joins a whole workspace because it guesses wrong.
/// </summary>
internal static class PostgresSearchQuery
{
    /// <summary>Up to so many partners that may be found are sorted; where there are more, the order leads.</summary>
    private const int MaxSorted = 100_000;

    /// <summary>Up to so many are looked up to be counted; where there are more, all are looked at.</summary>
    private const int MaxCounted = 100_000;

    private const int MaxLookedUp = 10_000;

    private const string SelectState = "select reached, kept from search_state where workspace_id = $1";

    private const string SelectNumber = "select number from search_doc where workspace_id = $1 and id = $2";

    /// <summary>The page's partners as cursors, in order: at most as many as it takes.</summary>
    /// <exception cref="CursorExpiredException">The page's snapshot is no longer kept.</exception>
    public static async Task<IReadOnlyList<PartnerCursor>> FindAsync(
        NpgsqlConnection connection, long workspaceId, PartnerQuery query, CancellationToken cancel)
    {
        var after = default(int?);
        if (query.After is { } last)
            after = await connection.ListAsync(new(SelectNumber, workspaceId, last.Id), row => row.GetInt32(0), cancel) is [var number]
                ? number : throw new CursorExpiredException();
        var candidates = await CandidatesAsync(connection, workspaceId, query.Filter, cancel);
        if (query.Sort != PartnerSort.CreatedAt)
            return await FindInSnapshotAsync(connection, workspaceId, query, candidates?.Length <= MaxSorted ? candidates : null, cancel);
        return candidates is null
            ? await connection.ListAsync(InCreationOrder(workspaceId, query), row => new PartnerCursor(row.GetGuid(0)), cancel)
            : await FindAmongAsync(connection, workspaceId, query, candidates, after, cancel);
    }

    public static async Task<long> CountAsync(NpgsqlConnection connection, long workspaceId, PartnerFilter filter, CancellationToken cancel)
    {
        var candidates = await CandidatesAsync(connection, workspaceId, filter, cancel);
        return (await connection.ListAsync(
            candidates?.Length <= MaxCounted ? CountAmong(workspaceId, filter, candidates) : Count(workspaceId, filter), row => row.GetInt64(0), cancel))[0];
    }

    internal static PostgresStatement Count(long workspaceId, PartnerFilter filter)
    {
        var query = new PostgresQuery(workspaceId);
        return query.Statement($"select count(*) from search_doc as d where d.workspace_id = $1{query.And(filter)}");
    }

    internal static PostgresStatement CountAmong(long workspaceId, PartnerFilter filter, int[] numbers)
    {
        var query = new PostgresQuery(workspaceId);
        return query.Statement($"select count(*) from {Among(query, filter, numbers)}");
    }

    /// <summary>Those of these numbers that the list has.</summary>
    internal static PostgresStatement FoundAmong(long workspaceId, PartnerQuery list, int[] numbers)
    {
        var query = new PostgresQuery(workspaceId);
        return query.Statement($"select d.id from {Among(query, list.Filter, numbers)} order by d.number {Direction(list)}");
    }

    internal static PostgresStatement InCreationOrder(long workspaceId, PartnerQuery list)
    {
        var query = new PostgresQuery(workspaceId);
        return query.Statement($"""
            select d.id from search_doc as d where d.workspace_id = $1{query.And(list.Filter)}
              {(list.After is null ? "" : $"and d.id {Comparison(list)} {query.Put(list.After.Id)}")}
            order by d.id {Direction(list)} limit {query.Put((long)list.Take)} offset {query.Put((long)list.Skip)}
            """);
    }

    /// <param name="few">The numbers of those that may be found, where they are few.</param>
    internal static PostgresStatement InSnapshot(long workspaceId, PartnerQuery list, long snapshot, int[]? few)
    {
        var query = new PostgresQuery(workspaceId);
        var isByName = list.Sort == PartnerSort.Name;
        var (order, key) = isByName ? ("search_name", "name") : ("search_update", "updated_at");
        var version = PostgresSearchOrders.VersionIn(query.Put(snapshot));
        var (entries, condition) = few is null
            ? ($"""
                {order} as s cross join lateral (
                    select d.id from search_doc as d cross join lateral {version} as v
                    where d.workspace_id = $1 and d.id = s.id and v.{key} = s.{key}{query.And(list.Filter)} limit 1) as d
                """, "s.workspace_id = $1")
            : ($"{Among(query, list.Filter, few)} cross join lateral (select d.id, v.{key} from {version} as v) as s", "true");
        var after = list.After is not { } last ? ""
            : $"and (s.{key}, s.id) {Comparison(list)} ({query.Put(isByName ? last.Name : last.UpdatedAt)}, {query.Put(last.Id)})";
        return query.Statement($"""
            select s.id, s.{key} from {entries} where {condition} {after}
            order by s.{key} {Direction(list)}, s.id {Direction(list)} limit {query.Put((long)list.Take)} offset {query.Put((long)list.Skip)}
            """);
    }

    /// <summary>The rows <c>d</c> of search_doc with these numbers that a filter finds.</summary>
    private static string Among(PostgresQuery query, PartnerFilter filter, int[] numbers) => $"""
        unnest({query.Put(numbers)}::integer[]) as n (number) cross join lateral (
            select * from search_doc as d where d.workspace_id = $1 and d.number = n.number{query.And(filter)} limit 1) as d
        """;

    private static string Direction(PartnerQuery list) => list.IsDescending ? "desc" : "asc";

    private static string Comparison(PartnerQuery list) => list.IsDescending ? "<" : ">";

    /// <returns>The numbers of those that the filter may find; null where no key leads to them.</returns>
    private static async Task<int[]?> CandidatesAsync(NpgsqlConnection connection, long workspaceId, PartnerFilter filter, CancellationToken cancel) =>
        SearchKeys.Sought(filter) is { Length: > 0 } keys
            ? await PostgresSearchSegments.HavingAllAsync(connection, workspaceId, keys, cancel)
            : null;

    /// <summary>Looks candidates up in the list's order until the page is full, at first twice as many as it takes.</summary>
    private static async Task<IReadOnlyList<PartnerCursor>> FindAmongAsync(
        NpgsqlConnection connection, long workspaceId, PartnerQuery query, int[] candidates, int? after, CancellationToken cancel)
    {
        var (from, to) = (0, candidates.Length);
        if (after is { } last)
        {
            var at = Array.BinarySearch(candidates, last);
            (from, to) = query.IsDescending ? (0, at < 0 ? ~at : at) : (at < 0 ? ~at : at + 1, to);
        }
        var found = new List<PartnerCursor>();
        var wanted = (long)query.Skip + query.Take;
        for (var size = wanted * 2; from < to && found.Count < wanted; size *= 4)
        {
            var count = (int)Math.Min(Math.Min(size, MaxLookedUp), to - from);
            var next = query.IsDescending ? candidates[(to - count)..to] : candidates[from..(from + count)];
            (from, to) = query.IsDescending ? (from, to - count) : (from + count, to);
            found.AddRange(await connection.ListAsync(FoundAmong(workspaceId, query, next), row => new PartnerCursor(row.GetGuid(0)), cancel));
        }
        return [.. found.Skip(query.Skip).Take(query.Take)];
    }

    /// <summary>In the order of the snapshot in which the list began, whatever was written since.</summary>
    private static async Task<List<PartnerCursor>> FindInSnapshotAsync(
        NpgsqlConnection connection, long workspaceId, PartnerQuery query, int[]? few, CancellationToken cancel)
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

        async Task<(long Reached, long Kept)> StateAsync() => await connection.OneAsync(
            new PostgresStatement(SelectState, workspaceId), row => (row.GetInt64(0), row.GetInt64(1)), cancel);
    }
}
