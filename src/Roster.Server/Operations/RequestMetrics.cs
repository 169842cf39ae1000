using System.Diagnostics.Metrics;
using Roster.Batches;
using Roster.Server.Http;

namespace Roster.Server.Operations;

/// <summary>Counts what requests are refused for.</summary>
internal static class RequestMetrics
{
    private static readonly Counter<long> Problems = Telemetry.Meter.CreateCounter<long>(
        "roster.problems", "{problem}", "Answers that are an error.");

    private static readonly Counter<long> Faults = Telemetry.Meter.CreateCounter<long>(
        "roster.faults", "{fault}", "Faults of items that errors list.");

    private static readonly Counter<long> AuthenticationFailures = Telemetry.Meter.CreateCounter<long>(
        "roster.auth.failures", "{failure}", "Requests without a valid key, session, link or sign-in.");

    /// <param name="problem">Null if the answer was none.</param>
    public static void Answered(Problem? problem)
    {
        if (problem is not null && Problems.Enabled)
            Problems.Add(1, new KeyValuePair<string, object?>("error.type", problem.Code));
    }

    /// <param name="faults">Null if the problem is not about items.</param>
    public static void Found(FaultList? faults)
    {
        if (faults is null || !Faults.Enabled)
            return;
        foreach (var code in faults.Listed.CountBy(fault => fault.Code))
            Faults.Add(code.Value, new KeyValuePair<string, object?>("roster.code", code.Key));
    }

    /// <param name="isLimited">Whether its address has failed so often that nothing was looked up.</param>
    public static void FailedToAuthenticate(bool isLimited) => AuthenticationFailures.Add(
        1, new KeyValuePair<string, object?>("roster.outcome", isLimited ? "limited" : "refused"));
}
