using System.Collections;
using Npgsql;

namespace Roster.Storage.Postgres.Search;

/// <summary>
/// Makes segments fewer: so many of a level become one of the next, without what newer ones of them say anew. So a search has few lists to read,
/// and each list is written again only as often as there are levels.
/// </summary>
internal static class PostgresSearchMerge
{
    /// <summary>So many at least; all of their level, where passes were faster than merging.</summary>
    private const int Together = 4;

    /// <summary>How many partners' lists are held in memory at once.</summary>
    private const int PartnersTogether = 100_000;

    /// <summary>From the oldest to the newest.</summary>
    private const string SelectAll = """
        select level, reached, erases from search_segment where workspace_id = $1 order by level desc, reached
        """;

    /// <summary>The segments that are to be merged, held until the transaction ends.</summary>
    private const string HoldChosen = $"select numbers from search_segment where workspace_id = $1 and {Chosen} order by level desc, reached for update skip locked";

    private const string Chosen = "(level, reached) in (select n.level, n.reached from unnest($2::integer[], $3::bigint[]) as n (level, reached))";

    private const string SelectPages =
        $"select first, reached, lists from search_page where workspace_id = $1 and {Chosen} and first >= $4 and first <= $5 order by first";

    private const string DeletePages = $"delete from search_page where workspace_id = $1 and {Chosen}";

    private const string DeleteSegments = $"delete from search_segment where workspace_id = $1 and {Chosen}";

    /// <summary>
    /// What to merge next, the oldest first: those of the highest level that has enough. Or all, where partners were erased: then nothing stays
    /// behind of what they were found by.
    /// </summary>
    public static async Task<IReadOnlyList<(int Level, long Reached)>> ChooseAsync(NpgsqlConnection connection, long workspaceId)
    {
        var all = await connection.ListAsync(
            new(SelectAll, workspaceId), row => (Level: row.GetInt32(0), Reached: row.GetInt64(1), Erases: row.GetBoolean(2)), default);
        var full = all.GroupBy(segment => segment.Level).FirstOrDefault(level => level.Count() >= Together);
        var chosen = all.Exists(segment => segment.Erases) ? all : full?.ToList() ?? [];
        return chosen.ConvertAll(segment => (segment.Level, segment.Reached));
    }

    /// <summary>Makes one of the chosen segments, in the connection's transaction.</summary>
    /// <returns>False where another node is at it.</returns>
    public static async Task<bool> RunAsync(NpgsqlConnection connection, long workspaceId, IReadOnlyList<(int Level, long Reached)> chosen)
    {
        Parameter levels = chosen.Select(segment => segment.Level).ToArray();
        var reached = chosen.Select(segment => segment.Reached).ToArray();
        var segments = await connection.ListAsync(
            new(HoldChosen, workspaceId, levels, reached), row => SearchList.Unpack(row.GetFieldValue<byte[]>(0)), default);
        if (segments.Count < chosen.Count)
            return false;
        var level = chosen[0].Level + (chosen[^1].Level == chosen[0].Level ? 1 : 0);
        var (anew, all) = Anew(segments);
        var merging = new Merging(anew);
        var parts = 1 + (all.Count / PartnersTogether);
        var step = (1L << 32) / parts;
        for (var part = 0; part < parts; part++)
        {
            var from = int.MinValue + (part * step);
            var to = part == parts - 1 ? int.MaxValue : from + step - 1;
            await using (var rows = await connection.QueryAsync(
                default, new PostgresStatement(SelectPages, workspaceId, levels, reached, (int)from, (int)to)))
                while (await rows.ReadAsync())
                    merging.Add(rows.GetInt32(0), Array.IndexOf(reached, rows.GetInt64(1)), rows.GetFieldValue<byte[]>(2));
            merging.MergeBelow(to + 1);
            await connection.RunAsync(default, PostgresSearchSegments.InsertPages(
                workspaceId, level, reached[^1], merging.Merged.Take(isEnd: part == parts - 1)));
        }
        await connection.RunAsync(default,
            new(DeletePages, workspaceId, levels, reached), new(DeleteSegments, workspaceId, levels, reached),
            PostgresSearchSegments.InsertSegment(workspaceId, level, reached[^1], all, erases: false));
        return true;
    }

    /// <returns>For each segment the numbers that newer ones have, and all numbers.</returns>
    private static (BitArray[] Anew, List<int> All) Anew(List<List<int>> segments)
    {
        var length = segments.Max(numbers => numbers[^1]) + 1;
        var seen = new BitArray(length);
        var anew = new BitArray[segments.Count];
        for (var age = segments.Count - 1; age >= 0; age--)
        {
            anew[age] = new BitArray(seen);
            foreach (var number in segments[age])
                seen[number] = true;
        }
        return (anew, [.. Enumerable.Range(0, length).Where(number => seen[number])]);
    }

    /// <param name="anew">For each segment the numbers in it that do not count.</param>
    private sealed class Merging(BitArray[] anew)
    {
        /// <summary>The next list of each page that was begun: its page's rest, by key and age.</summary>
        private readonly PriorityQueue<(int Segment, ReadOnlyMemory<byte> List, ReadOnlyMemory<byte> Others), int> _next = new();

        public SearchPages Merged { get; } = new();

        /// <summary>Adds a page; what is below it is complete then.</summary>
        public void Add(int first, int segment, ReadOnlyMemory<byte> page)
        {
            MergeBelow(first);
            Enqueue(segment, page);
        }

        public void MergeBelow(long end)
        {
            while (_next.TryPeek(out _, out var key) && key < end)
            {
                var numbers = new List<int>();
                while (_next.TryPeek(out _, out var same) && same == key)
                {
                    var (segment, list, rest) = _next.Dequeue();
                    Enqueue(segment, rest);
                    var left = SearchList.Unpack(list.Span);
                    left.RemoveAll(number => anew[segment][number]);
                    numbers = SearchList.Either(numbers, left);
                }
                if (numbers.Count > 0)
                    Merged.Add(key, numbers);
            }
        }

        private void Enqueue(int segment, ReadOnlyMemory<byte> rest)
        {
            if (SearchPage.TryTake(ref rest, out var key, out var list))
                _next.Enqueue((segment, list, rest), key);
        }
    }
}
