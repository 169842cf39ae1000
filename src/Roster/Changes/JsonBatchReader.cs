using System.Buffers;
using System.Text.Json;

namespace Roster.Changes;

/// <summary>
/// Reads a JSON array (RFC 8259), token by token, and holds no more of it than the token that is not complete yet.
/// </summary>
public sealed class JsonBatchReader(BatchBuilder batch) : BatchReader(batch)
{
    private readonly JsonItems _items = new(batch);
    private JsonReaderState _json;
    private bool _isInArray;

    protected override SequencePosition ReadItems(ReadOnlySequence<byte> bytes, bool isFinal)
    {
        var json = new Utf8JsonReader(bytes, isFinal, _json);
        try
        {
            while (!IsDone && json.Read())
                Take(ref json);
        }
        catch (JsonException broken)
        {
            BodyFault = new BodyFault(
                BodyFaultKind.Malformed, (broken.LineNumber ?? 0) + 1, (broken.BytePositionInLine ?? 0) + 1);
        }
        _json = json.CurrentState;
        return json.Position;
    }

    private void Take(ref Utf8JsonReader json)
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
