using Roster.Bench.Measures;
using Roster.Bench.People;
using Roster.Bench.Servers;

namespace Roster.Bench.Pages;

/// <summary>An upper or lower limit of a measured value.</summary>
internal readonly record struct Limit(double Value, bool IsAtMost)
{
    public bool IsMetBy(double value) => IsAtMost ? value <= Value : value >= Value;

    public string Text(string unit) => $"at {(IsAtMost ? "most" : "least")} {Value:0.##} {unit}";
}

/// <summary>A target of Roster, with a limit for each engine.</summary>
/// <param name="Sqlite">Null if there is none for SQLite.</param>
/// <param name="Measure">Null if a run did not measure it.</param>
internal sealed record Target(string Name, string Unit, Limit? Sqlite, Limit Postgres, Func<EngineResults, Spread?> Measure)
{
    /// <summary>All targets, in the order of the page.</summary>
    public static IEnumerable<Target> All
    {
        get
        {
            foreach (var workload in Workload.All)
            {
                yield return workload.IsWrite
                    ? AtMost($"{workload.Name}, engine = 1", "×", 1.75, 1.75, run => BatchRatios.ToEngine(run, workload))
                    : AtMost($"{workload.Name}, engine's updates = 1", "×", 0.4, 0.4, run => BatchRatios.ToEngine(run, workload));
            }
            yield return AtLeast(
                "single updates a second, 64 connections, engine on one = 1", "×", 4, 3,
                run => run.Singles is { } singles
                    ? Spread.Ratio([.. singles.Server.Select(load => load.PerSecond)], singles.Engine[1]) : null);
            foreach (var workload in Workload.All.Where(workload => workload.IsWrite))
                yield return AtLeast($"{workload.Name}, EF Core's time, Roster = 1", "×", 4, 4, run => BatchRatios.OfEfCore(run, workload));
            yield return OfDirectus(Workload.Creates, directus => directus.Creates);
            yield return OfDirectus(Workload.Updates, directus => directus.Updates);
            yield return AtMost("creates beside many more partners, beside few = 1", "×", 1.3, 1.3, run => run.Scale is { } scale
                ? Spread.Ratio(scale.Large.Server, scale.Small.Server) : null);
            yield return AtMost("10,000 updates by external id, by id = 1", "×", 1.5, 1.5, run => OfMatches(run, "10,000 updates"));
            yield return AtMost("10,000 unchanged by external id, by id = 1", "×", 1.5, 1.5, run => OfMatches(run, "10,000 unchanged"));
            yield return AtMost("page by cursor, slowest depth, fastest = 1", "×", 1.2, 1.2, run => run.Pages.Count > 0
                ? Only(run.Pages.Max(page => page.P50) / run.Pages.Min(page => page.P50)) : null);
            yield return AtMost(ReadTest.Search + ", p50", "ms", 10, 10, run => OfSearches(run, search => search.P50));
            yield return AtMost(ReadTest.Search + ", p99", "ms", 200, 200, run => OfSearches(run, search => search.P99));
            yield return AtMost("memory, 4 requests of 10,000 at once", "MB", 220, 220,
                run => run.Memory is { } memory ? Only(memory.Peak) : null);
            yield return AtMost("start to first answer", "ms", 400, 400, run => run.Starts.Count > 0 ? Spread.Of(run.Starts) : null);
            yield return AtLeast("export as NDJSON, speed, engine's scan and writing = 1", "×", 0.5, 0.5, run => run.Exports.Count > 0
                ? Spread.Ratio(run.Exports[0].Engine, run.Exports[0].Server) : null);
        }
    }

    public Limit? For(EngineResults run) => run.IsPostgres ? Postgres : Sqlite;

    private static Target AtMost(string name, string unit, double sqlite, double postgres, Func<EngineResults, Spread?> measure) =>
        new(name, unit, new Limit(sqlite, true), new Limit(postgres, true), measure);

    private static Target AtLeast(string name, string unit, double sqlite, double postgres, Func<EngineResults, Spread?> measure) =>
        new(name, unit, new Limit(sqlite, false), new Limit(postgres, false), measure);

    private static Target OfDirectus(Workload workload, Func<DirectusResult, IReadOnlyList<double>> times) => new(
        $"{workload.Name}, Directus' time, Roster = 1", "×", null, new Limit(100, false),
        run => run.Directus is { } directus && run.Batches.Count > 0
            ? Only(Spread.Of(times(directus)).Median / Spread.Of(BatchRatios.Server(run, workload)).Median) : null);

    private static Spread? OfMatches(EngineResults run, string batch) =>
        run.Matches.FirstOrDefault(match => match.Batch == batch) is { } found
            ? Spread.Ratio(found.Times[Naming.ExternalId], found.Times[Naming.Id]) : null;

    private static Spread? OfSearches(EngineResults run, Func<ReadResult, double> time) =>
        run.Reads.FirstOrDefault(read => read.Name == ReadTest.Search) is { } searches ? Only(time(searches)) : null;

    private static Spread Only(double value) => new(value, value, value);
}
