namespace Roster.Changes;

/// <summary>
/// Validation, whatever the format: takes items field by field, keeps every fault, and makes a <see cref="Batch"/>
/// only where there is none.
/// </summary>
internal sealed class BatchBuilder
{
    private readonly List<BatchRow> _rows = [];
    private readonly List<NamedPartner> _named = [];
    private readonly Dictionary<Guid, int> _firstIndexOf = [];
    private readonly FaultList _faults = new();
    private readonly List<Fault> _faultsOfItem = [];
    private PartnerFields _given;
    private Guid? _id;
    private string? _name;
    private string? _email;
    private string? _phone;

    /// <summary>The item being read, from 0.</summary>
    public int Index { get; private set; } = -1;

    /// <returns>False where the batch is full.</returns>
    public bool BeginItem()
    {
        if (Index + 1 == PartnerRules.MaxItems)
            return false;
        KeepFaultsOfItem();
        Index++;
        _given = PartnerFields.None;
        _id = null;
        _name = _email = _phone = null;
        return true;
    }

    /// <summary>Notes that the item has this field.</summary>
    /// <returns>False, with a fault, where it had it already.</returns>
    public bool Give(PartnerFields field)
    {
        if ((_given & field) == 0)
        {
            _given |= field;
            return true;
        }
        var name = WireName(field);
        Reject(FaultCode.DuplicateField, $"{name} is given twice in this item; send it once.", name);
        return false;
    }

    public void SetId(Guid id)
    {
        _id = id;
        _named.Add(new NamedPartner(Index, id));
        if (!_firstIndexOf.TryAdd(id, Index))
            _faultsOfItem.Add(Fault.DuplicateId(Index, _firstIndexOf[id], id));
    }

    public void RejectId(bool isNull) => Reject(
        FaultCode.InvalidId,
        isNull
            ? "id is null; omit it to create a partner."
            : "id is not a UUID such as 019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10; omit it to create a partner.",
        "id");

    public void SetText(PartnerFields field, string? value)
    {
        var fault = (field, value) switch
        {
            (PartnerFields.Name, null) => FaultCode.NameRequired,
            (PartnerFields.Name, _) => PartnerRules.CheckName(value),
            (_, null) => null,
            (PartnerFields.Email, _) => PartnerRules.CheckEmail(value),
            _ => PartnerRules.CheckPhone(value),
        };
        if (fault is not null)
        {
            RejectText(field, fault);
            return;
        }
        if (field == PartnerFields.Name)
            _name = value;
        else if (field == PartnerFields.Email)
            _email = value;
        else
            _phone = value;
    }

    public void RejectText(PartnerFields field, string code)
    {
        var name = WireName(field);
        Reject(code, code switch
        {
            FaultCode.NameRequired => "name is required and cannot be null or blank.",
            FaultCode.EmptyValue => $"{name} is empty; send null to clear it.",
            FaultCode.InvalidEmail => "email is not an address such as name@example.com.",
            FaultCode.InvalidText => $"{name} has a control character, a lone surrogate or invalid UTF-8.",
            FaultCode.InvalidType => $"{name} must be a string{(field == PartnerFields.Name ? "" : " or null")}.",
            _ => $"{name} is longer than {MaxLength(field)} characters.",
        }, name);
    }

    /// <summary>Rejects a field name or a value that is not text at all.</summary>
    public void RejectText(string? fieldName) => Reject(
        FaultCode.InvalidText,
        $"{fieldName ?? "A field name"} has a lone surrogate or invalid UTF-8.",
        fieldName);

    public void RejectUnknownField(string name)
    {
        const int MaxShown = 64;
        var shown = name.Length <= MaxShown ? name : string.Concat(name.AsSpan(0, MaxShown - 1), "…");
        var meant = PartnerFieldNames.All.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase));
        Reject(FaultCode.UnknownField, meant is null
            ? $"There is no such field; the fields are {string.Join(", ", PartnerFieldNames.All)}."
            : $"There is no such field; did you mean {meant}?", shown);
    }

    public void RejectItemType() => Reject(FaultCode.InvalidType, "The item is not an object.", null);

    public void EndItem()
    {
        if (((PartnerFields.Id | PartnerFields.Name) & _given) == 0)
            RejectText(PartnerFields.Name, FaultCode.NameRequired);
        _rows.Add(new BatchRow(_given, _id, _name, _email, _phone));
    }

    public BatchReading Finish(BodyFault? body)
    {
        KeepFaultsOfItem();
        body ??= Index < 0 ? new BodyFault(BodyFaultKind.NoItems) : null;
        return body is null && _faults.Count == 0
            ? new BatchReading.Accepted(new Batch(_rows))
            : new BatchReading.Refused(body, Index + 1, _faults, _named);
    }

    /// <summary>The most code points that a text field holds.</summary>
    public static int MaxLength(PartnerFields field) => field switch
    {
        PartnerFields.Name => PartnerRules.MaxName,
        PartnerFields.Email => PartnerRules.MaxEmail,
        _ => PartnerRules.MaxPhone,
    };

    private static string WireName(PartnerFields field) => PartnerFieldNames.Of(field);

    private void Reject(string code, string message, string? field) =>
        _faultsOfItem.Add(new Fault(Index, code, message, field));

    /// <summary>An item's faults are kept when all of it is read, so that each can say which partner it is about.</summary>
    private void KeepFaultsOfItem()
    {
        foreach (var fault in _faultsOfItem)
            _faults.Add(fault with { Id = _id });
        _faultsOfItem.Clear();
    }
}

/// <summary>The fields' names on the wire.</summary>
internal static class PartnerFieldNames
{
    public static IReadOnlyList<string> All { get; } = ["id", "name", "email", "phone", "createdAt", "updatedAt"];

    public static string Of(PartnerFields field) => All[System.Numerics.BitOperations.Log2((uint)field)];
}
