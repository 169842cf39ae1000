using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Roster;

/// <summary>
/// What Roster measures and traces, under one name. Nothing here is kept or sent unless somebody listens. Labels have few
/// values, and neither they nor attributes have a partner's data, a query's text or a key. docs/reference/metrics.md lists
/// all metrics.
/// </summary>
public static class Telemetry
{
    public const string Name = "Roster";

    /// <summary>For what counts or times events. What reads a server's state has a meter of its own, which ends with it.</summary>
    public static Meter Meter { get; } = new(Name);

    public static ActivitySource Activities { get; } = new(Name);

    /// <summary>Bounds for durations in seconds, from a row in memory to a full batch on a slow disk.</summary>
    private static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    public static Histogram<double> Duration(string name, string description) =>
        Meter.CreateHistogram(name, "s", description, tags: null, Durations);
}
