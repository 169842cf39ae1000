using Roster.Batches;
using Roster.Log;
using Roster.Partners;

namespace Roster.Changes;

/// <summary>What a change set does to one partner.</summary>
/// <param name="Before">Null if it is created.</param>
public readonly record struct PartnerChange(Partner? Before, Partner After);

/// <summary>
/// What a change does to the current rows. Pure code computes it, so it is the same on every engine. A plan with faults
/// changes nothing.
/// </summary>
public sealed class ChangePlan
{
    internal ChangePlan(
        string kind, Revision end, Revision revision, IReadOnlyList<Partner> answer, IReadOnlyList<PartnerChange> changes, FaultList faults)
    {
        Kind = kind;
        End = end;
        Revision = revision;
        Answer = answer;
        Changes = changes;
        Faults = faults;
        foreach (var (before, after) in changes)
        {
            if (before is null)
                Created++;
            else if (before.DeletedAt is null && after.DeletedAt is not null)
                Deleted++;
            else if (before.DeletedAt is not null && after.DeletedAt is null)
                Restored++;
        }
    }

    public string Kind { get; }

    /// <summary>The workspace's newest revision at the time of planning.</summary>
    public Revision End { get; }

    /// <summary>Whether the newest revision is not the one that the caller required.</summary>
    public bool IsStale { get; private init; }

    /// <summary>For an undo of a change set that is undone already: the change set that undid it.</summary>
    public long? UndoneBy { get; private init; }

    /// <summary>The new revision; the workspace's newest one if nothing changes.</summary>
    public Revision Revision { get; }

    /// <summary>The partners after the change, in the order of the request.</summary>
    public IReadOnlyList<Partner> Answer { get; }

    /// <summary>The changes to write, in the order of the request.</summary>
    public IReadOnlyList<PartnerChange> Changes { get; }

    public FaultList Faults { get; }

    /// <summary>Set if a mirror would delete more partners than allowed; the faults list some of them.</summary>
    public (long Wanted, long Allowed)? TooManyDeletes { get; internal init; }

    /// <summary>Conflicts whose partners are left as they are, if the caller wanted that instead of faults.</summary>
    public IReadOnlyList<Fault> LeftAsIs { get; internal init; } = [];

    public ChangeCounts Counts => new(Created, Updated, Unchanged, Deleted, Restored);

    public int Created { get; }

    public int Deleted { get; }

    public int Restored { get; }

    public int Updated => Changes.Count - Created - Deleted - Restored;

    public int Unchanged => Answer.Count - Changes.Count + WithoutItem;

    /// <summary>Number of changes, at the end, of partners that no item names.</summary>
    public int WithoutItem { get; internal init; }

    /// <summary>No plan: the newest revision is not the required one.</summary>
    internal static ChangePlan Stale(string kind, Revision end) => new(kind, end, end, [], [], new FaultList()) { IsStale = true };

    /// <summary>No plan: the change set is undone already.</summary>
    internal static ChangePlan Undone(Revision end, long by) => new(ChangeKind.Undo, end, end, [], [], new FaultList()) { UndoneBy = by };
}

/// <summary>Collects a plan item by item, in the order of the request.</summary>
internal sealed class PlanBuilder(Change change, Moment moment)
{
    private FaultList _faults = new(change.MaxFaults);
    private readonly List<Partner> _answer = new(change.Count);
    private readonly List<PartnerChange> _changes = [];
    private readonly List<(int Index, Partner Partner)> _claims = [];
    private readonly FaultList _tooManyFaults = new();
    private (long Wanted, long Allowed)? _tooMany;
    private int _withoutItem;

    /// <summary>Whether no item may take an external id or address that another item gives up.</summary>
    public bool IsStrict { get; init; }

    /// <summary>The plan's revision if it changes anything.</summary>
    public Revision Next { get; } = moment.End.Next(moment.Clock);

    /// <summary>The changes so far.</summary>
    public IReadOnlyList<PartnerChange> Changes => _changes;

    public void Reject(Fault fault) => _faults.Add(fault);

    /// <summary>Rejects items for their joint effect.</summary>
    public void Reject(FaultList faults)
    {
        if (faults.Count > 0)
            _faults = _faults.With(faults);
    }

