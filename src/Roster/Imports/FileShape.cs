namespace Roster.Imports;

/// <summary>The format of an imported file.</summary>
public enum FileFormat
{
    /// <summary>Cells divided by a character: CSV, and TSV with tabs.</summary>
    Csv,

    /// <summary>A workbook of Excel 2007 or later.</summary>
    Xlsx,

    /// <summary>One JSON object a line.</summary>
    Ndjson,

    /// <summary>A JSON array of objects.</summary>
    Json,
}

/// <summary>How to read a file's cells: detected, then changed by a person if it was wrong.</summary>
/// <param name="Encoding">
/// A name of <see cref="TextEncodings"/>. Null for a workbook, and for text whose encoding must be asked for.
/// </param>
/// <param name="Divider">
/// For <see cref="FileFormat.Csv"/>: one of <see cref="Batches.CsvFormat.Dividers"/>. Otherwise null.
/// </param>
/// <param name="HeaderLine">
/// For CSV and workbooks: the line, or the row of the sheet, with the names of the columns, from 1. Null if there is
/// none; then all lines are rows.
/// </param>
/// <param name="Sheet">For a workbook: the name of the sheet. Otherwise null.</param>
public sealed record FileShape(
    FileFormat Format, string? Encoding = null, char? Divider = null, int? HeaderLine = null, string? Sheet = null);

/// <summary>What a person says about a file. What is null is detected.</summary>
/// <param name="HeaderLine">
/// As in <see cref="FileShape.HeaderLine"/>; <see cref="NoHeader"/> if the file has no header.
/// </param>
public sealed record AskedShape(string? Encoding = null, char? Divider = null, int? HeaderLine = null, string? Sheet = null)
{
    /// <summary>A <see cref="HeaderLine"/> that says that there is none.</summary>
    public const int NoHeader = 0;

    /// <summary>Detects everything.</summary>
    public static AskedShape Nothing { get; } = new();
}
