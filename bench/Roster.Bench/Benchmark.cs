namespace Roster.Bench;

/// <summary>The benchmark from filling the databases to the report.</summary>
internal static class Benchmark
{
    /// <summary>Fixed, so that every run writes the same partners in the same order.</summary>
    private const int Seed = 20_240_229;

    public static async Task RunAsync(string engineName, int partners, int rounds, string directory, CancellationToken cancel)
    {
        using var engine = Engines.Create(engineName, directory);
        using var server = await RosterServer.StartAsync(engine.ServerDatabase, Path.Combine(directory, "server.log"), cancel);
        using var contest = new Contest(engine, server, Seed);
        Report.Machine(engine, directory);
        var started = server.State.ResidentMebibytes;

        await contest.FillAsync(partners, cancel);
        var samples = await contest.RunAsync(rounds, cancel);
        Report.Times(samples);
        Report.Stages(samples);
        var memory = await MemoryTest.RunAsync(server, contest, cancel);
        Report.Memory(started, memory);
        Report.Reads(await ReadTest.RunAsync(server, contest, cancel));
        Report.Exports(await ReadTest.ExportAsync(server, contest, cancel), contest.Partners);

        await server.StopAsync(cancel);
        var stored = engine.CountServersPartners();
        if (stored != contest.Partners)
            throw new InvalidOperationException($"The database has {stored} partners, not {contest.Partners}.");
        Report.End(stored);
    }
}
