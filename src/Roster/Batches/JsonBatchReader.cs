using System.Buffers;
using System.Text.Json;

namespace Roster.Batches;

/// <summary>Reads a JSON array (RFC 8259) token by token. It holds only the token that is not complete yet.</summary>
public sealed class JsonBatchReader(BatchBuilder batch) : BatchReader(batch)
{
    private readonly JsonItems _items = new(batch);
    private JsonReaderState _json;
    private bool _isInArray;
    private bool _hasBegun;

    protected override SequencePosition ReadItems(ReadOnlySequence<byte> bytes, bool isFinal)
    {
        // Wait for enough bytes: the fault of a body that is not JSON must not depend on how the network splits it.
        if (!_hasBegun && bytes.Length < BodyStart.Enough && !isFinal)
            return bytes.Start;
        _hasBegun = true;
        bytes = bytes.WithoutEmptyEnd();
        var json = new Utf8JsonReader(bytes, isFinal, _json);
        try
        {
            while (!IsDone && json.Read())
                ReadToken(ref json);
            if (BodyFault?.Kind == BodyFaultKind.NotAnArray)
                BodyFault = OtherFormat(bytes) ?? BodyFault;
        }
        catch (JsonException broken)
        {
            BodyFault = OtherFormat(bytes) ?? new BodyFault(
                BodyFaultKind.Malformed,
                (broken.LineNumber ?? 0) + 1,
                (broken.BytePositionInLine ?? 0) + 1,
                JsonTrouble.Of(bytes, isFinal, _json));
        }
        _json = json.CurrentState;
        return json.Position;
    }

    /// <returns>The other format that the body's first bytes show; null if they show none.</returns>
    private BodyFault? OtherFormat(ReadOnlySequence<byte> bytes)
    {
        if (_isInArray && BodyFault is null)
            return null;
        var reason = BodyStart.LooksLike(bytes);
        return reason is null || reason == BodyReason.LooksLikeJson || reason == BodyReason.LooksLikeObjects ? null
            : new BodyFault(BodyFaultKind.OtherFormat, Reason: reason);
    }

    private void ReadToken(ref Utf8JsonReader json)
    {
        if (!_isInArray)
        {
            _isInArray = true;
            if (json.TokenType != JsonTokenType.StartArray)
                BodyFault = new BodyFault(BodyFaultKind.NotAnArray);
        }
        else if (!(_items.IsBetweenItems && json.TokenType == JsonTokenType.EndArray) && !_items.Take(ref json))
        {
            BodyFault = new BodyFault(BodyFaultKind.TooManyItems);
        }
    }
}
