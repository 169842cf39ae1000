using Roster.Log;

namespace Roster.Changes;

/// <summary>A change, with all that a caller wants to know or to make sure of.</summary>
/// <param name="IsDryRun">Whether it is only planned: nothing is written, and no revision used.</param>
/// <param name="Idempotency">The claimed key under which the answer is remembered, in the same transaction.</param>
/// <param name="IfRevision">The only revision of the workspace on which it is to be carried out.</param>
public sealed record WriteRequest(Change Change, Origin Origin, bool IsDryRun = false, long? IfRevision = null, Idempotency? Idempotency = null)
{
    public ChangePlan PlanOn(RowsNow now, Moment moment) =>
        IfRevision is { } seen && seen != moment.End.Number ? ChangePlan.Stale(Change.Kind, moment.End) : Change.PlanOn(now, moment);

    /// <summary>Whether the plan's changes are to be written.</summary>
    public bool Writes(ChangePlan plan) => plan.Changes.Count > 0 && !IsDryRun;

    /// <summary>Whether the answer is to be remembered under the idempotency key.</summary>
    public bool Remembers(ChangePlan plan) => Idempotency is not null && !IsDryRun && !plan.IsStale && plan.UndoneBy is null && plan.Faults.Count == 0;
}
