using System.Text;

namespace Roster.Server.Formats;

/// <summary>Writes records of cells as CSV (RFC 4180).</summary>
internal static class CsvText
{
    public static void AppendRecord(StringBuilder text, IReadOnlyList<string> cells, char divider)
    {
        for (var i = 0; i < cells.Count; i++)
        {
            if (i > 0)
                text.Append(divider);
            var cell = cells[i];
            var isQuoted = cell.AsSpan().IndexOfAny(divider, '"') >= 0 || cell.AsSpan().IndexOfAny('\r', '\n') >= 0
                || cell is [' ', ..] or [.., ' '];
            text.Append(isQuoted ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell);
        }
        text.Append("\r\n");
    }
}
