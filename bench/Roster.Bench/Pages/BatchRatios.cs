using Roster.Bench.Measures;
using Roster.Bench.People;

namespace Roster.Bench.Pages;

/// <summary>The ratios of the sides' times for a workload, round by round.</summary>
internal static class BatchRatios
{
    public static Spread? ToEngine(EngineResults run, Workload workload) => run.Batches.Count == 0 ? null
        : Spread.Ratio(Server(run, workload), Engine(run, workload.Reference));

    public static Spread? OfEfCore(EngineResults run, Workload workload) => run.Batches.Count == 0 ? null
        : Spread.Ratio(EfCore(run, workload), Server(run, workload));

    public static double[] Server(EngineResults run, Workload workload) => Times(run, workload, sample => sample.Server.Elapsed);

    public static double[] Engine(EngineResults run, Workload workload) => Times(run, workload, sample => sample.Engine!.Value);

    public static double[] EfCore(EngineResults run, Workload workload) => Times(run, workload, sample => sample.EfCore);

    private static double[] Times(EngineResults run, Workload workload, Func<Sample, TimeSpan> time) =>
        [.. run.Batches.Where(sample => sample.Workload == workload).Select(sample => time(sample).TotalMilliseconds)];
}
