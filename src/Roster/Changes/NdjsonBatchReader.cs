using System.Buffers;
using System.Text.Json;

namespace Roster.Changes;

/// <summary>
/// Reads JSON values divided by line feeds (ndjson.org). A line that is not JSON is a fault of that line; the others are
/// still read. Blank lines are passed over.
/// </summary>
public sealed class NdjsonBatchReader(BatchBuilder batch) : BatchReader(batch)
{
    private readonly JsonItems _items = new(batch);

    protected override SequencePosition ReadItems(ReadOnlySequence<byte> bytes, bool isFinal)
    {
        while (!IsDone && !bytes.IsEmpty)
        {
            var end = bytes.PositionOf((byte)'\n');
            if (end is null && !isFinal)
                break;
            Batch.Line++;
            ReadLine(end is null ? bytes : bytes.Slice(0, end.Value));
            bytes = end is null ? bytes.Slice(bytes.End) : bytes.Slice(bytes.GetPosition(1, end.Value));
        }
        return bytes.Start;
    }

    private void ReadLine(ReadOnlySequence<byte> line)
    {
        if (IsBlank(line))
            return;
        var json = new Utf8JsonReader(line);
        var before = Batch.Index;
        try
        {
            while (json.Read())
            {
                if (_items.Take(ref json))
                    continue;
                BodyFault = new BodyFault(BodyFaultKind.TooManyItems);
                return;
            }
        }
        catch (JsonException broken)
        {
            _items.Abandon();
            if (Batch.Index > before || Batch.BeginItem())
                Batch.RejectRecord($"This line is not one JSON value: see byte {(broken.BytePositionInLine ?? 0) + 1}.");
            else
                BodyFault = new BodyFault(BodyFaultKind.TooManyItems);
        }
    }
}
