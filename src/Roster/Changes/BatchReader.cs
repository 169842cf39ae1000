using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Roster.Changes;

/// <summary>
/// Reads a JSON array of partners as its bytes come in, token by token, and holds no more of them than the token that
/// is not complete yet. Feed it with <see cref="Read"/> until the body ends or <see cref="IsDone"/>, then ask
/// <see cref="Finish"/>.
/// </summary>
public sealed class BatchReader
{
    /// <summary>The most bytes that JSON takes for one code point: two escaped surrogates.</summary>
    private const int MaxBytesPerCodePoint = 12;

    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    private readonly BatchBuilder _batch = new();
    private JsonReaderState _json;
    private Expecting _expecting = Expecting.Start;
    private Expecting _afterSkip;
    private int _skipDepth;
    private PartnerFields _field;
    private string? _fieldName;
    private bool _isPastByteOrderMark;
    private BodyFault? _bodyFault;

    private enum Expecting
    {
        Start,
        Item,
        FieldName,
        Value,
        EndOfSkipped,
        End,
    }

    /// <summary>Whether nothing that still comes can change what <see cref="Finish"/> answers.</summary>
    public bool IsDone => _bodyFault is not null;

    /// <summary>Reads what is complete.</summary>
    /// <param name="bytes">All bytes that are not consumed yet.</param>
    /// <param name="isFinal">Whether the body ends with them.</param>
    /// <returns>Up to where the bytes are consumed.</returns>
    public SequencePosition Read(ReadOnlySequence<byte> bytes, bool isFinal)
    {
        if (!_isPastByteOrderMark)
        {
            if (bytes.Length < ByteOrderMark.Length && !isFinal)
                return bytes.Start;
            _isPastByteOrderMark = true;
            if (StartsWithByteOrderMark(bytes))
                bytes = bytes.Slice(ByteOrderMark.Length);
        }
        if (isFinal && _expecting == Expecting.Start && IsBlank(bytes))
        {
            _bodyFault = new BodyFault(BodyFaultKind.Empty);
            return bytes.End;
        }
        var json = new Utf8JsonReader(bytes, isFinal, _json);
        try
        {
            while (!IsDone && json.Read())
                Take(ref json);
        }
        catch (JsonException broken)
        {
            _bodyFault = new BodyFault(
                BodyFaultKind.NotJson, (broken.LineNumber ?? 0) + 1, (broken.BytePositionInLine ?? 0) + 1);
        }
        _json = json.CurrentState;
        return json.Position;
    }

    public BatchReading Finish() => _batch.Finish(_bodyFault);

    private static bool StartsWithByteOrderMark(ReadOnlySequence<byte> bytes)
    {
        if (bytes.Length < ByteOrderMark.Length)
            return false;
        Span<byte> start = stackalloc byte[ByteOrderMark.Length];
        bytes.Slice(0, ByteOrderMark.Length).CopyTo(start);
        return start.SequenceEqual(ByteOrderMark);
    }

    private static bool IsBlank(ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
            if (segment.Span.ContainsAnyExcept(" \t\r\n"u8))
                return false;
        return true;
    }

    private void Take(ref Utf8JsonReader json)
    {
        switch (_expecting)
        {
            case Expecting.Start:
                _expecting = Expecting.Item;
                if (json.TokenType != JsonTokenType.StartArray)
                    _bodyFault = new BodyFault(BodyFaultKind.NotAnArray);
                break;
            case Expecting.Item:
                TakeItem(ref json);
                break;
            case Expecting.FieldName:
                TakeFieldName(ref json);
                break;
            case Expecting.Value:
                TakeValue(ref json);
                break;
            case Expecting.EndOfSkipped:
                TakeSkipped(ref json);
                break;
        }
    }

