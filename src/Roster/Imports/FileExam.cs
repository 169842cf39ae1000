namespace Roster.Imports;

/// <summary>What was found in a file.</summary>
/// <param name="Shape">
/// How its cells were read. Without an encoding nothing else was read: it has to be asked for.
/// </param>
/// <param name="Encodings">If the encoding has to be asked for: those that it may be. Otherwise empty.</param>
/// <param name="Sheets">The workbook's sheets; otherwise empty.</param>
/// <param name="Columns">At most <see cref="Batches.CsvFormat.MaxColumns"/>, also blank ones.</param>
/// <param name="Rows">Number of rows with text, also hidden ones and ones with faults.</param>
/// <param name="BlankRows">Number of rows without text, which are passed over.</param>
/// <param name="HiddenRows">Number of the rows that the workbook hides.</param>
/// <param name="FaultyRows">Number of the rows with a <see cref="RowReader.Fault"/>.</param>
/// <param name="FirstFault">The first fault, with its line; null if there is none.</param>
public sealed record FileExam(
    FileShape Shape,
    IReadOnlyList<EncodingSample> Encodings,
    IReadOnlyList<Sheet> Sheets,
    IReadOnlyList<ColumnExam> Columns,
    long Rows,
    long BlankRows,
    long HiddenRows,
    long FaultyRows,
    (int Line, string Message)? FirstFault)
{
    /// <summary>Number of columns without text below the header.</summary>
    public int BlankColumns => Columns.Count(column => column.IsBlank);

    /// <summary>The result for a text in an unknown encoding.</summary>
    public static FileExam Asking(FileFormat format, IReadOnlyList<EncodingSample> encodings) =>
        new(new FileShape(format), encodings, [], [], 0, 0, 0, 0, null);

    /// <summary>Reads all rows.</summary>
    /// <exception cref="FileRefusedException">The file cannot be read to its end, or has no rows.</exception>
    internal static FileExam Of(FileShape shape, IReadOnlyList<Sheet> sheets, RowReader rows)
    {
        var columns = new List<ColumnTally>();
        var (count, faulty) = (0L, 0L);
        (int, string)? first = null;
        while (rows.Read())
        {
            count++;
            if (rows.Fault is { } fault)
            {
                faulty++;
                first ??= (rows.Line, fault);
                continue;
            }
            for (var i = 0; i < rows.Cells.Count; i++)
            {
                if (i == columns.Count)
                    columns.Add(new ColumnTally());
                columns[i].Add(rows.Cells[i]);
            }
        }
        if (count == 0)
            throw shape.HeaderLine is null ? FileRefusals.Blank() : FileRefusals.NoRows();
        if (shape.Format == FileFormat.Ndjson && count == 1 && faulty == 1)
            throw FileRefusals.NoArray("one object that cannot be a row");
        while (columns.Count < rows.Columns.Count)
            columns.Add(new ColumnTally());
        return new(
            shape, [], sheets, [.. columns.Select((column, i) => column.Named(rows.Columns[i]))],
            count, rows.BlankRows, rows.HiddenRows, faulty, first);
    }
}

/// <summary>What was found in a column.</summary>
/// <param name="Filled">Number of rows with text in it.</param>
/// <param name="Samples">
/// Its first distinct texts, trimmed: up to <see cref="ImportLimits.Samples"/>, each cut after <see
/// cref="ImportLimits.MaxSample"/>.
/// </param>
public sealed record ColumnExam(string Name, long Filled, IReadOnlyList<string> Samples)
{
    public bool IsBlank => Filled == 0;
}

/// <summary>Counts a column's texts.</summary>
internal sealed class ColumnTally
{
    private readonly List<string> _samples = [];
    private long _filled;

    public void Add(string? cell)
    {
        if (string.IsNullOrWhiteSpace(cell))
            return;
        _filled++;
        if (_samples.Count == ImportLimits.Samples)
            return;
        var sample = TextSample.Of(cell.Trim());
        if (!_samples.Contains(sample))
            _samples.Add(sample);
    }

    public ColumnExam Named(string name) => new(name, _filled, _samples);
}
