using System.CommandLine;

namespace Roster.Bench;

/// <summary>The command line; bench/README.md says what is measured.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args)
    {
        var engine = new Option<string>("--engine")
        {
            Description = "The database engine",
            DefaultValueFactory = _ => Engines.Sqlite,
        };
        engine.AcceptOnlyFromAmong(Engines.Sqlite, Engines.Postgres);
        var partners = new Option<int>("--partners")
        {
            Description = "Partners in each database before the clock starts, rounded up to whole batches of 10,000",
            DefaultValueFactory = _ => 1_000_000,
        };
        partners.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--partners is at least 1.");
        });
        var rounds = new Option<int>("--rounds")
        {
            Description = "Measured rounds, after one that is not",
            DefaultValueFactory = _ => 7,
        };
        rounds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--rounds is at least 1.");
        });
        var keep = new Option<DirectoryInfo?>("--keep")
        {
            Description = "A new directory for the databases and the server's log, not deleted at the end",
        };
        keep.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<DirectoryInfo?>() is { Exists: true } directory)
                result.AddError($"--keep: {directory} exists; name a new directory.");
        });
        var root = new RootCommand("Measures Roster against its database engine alone.") { engine, partners, rounds, keep };
        root.SetAction(async (parsed, cancel) =>
        {
            var directory = BenchDirectory.Create(parsed.GetValue(keep));
            await Benchmark.RunAsync(
                parsed.GetRequiredValue(engine), parsed.GetValue(partners), parsed.GetValue(rounds), directory.Path, cancel);
            directory.DeleteUnlessKept();
            return 0;
        });
        return root.Parse(args).InvokeAsync();
    }
}
