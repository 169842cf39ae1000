namespace Roster.Batches;

/// <summary>
/// What a value is as the text of a cell, and back. An empty cell is an omitted value, <c>\N</c> is null, and a text that is <c>\N</c> is
/// written <c>\\N</c>. For spreadsheets null is an empty cell, and an apostrophe stands before what they would take for a formula.
/// </summary>
public static class CsvCell
{
    private const string Null = @"\N";

    /// <summary>
    /// What spreadsheets take for a formula (owasp.org/www-community/attacks/CSV_Injection), and the apostrophe itself, so that one in a cell
    /// always is a guard.
    /// </summary>
    private const string Guarded = "=+-@'\t\r";

    public static string Write(string? value, bool isSpreadsheet)
    {
        if (value is null)
            return isSpreadsheet ? "" : Null;
        if (isSpreadsheet && value.Length > 0 && Guarded.Contains(value[0], StringComparison.Ordinal))
            return '\'' + value;
        return IsMark(value) ? '\\' + value : value;
    }

    /// <param name="cell">A cell that is not empty.</param>
    public static string? Read(string cell, bool isSpreadsheet)
    {
        if (isSpreadsheet && cell.Length > 1 && cell[0] == '\'' && Guarded.Contains(cell[1], StringComparison.Ordinal))
            return cell[1..];
        return cell == Null ? null : IsMark(cell) ? cell[1..] : cell;
    }

    /// <summary>Whether it is null's mark, or one that is escaped, however often.</summary>
    private static bool IsMark(string cell) =>
        cell.Length >= Null.Length && cell[^1] == 'N' && !cell.AsSpan(0, cell.Length - 1).ContainsAnyExcept('\\');
}
