using System.Text;
using Roster.Batches;

namespace Roster.Server.Formats;

/// <summary>Writes records of texts as CSV (RFC 4180).</summary>
internal static class CsvText
{
    public static void AppendRecord(StringBuilder text, IReadOnlyList<string> cells, CsvFormat csv)
    {
        for (var i = 0; i < cells.Count; i++)
        {
            if (i > 0)
                text.Append(csv.Divider);
            var cell = csv.IsSpreadsheet ? CsvCell.Write(cells[i], isSpreadsheet: true) : cells[i];
            var isQuoted = cell.AsSpan().IndexOfAny(csv.Divider, '"') >= 0 || cell.AsSpan().IndexOfAny('\r', '\n') >= 0
                || cell is [' ', ..] or [.., ' '];
            text.Append(isQuoted ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell);
        }
        text.Append("\r\n");
    }
}
