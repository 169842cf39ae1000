using Roster.Changes;
using Roster.Partners;

namespace Roster.Batches;

/// <summary>
/// Validation, whatever the format: takes items field by field, keeps every fault, and makes a <see cref="Change"/>
/// only where there is none.
/// </summary>
/// <param name="kind">One of <see cref="ChangeKind"/>: what the items are for.</param>
/// <param name="mirror">Where the batch is the whole truth.</param>
/// <param name="creates">Which items may create a partner.</param>
public sealed class BatchBuilder(
    string kind, MatchOn matchOn = MatchOn.Nothing, Mirror? mirror = null, CreatedItems creates = CreatedItems.WithNewKey)
{
    private readonly List<BatchRow> _rows = [];
    private readonly NamedPartners _named = new();
    private readonly FaultList _faults = new();
    private readonly List<Fault> _faultsOfItem = [];
    private readonly List<Doubt> _doubts = [];
    private readonly List<(PartnerField Field, string Value, int Column)> _doubtsOfItem = [];
    private readonly PartnerField? _keyField = matchOn switch
    {
        MatchOn.ExternalId => PartnerField.ExternalId,
        MatchOn.Email => PartnerField.Email,
        _ => null,
    };

    /// <summary>Whether the item has something as its key, right or wrong; and the text without anything to see that it has instead.</summary>
    private bool _hasKey;
    private (string Text, int Column)? _blankKey;
    private int _unlistedOfItem;
    private FieldSet _given;
    private Guid? _id;
    private FieldTexts _texts;

    /// <summary>The tags that the item gives, by field; null for a field that is null. Most items have none.</summary>
    private readonly Dictionary<PartnerField, List<string>?> _tags = [];

    /// <summary>The keys of metadata that the item gives, and the same as a set.</summary>
    private readonly List<KeyValuePair<string, string?>> _metadata = [];
    private readonly HashSet<string> _metadataKeys = new(StringComparer.Ordinal);
    private bool _isMetadataCleared;
    private Timestamp? _ifUpdatedAt;

    /// <summary>Whether items are nothing but ids.</summary>
    public bool ItemsAreIds { get; } = kind is ChangeKind.Delete or ChangeKind.Restore or ChangeKind.Erase;

    /// <summary>For formats of lines: the line being read, from 1.</summary>
    public int Line { get; set; }

    /// <summary>For CSV: the column being read, from 1.</summary>
    public int Column { get; set; }

    /// <summary>The item being read, from 0.</summary>
    public int Index { get; private set; } = -1;

    /// <returns>False where the batch is full.</returns>
    public bool BeginItem()
    {
        if (Index + 1 == PartnerRules.MaxItems)
            return false;
        AddFaultsOfItem();
        Index++;
        _given = default;
        _id = null;
        _texts = default;
        _tags.Clear();
        _metadata.Clear();
        _metadataKeys.Clear();
        _isMetadataCleared = false;
        _ifUpdatedAt = null;
        _hasKey = false;
        _blankKey = null;
        return true;
    }

    /// <summary>Notes that the item has this field.</summary>
    /// <returns>False, with a fault, where it had it already.</returns>
    public bool Give(PartnerField field)
    {
        if (!_given.Has(field))
        {
            _given = _given.With(field);
            return true;
        }
        Reject(FaultCode.DuplicateField, $"{field} is given twice in this item; send it once.", field.WireName);
        return false;
    }

    /// <summary>Notes that the item has a part of this field.</summary>
    public void GiveSome(PartnerField field) => _given = _given.With(field);

    public void SetId(Guid id)
    {
        _id = id;
        if (kind == ChangeKind.Create)
        {
            Reject(FaultCode.IdNotAllowed, "This call creates partners and gives them their ids; use PUT to update.", "id");
            return;
        }
        if (_named.Add(Index, id) is { } first)
            Reject(FaultCode.DuplicateId, $"Items {first} and {Index} have the same id; send each partner once.", IdField, otherIndex: first);
    }

    public void RejectId(bool isNull) => Reject(
        FaultCode.InvalidId,
        ItemsAreIds ? "The item is not a UUID such as 019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10."
        : isNull ? "id is null; omit it to create a partner."
        : "id is not a UUID such as 019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10; omit it to create a partner.",
        IdField);

    public void SetText(PartnerField field, string? value)
    {
        if (field == PartnerField.IfUpdatedAt)
        {
            SetIfUpdatedAt(value);
            return;
        }
        if (field == _keyField && value is not null)
        {
            if (!VisibleText.IsSeen(value))
            {
                // What this is, the end of the item says: a missing key, unless an id says which partner is meant.
                _blankKey = (value, Column);
                return;
            }
            _hasKey = true;
        }
        var broken = value is not null ? field.Check(value) : field.IsRequired ? PartnerRules.NameRequired : null;
        if (broken is { IsLater: true })
        {
            _doubtsOfItem.Add((field, value!, Column));
        }
        else if (broken is not null)
        {
            Reject(field, broken);
            return;
        }
        _texts.Set(field, value);
    }

    /// <summary>Takes a list of tags that is there, or that is null. Its tags follow.</summary>
    public void SetTags(PartnerField field, bool isNull) => _tags[field] = isNull ? null : [];

    /// <summary>Takes a tag of a list.</summary>
    /// <returns>False, with a fault, where the list is full already.</returns>
    public bool AddTag(PartnerField field, string tag)
    {
        var tags = _tags[field]!;
        if (tags.Count == TagText.MaxCount)
        {
            Reject(field, TagText.TooMany(field));
            return false;
        }
        if (TagText.Check(field, tag) is { } broken)
            Reject(field, broken);
        tags.Add(tag);
        return true;
    }

    /// <summary>Takes metadata that is null as a whole.</summary>
    public void ClearMetadata() => _isMetadataCleared = true;

    /// <summary>Takes a key of metadata with its value; null removes it.</summary>
    /// <returns>False, with a fault, where there are more keys than one item may have.</returns>
    public bool SetMetadata(string key, string? value)
    {
        // As many as can be set, and as can be removed.
        if (_metadata.Count == 2 * MetadataText.MaxKeys)
        {
            Reject(PartnerField.Metadata, MetadataText.TooMany);
            return false;
        }
        if (!MetadataText.IsKey(key))
            Reject(PartnerField.Metadata, MetadataText.NotKey);
        else if (value is not null && MetadataText.CheckValue(value) is { } broken)
            Reject(broken.Code, broken.Message, MetadataText.FieldName(key));
        else if (!_metadataKeys.Add(key))
            Reject(FaultCode.DuplicateField, "This key of metadata is given twice in the item; send it once.", MetadataText.FieldName(key));
        _metadata.Add(new(key, value));
        return true;
    }

    /// <summary>Rejects a value of metadata that is no text.</summary>
    public void RejectMetadata(string key, string code)
    {
        var name = MetadataText.IsKey(key) ? MetadataText.FieldName(key) : PartnerField.Metadata.WireName;
        Reject(code, code switch
        {
            FaultCode.InvalidType => "A value of metadata must be a string or null; send numbers, and yes or no, as text.",
            FaultCode.TooLong => MetadataText.TooLong.Message,
            _ => "A value of metadata has a control character, a lone surrogate or invalid UTF-8.",
        }, name);
    }

    private void SetIfUpdatedAt(string? value)
    {
        if (Timestamp.TryParse(value, out var time))
            _ifUpdatedAt = time;
        else
            Reject(FaultCode.InvalidTime, "ifUpdatedAt is not a time such as 2024-01-01T00:00:00.000Z.", "ifUpdatedAt");
    }

    /// <summary>Rejects a value that its reader could not make a text of.</summary>
    /// <param name="code">That it is not text (invalid_text), not a string (invalid_type), or far too long (too_long).</param>
    public void RejectText(PartnerField field, string code)
    {
        _hasKey |= field == _keyField;
        Reject(field, code switch
        {
            FaultCode.InvalidText => PartnerRules.NotText(field),
            FaultCode.InvalidType => PartnerRules.NotOfType(field),
            _ => PartnerRules.TooLong(field),
        });
    }

    /// <summary>Rejects a field name or a value that is not text at all.</summary>
    /// <param name="fieldName">As <see cref="ShownName"/> has it; null where it is not text, or too long to be shown.</param>
    public void RejectText(string? fieldName) => Reject(
        FaultCode.InvalidText,
        $"{fieldName ?? "A field name, or the value of an unknown field,"} has a lone surrogate or invalid UTF-8.",
        fieldName);

    /// <summary>Rejects a value whose bytes are no text at all.</summary>
    public void RejectUtf8(PartnerField field)
    {
        _hasKey |= field == _keyField;
        Reject(field, PartnerRules.NotUtf8(field));
    }

    /// <param name="name">As <see cref="ShownName"/> has it; null where it is too long to be shown.</param>
    public void RejectUnknownField(string? name) =>
        Reject(FaultCode.UnknownField, $"There is no such field; {FieldNames.Suggest(name ?? "")}", name);

    /// <summary>A field's name as faults show it, whatever was sent: at most 64 UTF-16 units.</summary>
    public static string ShownName(string name)
    {
        const int MaxShown = 64;
        return name.Length <= MaxShown ? name
            : string.Concat(name.AsSpan(0, char.IsHighSurrogate(name[MaxShown - 2]) ? MaxShown - 2 : MaxShown - 1), "…");
    }

    /// <summary>Rejects an item of more than <see cref="PartnerRules.MaxMembers"/>, which is not looked at further.</summary>
    public void RejectMembers()
    {
        ForgetFaultsOfItem();
        Reject(FaultCode.TooManyFields,
            $"The item has more than {PartnerRules.MaxMembers} members, and was not read further; the fields are {FieldNames.AllTexts}.", null);
    }

    /// <summary>Rejects a column of a CSV header.</summary>
    /// <returns>True, always.</returns>
    public bool RejectColumn(string code, string message, string? header)
    {
        Reject(code, message, header is null ? null : ShownName(header));
        return true;
    }

    /// <summary>Rejects a phone with an apostrophe in front, in CSV that does not say that a spreadsheet wrote it.</summary>
    public void RejectGuardedPhone() => Reject(
        FaultCode.InvalidPhone,
        "phone begins with an apostrophe, as spreadsheets write it; send the file with Content-Type: text/csv; profile=spreadsheet.",
        "phone");

    public void RejectItemType() => Reject(FaultCode.InvalidType, "The item is not an object.", null);

    /// <summary>Rejects an item that is not of the body's format; its fields are not looked at.</summary>
    public void RejectRecord(string message)
    {
        ForgetFaultsOfItem();
        Reject(FaultCode.InvalidRecord, message, null);
    }

    public void EndItem()
    {
        var namesPartner = _given.Has(PartnerField.Id) && kind != ChangeKind.Create;
        if (!namesPartner && !_hasKey && KeyFault() is { } fault)
        {
            Reject(fault.Code, fault.Message, _keyField?.WireName ?? "id");
        }
        else
        {
            if (_blankKey is var (blank, column))
            {
                Column = column;
                Reject(_keyField!, _keyField!.Check(blank)!);
            }
            // An item that can match a partner by what it gives may still turn out to be an update.
            if (!_given.Has(PartnerField.Name) && !namesPartner && !_hasKey)
                Reject(PartnerField.Name, PartnerRules.NameRequired);
        }
        AddDoubtsOfItem();
        var edits = Edits();
        // At once to the most, which stays below what .NET keeps apart as large (85,000 bytes): growing would pass that.
        if (_rows.Count == _rows.Capacity && _rows.Count >= 1_024)
            _rows.Capacity = PartnerRules.MaxItems;
        _rows.Add(new BatchRow(_given, _id, new PartnerValues(_texts), _ifUpdatedAt) { Edits = edits });
    }

    /// <summary>What the item does to tags and metadata.</summary>
    private FieldEdit[] Edits()
    {
        if (_tags.Count == 0 && !_given.Has(PartnerField.Metadata))
            return [];
        var edits = new List<FieldEdit>(2);
        var (adds, removes) = (_tags.GetValueOrDefault(PartnerField.AddTags) ?? [], _tags.GetValueOrDefault(PartnerField.RemoveTags) ?? []);
        var isReplaced = _tags.TryGetValue(PartnerField.Tags, out var tags);
        if (isReplaced && (_given.Has(PartnerField.AddTags) || _given.Has(PartnerField.RemoveTags)))
            Reject(FaultCode.ConflictingFields, "tags replaces all tags; send it alone, or addTags and removeTags.", PartnerField.Tags.WireName);
        else if (removes.Count > 0 && removes.Select(TagText.Fold).Intersect(adds.Select(TagText.Fold)).Any())
            Reject(FaultCode.ConflictingFields, "addTags and removeTags have the same tag.", PartnerField.RemoveTags.WireName);
        if (_tags.Count > 0)
            edits.Add(new TagEdit(isReplaced, isReplaced ? tags ?? [] : adds, removes));
        if (_given.Has(PartnerField.Metadata))
            edits.Add(new MetadataEdit(_isMetadataCleared, [.. _metadata]));
        return [.. edits];
    }

    public BatchReading Finish(BodyFault? body)
    {
        AddFaultsOfItem();
        body ??= Index < 0 ? new BodyFault(BodyFaultKind.NoItems) : null;
        if (body is not null || _faults.Count > 0)
            return new BatchReading.Refused(body, Index + 1, _faults, _named, _doubts);
        return new BatchReading.Accepted(ItemsAreIds
            ? kind == ChangeKind.Erase ? new Erasure([.. _named.Select(named => named.Id)]) : new Deletion(kind, [.. _named.Select(named => named.Id)])
            : new Upsert(kind, _rows, matchOn, mirror, creates, _doubts));
    }

    private string? IdField => ItemsAreIds ? null : "id";

    /// <returns>What is wrong with an item that has neither id nor key; null where it may create a partner.</returns>
    private (string Code, string Message)? KeyFault()
    {
        var isAllowed = creates == CreatedItems.WithoutKeyToo || (creates == CreatedItems.WithNewKey && _keyField is null);
        if (isAllowed)
            return null;
        var nothing = _keyField is null ? "The item has no id" : $"The item has neither id nor {_keyField}";
        return creates == CreatedItems.None ? (FaultCode.NoMatch, $"{nothing}, and mode=update creates no partner.")
            : (FaultCode.MatchKeyMissing, $"{nothing}, so it would create a new partner each time it is sent; "
                + (mirror is null ? "give it one, or allow that with withoutKey=create." : "give it one."));
    }

    private void Reject(PartnerField field, BrokenRule rule) => Reject(rule.Code, rule.Message, field.WireName);

    private void Reject(string code, string message, string? field, int? otherIndex = null)
    {
        if (_faultsOfItem.Count < _faults.Room)
            _faultsOfItem.Add(new Fault(Index, code, message, field) { OtherIndex = otherIndex, Place = (Line, Column) });
        else
            _unlistedOfItem++;
    }

    /// <summary>An item's faults are kept when all of it is read, so that each can say which partner it is about.</summary>
    private void AddFaultsOfItem()
    {
        if (_faultsOfItem.Count + _unlistedOfItem == 0)
            return;
        foreach (var fault in _faultsOfItem)
            _faults.Add(fault with { Id = _id });
        _faults.AddUnlisted(Index, _unlistedOfItem);
        ForgetFaultsOfItem();
    }

    private void ForgetFaultsOfItem()
    {
        _faultsOfItem.Clear();
        _unlistedOfItem = 0;
        _doubtsOfItem.Clear();
    }

    private void AddDoubtsOfItem()
    {
        if (_doubtsOfItem.Count == 0)
            return;
        foreach (var (field, value, column) in _doubtsOfItem)
            _doubts.Add(new Doubt(Index, _id, field, value, (Line, column)));
        _doubtsOfItem.Clear();
    }
}
