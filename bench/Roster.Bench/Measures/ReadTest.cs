using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>One kind of read: the sorted times in milliseconds, and the bytes of each answer.</summary>
internal sealed record ReadResult(string Name, double[] Times, long Bytes)
{
    public double P50 => Times[Times.Length / 2];

    public double P99 => Times[(int)Math.Ceiling(0.99 * Times.Length) - 1];
}

/// <summary>Reads on the filled directory: whole requests on one open connection, one after the other.</summary>
internal static class ReadTest
{
    /// <summary>Reads of the warm-up.</summary>
    private const int Unmeasured = 20;

    /// <summary>The searches that have targets.</summary>
    public const string Search = "q, 3 to 8 characters of a name";

    private const int Repeats = 300;
    private const int SlowRepeats = 5;

    /// <returns>A result for each depth, from the first page to the last.</returns>
    public static async Task<IReadOnlyList<ReadResult>> PagesAsync(RosterServer server, Contest contest, CancellationToken cancel)
    {
        Progress.Say("pages");
        var paths = new ReadPaths(contest);
        using var client = new ApiClient(server);
        var pages = await paths.PagesAsync(client, cancel);
        await contest.RestAsync(cancel);
        var times = pages.Select(_ => new List<double>()).ToList();
        var bytes = new long[pages.Count];
        // In turn, so that other work of the machine affects all depths alike.
        for (var i = -Unmeasured; i < Repeats; i++)
        {
            for (var page = 0; page < pages.Count; page++)
            {
                var answer = await client.GetAsync(pages[page].Path, null, cancel);
                if (i >= 0)
                    times[page].Add(answer.Elapsed.TotalMilliseconds);
                bytes[page] = answer.Bytes;
            }
        }
        return [.. pages.Select((page, i) => new ReadResult(
            $"page of {ReadPaths.PageSize} by cursor, {page.Depth * 100:0} % deep", [.. times[i].Order()], bytes[i]))];
    }

    public static async Task<IReadOnlyList<ReadResult>> OthersAsync(RosterServer server, Contest contest, CancellationToken cancel)
    {
        Progress.Say("reads");
        var paths = new ReadPaths(contest);
        using var client = new ApiClient(server);
        await contest.RestAsync(cancel);
        var results = new List<ReadResult>();
        await MeasureAsync("lookup by e-mail", Repeats, paths.LookupByEmail);
        await MeasureAsync("lookup by phone", Repeats, paths.LookupByPhone);
        await MeasureAsync(Search, Repeats, () => paths.Search(3, 8));
        await MeasureAsync("q, 2 characters of a name", Repeats, () => paths.Search(2, 2));
        await MeasureAsync("q, a whole name", Repeats, paths.SearchWhole);
        await MeasureAsync("q that nobody has", Repeats, paths.SearchInVain);
        await MeasureAsync("first page by name", Repeats, () => $"{ReadPaths.Partners}?sort=name");
        await MeasureAsync("first page by update, newest first", Repeats, () => $"{ReadPaths.Partners}?sort=-updatedAt");
        await MeasureAsync("page and total", Repeats, () => $"{ReadPaths.Partners}?count=true");
        var far = contest.Partners * 9L / 10;
        await MeasureAsync($"skip={far}", SlowRepeats, () => $"{ReadPaths.Partners}?skip={far}");
        return results;

        async Task MeasureAsync(string name, int repeats, Func<string> path)
        {
            var times = new List<double>();
            var bytes = 0L;
            for (var i = -Math.Min(Unmeasured, repeats); i < repeats; i++)
            {
                var answer = await client.GetAsync(path(), null, cancel);
                if (i < 0)
                    continue;
                times.Add(answer.Elapsed.TotalMilliseconds);
                bytes += answer.Bytes;
            }
            results.Add(new ReadResult(name, [.. times.Order()], bytes / repeats));
        }
    }
}
