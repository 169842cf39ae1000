namespace Roster.Changes;

/// <summary>Updates partners by id or by a match, and creates the others: PUT, and POST without ids.</summary>
public sealed class Upsert : Change
{
    private readonly bool _names;
    private readonly bool _claims;

    internal Upsert(string kind, IReadOnlyList<BatchRow> rows, MatchOn matchOn, Mirror? mirror)
    {
        (Kind, Rows, MatchOn, Mirror) = (kind, rows, matchOn, mirror);
        // Most batches have only one of them, or none.
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

    public override ChangePlan PlanOn(RowsNow now, Moment moment)
    {
        var plan = new PlanBuilder(this, moment);
        var ids = new PartnerIds(plan.Next.At, moment.IdSeed);
        var firstWith = new Dictionary<string, int>(StringComparer.Ordinal);
        var firstOf = new Dictionary<Guid, int>();
        if (MatchOn != MatchOn.Nothing)
            foreach (var named in Named)
                firstOf[named.Id] = named.Index;
        for (var i = 0; i < Rows.Count; i++)
        {
            var row = Rows[i];
            var before = now[i];
            if (row.Id is { } id && before is not { DeletedAt: null })
                plan.Reject(Fault.NotFound(i, id, "id"));
            else if (row.Id is null && MatchFault(i, before) is { } fault)
                plan.Reject(fault);
            else if (row.IfUpdatedAt is { } seen && before?.UpdatedAt.Milliseconds != seen.Milliseconds)
                plan.Reject(Fault.ChangedSince(i, before));
            else if (before is null)
                plan.Create(i, new Partner(
                    ids.Next(), row.Name!, row.Email, row.Phone, row.ExternalId, plan.Next.At, plan.Next.At, null, plan.Next.Number));
            else
                plan.Update(i, before, Updated(before, row, plan.Next));
        }
        if (Mirror is { } mirror && now.RestCount > mirror.Allowed(now.Live))
            plan.RejectDeletes(now, mirror.Allowed(now.Live));
        else
            foreach (var rest in now.Rest)
                plan.Delete(rest);
        plan.RejectTakenExternalIds(now);
        return plan.Build();

        Fault? MatchFault(int index, Partner? match)
        {
            if (MatchOn == MatchOn.Nothing)
                return null;
            if (now.Several(index) is { } several)
                return new Fault(index, FaultCode.AmbiguousMatch,
                    $"{several.Count} partners have this {KeyName}; name the one that is meant by its id.", KeyName)
                { Candidates = several };
            if (match is null && !Rows[index].Gives(PartnerFields.Name))
                return new Fault(index, FaultCode.NameRequired,
                    $"No partner matches this item, so it would create one: name is required and cannot be null or blank.", "name");
            var other = index;
            var isDuplicate = match is not null ? !firstOf.TryAdd(match.Id, index) && firstOf.TryGetValue(match.Id, out other)
                : Key(Rows[index]) is { } value && !firstWith.TryAdd(value, index) && firstWith.TryGetValue(value, out other);
            return isDuplicate
                ? new Fault(index, FaultCode.DuplicateMatch, $"Items {other} and {index} are about the same partner; send each partner once.", KeyName)
                { OtherIndex = other, Candidates = match is null ? [] : [match.Id] }
                : null;
        }
    }

    /// <summary>Addresses that match are the same under this.</summary>
    public static string FoldEmail(string email) => email.ToLowerInvariant();

    private string KeyName => PartnerFieldNames.Of(MatchOn == MatchOn.Email ? PartnerFields.Email : PartnerFields.ExternalId);

    private string? Key(BatchRow row) => MatchOn switch
    {
        MatchOn.ExternalId => row.ExternalId,
        MatchOn.Email => row.Email is null ? null : FoldEmail(row.Email),
        _ => null,
    };

    /// <returns>The same object where the row changes nothing.</returns>
    private static Partner Updated(Partner before, BatchRow row, Revision revision)
    {
        var name = row.Gives(PartnerFields.Name) ? row.Name! : before.Name;
        var email = row.Gives(PartnerFields.Email) ? row.Email : before.Email;
        var phone = row.Gives(PartnerFields.Phone) ? row.Phone : before.Phone;
        var externalId = row.Gives(PartnerFields.ExternalId) ? row.ExternalId : before.ExternalId;
        return name == before.Name && email == before.Email && phone == before.Phone && externalId == before.ExternalId
            ? before
            : before with
            {
                Name = name,
                Email = email,
                Phone = phone,
                ExternalId = externalId,
                UpdatedAt = revision.At,
                Revision = revision.Number,
            };
    }
}
