namespace Roster.Imports;

/// <summary>A column of a file, as far as a mapping can be guessed from it.</summary>
/// <param name="Name">One of <see cref="RowReader.Columns"/>.</param>
/// <param name="Samples">Some cells that are not empty; better too many than too few.</param>
/// <param name="Filled">Share of the rows in which it is not empty, 0 to 1.</param>
public sealed record ImportColumn(string Name, IReadOnlyList<string> Samples, double Filled = 0);

/// <summary>Why a column is mapped as it is.</summary>
public enum MappingReason
{
    /// <summary>Its name is not known, or a better column has its target. It is not imported.</summary>
    None,

    /// <summary>It has the name of a field. A field that the server sets is known exactly, and not imported.</summary>
    Exact,

    /// <summary>Its name is one of <c>synonyms.txt</c>.</summary>
    Synonym,

    /// <summary>Its cells look like those of the field.</summary>
    Contents,
}

public sealed record SuggestedColumn(ColumnMapping Mapping, MappingReason Reason);

/// <summary>A mapping guessed from the columns of a file: to be confirmed, unless it is exact.</summary>
/// <param name="Columns">One for each column of the file, in their order. Each target is used once at most.</param>
public sealed record MappingSuggestion(IReadOnlyList<SuggestedColumn> Columns)
{
    /// <summary>Whether all columns are known exactly, so that nothing needs to be asked.</summary>
    public bool IsExact => Columns.All(column => column.Reason == MappingReason.Exact);

    public IReadOnlyList<ColumnMapping> Mapping => [.. Columns.Select(column => column.Mapping)];

    /// <summary>
    /// Maps columns by exact name, then by <c>synonyms.txt</c>, then by their cells. Other columns are not imported.
    /// </summary>
    public static MappingSuggestion For(IReadOnlyList<ImportColumn> columns) => new ColumnMatcher(columns).Match();
}
