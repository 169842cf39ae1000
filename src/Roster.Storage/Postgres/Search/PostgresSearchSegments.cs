using Npgsql;

namespace Roster.Storage.Postgres.Search;

/// <summary>
/// Which partners have a key, by number. What a pass finds is written as a segment, once and in order, instead of a little in each of
/// thousands of lists; segments are made fewer later (<see cref="PostgresSearchMerge"/>). What a partner no longer has stays in older ones
/// until then, so what is found is looked at once more.
/// </summary>
internal static class PostgresSearchSegments
{
    private const string InsertSegmentSql = "insert into search_segment (workspace_id, level, reached, numbers, erases) values ($1, $2, $3, $4, $5)";

    private const string InsertPagesSql = """
        insert into search_page (workspace_id, level, reached, first, lists)
        select $1, $2, $3, n.first, n.lists from unnest($4::integer[], $5::bytea[]) as n (first, lists)
        """;

    private const string SelectPages = """
        select segment.level, segment.reached, sought.key, page.lists
        from search_segment as segment cross join unnest($2::integer[]) as sought (key) cross join lateral (
            select lists from search_page
            where workspace_id = $1 and level = segment.level and reached = segment.reached and first <= sought.key
            order by first desc limit 1) as page
        where segment.workspace_id = $1 order by 1, 2
        """;

    /// <summary>Whole pages, among which those with the keys are.</summary>
    private const string SelectPagesUpTo = """
        select lists from search_page where workspace_id = $1 and first < $2
        """;

    /// <summary>Where more keys are sought, their pages are read in one piece.</summary>
    private const int MaxSoughtSingly = 50;

    /// <summary>Adds what a pass found.</summary>
    /// <param name="docs">In the order of their numbers.</param>
    /// <param name="erases">Whether some of them were erased.</param>
    public static async Task AddAsync(
        NpgsqlConnection connection, long workspaceId, long reached, IReadOnlyCollection<(int Number, List<int> Keys)> docs, bool erases)
    {
        if (docs.Count == 0)
            return;
        var lists = new Dictionary<int, List<int>>();
        foreach (var (number, keys) in docs)
            foreach (var key in keys)
            {
                if (!lists.TryGetValue(key, out var list))
                    lists.Add(key, list = []);
                if (list is [] || list[^1] != number)
                    list.Add(number);
            }
        var pages = new SearchPages();
        foreach (var (key, list) in lists.OrderBy(list => list.Key))
            pages.Add(key, list);
        await connection.RunAsync(default,
            InsertSegment(workspaceId, 0, reached, [.. docs.Select(doc => doc.Number)], erases),
            InsertPages(workspaceId, 0, reached, pages.Take(isEnd: true)));
    }

    /// <param name="numbers">Those that were looked at: no older segment counts for them any more.</param>
    /// <param name="erases">Whether some of them were erased.</param>
    public static PostgresStatement InsertSegment(long workspaceId, int level, long reached, IReadOnlyList<int> numbers, bool erases) =>
        new(InsertSegmentSql, workspaceId, level, reached, SearchList.Pack(numbers), erases);

    public static PostgresStatement InsertPages(long workspaceId, int level, long reached, SearchPage[] pages) => new(
        InsertPagesSql, workspaceId, level, reached, Array.ConvertAll(pages, page => page.First), Array.ConvertAll(pages, page => page.Lists));

    /// <summary>The numbers of those that may have all of the keys, ascending.</summary>
    public static async Task<int[]> HavingAllAsync(NpgsqlConnection connection, long workspaceId, int[] keys, CancellationToken cancel)
    {
        var having = new List<int>();
        await using var rows = await connection.QueryAsync(cancel, new PostgresStatement(SelectPages, workspaceId, keys));
        (int, long) segment = default;
        var lists = new List<ReadOnlyMemory<byte>>();
        while (await rows.ReadAsync(cancel))
        {
            if (segment != (segment = (rows.GetInt32(0), rows.GetInt64(1))))
                EndSegment();
            lists.Add(SearchPage.Find(rows.GetFieldValue<byte[]>(3), rows.GetInt32(2)));
        }
        EndSegment();
        return [.. having.Where((number, i) => i == 0 || number != having[i - 1])];

        // All keys of a partner are in one segment.
        void EndSegment()
        {
            if (lists.Count == keys.Length && lists.TrueForAll(list => list.Length > 0))
                having = SearchList.Either(
                    having, lists.OrderBy(list => list.Length).Select(list => SearchList.Unpack(list.Span)).Aggregate(SearchList.Both));
            lists.Clear();
        }
    }

    /// <summary>The numbers of those that may have one of these addresses.</summary>
    public static async Task<int[]> HavingEmailAsync(NpgsqlConnection connection, long workspaceId, IEnumerable<string> emails)
    {
        var keys = emails.Select(SearchKeys.Email).ToHashSet();
        var having = new HashSet<int>();
        var isFew = keys.Count <= MaxSoughtSingly;
        await using var rows = await connection.QueryAsync(default, isFew
            ? new PostgresStatement(SelectPages, workspaceId, keys.ToArray())
            : new PostgresStatement(SelectPagesUpTo, workspaceId, SearchKeys.EndOfEmails));
        while (await rows.ReadAsync())
        {
            ReadOnlyMemory<byte> rest = rows.GetFieldValue<byte[]>(isFew ? 3 : 0);
            while (SearchPage.TryTake(ref rest, out var key, out var list))
                if (keys.Contains(key))
                    having.UnionWith(SearchList.Unpack(list.Span));
        }
        return [.. having];
    }
}
