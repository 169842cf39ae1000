namespace Roster.Batches;

/// <summary>The dialect of a CSV body or answer.</summary>
/// <param name="Divider">Separates cells: one of <see cref="Dividers"/>.</param>
/// <param name="IsSpreadsheet">Whether cells are guarded against formulas, and null is an empty cell.</param>
/// <param name="IgnoresColumns">Whether unknown columns are skipped instead of refused.</param>
public sealed record CsvFormat(char Divider = ',', bool IsSpreadsheet = false, bool IgnoresColumns = false)
{
    /// <summary>Most columns of a body or an answer.</summary>
    public const int MaxColumns = 1_000;

    /// <summary>The dividers and their names, as in <c>text/csv; delimiter=semicolon</c>.</summary>
    public static IReadOnlyList<(char Divider, string Name)> Dividers { get; } =
        [(',', "comma"), (';', "semicolon"), ('\t', "tab"), ('|', "pipe")];

    /// <returns>Null if it is not one of <see cref="Dividers"/>.</returns>
    public static string? NameOf(char divider) => Dividers.FirstOrDefault(one => one.Divider == divider).Name;

    /// <returns>Null if the name is unknown.</returns>
    public static char? Named(string name) =>
        Dividers.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { Name: not null } named
            ? named.Divider : null;
}
