using Roster.Batches;
using Roster.Log;

namespace Roster.Changes;

/// <summary>Deletes live partners by id, or restores deleted ones: all or none.</summary>
public sealed class Deletion : Change
{
    private readonly IReadOnlyList<Guid> _ids;
    private readonly bool _isRestore;

    internal Deletion(string kind, IReadOnlyList<Guid> ids) => (Kind, _ids, _isRestore) = (kind, ids, kind == ChangeKind.Restore);

    public override string Kind { get; }

    public override int Count => _ids.Count;

    public override IEnumerable<NamedPartner> Named => _ids.Select((id, index) => new NamedPartner(index, id));

    public override bool SeesOnlyNamed => !_isRestore;

    public override IEnumerable<string> Claimed(RowsNow now) => !_isRestore ? []
        : Enumerable.Range(0, Count).Select(index => now[index]?.ExternalId).OfType<string>();

    public override ChangePlan PlanOn(RowsNow now, Moment moment)
    {
        var plan = new PlanBuilder(this, moment);
        for (var i = 0; i < Count; i++)
        {
            var before = now[i];
            if (before is null || !ChangeKind.CanName(Kind, before))
                plan.Reject(Fault.NotFound(i, _ids[i], null));
            else if (before.DeletedAt is null && _isRestore)
                plan.Reject(new Fault(i, FaultCode.NotDeleted, "This partner is not deleted.") { Id = _ids[i] });
            else
                plan.Update(i, before, plan.Deleted(before) with { DeletedAt = _isRestore ? null : plan.Next.At });
        }
        if (_isRestore)
            plan.RejectTakenExternalIds(now);
        return plan.Build();
    }
}
