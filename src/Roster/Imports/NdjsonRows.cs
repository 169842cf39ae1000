using System.Buffers;
using System.Text.Json;
using Roster.Batches;

namespace Roster.Imports;

/// <summary>
/// Reads one JSON object a line. Lines end with LF, CR LF or CR, and may begin with a record separator (RFC 7464). A
/// line that is not JSON or is longer than <see cref="ImportLimits.MaxJsonToken"/> is a faulty row.
/// </summary>
internal sealed class NdjsonRows(Stream utf8, IReadOnlyList<string> columns) : JsonRowReader(utf8, columns)
{
    private int _line;

    public override bool Read()
    {
        while (TryLine(out var length, out var isLong))
        {
            var line = Bytes[..length].Trim(" \t\u001E"u8);
            Line = _line;
            var isRow = (isLong || line.Length > 0) && ReadRow(line, isLong);
            BlankRows += !isLong && line.IsEmpty ? 1 : 0;
            Skip(length);
            if (isRow)
                return true;
        }
        return false;
    }

    private bool ReadRow(ReadOnlySpan<byte> line, bool isLong)
    {
        if (isLong)
            Row.Reject($"This line is longer than {ImportLimits.MaxJsonToken >> 20} MiB.");
        else
            ReadObject(line);
        return EndRow();
    }

    private void ReadObject(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        try
        {
            json.Read();
            var isEnd = Row.Begin(ref json);
            while (json.Read())
            {
                if (isEnd)
                    throw new JsonException();
                isEnd = Row.Take(ref json);
            }
        }
        catch (JsonException broken)
        {
            var trouble = JsonTrouble.Of(new ReadOnlySequence<byte>(line.ToArray()), isFinal: true, default).English;
            Row.Reject($"This line is not one JSON object: see byte {(broken.BytePositionInLine ?? 0) + 1}. {trouble}");
        }
    }

    /// <summary>Goes to the next line.</summary>
    /// <param name="isLong">Whether it is too long; then <see cref="JsonRowReader.Bytes"/> has only its end.</param>
    /// <returns>False at the end.</returns>
    private bool TryLine(out int length, out bool isLong)
    {
        isLong = false;
        SkipLineEnd();
        _line++;
        for (var seen = 0; ;)
        {
            length = Bytes[seen..].IndexOfAny((byte)'\r', (byte)'\n');
            if (length >= 0)
            {
                length += seen;
                return true;
            }
            seen = Bytes.Length;
            if (IsAtEnd)
            {
                length = seen;
                return seen > 0 || isLong;
            }
            if (!HasRoom)
            {
                isLong = true;
                Skip(seen);
                seen = 0;
            }
            Fill();
        }
    }

    /// <summary>Skips the end of the line before: LF, CR LF or CR. CR and LF may come in different buffers.</summary>
    private void SkipLineEnd()
    {
        for (var afterReturn = false; _line > 0; afterReturn = true)
        {
            while (Bytes.IsEmpty && !IsAtEnd)
                Fill();
            var isReturn = Bytes is [(byte)'\r', ..];
            if (Bytes is [(byte)'\n', ..] || (isReturn && !afterReturn))
                Skip(1);
            if (!isReturn || afterReturn)
                return;
        }
    }
}
