using Roster.Imports;
using Roster.Server.Formats;

namespace Roster.Server.Imports;

/// <summary>Looks at the files of imports.</summary>
internal static class FileReaders
{
    private static readonly ImportFiles Files = new(XlsxWorkbook.Open);

    /// <summary>Reads a whole file, and suggests what its columns mean.</summary>
    /// <exception cref="FileRefusedException">The file cannot be imported.</exception>
    public static (FileContents Contents, IReadOnlyList<ColumnMapping> Suggested) Examine(Stream file, Import import, AskedShape? asked)
    {
        var exam = Files.Examine(file, import.FileName, import.MediaType, asked);
        if (exam.Encodings.Count > 0)
            return (FileContents.Of(exam, null), []);
        var suggestion = MappingSuggestion.For(
            [.. exam.Columns.Select(column => new ImportColumn(column.Name, column.Samples, Share(column.Filled, exam.Rows)))]);
        return (FileContents.Of(exam, suggestion), suggestion.Mapping);
    }

    /// <summary>Suggests a mapping of columns that were read before.</summary>
    public static IReadOnlyList<ColumnMapping> Suggest(FileContents contents) => MappingSuggestion.For(
        [.. contents.Columns.Select(column => new ImportColumn(column.Name, column.Samples, Share(column.Filled, contents.Rows)))]).Mapping;

    private static double Share(long filled, long rows) => (double)filled / Math.Max(1, rows);

    /// <exception cref="FileRefusedException">The file is not the one that was examined.</exception>
    public static RowReader Open(Stream file, FileContents contents) =>
        Files.Open(file, contents.Shape, [.. contents.Columns.Select(column => column.Name)]);
}
