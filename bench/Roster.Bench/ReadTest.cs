namespace Roster.Bench;

/// <summary>One kind of read: how long it took each time, and how many bytes came each time.</summary>
internal sealed record ReadResult(string Name, IReadOnlyList<TimeSpan> Times, long Bytes);

/// <summary>An export of the whole directory.</summary>
/// <param name="Peak">The server's highest physical memory meanwhile, in MiB.</param>
internal sealed record ExportResult(string Name, TimeSpan Elapsed, long Bytes, double Before, double Peak);

/// <summary>Reads on the filled directory, each as a whole request on a connection that stays open, one after the other.</summary>
internal static class ReadTest
{
    private const string Partners = "/api/partners";
    private const int Repeats = 300;
    private const int PageSize = 50;
    private const int Stride = 10_000;

    private static readonly double[] Depths = [0, 0.25, 0.5, 0.75, 0.99];

    public static async Task<IReadOnlyList<ReadResult>> RunAsync(RosterServer server, Contest contest, CancellationToken cancel)
    {
        Console.Error.WriteLine("Reads");
        using var client = new RosterClient(server);
        await contest.RestAsync(cancel);
        var results = new List<ReadResult>();
        foreach (var (depth, page) in await PagesAsync(client, contest.Partners, cancel))
            await MeasureAsync($"page of {PageSize} by cursor, {depth:P0} deep", Repeats, () => page);
        var random = new Random(1);
        await MeasureAsync("lookup by e-mail", Repeats, () => $"{Partners}?email={Escape(Someone().Email)}");
        await MeasureAsync("lookup by phone", Repeats, () => $"{Partners}?phone={Escape(Someone().Phone)}");
        await MeasureAsync("q, 3 to 8 characters of a name", Repeats, () => $"{Partners}?q={Escape(Part(3, 8))}");
        await MeasureAsync("q, 2 characters of a name", Repeats, () => $"{Partners}?q={Escape(Part(2, 2))}");
        await MeasureAsync("q, a whole name", Repeats, () => $"{Partners}?q={Escape(Someone().Name)}");
        await MeasureAsync("q that nobody has", Repeats, () => $"{Partners}?q=zqxjkv{random.Next(1_000)}");
        await MeasureAsync("first page by name", Repeats, () => $"{Partners}?sort=name");
        await MeasureAsync("first page by update, newest first", Repeats, () => $"{Partners}?sort=-updatedAt");
        await MeasureAsync("page and total", Repeats, () => $"{Partners}?count=true");
        await MeasureAsync("skip=900000", 5, () => $"{Partners}?skip=900000");
        return results;

        async Task MeasureAsync(string name, int repeats, Func<string> path)
        {
            var times = new List<TimeSpan>();
            var bytes = 0L;
            for (var i = -5; i < repeats; i++)
            {
                var answer = await client.GetAsync(path(), null, cancel);
                if (i < 0)
                    continue;
                times.Add(answer.Elapsed);
                bytes += answer.Bytes;
            }
            results.Add(new ReadResult(name, times, bytes / repeats));
        }

        Person Someone() => contest.Someone(random);

        string Part(int min, int max)
        {
            var name = Someone().Name;
            var length = Math.Min(random.Next(min, max + 1), name.Length);
            return name.Substring(random.Next(name.Length - length + 1), length).Trim() is { Length: > 1 } part ? part : "an";
        }
    }

    public static async Task<IReadOnlyList<ExportResult>> ExportAsync(RosterServer server, Contest contest, CancellationToken cancel)
    {
        using var client = new RosterClient(server);
        var results = new List<ExportResult>();
        foreach (var format in new[] { "application/x-ndjson", "text/csv" })
        {
            await contest.RestAsync(cancel);
            var before = server.State.ResidentMebibytes;
            server.State.ResetPeak();
            var answer = await client.GetAsync(Partners + "?sort=asc", format, cancel);
            results.Add(new ExportResult(format, answer.Elapsed, answer.Bytes, before, server.State.PeakMebibytes));
        }
        return results;
    }

    /// <summary>The paths of pages at each depth, found by following the links once.</summary>
    private static async Task<IReadOnlyList<(double Depth, string Path)>> PagesAsync(RosterClient client, int partners, CancellationToken cancel)
    {
        var pages = new List<(double, string)>();
        var path = $"{Partners}?take={Stride}";
        for (var passed = 0; path is not null; passed += Stride)
        {
            foreach (var depth in Depths)
                if (passed <= depth * partners && depth * partners < passed + Stride)
                    pages.Add((depth, path.Replace($"take={Stride}", $"take={PageSize}", StringComparison.Ordinal)));
            path = (await client.GetAsync(path, null, cancel)).Next;
        }
        return pages;
    }

    private static string Escape(string text) => Uri.EscapeDataString(text);
}
