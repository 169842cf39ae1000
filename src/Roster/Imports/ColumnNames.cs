using Roster.Partners;

namespace Roster.Imports;

/// <summary>Makes a header's cells the names of columns; <see cref="RowReader.Columns"/> defines them.</summary>
internal sealed class ColumnNames
{
    private readonly List<string> _names = [];
    private readonly HashSet<string> _taken = new(Same);

    /// <summary>Case does not tell names apart, except in keys of metadata, where it does for partners, too.</summary>
    public static IEqualityComparer<string> Same { get; } = new NameComparer();

    public IReadOnlyList<string> All => _names;

    public static IReadOnlyList<string> Of(IEnumerable<string?> cells)
    {
        var names = new ColumnNames();
        foreach (var cell in cells)
            names.Add(cell);
        return names.All;
    }

    /// <param name="cell">A cell of the header; null or blank for a column without a name.</param>
    public void Add(string? cell)
    {
        var name = TextCut.Within((cell ?? "").Trim(), ImportLimits.MaxColumnName).TrimEnd();
        if (name.Length == 0)
            name = $"Column {_names.Count + 1}";
        var unique = name;
        for (var number = 2; !_taken.Add(unique); number++)
        {
            var suffix = $" ({number})";
            unique = TextCut.Within(name, ImportLimits.MaxColumnName - suffix.Length) + suffix;
        }
        _names.Add(unique);
    }

    private sealed class NameComparer : IEqualityComparer<string>
    {
        public bool Equals(string? x, string? y) =>
            string.Equals(x, y, StringComparison.OrdinalIgnoreCase)
            && (x is null || string.Equals(KeyOf(x), KeyOf(y!), StringComparison.Ordinal));

        public int GetHashCode(string name) => name.GetHashCode(StringComparison.OrdinalIgnoreCase);

        private static string? KeyOf(string name) => FieldNames.MeantColumn(name).Key;
    }
}
