using System.Diagnostics;

namespace Roster.Bench.Load;

/// <summary>
/// The result of a load. A latency, in milliseconds, runs from the time a request was due to the last byte of its
/// answer.
/// </summary>
/// <param name="Sent">Requests sent, including those of the warm-up.</param>
/// <param name="Cores">Processor cores that the load generator itself used.</param>
internal sealed record LoadResult(
    int Sent, int Answers, double PerSecond, double P50, double P90, double P99, double P999, double Max, double Cores)
{
    public static LoadResult Of(int sent, List<long> latencies, TimeSpan elapsed, TimeSpan processor)
    {
        latencies.Sort();
        return new LoadResult(
            sent, latencies.Count, latencies.Count / elapsed.TotalSeconds, At(0.5), At(0.9), At(0.99), At(0.999), At(1),
            processor / elapsed);

        double At(double part) => latencies[Math.Max(0, (int)Math.Ceiling(part * latencies.Count) - 1)] * 1_000.0 / Stopwatch.Frequency;
    }
}
