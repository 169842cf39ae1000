using Roster.Changes;
using Roster.Partners;

namespace Roster.Batches;

/// <summary>
/// Validates a batch in any format: takes items field by field and collects the faults. Makes a <see cref="Change"/>
/// only if there is none.
/// </summary>
/// <param name="kind">One of <see cref="ChangeKind"/>.</param>
/// <param name="mirror">Set if live partners that the batch does not name are to be deleted.</param>
/// <param name="creates">Which items may create a partner.</param>
/// <param name="maxFaults">Most faults to list; more are only counted.</param>
public sealed class BatchBuilder(
    string kind,
    MatchOn matchOn = MatchOn.Nothing,
    Mirror? mirror = null,
    CreatedItems creates = CreatedItems.WithNewKey,
    int maxFaults = Fault.MaxListed)
{
    private readonly List<BatchRow> _rows = [];
    private readonly NamedPartners _named = new();
    private readonly FaultList _faults = new(maxFaults);
    private readonly List<Fault> _faultsOfItem = [];
    private readonly List<Doubt> _doubts = [];
    private readonly List<(PartnerField Field, string Value, int Column)> _doubtsOfItem = [];
    private readonly PartnerField? _keyField = matchOn switch
    {
        MatchOn.ExternalId => PartnerField.ExternalId,
        MatchOn.Email => PartnerField.Email,
        _ => null,
    };

    /// <summary>Whether the item has a visible value as its match key, valid or not.</summary>
    private bool _hasKey;

    /// <summary>The item's match key if it has no visible character.</summary>
    private (string Text, int Column)? _blankKey;

    /// <summary>The items without a row: those that could not be read to their end.</summary>
    private readonly List<int> _unread = [];
    private bool _isItemOpen;
    private int _unlistedOfItem;
    private FieldSet _given;
    private Guid? _id;
    private FieldTexts _texts;

    /// <summary>The item's tags by field; null for a field that is null. Most items have none.</summary>
    private readonly Dictionary<PartnerField, List<string>?> _tags = [];

    /// <summary>The item's metadata keys with their values.</summary>
    private readonly List<KeyValuePair<string, string?>> _metadata = [];

    /// <summary>The keys of <see cref="_metadata"/>, to find duplicates.</summary>
    private readonly HashSet<string> _metadataKeys = new(StringComparer.Ordinal);
    private bool _isMetadataCleared;
    private Timestamp? _ifUpdatedAt;

    /// <summary>Whether each item is only an id.</summary>
    public bool ItemsAreIds { get; } = kind is ChangeKind.Delete or ChangeKind.Restore or ChangeKind.Erase;

    /// <summary>For line-based formats: the line being read, from 1.</summary>
    public int Line { get; set; }

    /// <summary>For CSV: the column being read, from 1.</summary>
    public int Column { get; set; }

    /// <summary>The item being read, from 0.</summary>
    public int Index { get; private set; } = -1;

    /// <returns>False if the batch is full.</returns>
    public bool BeginItem()
    {
        if (Index + 1 == PartnerRules.MaxItems)
            return false;
        AddFaultsOfItem();
        NoteUnread();
        Index++;
        _isItemOpen = true;
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

    /// <summary>Marks a field as given by the item.</summary>
    /// <returns>False, with a fault, if it was given before.</returns>
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

    /// <summary>Marks a field as given, in part: it may be given again.</summary>
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
            Reject(
                FaultCode.DuplicateId, $"Items {first} and {Index} have the same id; send each partner once.", IdField, otherIndex: first);
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
                // EndItem decides: a missing key, unless an id names the partner.
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

    /// <summary>Begins a list of tags, which may be null. Its tags follow.</summary>
    public void SetTags(PartnerField field, bool isNull) => _tags[field] = isNull ? null : [];

    /// <summary>Adds a tag to a list.</summary>
    /// <returns>False, with a fault, if the list is full.</returns>
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

    /// <summary>Notes that metadata is null as a whole.</summary>
    public void ClearMetadata() => _isMetadataCleared = true;

    /// <summary>Sets a metadata key; null removes it.</summary>
    /// <returns>False, with a fault, if the item has too many keys.</returns>
    public bool SetMetadata(string key, string? value)
    {
        // An item may set MaxKeys and remove MaxKeys.
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
            Reject(
                FaultCode.DuplicateField,
                "This key of metadata is given twice in the item; send it once.",
                MetadataText.FieldName(key));
        _metadata.Add(new(key, value));
        return true;
    }

    /// <summary>Rejects a metadata value that its reader could not convert to text.</summary>
    public void RejectMetadata(string key, string code)
    {
        var broken = code switch
        {
            FaultCode.InvalidType => MetadataText.NotString,
            FaultCode.TooLong => MetadataText.TooLong,
            _ => MetadataText.NotText,
        };
        Reject(broken.Code, broken.Message, MetadataText.IsKey(key) ? MetadataText.FieldName(key) : PartnerField.Metadata.WireName);
    }

    private void SetIfUpdatedAt(string? value)
    {
        if (Timestamp.TryParse(value, out var time))
            _ifUpdatedAt = time;
        else
            Reject(FaultCode.InvalidTime, "ifUpdatedAt is not a time such as 2024-01-01T00:00:00.000Z.", "ifUpdatedAt");
    }

    /// <summary>Rejects a value that its reader could not convert to text.</summary>
    /// <param name="code">invalid_text, invalid_type (not a string) or too_long.</param>
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

    /// <summary>Rejects a field name, or the value of an unknown field, that is not valid text.</summary>
    /// <param name="fieldName">By <see cref="ShownName"/>; null if it is not text or too long.</param>
    public void RejectText(string? fieldName) => Reject(
        FaultCode.InvalidText,
        $"{fieldName ?? "A field name, or the value of an unknown field,"} has a lone surrogate or invalid UTF-8.",
        fieldName);

    /// <summary>Rejects a value whose bytes are not UTF-8.</summary>
    public void RejectUtf8(PartnerField field)
    {
        _hasKey |= field == _keyField;
        Reject(field, PartnerRules.NotUtf8(field));
    }

    /// <param name="name">By <see cref="ShownName"/>; null if it is too long.</param>
    public void RejectUnknownField(string? name) =>
        Reject(FaultCode.UnknownField, $"There is no such field; {FieldNames.Suggest(name ?? "")}", name);

    /// <summary>A sent name cut for faults: at most 64 UTF-16 units.</summary>
    public static string ShownName(string name)
    {
        const int MaxShown = 64;
        return name.Length <= MaxShown ? name
            : string.Concat(TextCut.Within(name.AsSpan(), MaxShown - 1), "…");
    }

    /// <summary>
    /// Rejects an item of more than <see cref="PartnerRules.MaxMembers"/> members, which is not read further.
    /// </summary>
    public void RejectMembers()
    {
        ForgetFaultsOfItem();
        Reject(FaultCode.TooManyFields,
            $"The item has more than {PartnerRules.MaxMembers} members, and was not read further; the fields are {FieldNames.AllTexts}.",
            null);
    }

    /// <summary>Rejects a column of a CSV header.</summary>
    /// <returns>Always true.</returns>
    public bool RejectColumn(string code, string message, string? header)
    {
        Reject(code, message, header is null ? null : ShownName(header));
        return true;
    }

    /// <summary>Rejects a phone that begins with an apostrophe in CSV without the spreadsheet profile.</summary>
    public void RejectGuardedPhone() => Reject(
        FaultCode.InvalidPhone,
        "phone begins with an apostrophe, as spreadsheets write it; send the file with Content-Type: text/csv; profile=spreadsheet.",
        "phone");

    /// <summary>Rejects the value of a field for a reason that its reader knows.</summary>
    /// <param name="code">One of <see cref="FaultCode"/>.</param>
    /// <param name="key">The metadata key, if the field is metadata.</param>
    public void RejectValue(PartnerField field, string? key, string code, string message)
    {
        _hasKey |= field == _keyField;
        Reject(code, message, key is null ? field.WireName : MetadataText.FieldName(key));
    }

    public void RejectItemType() => Reject(FaultCode.InvalidType, "The item is not an object.", null);

    /// <summary>Rejects an item that is malformed; its fields are not read.</summary>
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
            // An item with a match key may still be an update, which needs no name.
            if (!_given.Has(PartnerField.Name) && !namesPartner && !_hasKey)
                Reject(PartnerField.Name, PartnerRules.NameRequired);
        }
        AddDoubtsOfItem();
        var edits = Edits();
        // Grow to the maximum at once: its array stays out of the large object heap (85,000 bytes), doubling would not.
        if (_rows.Count == _rows.Capacity && _rows.Count >= 1_024)
            _rows.Capacity = PartnerRules.MaxItems;
        _rows.Add(new BatchRow(_given, _id, new PartnerValues(_texts), _ifUpdatedAt) { Edits = edits });
        _isItemOpen = false;
    }

    /// <summary>The item's edits of tags and metadata.</summary>
    private FieldEdit[] Edits()
    {
        if (_tags.Count == 0 && !_given.Has(PartnerField.Metadata))
            return [];
        var edits = new List<FieldEdit>(2);
        var adds = _tags.GetValueOrDefault(PartnerField.AddTags) ?? [];
        var removes = _tags.GetValueOrDefault(PartnerField.RemoveTags) ?? [];
        var isReplaced = _tags.TryGetValue(PartnerField.Tags, out var tags);
        if (isReplaced && (_given.Has(PartnerField.AddTags) || _given.Has(PartnerField.RemoveTags)))
            Reject(
                FaultCode.ConflictingFields,
                "tags replaces all tags; send it alone, or addTags and removeTags.",
                PartnerField.Tags.WireName);
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
        return new BatchReading.Accepted(
            kind == ChangeKind.Erase ? new Erasure([.. _named.Select(named => named.Id)])
            : ItemsAreIds ? new Deletion(kind, [.. _named.Select(named => named.Id)])
            : new Upsert(kind, _rows, matchOn, mirror, creates, _doubts));
    }

    /// <summary>
    /// Finishes a batch of which the valid items are used, whatever is wrong with the others: an import. Faults beyond the
    /// builder's limit are not listed; their items are left out nevertheless.
    /// </summary>
    public ImportedItems FinishItems()
    {
        AddFaultsOfItem();
        NoteUnread();
        var faults = _faults.Listed.GroupBy(fault => fault.Index)
            .ToDictionary(of => of.Key, of => (IReadOnlyList<Fault>)[.. of]);
        var valid = new List<ImportedItem>(_rows.Count);
        var unread = 0;
        for (var i = 0; i < _rows.Count; i++)
        {
            while (unread < _unread.Count && _unread[unread] == i + unread)
                unread++;
            if (!_faults.Has(i + unread))
                valid.Add(new ImportedItem(i + unread, _rows[i]));
        }
        return new ImportedItems(Index + 1, valid, _doubts, faults);
    }

    /// <summary>Notes that the item before has no row.</summary>
    private void NoteUnread()
    {
        if (_isItemOpen && !ItemsAreIds)
            _unread.Add(Index);
        _isItemOpen = false;
    }

    private string? IdField => ItemsAreIds ? null : "id";

    /// <returns>The fault of an item with neither id nor key; null if it may create a partner.</returns>
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

    /// <summary>Adds the faults of the item at its end, when its id is known.</summary>
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
