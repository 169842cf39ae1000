using Roster.Batches;
using Roster.Log;
using Roster.Partners;

namespace Roster.Changes;

/// <summary>A row of an import.</summary>
/// <param name="Row">With the id of the partner that it updates, once it is planned.</param>
/// <param name="PlannedOn">
/// The revision of the partner as it was planned on; 0 if the row creates one. Null if it is not planned yet.
/// </param>
public readonly record struct ImportRow(BatchRow Row, long? PlannedOn = null);

/// <summary>A partner that an import deletes, and its revision as it was planned on.</summary>
public readonly record struct ImportDelete(Guid Id, long PlannedOn);

/// <summary>
/// Some rows of an import. First it is planned, as a dry run; then the rows that change something are written. A row
/// whose partner is not as it was planned on is a conflict.
/// </summary>
public sealed class ImportPart : Change
{
    /// <summary>Most faults of one part that are listed: two for each row of the largest.</summary>
    public const int MaxListedFaults = 2 * PartnerRules.MaxItems;

    /// <summary>
    /// How often rows are planned again without the ones at fault. After that, no row may take an external id or address
    /// that another row gives up: in a long chain of those, each fault would cause only one more.
    /// </summary>
    private const int MaxRounds = 4;

    private readonly Upsert _upsert;
    private readonly IReadOnlyList<ImportRow> _rows;
    private readonly IReadOnlyList<ImportDelete> _deletes;
    private readonly bool _leavesOut;
    private readonly bool _isStrict;

    /// <param name="doubts">In the order of the rows.</param>
    /// <param name="leavesOut">Whether rows with faults or conflicts are left out; otherwise nothing is written.</param>
    /// <param name="isStrict">
    /// Whether no row may take what another row gives up: when it is written, the two may be in different parts.
    /// </param>
    public ImportPart(
        IReadOnlyList<ImportRow> rows, IReadOnlyList<ImportDelete> deletes, IReadOnlyList<Doubt> doubts, MatchOn matchOn,
        CreatedItems creates, bool leavesOut, bool isStrict = false)
    {
        (_rows, _deletes, _leavesOut, _isStrict) = (rows, deletes, leavesOut, isStrict);
        _upsert = new Upsert(ChangeKind.Import, [.. rows.Select(row => row.Row)], matchOn, null, creates, doubts);
    }

    public override string Kind => ChangeKind.Import;

    /// <summary>Number of rows, then of deletes.</summary>
    public override int Count => _rows.Count + _deletes.Count;

    public override int MaxFaults => MaxListedFaults;

    public override IEnumerable<NamedPartner> Named =>
        _upsert.Named.Concat(_deletes.Select((delete, i) => new NamedPartner(_rows.Count + i, delete.Id)));

    public override MatchOn MatchOn => _upsert.MatchOn;

    public override IEnumerable<(int Index, string Value)> Sought => _upsert.Sought;

    /// <summary>False, so that it never shares a transaction: the part may turn out to be written already.</summary>
    public override bool SeesOnlyNamed => false;

    public override IEnumerable<string> Claimed(RowsNow now) => _upsert.Claimed(now);

    public override IEnumerable<string> GivenEmails(RowsNow now) => _upsert.GivenEmails(now);

    public override ChangePlan PlanOn(RowsNow now, Moment moment)
    {
        var conflicts = new FaultList(MaxFaults);
        for (var i = 0; i < Count; i++)
            if (ConflictOf(i, now) is { } conflict)
                conflicts.Add(conflict);
        if (conflicts.Count > 0 && !_leavesOut)
            return PlanBuilder.Refused(this, moment, conflicts);
        var faults = conflicts;
        var leftOut = conflicts.Listed.Select(conflict => conflict.Index).ToHashSet();
        for (var round = 1; ; round++)
        {
            var plan = new PlanBuilder(this, moment) { IsStrict = _isStrict || round > MaxRounds };
            var given = _upsert.PlanRows(plan, now, moment, leftOut);
            for (var i = _rows.Count; i < Count; i++)
                if (!leftOut.Contains(i))
                    plan.Delete(now[i]!);
            _upsert.RejectShared(plan, now, given, leftOut);
            var built = plan.Build(faults.Listed);
            if (built.Faults.Count == 0 || !_leavesOut)
                return built;
            // Rows that took what these rows gave up have faults now, too: plan again. Each time there are fewer rows.
            faults = faults.With(built.Faults.OfEach(2));
            leftOut.UnionWith(built.Faults.Listed.Select(fault => fault.Index));
        }
    }

    /// <summary>What a plan does with each row: pairs them in order, without the ones that it left out.</summary>
    /// <returns>For each row its state after the plan, and before; no states if it was left out.</returns>
    public IReadOnlyList<(Partner? Before, Partner? After)> OutcomesOf(ChangePlan plan)
    {
        var leftOut = plan.LeftAsIs.Select(fault => fault.Index).ToHashSet();
        var outcomes = new (Partner?, Partner?)[_rows.Count];
        var (answer, change) = (0, 0);
        for (var i = 0; i < _rows.Count; i++)
        {
            if (leftOut.Contains(i))
                continue;
            var after = plan.Answer[answer++];
            var isChanged = change < plan.Changes.Count && plan.Changes[change].After.Id == after.Id;
            outcomes[i] = (isChanged ? plan.Changes[change++].Before : after, after);
        }
        return outcomes;
    }

    private Fault? ConflictOf(int index, RowsNow now)
    {
        var plannedOn = index < _rows.Count ? _rows[index].PlannedOn : _deletes[index - _rows.Count].PlannedOn;
        var current = now[index];
        if (plannedOn is null || (plannedOn == (current?.Revision ?? 0) && now.Several(index) is null))
            return null;
        return new Fault(
            index, FaultCode.ChangedSince,
            plannedOn == 0 ? "A partner with this key was created since the plan; look at current."
                : current is null ? "This partner was erased since the plan." : "This partner was changed since the plan; look at current.")
        { Id = current?.Id, Current = current };
    }
}
