using Roster.Batches;
using Roster.Log;
using Roster.Partners;

namespace Roster.Changes;

/// <summary>Whether a change set is undone now, following undos of undos, and which partners are as it left them.</summary>
/// <param name="UndoneBy">
/// The newest change set that undoes it; null if there is none or if that one was undone again.
/// </param>
/// <param name="InEffect">
/// After each of these change sets, the partners are as this one left them: itself, and each that undid an undo of it.
/// Each may have left out some partners.
/// </param>
public sealed record UndoState(long? UndoneBy, IReadOnlySet<long> InEffect)
{
    /// <summary>Most undos of undos that are followed. Beyond that they count as ordinary changes.</summary>
    private const int MaxFollowed = 1_000;

    /// <summary>How many of the workspace's newest undos are looked at for what they put back. Others count as ordinary changes.</summary>
    private const int MaxUndos = 1_000;

    private const int IdsAtOnce = 1_000;

    /// <summary>
    /// The newest revisions of partners that were changed afterwards, where the later changes were undone: these partners are as
    /// the change set left them, too.
    /// </summary>
    private HashSet<(Guid Id, long Revision)> PutBack { get; init; } = [];

    /// <summary>Follows the undos of a change set in the log.</summary>
    public static async Task<UndoState> OfAsync(IRosterStore store, long workspaceId, ChangeSet changeSet, CancellationToken cancel)
    {
        var inEffect = new HashSet<long> { changeSet.Revision.Number };
        var isUndone = false;
        for (var next = changeSet.UndoneBy; next is { } revision;)
        {
            isUndone = !isUndone;
            if (!isUndone && !inEffect.Add(revision) || inEffect.Count > MaxFollowed)
                return new UndoState(null, new HashSet<long> { changeSet.Revision.Number });
            next = (await store.ListChangeSetsAsync(workspaceId, new ChangeSetQuery(1, revision + 1), cancel))[0].UndoneBy;
        }
        return new UndoState(isUndone ? changeSet.UndoneBy : null, inEffect);
    }

    /// <summary>Whether the partner is as the change set left it.</summary>
    public bool Has(Partner now) => InEffect.Contains(now.Revision) || PutBack.Contains((now.Id, now.Revision));

    /// <summary>
    /// Looks which of the change set's partners are as it left them, since what changed them afterwards was undone. A partner that
    /// an undo wrote is as before the change set that it undid; the log has the revision of that.
    /// </summary>
    public async Task<UndoState> WithPutBackAsync(
        IRosterStore store, long workspaceId, LoggedChangeSet changeSet, CancellationToken cancel)
    {
        var undos = (await store.ListChangeSetsAsync(workspaceId, new ChangeSetQuery(MaxUndos, Kind: ChangeKind.Undo), cancel))
            .Where(undo => undo.Revision.Number > changeSet.Revision.Number && undo.Undoes is not null)
            .ToDictionary(undo => undo.Revision.Number, undo => undo.Undoes!.Value);
        if (undos.Count == 0)
            return this;
        // By the undo that put them back: partners, and their newest revisions.
        var open = new Dictionary<long, Dictionary<Guid, long>>();
        foreach (var ids in changeSet.Changes.Select(change => change.Id).Chunk(IdsAtOnce))
            foreach (var partner in (await store.FindAsync(workspaceId, ids, cancel)).Values.Where(partner => !Has(partner)))
                Add(partner.Revision, partner.Id, partner.Revision);
        var putBack = new HashSet<(Guid, long)>();
        // What an undo put back is older than the undo, so each is looked at once.
        foreach (var undo in undos.Keys.OrderDescending())
        {
            if (!open.Remove(undo, out var partners))
                continue;
            var states = new EarlierStates(partners.Keys);
            await store.VisitLogAsync(workspaceId, [undos[undo]], states, cancel);
            foreach (var (id, revision) in states.Revisions)
                if (InEffect.Contains(revision))
                    putBack.Add((id, partners[id]));
                else
                    Add(revision, id, partners[id]);
        }
        return this with { PutBack = putBack };

        void Add(long revision, Guid id, long newest)
        {
            if (!undos.ContainsKey(revision))
                return;
            if (!open.TryGetValue(revision, out var partners))
                open.Add(revision, partners = []);
            partners.Add(id, newest);
        }
    }

