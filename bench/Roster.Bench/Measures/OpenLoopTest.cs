using Roster.Bench.Load;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>One kind of request: in a closed loop, and then at fractions of that rate.</summary>
internal sealed record OpenLoopResult(string Name, LoadResult Most, IReadOnlyList<(double Part, LoadResult Load)> Parts);

/// <summary>The latency of single requests under an open loop, as with independent clients.</summary>
internal static class OpenLoopTest
{
    private const int PerSecond = 30_000;

    private static readonly double[] Parts = [0.25, 0.5, 0.75];

    public static async Task<IReadOnlyList<OpenLoopResult>> RunAsync(
        RosterServer server, Contest contest, string directory, TimeSpan duration, CancellationToken cancel)
    {
        var paths = new ReadPaths(contest);
        using var client = new ApiClient(server);
        var pages = await paths.PagesAsync(client, cancel);
        var random = new Random(1);
        return
        [
            await MeasureAsync("update of one partner",
                perSecond => SingleTest.LoadAsync(server, contest, directory, duration, perSecond, cancel)),
            await MeasureAsync($"page of {ReadPaths.PageSize} by cursor", Reads(() => pages[random.Next(pages.Count)].Path)),
            await MeasureAsync("lookup by e-mail", Reads(paths.LookupByEmail)),
            await MeasureAsync("q, 3 to 8 characters of a name", Reads(() => paths.Search(3, 8))),
        ];

        async Task<OpenLoopResult> MeasureAsync(string name, Func<double?, Task<LoadResult>> load)
        {
            Progress.Say($"load: {name}");
            var most = await load(null);
            var parts = new List<(double, LoadResult)>();
            foreach (var part in Parts)
                parts.Add((part, await load(part * most.PerSecond)));
            return new OpenLoopResult(name, most, parts);
        }

        Func<double?, Task<LoadResult>> Reads(Func<string> path) => async perSecond =>
        {
            var seconds = (LoadProcess.Warming + duration).TotalSeconds;
            var requests = Requests.Reads(server, Enumerable.Range(0, (int)(PerSecond * seconds)).Select(_ => path()));
            await contest.RestAsync(cancel);
            return await LoadProcess.RunAsync(requests, directory, server.Port, SingleResult.Connections, duration, perSecond, cancel);
        };
    }
}
