namespace Roster.Changes;

/// <summary>What a change set does to one partner.</summary>
/// <param name="Before">Null where it is created.</param>
public readonly record struct PartnerChange(Partner? Before, Partner After);

/// <summary>
/// What a change does to the rows as they are now: computed by pure code, so that it means the same on every engine. A plan
/// with faults changes nothing.
/// </summary>
public sealed class ChangePlan
{
    internal ChangePlan(
        string kind, Revision revision, IReadOnlyList<Partner> answer, IReadOnlyList<PartnerChange> changes, FaultList faults)
    {
        Kind = kind;
        Revision = revision;
        Answer = answer;
        Changes = changes;
        Faults = faults;
        Created = changes.Count(change => change.Before is null);
        Deleted = changes.Count(change => change is { Before.DeletedAt: null, After.DeletedAt: not null });
        Restored = changes.Count(change => change is { Before.DeletedAt: not null, After.DeletedAt: null });
    }

    public string Kind { get; }

    /// <summary>The new revision; where nothing changes, the workspace's newest one.</summary>
    public Revision Revision { get; }

    /// <summary>The partners as they are afterwards, in the order of the request.</summary>
    public IReadOnlyList<Partner> Answer { get; }

    /// <summary>What is to be written, in the order of the request.</summary>
    public IReadOnlyList<PartnerChange> Changes { get; }

    public FaultList Faults { get; }

    public int Created { get; }

    public int Deleted { get; }

    public int Restored { get; }

    public int Updated => Changes.Count - Created - Deleted - Restored;

    public int Unchanged => Answer.Count - Changes.Count;
}

/// <summary>Collects a plan item by item, in the order of the request.</summary>
internal sealed class PlanBuilder(Change change, Moment moment)
{
    private readonly FaultList _faults = new();
    private readonly List<Partner> _answer = new(change.Count);
    private readonly List<PartnerChange> _changes = [];
    private readonly List<(int Index, Partner Partner)> _claims = [];
    private readonly List<Fault> _claimFaults = [];

    /// <summary>The revision that the plan takes if it changes anything.</summary>
    public Revision Next { get; } = moment.End.Next(moment.Clock);

    public void Reject(Fault fault) => _faults.Add(fault);

    public void Create(int index, Partner partner) => Add(index, null, partner);

    /// <summary>An item that changes nothing has the same object twice.</summary>
    public void Update(int index, Partner before, Partner after) => Add(index, before, after);

    /// <summary>Rejects items that would leave two live partners with one external id.</summary>
    public void RejectTakenExternalIds(RowsNow now)
    {
        var givenUp = _changes.Where(done => done.Before?.ExternalId is not null && done.Before.ExternalId != done.After.ExternalId)
            .Select(done => done.After.Id).ToHashSet();
        var claimedAt = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (index, partner) in _claims)
        {
            var externalId = partner.ExternalId!;
            var holder = now.Holder(externalId);
            if (!claimedAt.TryAdd(externalId, index))
                _claimFaults.Add(new Fault(index, FaultCode.DuplicateExternalId,
                    $"Items {claimedAt[externalId]} and {index} have the same externalId; it must be unique.", "externalId")
                { Id = IdOf(partner), OtherIndex = claimedAt[externalId] });
            else if (holder is not null && holder != partner.Id && !givenUp.Contains(holder.Value))
                _claimFaults.Add(new Fault(index, FaultCode.ExternalIdTaken, "Another partner has this externalId.", "externalId")
                { Id = IdOf(partner), Candidates = [holder.Value] });
        }

        // A partner that is being created has no id that a caller could know.
        Guid? IdOf(Partner partner) => partner.CreatedAt == Next.At ? null : partner.Id;
    }

    public ChangePlan Build()
    {
        var claimFaults = new FaultList();
        foreach (var fault in _claimFaults)
            claimFaults.Add(fault);
        var faults = _claimFaults.Count == 0 ? _faults : _faults.With(claimFaults);
        return faults.Count > 0 ? new ChangePlan(change.Kind, moment.End, [], [], faults)
            : new ChangePlan(change.Kind, _changes.Count > 0 ? Next : moment.End, _answer, _changes, faults);
    }

    private void Add(int index, Partner? before, Partner after)
    {
        _answer.Add(after);
        if (after.ExternalId is not null && after.DeletedAt is null)
            _claims.Add((index, after));
        if (!ReferenceEquals(before, after))
            _changes.Add(new PartnerChange(before, after));
    }
}