    private void TakeItem(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.EndArray)
        {
            _expecting = Expecting.End;
            return;
        }
        if (!_batch.BeginItem())
        {
            _bodyFault = new BodyFault(BodyFaultKind.TooManyItems);
            return;
        }
        if (json.TokenType == JsonTokenType.StartObject)
        {
            _expecting = Expecting.FieldName;
            return;
        }
        _batch.RejectItemType();
        _fieldName = null;
        Skip(ref json, Expecting.Item);
    }

    private void TakeFieldName(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.EndObject)
        {
            _batch.EndItem();
            _expecting = Expecting.Item;
            return;
        }
        _expecting = Expecting.Value;
        _field = PartnerFields.None;
        _fieldName = null;
        if (!IsText(ref json))
        {
            _batch.RejectText(fieldName: null);
            return;
        }
        var field = FieldNamed(ref json);
        if (field == PartnerFields.None)
        {
            _fieldName = json.GetString()!;
            _batch.RejectUnknownField(_fieldName);
        }
        else
        {
            _fieldName = PartnerFieldNames.Of(field);
            if (_batch.Give(field))
                _field = field;
        }
    }

    private static PartnerFields FieldNamed(ref Utf8JsonReader json) =>
        json.ValueTextEquals("id"u8) ? PartnerFields.Id
        : json.ValueTextEquals("name"u8) ? PartnerFields.Name
        : json.ValueTextEquals("email"u8) ? PartnerFields.Email
        : json.ValueTextEquals("phone"u8) ? PartnerFields.Phone
        : json.ValueTextEquals("createdAt"u8) ? PartnerFields.CreatedAt
        : json.ValueTextEquals("updatedAt"u8) ? PartnerFields.UpdatedAt
        : PartnerFields.None;

    private void TakeValue(ref Utf8JsonReader json)
    {
        _expecting = Expecting.FieldName;
        switch (_field)
        {
            case PartnerFields.Id:
                TakeId(ref json);
                break;
            case PartnerFields.Name or PartnerFields.Email or PartnerFields.Phone:
                TakeText(ref json);
                break;
            default:
                TakeIgnored(ref json);
                break;
        }
    }

    private void TakeId(ref Utf8JsonReader json)
    {
        const int Length = 36;
        Span<byte> text = stackalloc byte[Length * MaxBytesPerCodePoint];
        if (json.TokenType == JsonTokenType.String && ValueLength(ref json) <= text.Length && IsText(ref json)
            && json.CopyString(text) == Length && Utf8Parser.TryParse(text, out Guid id, out var used, 'D') && used == Length)
        {
            _batch.SetId(id);
            return;
        }
        _batch.RejectId(isNull: json.TokenType == JsonTokenType.Null);
        Skip(ref json, Expecting.FieldName);
    }

    private void TakeText(ref Utf8JsonReader json)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.Null:
                _batch.SetText(_field, null);
                break;
            case JsonTokenType.String when ValueLength(ref json) > BatchBuilder.MaxLength(_field) * MaxBytesPerCodePoint:
                _batch.RejectText(_field, FaultCode.TooLong);
                break;
            case JsonTokenType.String when !IsText(ref json):
                _batch.RejectText(_field, FaultCode.InvalidText);
                break;
            case JsonTokenType.String:
                _batch.SetText(_field, json.GetString());
                break;
            default:
                _batch.RejectText(_field, FaultCode.InvalidType);
                Skip(ref json, Expecting.FieldName);
                break;
        }
    }

    private void TakeIgnored(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.String && !IsText(ref json))
            _batch.RejectText(_fieldName);
        Skip(ref json, Expecting.FieldName);
    }

    /// <summary>Passes over the value that the reader is at, with all that is in it.</summary>
    private void Skip(ref Utf8JsonReader json, Expecting then)
    {
        if (json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            _expecting = then;
            return;
        }
        _skipDepth = json.CurrentDepth;
        _afterSkip = then;
        _expecting = Expecting.EndOfSkipped;
    }

    private void TakeSkipped(ref Utf8JsonReader json)
    {
        if (json.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && !IsText(ref json))
            _batch.RejectText(_fieldName);
        if (json.CurrentDepth == _skipDepth && json.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
            _expecting = _afterSkip;
    }

    private static long ValueLength(ref Utf8JsonReader json) =>
        json.HasValueSequence ? json.ValueSequence.Length : json.ValueSpan.Length;

    /// <summary>Whether a string token is text: valid UTF-8, and no escaped surrogate without its other half.</summary>
    private static bool IsText(ref Utf8JsonReader json)
    {
        ReadOnlySpan<byte> raw = json.HasValueSequence ? json.ValueSequence.ToArray() : json.ValueSpan;
        return Utf8.IsValid(raw) && !(json.ValueIsEscaped && HasLoneSurrogate(raw));
    }

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
