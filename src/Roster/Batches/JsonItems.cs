using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Unicode;
using Roster.Partners;

namespace Roster.Batches;

/// <summary>Passes the JSON tokens of items, one by one, to a <see cref="BatchBuilder"/>.</summary>
internal sealed class JsonItems(BatchBuilder batch)
{
    /// <summary>Most bytes of one code point in JSON: two escaped surrogates.</summary>
    private const int MaxBytesPerCodePoint = 12;

    /// <summary>A longer name is no known field and is not shown.</summary>
    private const int MaxNameBytes = 64 * MaxBytesPerCodePoint;

    /// <summary>Not a fault code: marks a text that is not UTF-8, which has its own message.</summary>
    private const string NotUtf8 = "not_utf8";

    /// <summary>Buffer for texts without escapes; longer ones take the slow path.</summary>
    private readonly char[] _text = new char[512];

    private Expecting _expecting;
    private Expecting _afterSkip;
    private int _skipDepth;
    private bool _skipsUnread;
    private int _members;
    private PartnerField? _field;
    private string? _fieldName;
    private string _metadataKey = "";

    private enum Expecting
    {
        Item,
        FieldName,
        Value,
        Tag,
        MetadataKey,
        MetadataValue,
        EndOfSkipped,
    }

    /// <summary>Whether the next token begins an item or ends the array of items.</summary>
    public bool IsBetweenItems => _expecting == Expecting.Item;

    /// <summary>Drops an item that was not read to its end.</summary>
    public void Abandon() => _expecting = Expecting.Item;

    /// <returns>False if the batch is full.</returns>
    public bool Take(ref Utf8JsonReader json)
    {
        switch (_expecting)
        {
            case Expecting.Item:
                return TakeItem(ref json);
            case Expecting.FieldName:
                TakeFieldName(ref json);
                break;
            case Expecting.Value:
                TakeValue(ref json);
                break;
            case Expecting.Tag:
                TakeTag(ref json, _field!);
                break;
            case Expecting.MetadataKey:
                TakeMetadataKey(ref json);
                break;
            case Expecting.MetadataValue:
                TakeMetadataValue(ref json);
                break;
            case Expecting.EndOfSkipped:
                TakeSkipped(ref json);
                break;
        }
        return true;
    }

    private bool TakeItem(ref Utf8JsonReader json)
    {
        if (!batch.BeginItem())
            return false;
        if (batch.ItemsAreIds)
        {
            TakeId(ref json, then: Expecting.Item);
        }
        else if (json.TokenType == JsonTokenType.StartObject)
        {
            _expecting = Expecting.FieldName;
            _members = 0;
        }
        else
        {
            batch.RejectItemType();
            _fieldName = null;
            Skip(ref json, Expecting.Item);
        }
        return true;
    }

