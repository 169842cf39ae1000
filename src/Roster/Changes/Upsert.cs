using Roster.Batches;
using Roster.Log;
using Roster.Partners;

namespace Roster.Changes;

/// <summary>Updates partners by id or match key, and creates the others: PUT, and POST without ids.</summary>
public sealed class Upsert : Change
{
    private readonly bool _names;
    private readonly bool _claims;
    private readonly CreatedItems _creates;
    private readonly IReadOnlyList<Doubt> _doubts;

    /// <param name="doubts">In the order of the rows.</param>
    internal Upsert(
        string kind,
        IReadOnlyList<BatchRow> rows,
        MatchOn matchOn,
        Mirror? mirror,
        CreatedItems creates,
        IReadOnlyList<Doubt> doubts)
    {
        (Kind, Rows, MatchOn, Mirror, _creates, _doubts) = (kind, rows, matchOn, mirror, creates, doubts);
        // Lets the properties skip batches without ids or external ids.
        foreach (var row in rows)
        {
            _names |= row.Id is not null;
            _claims |= row.ExternalId is not null;
        }
    }

    public IReadOnlyList<BatchRow> Rows { get; }

    public override string Kind { get; }

    public override int Count => Rows.Count;

    public override MatchOn MatchOn { get; }

    public override Mirror? Mirror { get; }

    public override IEnumerable<NamedPartner> Named
    {
        get
        {
            if (!_names)
                yield break;
            for (var i = 0; i < Rows.Count; i++)
                if (Rows[i].Id is { } id)
                    yield return new NamedPartner(i, id);
        }
    }

    public override IEnumerable<(int Index, string Value)> Sought => MatchOn == MatchOn.Nothing ? []
        : from row in Rows.Index()
          let value = Key(row.Item)
          where row.Item.Id is null && value is not null
          select (row.Index, value);

    public override bool SeesOnlyNamed => MatchOn == MatchOn.Nothing && Mirror is null && !_claims;

    public override IEnumerable<string> Claimed(RowsNow now) => !_claims ? []
        : Rows.Where(row => row.ExternalId is not null).Select(row => row.ExternalId!);

    public override IEnumerable<string> GivenEmails(RowsNow now) => MatchOn != MatchOn.Email || !_names ? []
        : Named.Where(named => Gives(now[named.Index], Rows[named.Index]))
            .Select(named => FoldEmail(Rows[named.Index].Email!)).Distinct();

    public override ChangePlan PlanOn(RowsNow now, Moment moment)
    {
        var plan = new PlanBuilder(this, moment);
        var given = PlanRows(plan, now, moment, null);
        if (Mirror is { } mirror && now.RestCount > mirror.Allowed(now.Live))
            plan.RejectDeletes(now, mirror.Allowed(now.Live));
        else
            foreach (var unnamed in now.Rest)
                plan.Delete(unnamed);
        RejectShared(plan, now, given, null);
        return plan.Build();
    }

    /// <summary>Plans each row by itself.</summary>
    /// <param name="leftOut">The indexes of rows that are not planned; null for none.</param>
    /// <returns>The rows that name a partner and change its address, for <see cref="RejectShared"/>.</returns>
    internal List<(int Index, Guid Id)> PlanRows(PlanBuilder plan, RowsNow now, Moment moment, IReadOnlySet<int>? leftOut)
    {
        var nextDoubt = 0;
        var given = new List<(int Index, Guid Id)>();
        var ids = new PartnerIds(plan.Next.At, moment.IdSeed);
        var firstWith = new Dictionary<string, int>(StringComparer.Ordinal);
        var firstOf = new Dictionary<Guid, int>();
        if (MatchOn != MatchOn.Nothing)
            foreach (var named in Named)
                if (leftOut?.Contains(named.Index) != true)
                    firstOf[named.Id] = named.Index;
        for (var i = 0; i < Rows.Count; i++)
        {
            var row = Rows[i];
            var before = now[i];
            var isLeftOut = leftOut?.Contains(i) == true;
            for (; nextDoubt < _doubts.Count && _doubts[nextDoubt].Index == i; nextDoubt++)
                if (!isLeftOut && !_doubts[nextDoubt].IsStoredIn(before))
                    plan.Reject(_doubts[nextDoubt].ToFault());
            if (isLeftOut)
                continue;
            if (row.Id is { } id && !ChangeKind.CanName(Kind, before))
                plan.Reject(Fault.NotFound(i, id, "id"));
            else if (row.Id is null && MatchFault(i, before) is { } fault)
                plan.Reject(fault);
            else if (row.IfUpdatedAt is { } seen && before?.UpdatedAt.Milliseconds != seen.Milliseconds)
                plan.Reject(Fault.ChangedSince(i, before));
            else if (After(before?.Values, row, out var broken) is var values && broken is var (field, rule))
                plan.Reject(new Fault(i, rule.Code, rule.Message, field.WireName) { Id = before?.Id });
            else if (before is null)
                plan.Create(i, new Partner(ids.Next(), values, plan.Next.At, plan.Next.At, null, plan.Next.Number));
            else
                Update(i, before, values, row);
        }
        return given;

        void Update(int index, Partner before, PartnerValues values, BatchRow row)
        {
            plan.Update(index, before, ReferenceEquals(values, before.Values) ? before
                : before with { Values = values, UpdatedAt = plan.Next.At, Revision = plan.Next.Number });
            if (MatchOn == MatchOn.Email && row.Id is { } id && Gives(before, row))
                given.Add((index, id));
        }

        Fault? MatchFault(int index, Partner? match)
        {
            if (MatchOn == MatchOn.Nothing)
                return null;
            if (now.Several(index) is { } several)
            {
                var count = several.Count > Fault.MaxCandidates ? $"More than {Fault.MaxCandidates}" : $"{several.Count}";
                return new Fault(index, FaultCode.AmbiguousMatch,
                    $"{count} partners have this {KeyName}; name the one that is meant by its id.", KeyName)
                { Candidates = [.. several.Take(Fault.MaxCandidates)] };
            }
            if (match is null && _creates == CreatedItems.None)
                return new Fault(index, FaultCode.NoMatch, $"No partner has this {KeyName}, and mode=update creates none.", KeyName);
            if (match is null && !Rows[index].Given.Has(PartnerField.Name))
                return new Fault(index, FaultCode.NameRequired,
                    $"No partner matches this item, so it would create one: name is required and cannot be null or blank.", "name");
            var other = index;
            var isDuplicate = match is not null ? !firstOf.TryAdd(match.Id, index) && firstOf.TryGetValue(match.Id, out other)
                : Key(Rows[index]) is { } value && !firstWith.TryAdd(value, index) && firstWith.TryGetValue(value, out other);
            return isDuplicate
                ? new Fault(
                    index,
                    FaultCode.DuplicateMatch,
                    $"Items {other} and {index} are about the same partner; send each partner once.",
                    KeyName)
                { OtherIndex = other, Candidates = match is null ? [] : [match.Id] }
                : null;
        }
    }

