using System.Diagnostics;
using System.Diagnostics.Metrics;
using Roster.Changes;

namespace Roster.Server.Operations;

/// <summary>Measures writes: those of requests and the parts of imports.</summary>
internal static class WriteMetrics
{
    private static readonly Histogram<double> Duration = Telemetry.Duration(
        "roster.write.duration", "Time of a write, from the valid change until it is durable, with its wait for others.");

    private static readonly Histogram<double> QueueDuration = Telemetry.Duration(
        "roster.write.queue.duration", "Time for which a write waited for others.");

    private static readonly Counter<long> Rows = Telemetry.Meter.CreateCounter<long>(
        "roster.write.rows", "{row}", "Partners that writes changed.");

    /// <inheritdoc cref="IPartnerStore.WriteAsync"/>
    public static async Task<WrittenPlan> WriteMeasuredAsync(
        this IRosterStore store, long workspaceId, WriteRequest request, CancellationToken cancel)
    {
        if (!Duration.Enabled)
            return await store.WriteAsync(workspaceId, request, cancel);
        var begun = Stopwatch.GetTimestamp();
        var outcome = "failed";
        try
        {
            var written = await store.WriteAsync(workspaceId, request, cancel);
            outcome = OutcomeOf(request, written.Plan);
            QueueDuration.Record(written.Waiting.TotalSeconds);
            if (request.Writes(written.Plan))
                Count(written.Plan);
            return written;
        }
        catch (OperationCanceledException)
        {
            outcome = "cancelled";
            throw;
        }
        finally
        {
            Duration.Record(
                Stopwatch.GetElapsedTime(begun).TotalSeconds, Label("roster.kind", request.Change.Kind), Label("roster.outcome", outcome));
        }
    }

    private static string OutcomeOf(WriteRequest request, ChangePlan plan) =>
        plan.IsStale || plan.UndoneBy is not null || plan.TooManyDeletes is not null || plan.Faults.Count > 0 ? "refused"
        : request.IsDryRun ? "dry_run"
        : plan.Changes.Count > 0 ? "written" : "unchanged";

    private static void Count(ChangePlan plan)
    {
        var counts = plan.Counts;
        Add("created", counts.Created);
        Add("updated", counts.Updated);
        Add("deleted", counts.Deleted);
        Add("restored", counts.Restored);

        void Add(string change, long rows)
        {
            if (rows > 0)
                Rows.Add(rows, Label("roster.kind", plan.Kind), Label("roster.change", change));
        }
    }

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}