    private void TakeFieldName(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.EndObject)
        {
            batch.EndItem();
            _expecting = Expecting.Item;
            return;
        }
        if (++_members > PartnerRules.MaxMembers)
        {
            batch.RejectMembers();
            // Skip to the end of the item, one level up.
            SkipTo(json.CurrentDepth - 1, Expecting.Item, unread: true);
            return;
        }
        _expecting = Expecting.Value;
        _field = null;
        _fieldName = null;
        // An escaped name that is not valid text cannot be compared.
        var field = json.ValueIsEscaped && !IsText(ref json) ? null : FieldNamed(ref json);
        if (field is not null)
        {
            _fieldName = field.WireName;
            if (batch.Give(field))
                _field = field;
        }
        else if (IsText(ref json))
        {
            _fieldName = ValueLength(ref json) > MaxNameBytes ? null : BatchBuilder.ShownName(json.GetString()!);
            batch.RejectUnknownField(_fieldName);
        }
        else
        {
            batch.RejectText(fieldName: null);
        }
    }

    private static PartnerField? FieldNamed(ref Utf8JsonReader json)
    {
        foreach (var field in PartnerField.All)
            if (json.ValueTextEquals(field.Utf8Name))
                return field;
        return null;
    }

    private void TakeValue(ref Utf8JsonReader json)
    {
        _expecting = Expecting.FieldName;
        switch (_field?.Kind)
        {
            case FieldKind.Id:
                TakeId(ref json, then: Expecting.FieldName);
                break;
            case FieldKind.Text or FieldKind.Condition:
                TakeText(ref json, _field);
                break;
            case FieldKind.Tags or FieldKind.TagEdit:
                TakeTags(ref json, _field);
                break;
            case FieldKind.Metadata:
                TakeMetadata(ref json, _field);
                break;
            default:
                TakeIgnored(ref json);
                break;
        }
    }

    private void TakeId(ref Utf8JsonReader json, Expecting then)
    {
        if (json.TokenType == JsonTokenType.String && TryGetId(ref json, out var id))
        {
            batch.SetId(id);
            return;
        }
        batch.RejectId(isNull: json.TokenType == JsonTokenType.Null);
        Skip(ref json, then);
    }

    private static bool TryGetId(ref Utf8JsonReader json, out Guid id)
    {
        const int Length = 36;
        id = default;
        if (!json.HasValueSequence && !json.ValueIsEscaped)
            return json.ValueSpan.Length == Length && Utf8Parser.TryParse(json.ValueSpan, out id, out var all, 'D') && all == Length;
        Span<byte> text = stackalloc byte[Length * MaxBytesPerCodePoint];
        return ValueLength(ref json) <= text.Length && IsText(ref json)
            && json.CopyString(text) == Length && Utf8Parser.TryParse(text, out id, out var used, 'D') && used == Length;
    }

    private void TakeText(ref Utf8JsonReader json, PartnerField field)
    {
        if (json.TokenType == JsonTokenType.Null)
            batch.SetText(field, null);
        else if (ReadText(ref json, field.MaxLength, out var text) is not { } trouble)
            batch.SetText(field, text);
        else
            Reject(ref json, field, trouble, then: Expecting.FieldName);
    }

    private void TakeTags(ref Utf8JsonReader json, PartnerField field)
    {
        if (json.TokenType is JsonTokenType.Null or JsonTokenType.StartArray)
        {
            batch.SetTags(field, isNull: json.TokenType == JsonTokenType.Null);
            _expecting = json.TokenType == JsonTokenType.Null ? Expecting.FieldName : Expecting.Tag;
        }
        else
        {
            Reject(ref json, field, FaultCode.InvalidType, then: Expecting.FieldName);
        }
    }

    private void TakeTag(ref Utf8JsonReader json, PartnerField field)
    {
        if (json.TokenType == JsonTokenType.EndArray)
            _expecting = Expecting.FieldName;
        else if (ReadText(ref json, TagText.MaxLength, out var tag) is { } trouble)
            Reject(ref json, field, trouble, then: Expecting.Tag);
        else if (!batch.AddTag(field, tag!))
            // Skip to the end of the array, one level up.
            SkipTo(json.CurrentDepth - 1, Expecting.FieldName, unread: true);
    }

    private void TakeMetadata(ref Utf8JsonReader json, PartnerField field)
    {
        if (json.TokenType == JsonTokenType.StartObject)
            _expecting = Expecting.MetadataKey;
        else if (json.TokenType == JsonTokenType.Null)
            batch.ClearMetadata();
        else
            Reject(ref json, field, FaultCode.InvalidType, then: Expecting.FieldName);
    }

    private void TakeMetadataKey(ref Utf8JsonReader json)
    {
        _expecting = json.TokenType == JsonTokenType.EndObject ? Expecting.FieldName : Expecting.MetadataValue;
        // A name that is not valid text is not a key either.
        var isEnd = _expecting == Expecting.FieldName;
        _metadataKey = isEnd || ReadText(ref json, MetadataText.MaxKeyLength, out var key) is not null ? "" : key!;
    }

    private void TakeMetadataValue(ref Utf8JsonReader json)
    {
        _expecting = Expecting.MetadataKey;
        string? value = null;
        if (json.TokenType != JsonTokenType.Null && ReadText(ref json, MetadataText.MaxValueLength, out value) is { } trouble)
        {
            batch.RejectMetadata(_metadataKey, trouble == NotUtf8 ? FaultCode.InvalidText : trouble);
            Skip(ref json, Expecting.MetadataKey);
        }
        else if (!batch.SetMetadata(_metadataKey, value))
        {
            SkipTo(json.CurrentDepth - 1, Expecting.FieldName, unread: true);
        }
    }

    private void Reject(ref Utf8JsonReader json, PartnerField field, string code, Expecting then)
    {
        if (code == NotUtf8)
            batch.RejectUtf8(field);
        else
            batch.RejectText(field, code);
        Skip(ref json, then);
    }

    /// <summary>Reads a string or a property name.</summary>
    /// <param name="maxLength">In code points. Texts that are certainly longer are not converted.</param>
    /// <returns>Null if it was read; otherwise a fault code or <see cref="NotUtf8"/>.</returns>
    private string? ReadText(ref Utf8JsonReader json, int maxLength, out string? text)
    {
        text = null;
        if (json.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
            return FaultCode.InvalidType;
        if (!json.HasValueSequence && !json.ValueIsEscaped && json.ValueSpan.Length <= _text.Length)
        {
            // Fast path for nearly every text: one pass checks and converts it.
            if (Utf8.ToUtf16(json.ValueSpan, _text, out _, out var length, replaceInvalidSequences: false) != OperationStatus.Done)
                return NotUtf8;
            text = new string(_text, 0, length);
            return null;
        }
        if (ValueLength(ref json) > maxLength * MaxBytesPerCodePoint)
            return FaultCode.TooLong;
        if (!IsUtf8(ref json))
            return NotUtf8;
        if (!IsText(ref json))
            return FaultCode.InvalidText;
        text = json.GetString();
        return null;
    }

    private void TakeIgnored(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.String && !IsText(ref json))
            batch.RejectText(_fieldName);
        Skip(ref json, Expecting.FieldName);
    }

    /// <summary>Skips the current value with everything in it.</summary>
    private void Skip(ref Utf8JsonReader json, Expecting then)
    {
        if (json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            _expecting = then;
            return;
        }
        SkipTo(json.CurrentDepth, then, unread: false);
    }

    /// <param name="depth">Depth of the skipped value.</param>
    /// <param name="unread">Whether its texts are not checked.</param>
    private void SkipTo(int depth, Expecting then, bool unread)
    {
        (_skipDepth, _afterSkip, _skipsUnread) = (depth, then, unread);
        _expecting = Expecting.EndOfSkipped;
    }

    private void TakeSkipped(ref Utf8JsonReader json)
    {
        if (!_skipsUnread && json.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && !IsText(ref json))
        {
            batch.RejectText(_fieldName);
            // One fault is enough for all of it.
            _skipsUnread = true;
        }
        if (json.CurrentDepth == _skipDepth && json.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
            _expecting = _afterSkip;
    }

    private static long ValueLength(ref Utf8JsonReader json) =>
        json.HasValueSequence ? json.ValueSequence.Length : json.ValueSpan.Length;

    /// <summary>Whether a string token is valid UTF-8 without an escaped lone surrogate.</summary>
    private static bool IsText(ref Utf8JsonReader json)
    {
        ReadOnlySpan<byte> raw = json.HasValueSequence ? json.ValueSequence.ToArray() : json.ValueSpan;
        return Utf8.IsValid(raw) && !(json.ValueIsEscaped && HasLoneSurrogate(raw));
    }

    private static bool IsUtf8(ref Utf8JsonReader json) =>
        Utf8.IsValid(json.HasValueSequence ? json.ValueSequence.ToArray() : json.ValueSpan);

    private static bool HasLoneSurrogate(ReadOnlySpan<byte> raw)
    {
        var afterHigh = false;
        for (var i = 0; i < raw.Length; i++)
        {
            var isUnicodeEscape = raw[i] == '\\' && raw[i + 1] == 'u';
            var unit = isUnicodeEscape && Utf8Parser.TryParse(raw.Slice(i + 2, 4), out ushort hex, out _, 'x') ? (char)hex : '\0';
            if (char.IsLowSurrogate(unit) != afterHigh)
                return true;
            afterHigh = char.IsHighSurrogate(unit);
            if (raw[i] == '\\')
                i += isUnicodeEscape ? 5 : 1;
        }
        return afterHigh;
    }
}
