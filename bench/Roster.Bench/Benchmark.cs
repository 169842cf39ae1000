namespace Roster.Bench;

/// <summary>The benchmark from filling the databases to the report.</summary>
internal static class Benchmark
{
    /// <summary>Fixed, so that every run writes the same partners in the same order.</summary>
    private const int Seed = 20_240_229;

    public static async Task RunAsync(int partners, int rounds, string directory, CancellationToken cancel)
    {
        var database = Path.Combine(directory, "roster.db");
        using var engine = new RawEngine(Path.Combine(directory, "raw.db"));
        using var server = await RosterServer.StartAsync(database, Path.Combine(directory, "server.log"), cancel);
        using var contest = new Contest(engine, server, Seed);
        Report.Machine(directory);
        var started = server.State.ResidentMebibytes;

        await contest.FillAsync(partners, cancel);
        var samples = await contest.RunAsync(rounds, cancel);
        Report.Times(samples);
        Report.Stages(samples);
        var memory = await MemoryTest.RunAsync(server, contest, cancel);
        Report.Memory(started, memory);
        Report.Reads(await ReadTest.RunAsync(server, contest, cancel));
        Report.Exports(await ReadTest.ExportAsync(server, cancel), contest.Partners);

        await server.StopAsync(cancel);
        var stored = RawEngine.CountPartners(database);
        if (stored != contest.Partners)
            throw new InvalidOperationException($"The database has {stored} partners, not {contest.Partners}.");
        Report.End(stored);
    }
}
