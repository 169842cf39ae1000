using Roster.Bench.Engines;
using Roster.Bench.Load;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>Updates of one partner each, per second, in each round.</summary>
/// <param name="Engine">The engine alone, each in a durable transaction, by number of connections.</param>
/// <param name="Server">Over HTTP, on <see cref="Connections"/> connections.</param>
internal sealed record SingleResult(IReadOnlyDictionary<int, List<double>> Engine, IReadOnlyList<LoadResult> Server)
{
    public const int Connections = 64;
}

/// <summary>Updates of single partners, as many as each side can do, in turn.</summary>
internal static class SingleTest
{
    /// <summary>Requests per second that are prepared; more than can be sent.</summary>
    private const int PerSecond = 25_000;

    public static async Task<SingleResult> RunAsync(
        IEngine engine, RosterServer server, Contest contest, string directory, int rounds, TimeSpan duration, CancellationToken cancel)
    {
        var alone = engine.Connections.ToDictionary(connections => connections, _ => new List<double>());
        var over = new List<LoadResult>();
        for (var round = 0; round <= rounds; round++)
        {
            Progress.Say($"single updates, round {round} of {rounds}");
            foreach (var connections in engine.Connections)
            {
                var batch = contest.SinglesForEngine((int)(PerSecond * duration.TotalSeconds));
                await contest.RestAsync(cancel);
                var perSecond = await engine.UpdateOneByOneAsync(batch, connections, duration);
                if (round > 0)
                    alone[connections].Add(perSecond);
            }
            var result = await LoadAsync(server, contest, directory, duration, null, cancel);
            if (round > 0)
                over.Add(result);
        }
        return new SingleResult(alone, over);
    }

    /// <summary>Updates over HTTP, at the given rate or as fast as possible.</summary>
    public static async Task<LoadResult> LoadAsync(
        RosterServer server, Contest contest, string directory, TimeSpan duration, double? perSecond, CancellationToken cancel)
    {
        var (bodies, apply) = contest.SinglesForServer((int)(PerSecond * (LoadProcess.Warming + duration).TotalSeconds));
        await contest.RestAsync(cancel);
        var result = await LoadProcess.RunAsync(
            Requests.Updates(server, bodies), directory, server.Port, SingleResult.Connections, duration, perSecond, cancel);
        apply(result.Sent);
        return result;
    }
}
