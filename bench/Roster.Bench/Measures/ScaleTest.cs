using Roster.Bench.Engines;
using Roster.Bench.People;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>Creates in a small and in a large directory, in milliseconds for each batch.</summary>
internal sealed record ScaleResult(ScaleStep Small, ScaleStep Large);

internal sealed record ScaleStep(long Partners, IReadOnlyList<double> Engine, IReadOnlyList<double> Server);

/// <summary>Whether creates cost more in a directory that is ten times as large.</summary>
internal static class ScaleTest
{
    /// <summary>Batches of the warm-up: the server has just started, and its code is compiled on use.</summary>
    private const int Unmeasured = 5;

    /// <summary>Starts a server of its own; the benchmark's server must have ended.</summary>
    /// <param name="start">Starts the server on the engine's database.</param>
    public static async Task<ScaleResult> RunAsync(
        IEngine engine, Func<Task<RosterServer>> start, long partners, int rounds, CancellationToken cancel)
    {
        var small = await MeasureAsync(engine, start, rounds, cancel);
        var missing = Math.Max(0, partners - engine.CountServersPartners());
        Progress.Say($"putting {missing:N0} more partners into both databases");
        engine.Grow(missing);
        return new ScaleResult(small, await MeasureAsync(engine, start, rounds, cancel));
    }

    private static async Task<ScaleStep> MeasureAsync(
        IEngine engine, Func<Task<RosterServer>> start, int rounds, CancellationToken cancel)
    {
        var partners = engine.CountServersPartners();
        Progress.Say($"creates beside {partners:N0} partners");
        using var server = await start();
        using var client = new ApiClient(server);
        var population = new Population((int)(partners % int.MaxValue));
        var rawBatches = new RawBatches((int)(partners % int.MaxValue));
        var serverBatches = new ServerBatches([]);
        var (alone, over) = (new List<double>(), new List<double>());
        for (var round = -Unmeasured; round < rounds; round++)
        {
            var rows = population.Creates();
            var write = engine.Prepare(rawBatches.Prepare(rows));
            var batch = serverBatches.Prepare(rows, isWrite: true);
            await engine.RestAsync([server.State], cancel);
            var engineTime = write().TotalMilliseconds;
            await engine.RestAsync([server.State], cancel);
            var answer = await client.PutAsync(batch, cancel);
            if (round < 0)
                continue;
            alone.Add(engineTime);
            over.Add(answer.Elapsed.TotalMilliseconds);
        }
        await engine.RestAsync([server.State], cancel);
        await server.StopAsync(cancel);
        return new ScaleStep(partners, alone, over);
    }
}
