using System.Diagnostics;

namespace Roster.Bench.Load;

/// <summary>What a load came to. Latencies are in milliseconds, from when a request was to be sent to the last byte of its answer.</summary>
/// <param name="Sent">How many requests were sent, with those before the clock ran.</param>
/// <param name="Cores">How many processor cores the load generator itself kept busy.</param>
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