    public void Create(int index, Partner partner) => Add(index, null, partner);

    /// <summary>Adds an item. If it changes nothing, both are the same object.</summary>
    public void Update(int index, Partner before, Partner after) => Add(index, before, after);

    /// <summary>The partner after this plan has deleted it.</summary>
    public Partner Deleted(Partner before) => before with { DeletedAt = Next.At, UpdatedAt = Next.At, Revision = Next.Number };

    /// <summary>Deletes a partner that no item names.</summary>
    public void Delete(Partner before)
    {
        _changes.Add(new PartnerChange(before, Deleted(before)));
        _withoutItem++;
    }

    /// <summary>Rejects the deletion of all partners that no item names, since they are too many.</summary>
    public void RejectDeletes(RowsNow now, long allowed)
    {
        _tooMany = (now.RestCount, allowed);
        foreach (var unnamed in now.Rest)
            _tooManyFaults.Add(
                new Fault(Fault.NoItem, FaultCode.WouldBeDeleted, "No item names this partner, so it would be deleted.")
                {
                    Id = unnamed.Id,
                });
        _tooManyFaults.AddUnlisted(Fault.NoItem, now.RestCount - now.Rest.Count);
    }

    /// <summary>Rejects items that would leave two live partners with one external id.</summary>
    public void RejectTakenExternalIds(RowsNow now)
    {
        if (_claims.Count == 0)
            return;
        var givenUp = _changes
            .Where(done => done.Before?.ExternalId is not null
                && (done.Before.ExternalId != done.After.ExternalId || done.After.DeletedAt is not null))
            .Select(done => done.After.Id).ToHashSet();
        var claimedAt = new Dictionary<string, int>(StringComparer.Ordinal);
        var faults = new FaultList(change.MaxFaults);
        foreach (var (index, partner) in _claims)
        {
            var externalId = partner.ExternalId!;
            var holder = now.Holder(externalId);
            if (!claimedAt.TryAdd(externalId, index))
                faults.Add(new Fault(index, FaultCode.DuplicateExternalId,
                    $"Items {claimedAt[externalId]} and {index} have the same externalId; it must be unique.", "externalId")
                { Id = IdOf(partner), OtherIndex = claimedAt[externalId] });
            else if (holder is not null && holder != partner.Id && (IsStrict || !givenUp.Contains(holder.Value)))
                faults.Add(new Fault(index, FaultCode.ExternalIdTaken, "Another partner has this externalId.", "externalId")
                { Id = IdOf(partner), Candidates = [holder.Value] });
        }
        Reject(faults);

        // Callers cannot know the id of a partner that is being created.
        Guid? IdOf(Partner partner) => partner.CreatedAt == Next.At ? null : partner.Id;
    }

    /// <summary>A plan that changes nothing for these reasons.</summary>
    public static ChangePlan Refused(Change change, Moment moment, FaultList faults) =>
        new(change.Kind, moment.End, moment.End, [], [], faults);

    public ChangePlan Build(params IReadOnlyList<Fault> leftAsIs)
    {
        var faults = _faults;
        // Faults of items come first: once fixed, the items may name some of the partners to be deleted.
        if (faults.Count == 0 && _tooMany is not null)
            return new ChangePlan(change.Kind, moment.End, moment.End, [], [], _tooManyFaults) { TooManyDeletes = _tooMany };
        return faults.Count > 0 ? Refused(change, moment, faults)
            : new ChangePlan(change.Kind, moment.End, _changes.Count > 0 ? Next : moment.End, _answer, _changes, faults)
            {
                LeftAsIs = leftAsIs,
                WithoutItem = _withoutItem,
            };
    }

    private void Add(int index, Partner? before, Partner after)
    {
        _answer.Add(after);
        if (after.ExternalId is not null && after.DeletedAt is null)
            _claims.Add((index, after));
        if (ReferenceEquals(before, after))
            return;
        // Reserve only if anything changes, then for all items at once.
        _changes.EnsureCapacity(change.Count);
        _changes.Add(new PartnerChange(before, after));
    }
}
