using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using CsvHelper;
using CsvHelper.Configuration;
using Roster.Changes;

namespace Roster.Server.Http;

/// <summary>
/// Reads CSV (RFC 4180) with a header row that names fields, in any order. An empty cell means omitted; <c>\N</c> means null,
/// and a text that is <c>\N</c> is written <c>\\N</c>. The body is read when it is there whole.
/// </summary>
internal sealed class CsvBatchReader(BatchBuilder batch) : BatchReader(batch)
{
    public const string Null = @"\N";

    protected override SequencePosition ReadItems(ReadOnlySequence<byte> bytes, bool isFinal)
    {
        if (!isFinal)
            return bytes.Start;
        var body = bytes.ToArray();
        if (FirstInvalidLine(body) is { } line)
            BodyFault = new BodyFault(BodyFaultKind.Malformed, line, 1);
        else
            ReadRecords(body);
        return bytes.End;
    }

    /// <summary>Text that is null's mark, or an escaped one, is escaped once more.</summary>
    public static string Escape(string text) => IsMark(text) ? '\\' + text : text;

    private static bool IsMark(string cell) =>
        cell.Length >= Null.Length && cell[^1] == 'N' && !cell.AsSpan(0, cell.Length - 1).ContainsAnyExcept('\\');

    private static int? FirstInvalidLine(ReadOnlySpan<byte> body)
    {
        if (Utf8.IsValid(body))
            return null;
        var line = 1;
        foreach (var range in body.Split((byte)'\n'))
        {
            if (!Utf8.IsValid(body[range]))
                break;
            line++;
        }
        return line;
    }

    private void ReadRecords(byte[] body)
    {
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Mode = CsvMode.RFC4180,
            // The parser lets some misplaced marks pass; IsWellQuoted does not.
            BadDataFound = null,
            BufferSize = 1 << 16,
        };
        using var parser = new CsvParser(new StreamReader(new MemoryStream(body), new UTF8Encoding(false)), configuration);
        if (!parser.Read() || ReadHeader(parser.Record!, IsWellQuoted(parser.RawRecord)) is not { } fields)
            return;
        while (!IsDone && parser.Read())
        {
            // The parser says where the record ends, and passes over blank lines before it.
            Batch.Line = parser.RawRow - parser.RawRecord.AsSpan().Trim("\r\n").Count('\n');
            Batch.Column = 0;
            if (!Batch.BeginItem())
                BodyFault = new BodyFault(BodyFaultKind.TooManyItems);
            else if (!IsWellQuoted(parser.RawRecord))
                Batch.RejectRecord("This record has a quotation mark where CSV allows none, or a quoted cell that does not end.");
            else if (parser.Count != fields.Length)
                Batch.RejectRecord($"This record has {parser.Count} cells and the header {fields.Length}.");
            else
                ReadRecord(parser, fields);
        }
    }

    /// <summary>Whether quotation marks stand only around whole cells, doubled inside them, and every one is closed.</summary>
    private static bool IsWellQuoted(ReadOnlySpan<char> record)
    {
        var isQuoted = false;
        for (var i = 0; i < record.Length; i++)
        {
            if (record[i] != '"')
                continue;
            if (!isQuoted)
            {
                if (i > 0 && record[i - 1] != ',')
                    return false;
                isQuoted = true;
            }
            else if (i + 1 < record.Length && record[i + 1] == '"')
            {
                i++;
            }
            else if (i + 1 < record.Length && record[i + 1] is not (',' or '\r' or '\n'))
            {
                return false;
            }
            else
            {
                isQuoted = false;
            }
        }
        return !isQuoted;
    }

    private PartnerFields[]? ReadHeader(string[] names, bool isWellQuoted)
    {
        var fields = names.Select(name => PartnerFieldNames.Parse(name.Trim())).ToArray();
        for (var i = 0; i < fields.Length; i++)
        {
            if (fields[i] != PartnerFields.None && Array.IndexOf(fields, fields[i]) == i && isWellQuoted)
                continue;
            BodyFault = new BodyFault(BodyFaultKind.Header, 1, i + 1);
            return null;
        }
        return fields;
    }

    private void ReadRecord(CsvParser parser, PartnerFields[] fields)
    {
        for (var i = 0; i < fields.Length; i++)
        {
            var cell = parser[i];
            if (cell.Length == 0)
                continue;
            Batch.Column = i + 1;
            Batch.Give(fields[i]);
            var text = cell == Null ? null : IsMark(cell) ? cell[1..] : cell;
            if (fields[i] == PartnerFields.Id)
                ReadId(text);
            else if ((fields[i] & PartnerFields.Ignored) == 0)
                Batch.SetText(fields[i], text);
        }
        Batch.Column = 0;
        Batch.EndItem();
    }

    private void ReadId(string? text)
    {
        if (Uuid.TryParse(text, out var id))
            Batch.SetId(id);
        else
            Batch.RejectId(isNull: text is null);
    }
}
