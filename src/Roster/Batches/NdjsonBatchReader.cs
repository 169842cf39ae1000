using System.Buffers;
using System.Text.Json;

namespace Roster.Batches;

/// <summary>
/// Reads JSON values separated by line feeds (ndjson.org) or, if the first byte is a record separator, by record
/// separators (RFC 7464). A line that is not JSON is a fault of that line; the other lines are still read. Blank lines
/// are skipped.
/// </summary>
public sealed class NdjsonBatchReader(BatchBuilder batch) : BatchReader(batch)
{
    private const byte LineFeed = (byte)'\n';
    private const byte RecordSeparator = 0x1E;

    private readonly JsonItems _items = new(batch);
    private byte? _divider;
    private int _line = 1;

    protected override SequencePosition ReadItems(ReadOnlySequence<byte> bytes, bool isFinal)
    {
        _divider ??= bytes.FirstSpan is [RecordSeparator, ..] ? RecordSeparator : LineFeed;
        while (!IsDone && !bytes.IsEmpty)
        {
            var end = bytes.PositionOf(_divider.Value);
            if (end is null && !isFinal)
                break;
            var text = end is null ? bytes : bytes.Slice(0, end.Value);
            Batch.Line = _line;
            ReadValue(text);
            _line += _divider == LineFeed ? 1 : LinesIn(text);
            bytes = end is null ? bytes.Slice(bytes.End) : bytes.Slice(bytes.GetPosition(1, end.Value));
        }
        return bytes.Start;
    }

    private static int LinesIn(ReadOnlySequence<byte> text)
    {
        var lines = 0;
        foreach (var part in text)
            lines += part.Span.Count(LineFeed);
        return lines;
    }

    private void ReadValue(ReadOnlySequence<byte> text)
    {
        if (IsBlank(text))
            return;
        text = text.WithoutEmptyEnd();
        var json = new Utf8JsonReader(text);
        var before = Batch.Index;
        try
        {
            while (json.Read())
            {
                if (before == Fault.NoItem && json is { TokenType: JsonTokenType.StartArray, CurrentDepth: 0 })
                    BodyFault = new BodyFault(BodyFaultKind.OtherFormat, Reason: BodyReason.LooksLikeJson);
                else if (!_items.Take(ref json))
                    BodyFault = new BodyFault(BodyFaultKind.TooManyItems);
                if (IsDone)
                    return;
            }
        }
        catch (JsonException broken)
        {
            _items.Abandon();
            Reject(broken, text, before);
        }
    }

    private void Reject(JsonException broken, ReadOnlySequence<byte> text, int before)
    {
        var other = before == Fault.NoItem && Batch.Index == before ? BodyStart.LooksLike(text) : null;
        if (other is not null && other != BodyReason.LooksLikeObjects)
        {
            BodyFault = new BodyFault(BodyFaultKind.OtherFormat, Reason: other);
            return;
        }
        if (Batch.Index == before && !Batch.BeginItem())
        {
            BodyFault = new BodyFault(BodyFaultKind.TooManyItems);
            return;
        }
        Batch.Line += (int)(broken.LineNumber ?? 0);
        var trouble = JsonTrouble.Of(text, isFinal: true, default).English;
        Batch.RejectRecord($"This line is not one JSON value: see byte {(broken.BytePositionInLine ?? 0) + 1}. {trouble}");
    }
}
