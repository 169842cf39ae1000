using Roster.Log;

namespace Roster.Changes;

/// <summary>A change with the caller's options and conditions.</summary>
/// <param name="IsDryRun">Whether it is only planned: nothing is written and no revision is used.</param>
/// <param name="Idempotency">The claimed key under which the answer is stored, in the same transaction.</param>
/// <param name="Import">Set if it writes a part of an import, which is marked as written in the same transaction.</param>
/// <param name="IfRevision">If set, the newest revision that the workspace must have.</param>
public sealed record WriteRequest(
    Change Change, Origin Origin, bool IsDryRun = false, long? IfRevision = null, Idempotency? Idempotency = null,
    ImportMark? Import = null)
{
    public ChangePlan PlanOn(RowsNow now, Moment moment) =>
        IfRevision is { } seen && seen != moment.End.Number ? ChangePlan.Stale(Change.Kind, moment.End) : Change.PlanOn(now, moment);

    /// <summary>Whether to write the plan's changes.</summary>
    public bool Writes(ChangePlan plan) => plan.Changes.Count > 0 && !IsDryRun;

    /// <summary>Whether to store the answer under the idempotency key.</summary>
    public bool Remembers(ChangePlan plan) =>
        Idempotency is not null && !IsDryRun && !plan.IsStale && plan.UndoneBy is null && plan.Faults.Count == 0;
}
