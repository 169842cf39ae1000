using Roster.Partners;

namespace Roster.Imports;

/// <summary>
/// Finds a table's header by the texts of its first rows. Rows in which less than half of the columns have text are
/// titles and notes above the table. The first other row is the header if
/// <list type="bullet">
/// <item>its cells all have text; where there are three columns or more, one may be blank. Columns that are blank in
/// every row do not count;</item>
/// <item>no two of its cells are the same;</item>
/// <item>no cell is an e-mail address or a link;</item>
/// <item>no cell is without letters, as numbers, phones and dates are, if most cells below it are so too;</item>
/// <item>less than half of its cells stand once more in the same column below, or one of them names a field, as
/// "email".</item>
/// </list>
/// Otherwise the table has no header.
/// </summary>
internal static class HeaderRule
{
    /// <returns>The header's line; null if there is none.</returns>
    public static int? Find(TableStart table)
    {
        var used = Enumerable.Range(0, table.Width).Where(column => table.Records.Any(row => row[column].Length > 0)).ToList();
        for (var i = 0; i < table.Records.Count; i++)
        {
            var row = table.Records[i];
            var filled = used.Where(column => row[column].Length > 0).ToList();
            if (filled.Count * 2 < used.Count && row.Fault is null)
                continue;
            return row.Fault is null && IsHeader(row, filled, used.Count, [.. table.Records.Skip(i + 1)]) ? row.Line : null;
        }
        return null;
    }

    private static bool IsHeader(
        TableStart.Record row, List<int> filled, int used, List<TableStart.Record> below)
    {
        if (filled.Count < used - (used >= 3 ? 1 : 0))
            return false;
        if (filled.Select(column => row[column]).Distinct(ColumnNames.Same).Count() < filled.Count)
            return false;
        if (filled.Any(column => IsAddress(row[column])))
            return false;
        if (filled.Any(column => !HasLetter(row[column]) && LettersAreRare(below, column)))
            return false;
        var again = filled.Count(column => below.Any(other => other[column].Equals(row[column], StringComparison.OrdinalIgnoreCase)));
        return again * 2 < filled.Count || filled.Any(column => FieldNames.Meant(row[column]) is not null);
    }

    private static bool IsAddress(string text) =>
        text.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && text.IndexOf('.', at) > at + 1
        || text.Contains("://", StringComparison.Ordinal);

    private static bool HasLetter(string text) => text.Any(char.IsLetter);

    /// <summary>Whether most cells with text below have no letter. True also where there are none.</summary>
    private static bool LettersAreRare(List<TableStart.Record> below, int column)
    {
        var texts = below.Select(row => row[column]).Where(text => text.Length > 0).ToList();
        return texts.Count(HasLetter) * 2 <= texts.Count;
    }
}
