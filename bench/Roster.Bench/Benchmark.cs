using Roster.Bench.Engines;
using Roster.Bench.Measures;
using Roster.Bench.Servers;

namespace Roster.Bench;

/// <summary>
/// The benchmark on one engine, from filling the databases to counting the server's partners at the end.
/// </summary>
internal sealed class Benchmark(BenchOptions options, string engineName, string directory, CancellationToken cancel)
{
    /// <summary>Fixed, so that every run writes the same partners in the same order.</summary>
    private const int Seed = 20_240_229;

    /// <summary>The most rounds of measurements that take long and vary little.</summary>
    private const int LongRounds = 3;

    private string ServerLog => Path.Combine(directory, "server.log");

    public async Task<EngineResults> RunAsync()
    {
        using var engine = EngineNames.Create(engineName, directory);
        var results = new EngineResults(engineName, engine.Name);
        Progress.Say(engine.Name);
        if (engine.IsDistributed)
            await RosterServer.RunAsync(options.Server, engine.ServerDatabase, ["distribute"], cancel);
        string key;
        using (var server = await RosterServer.StartFirstAsync(options.Server, engine.ServerDatabase, ServerLog, cancel))
        {
            key = server.Key;
            results.StartedMemory = server.State.ResidentMegabytes;
            using var contest = new Contest(engine, server, Seed);
            await RunAsync(engine, server, contest, results);
            await server.StopAsync(cancel);
            DemandPartners(engine, contest.Partners);
        }
        if (options.Runs(Part.Start))
            results.Starts = await StartTest.RunAsync(
                options.Server, engine.ServerDatabase, ServerLog, key, Math.Max(5, options.Rounds), cancel);
        if (options.Runs(Part.Scale) && options.Scale is { } scale)
            results.Scale = await ScaleTest.RunAsync(engine, () => StartAgainAsync(key), scale, options.Rounds, cancel);
        if (options.Runs(Part.Matches))
            results.Matches = await MatchTest.RunAsync(
                engine, RunCommandAsync, StartAgainAsync, options.Partners, options.Rounds, Seed, cancel);
        if (options.Runs(Part.Fields))
            results.Fields = await FieldTest.RunAsync(
                engine, RunCommandAsync, StartAgainAsync, options.Partners, options.Rounds, Seed, cancel);
        if (options.Runs(Part.Imports))
            results.Import = await ImportTest.RunAsync(
                engine, RunCommandAsync, StartAgainAsync, options.Partners, directory, cancel);
        return results;

        Task<string> RunCommandAsync(string[] command) =>
            RosterServer.RunAsync(options.Server, engine.ServerDatabase, command, cancel);

        Task<RosterServer> StartAgainAsync(string key) =>
            RosterServer.StartAgainAsync(options.Server, engine.ServerDatabase, ServerLog, key, cancel);
    }

    private async Task RunAsync(IEngine engine, RosterServer server, Contest contest, EngineResults results)
    {
        Progress.Say("filling");
        await contest.FillAsync(options.Partners, cancel);
        results.Partners = contest.Partners;
        Progress.Say("waiting for the search index");
        await contest.RestAsync(cancel);
        engine.Settle();
        if (options.Runs(Part.Batches))
            results.Batches = await RunBatchesAsync(engine, contest);
        if (options.Runs(Part.Directus) && results.IsPostgres && options.Directus is { } installed)
            results.Directus = await DirectusTest.RunAsync(
                installed, engine.CopyForPeer(DirectusServer.Name), directory, contest.RawIds, cancel);
        if (options.Runs(Part.Pages))
            results.Pages = await ReadTest.PagesAsync(server, contest, cancel);
        if (options.Runs(Part.Reads))
            results.Reads = await ReadTest.OthersAsync(server, contest, cancel);
        if (options.Runs(Part.Export))
            results.Exports = await ExportTest.RunAsync(engine, server, contest, Math.Min(options.Rounds, LongRounds), cancel);
        if (options.Runs(Part.Memory))
            results.Memory = await MemoryTest.RunAsync(server, contest, Math.Min(options.Rounds, LongRounds), cancel);
        if (options.Runs(Part.Singles))
            results.Singles = await SingleTest.RunAsync(engine, server, contest, directory, options.Rounds, options.Load, cancel);
        if (options.Runs(Part.Load))
            results.Loads = await OpenLoopTest.RunAsync(server, contest, directory, options.Load, cancel);
    }

    private async Task<IReadOnlyList<Sample>> RunBatchesAsync(IEngine engine, Contest contest)
    {
        using var efCore = await EfCoreServer.StartAsync(
            options.EfCore, engineName, engine.CopyForPeer(EfCoreServer.Name),
            Path.Combine(directory, "efcore.log"), contest.RawIds, cancel);
        return await contest.RunAsync(options.Rounds, efCore, cancel);
    }

    private static void DemandPartners(IEngine engine, long expected)
    {
        var stored = engine.CountServersPartners();
        if (stored != expected)
            throw new InvalidOperationException($"The server's database has {stored} partners, not {expected}.");
    }
}
