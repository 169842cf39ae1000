using System.CommandLine;
using System.Globalization;
using System.Runtime.Versioning;
using Roster.Bench.Engines;
using Roster.Bench.Load;
using Roster.Bench.Pages;

// The benchmark reads /proc and calls Linux's poll.
[assembly: SupportedOSPlatform("linux")]

namespace Roster.Bench;

/// <summary>
/// The command line. bench/README.md describes the measurements; bench/run.sh builds and publishes the servers.
/// </summary>
internal static class Program
{
    /// <summary>The time for databases to stop after Ctrl+C.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(60);

    /// <summary>The exit code after Ctrl+C, as in a shell.</summary>
    private const int Stopped = 130;

    public static Task<int> Main(string[] args)
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        return Root().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = EndTimeout });
    }

    private static RootCommand Root()
    {
        var engine = Option("--engine", "The database engine", EngineNames.Both);
        engine.AcceptOnlyFromAmong(EngineNames.Sqlite, EngineNames.Postgres, EngineNames.Citus, EngineNames.Both);
        var partners = Option("--partners",
            "Partners in each database before the clock starts, rounded up to whole batches of 10,000", 1_000_000);
        var rounds = Option("--rounds", "Measured rounds, after one that is not; also twice the seconds of each load, up to four", 5);
        foreach (var count in new[] { partners, rounds })
        {
            count.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<int>() < 1)
                    result.AddError($"{count.Name} is at least 1.");
            });
        }
        var scale = Option<long?>(
            "--scale", "In the end also creates beside this many partners, which are put right into the tables", null);
        scale.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<long?>() <= result.GetValue(partners))
                result.AddError("--scale is more than --partners.");
        });
        var only = Option<string[]>("--only", "Only these parts, printed and not written into the page", []);
        only.AllowMultipleArgumentsPerToken = true;
        only.AcceptOnlyFromAmong(Part.All);
        var page = Option<FileInfo?>("--page", "The page whose tables are written anew", null);
        var keep = Option<DirectoryInfo?>("--keep", "A new directory for the databases and the logs, not deleted at the end", null);
        keep.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<DirectoryInfo?>() is { Exists: true } directory)
                result.AddError($"--keep: {directory} exists; name a new directory.");
        });
        var server = new Option<string>("--server") { Description = "Where Roster was published", Required = true };
        var efCore = new Option<string>("--efcore") { Description = "Where Roster.Bench.EfCore was published", Required = true };
        var directus = Option<string?>("--directus", "Where Directus is installed; without it, it is left out", null);
        var root = new RootCommand("Measures Roster against its database engine alone, and against peers.")
        {
            engine, partners, rounds, scale, only, page, keep, server, efCore, directus,
        };
        root.Subcommands.Add(LoadProcess.Command());
        root.SetAction(async (parsed, cancel) =>
        {
            var options = new BenchOptions(
                parsed.GetValue(partners), parsed.GetValue(rounds), parsed.GetValue(scale),
                parsed.GetRequiredValue(only),
                parsed.GetRequiredValue(server), parsed.GetRequiredValue(efCore), parsed.GetValue(directus));
            var engines = parsed.GetRequiredValue(engine) is var one && one == EngineNames.Both
                ? new[] { EngineNames.Sqlite, EngineNames.Postgres } : [one];
            var directory = BenchDirectory.Create(parsed.GetValue(keep));
            try
            {
                var tables = Tables.Of(await RunAsync(options, engines, directory, cancel), options, Machine.Describe(directory.Path));
                Console.WriteLine(tables);
                if (parsed.GetValue(page) is { } file && options.Only.Count == 0)
                    MeasuredPage.Write(file.FullName, tables);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                Progress.Say("stopped");
                directory.DeleteUnlessKept();
                return Stopped;
            }
            directory.DeleteUnlessKept();
            return 0;
        });
        return root;
    }

    private static async Task<IReadOnlyList<EngineResults>> RunAsync(
        BenchOptions options, string[] engines, BenchDirectory directory, CancellationToken cancel)
    {
        var results = new List<EngineResults>();
        foreach (var engine in engines)
        {
            var part = directory.Part(engine);
            results.Add(await new Benchmark(options, engine, part.Path, cancel).RunAsync());
            part.DeleteUnlessKept();
        }
        return results;
    }

    private static Option<T> Option<T>(string name, string description, T fallback) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => fallback,
    };
}