    /// <summary>Rejects rows that would leave two partners with one external id or, if rows match by it, one address.</summary>
    /// <param name="given">Of <see cref="PlanRows"/>.</param>
    /// <param name="leftOut">As for <see cref="PlanRows"/>.</param>
    internal void RejectShared(PlanBuilder plan, RowsNow now, List<(int Index, Guid Id)> given, IReadOnlySet<int>? leftOut)
    {
        plan.RejectTakenExternalIds(now);
        if (given.Count > 0)
            plan.Reject(SharedEmails(given, plan, now, leftOut));
    }

    /// <summary>The form in which addresses are matched: case-folded and Unicode-normalised.</summary>
    public static string FoldEmail(string email) => EmailRules.Fold(email);

    /// <summary>Whether an item changes its partner's address to a different one.</summary>
    private static bool Gives(Partner? before, BatchRow row) => row.Email is not null && before is { DeletedAt: null }
        && row.Email != before.Email && (before.Email is null || FoldEmail(row.Email) != FoldEmail(before.Email));

    /// <summary>
    /// With matching by e-mail, an item may not give a partner an address that another partner will have: the next
    /// batch could not tell them apart. Addresses that are shared already stay.
    /// </summary>
    /// <param name="given">The items that name a partner by id and change its address.</param>
    private FaultList SharedEmails(
        List<(int Index, Guid Id)> given, PlanBuilder plan, RowsNow now, IReadOnlySet<int>? leftOut)
    {
        var itemWith = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (index, value) in Sought.Where(sought => leftOut?.Contains(sought.Index) != true))
            itemWith.TryAdd(value, index);
        var after = plan.Changes.ToDictionary(done => done.After.Id, done => done.After);
        var shared = new List<Fault>();
        foreach (var (index, id) in given)
        {
            var email = FoldEmail(Rows[index].Email!);
            if (!itemWith.TryAdd(email, index))
            {
                var (first, second) = (Math.Min(itemWith[email], index), Math.Max(itemWith[email], index));
                shared.Add(new Fault(
                    second,
                    FaultCode.DuplicateMatch,
                    $"Items {first} and {second} would leave two partners with one email; send it once.",
                    KeyName)
                { Id = Rows[second].Id, OtherIndex = first });
            }
            else if (now.EmailHolders(email).FirstOrDefault(holder => holder != id && StillHas(holder, email)) is var other
                && other != default)
            {
                shared.Add(new Fault(
                    index,
                    FaultCode.DuplicateMatch,
                    "Another partner has this email, and with matchOn=email it is one partner's.",
                    KeyName)
                { Id = id, Candidates = [other] });
            }
        }
        var faults = new FaultList(MaxFaults);
        foreach (var fault in shared.OrderBy(fault => fault.Index))
            faults.Add(fault);
        return faults;

        bool StillHas(Guid holder, string email) => plan.IsStrict || !after.TryGetValue(holder, out var partner)
            || (partner is { DeletedAt: null, Email: not null } && FoldEmail(partner.Email) == email);
    }

    private string KeyName => (MatchOn == MatchOn.Email ? PartnerField.Email : PartnerField.ExternalId).WireName;

    private string? Key(BatchRow row) => MatchOn switch
    {
        MatchOn.ExternalId => row.ExternalId,
        MatchOn.Email => row.Email is null ? null : FoldEmail(row.Email),
        _ => null,
    };

    /// <summary>A partner's values after an item.</summary>
    /// <param name="before">Null if it is created.</param>
    /// <param name="broken">The first field whose rule they break, and the rule; or null.</param>
    /// <returns>The same object if the item changes nothing.</returns>
    private static PartnerValues After(PartnerValues? before, BatchRow row, out (PartnerField Field, BrokenRule Rule)? broken)
    {
        broken = null;
        var after = before is null ? row.Values : before.With(row.Values, row.Given);
        if (row.Edits.Count == 0)
            return after;
        foreach (var edit in row.Edits)
        {
            after = after.With(edit.Field, edit.ApplyTo(before?[edit.Field], out var rule));
            broken ??= rule is null ? null : (edit.Field, rule);
        }
        return after;
    }
}
