namespace Roster.Batches;

/// <summary>
/// Converts values to CSV cells and back. An empty cell is an omitted value, <c>\N</c> is null, and the text <c>\N</c>
/// is written <c>\\N</c>. For spreadsheets an empty cell is null, and an apostrophe guards cells that they would take
/// for formulas.
/// </summary>
public static class CsvCell
{
    private const string Null = @"\N";

    /// <summary>
    /// First characters that make a cell a formula in spreadsheets (owasp.org/www-community/attacks/CSV_Injection). The
    /// apostrophe is guarded too, so that a leading apostrophe before one of these is always the guard.
    /// </summary>
    private const string Guarded = "=+-@'\t\r";

    /// <summary>White space that spreadsheets pass over before a formula.</summary>
    private static readonly char[] Unseen = ['\t', '\r'];

    public static string Write(string? value, bool isSpreadsheet)
    {
        if (value is null)
            return isSpreadsheet ? "" : Null;
        if (isSpreadsheet && value.Length > 0 && Guarded.Contains(value[0], StringComparison.Ordinal))
            return '\'' + value;
        return IsMark(value) ? '\\' + value : value;
    }

    /// <summary>
    /// Guards a cell as a person has it, such as one of an imported file, for spreadsheets. It may be guarded already, or be
    /// <c>\N</c>: an import reads it as it read the cell. Tabs and carriage returns in front, which no value has, are left out.
    /// </summary>
    public static string Guard(string cell)
    {
        var seen = cell.TrimStart(Unseen);
        return seen is ['=' or '+' or '-' or '@', ..] ? '\'' + seen : seen;
    }

    /// <param name="cell">A cell that is not empty.</param>
    public static string? Read(string cell, bool isSpreadsheet)
    {
        if (isSpreadsheet && cell.Length > 1 && cell[0] == '\'' && Guarded.Contains(cell[1], StringComparison.Ordinal))
            return cell[1..];
        return cell == Null ? null : IsMark(cell) ? cell[1..] : cell;
    }

    /// <summary>Whether the cell is <c>\N</c>, escaped any number of times.</summary>
    private static bool IsMark(string cell) =>
        cell.Length >= Null.Length && cell[^1] == 'N' && !cell.AsSpan(0, cell.Length - 1).ContainsAnyExcept('\\');
}