    /// <summary>Collects the revisions of the states that a change set replaced, of some partners.</summary>
    private sealed class EarlierStates(IReadOnlyCollection<Guid> wanted) : LogVisitor
    {
        private readonly HashSet<Guid> _wanted = [.. wanted];

        public Dictionary<Guid, long> Revisions { get; } = [];

        public override void Begin(ChangeSetHead head) => Revisions.Clear();

        public override EntryUse Look(Guid id) =>
            Revisions.Count == _wanted.Count ? EntryUse.Stop : _wanted.Contains(id) ? EntryUse.Read : EntryUse.Skip;

        public override void Take(LoggedChange entry)
        {
            if (entry.Before is { } before)
                Revisions[entry.Id] = before.Revision;
        }
    }
}

/// <summary>
/// Reverts a change set: partners that it created are deleted; those that it updated, deleted or restored get their
/// earlier state. A partner that was changed since is a conflict, unless what changed it was undone. If the change set is
/// undone already and nothing is left to revert, the plan says so.
/// </summary>
/// <param name="undone">The change set to undo.</param>
/// <param name="state">Its state when last looked up.</param>
/// <param name="skipsConflicts">
/// Whether partners in conflict are left as they are; otherwise a conflict is a fault.
/// </param>
public sealed class Undo(LoggedChangeSet undone, UndoState state, bool skipsConflicts) : Change
{
    private readonly IReadOnlyList<LoggedChange> _changes = undone.Changes;

    public override string Kind => ChangeKind.Undo;

    public override int Count => _changes.Count;

    public override long? Undoes => undone.Revision.Number;

    public override IEnumerable<NamedPartner> Named => _changes.Select((change, index) => new NamedPartner(index, change.Id));

    public override bool SeesOnlyNamed => false;

    public override IEnumerable<string> Claimed(RowsNow now) =>
        _changes.Where(change => change.Before is { DeletedAt: null, Values: not null })
            .Select(change => change.Before!.Values![PartnerField.ExternalId]).OfType<string>();

    public override ChangePlan PlanOn(RowsNow now, Moment moment)
    {
        var plan = Plan(now, moment);
        return state.UndoneBy is { } by && plan.Changes.Count == 0 ? ChangePlan.Undone(moment.End, by) : plan;
    }

    private ChangePlan Plan(RowsNow now, Moment moment)
    {
        var leftAsIs = new SortedDictionary<int, Fault>();
        for (var i = 0; i < Count; i++)
            if (ConflictOf(i, now[i]) is { } conflict)
                leftAsIs.Add(i, conflict);
        while (true)
        {
            var plan = new PlanBuilder(this, moment);
            for (var i = 0; i < Count; i++)
            {
                if (!leftAsIs.TryGetValue(i, out var conflict))
                    plan.Update(i, now[i]!, _changes[i].Before is { } before
                        ? before.Of(now[i]!) with { UpdatedAt = plan.Next.At, Revision = plan.Next.Number }
                        : plan.Deleted(now[i]!));
                else if (!skipsConflicts)
                    plan.Reject(conflict);
            }
            plan.RejectTakenExternalIds(now);
            var built = plan.Build([.. leftAsIs.Values]);
            if (!skipsConflicts || built.Faults.Count == 0)
                return built;
            // A partner whose old external id is taken now is left as it is, too.
            foreach (var fault in built.Faults.Listed)
                leftAsIs.TryAdd(fault.Index, fault with { Id = _changes[fault.Index].Id });
        }
    }

    private Fault? ConflictOf(int index, Partner? now)
    {
        var id = _changes[index].Id;
        if (now is null)
            return new Fault(index, FaultCode.HistoryGone, "This partner was erased.") { Id = id };
        if (!state.Has(now))
            return new Fault(index, FaultCode.ChangedSince, "This partner was changed since; look at current.") { Id = id, Current = now };
        return _changes[index].Before is { HasValues: false }
            ? new Fault(index, FaultCode.HistoryGone, "What this partner was before is not kept any more.") { Id = id }
            : null;
    }
}
