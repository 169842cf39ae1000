namespace Roster.Batches;

/// <summary>How a CSV body, or answer, is written.</summary>
/// <param name="Divider">What stands between cells: one of <see cref="Dividers"/>.</param>
/// <param name="IsSpreadsheet">Whether cells are guarded against being taken for formulas, and null is an empty cell.</param>
/// <param name="IgnoresColumns">Whether columns that are no field are passed over instead of refused.</param>
public sealed record CsvFormat(char Divider = ',', bool IsSpreadsheet = false, bool IgnoresColumns = false)
{
    /// <summary>Columns of a body or an answer.</summary>
    public const int MaxColumns = 1_000;

    /// <summary>The dividers and their names, as in <c>text/csv; delimiter=semicolon</c>.</summary>
    public static IReadOnlyList<(char Divider, string Name)> Dividers { get; } =
        [(',', "comma"), (';', "semicolon"), ('\t', "tab"), ('|', "pipe")];

    /// <returns>Null where it is none that is read.</returns>
    public static string? NameOf(char divider) => Dividers.FirstOrDefault(one => one.Divider == divider).Name;

    /// <returns>Null where there is none of this name.</returns>
    public static char? Named(string name) =>
        Dividers.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { Name: not null } one ? one.Divider : null;
}
