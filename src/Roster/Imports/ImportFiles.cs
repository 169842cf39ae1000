using System.Text;

namespace Roster.Imports;

/// <summary>
/// Examines and reads imported files. A file may be of any length; memory is at most 64 MiB for text, and what
/// <paramref name="openWorkbook"/> needs for a workbook.
/// </summary>
/// <param name="openWorkbook">
/// Opens an .xlsx file; it refuses other ZIP files with <see cref="FileRefusedException"/>.
/// </param>
public sealed class ImportFiles(Func<Stream, Workbook> openWorkbook)
{
    /// <summary>
    /// Finds out what the file is and how it is read, and reads all of it: text three times, its start once more.
    /// </summary>
    /// <param name="file">Must be able to seek. Is left open.</param>
    /// <param name="filename">A hint, as is the media type; the contents decide.</param>
    /// <exception cref="FileRefusedException">The file cannot be imported.</exception>
    public FileExam Examine(Stream file, string? filename, string? mediaType, AskedShape? asked = null)
    {
        asked ??= AskedShape.Nothing;
        file.Position = 0;
        var start = ReadStart(file, FileKind.Enough);
        if (start.Length == 0)
            throw FileRefusals.Empty();
        if (FileKind.IsZip(file, start))
            return ExamineWorkbook(file, asked);
        var encoding = asked.Encoding ?? EncodingDetector.Detect(file);
        if (encoding is null)
            return Ask(file, start, filename, mediaType);
        encoding = encoding.ToLowerInvariant();
        if (EncodingDetector.FirstFault(file, encoding, null) is { } at)
            throw FileRefusals.Encoding(encoding, at);
        return ExamineText(file, filename, mediaType, encoding, asked);
    }

    /// <summary>Opens the rows.</summary>
    /// <param name="file">The file that was examined; is left open.</param>
    /// <param name="shape">The shape that was found, which has an encoding unless it is a workbook.</param>
    /// <param name="columns">The names of the columns that were found.</param>
    /// <exception cref="FileRefusedException">The file is not the one that was examined, or has another shape.</exception>
    public RowReader Open(Stream file, FileShape shape, IReadOnlyList<string> columns)
    {
        switch (shape.Format)
        {
            case FileFormat.Xlsx:
                return OpenWorkbookRows(file, shape, columns);
            case FileFormat.Ndjson:
                return new NdjsonRows(TextEncodings.Utf8Of(file, shape.Encoding!), columns);
            case FileFormat.Json:
                return new JsonRows(TextEncodings.Utf8Of(file, shape.Encoding!), columns);
            default:
                using (var text = TextEncodings.Utf8Of(file, shape.Encoding!))
                {
                    var firstLine = DividerRule.Declared(ReadStart(text, FileKind.Enough)) is null ? 1 : 2;
                    return Rows(OpenCsv(file, shape.Encoding!, shape.Divider!.Value), shape, columns, firstLine);
                }
        }
    }

    private WorkbookRows OpenWorkbookRows(Stream file, FileShape shape, IReadOnlyList<string> columns)
    {
        var workbook = openWorkbook(file);
        try
        {
            return new WorkbookRows(workbook, Rows(workbook.Open(shape.Sheet!), shape, columns, 1));
        }
        catch
        {
            workbook.Dispose();
            throw;
        }
    }

    private static GridRows Rows(Grid grid, FileShape shape, IReadOnlyList<string> columns, int firstLine) =>
        new(grid, shape.HeaderLine + 1 ?? firstLine, columns);

    private static CsvGrid OpenCsv(Stream file, string encoding, char divider) => new(TextEncodings.Utf8Of(file, encoding), divider);

    private static FileExam Ask(Stream file, ReadOnlySpan<byte> start, string? filename, string? mediaType)
    {
        // All encodings that may be asked for have the ASCII characters, which decide here.
        var format = FileKind.TextFormat(Encoding.Latin1.GetString(start), filename, mediaType);
        var candidates = EncodingDetector.Candidates(file);
        return candidates.Count > 0 ? FileExam.Asking(format, candidates) : throw FileRefusals.Unknown();
    }

    private FileExam ExamineText(Stream file, string? filename, string? mediaType, string encoding, AskedShape asked)
    {
        byte[] start;
        using (var text = TextEncodings.Utf8Of(file, encoding))
            start = ReadStart(text, ImportLimits.Start + 1);
        if (!start.AsSpan().ContainsAnyExcept(" \t\r\n\0"u8) && start.Length <= ImportLimits.Start)
            throw FileRefusals.Blank();
        var first = Encoding.UTF8.GetString(start.AsSpan(0, Math.Min(start.Length, FileKind.Enough)));
        var format = FileKind.TextFormat(first, filename, mediaType);
        if (format != FileFormat.Csv)
            return Read(file, new FileShape(format, encoding), [], []);
        var isAll = start.Length <= ImportLimits.Start;
        var declared = DividerRule.Declared(start);
        var divider = asked.Divider ?? declared ?? DividerRule.Find(start.AsSpan(0, Math.Min(start.Length, ImportLimits.Start)), isAll);
        using var grid = OpenCsv(file, encoding, divider);
        var (headerLine, columns) = Header(grid, declared is null ? 1 : 2, asked.HeaderLine);
        return Read(file, new FileShape(FileFormat.Csv, encoding, divider, headerLine), columns, []);
    }

    private FileExam ExamineWorkbook(Stream file, AskedShape asked)
    {
        using var workbook = openWorkbook(file);
        var sheet = asked.Sheet ?? FirstSheet(workbook);
        using var grid = workbook.Open(sheet);
        var (headerLine, columns) = Header(grid, 1, asked.HeaderLine);
        var shape = new FileShape(FileFormat.Xlsx, HeaderLine: headerLine, Sheet: sheet);
        using var rows = Rows(workbook.Open(sheet), shape, columns, 1);
        return FileExam.Of(shape, workbook.Sheets, rows);
    }

    /// <summary>The first sheet that is not hidden and has text; hidden ones after all others.</summary>
    private static string FirstSheet(Workbook workbook)
    {
        foreach (var sheet in workbook.Sheets.OrderBy(one => one.IsHidden))
        {
            using var grid = workbook.Open(sheet.Name);
            while (grid.Read())
                if (grid.HasText())
                    return sheet.Name;
        }
        throw FileRefusals.Blank();
    }

    private FileExam Read(Stream file, FileShape shape, IReadOnlyList<string> columns, IReadOnlyList<Sheet> sheets)
    {
        using var rows = Open(file, shape, columns);
        return FileExam.Of(shape, sheets, rows);
    }

    /// <returns>The header's line, and the names of the columns.</returns>
    private static (int? Line, IReadOnlyList<string> Columns) Header(Grid grid, int firstLine, int? asked)
    {
        var table = TableStart.Read(grid, asked > firstLine ? asked.Value : firstLine);
        var line = asked switch
        {
            null => HeaderRule.Find(table),
            AskedShape.NoHeader => null,
            _ => table.Records[0].Line == asked ? asked : throw FileRefusals.NoHeaderLine(asked.Value),
        };
        var header = table.Records.FirstOrDefault(row => row.Line == line);
        if (header?.Fault is { } fault)
            throw FileRefusals.Header(header.Line, fault);
        var width = header is null ? table.Width : Math.Max(header.Cells.Count, 1);
        return (line, ColumnNames.Of(Enumerable.Range(0, width).Select(column => header?[column])));
    }

    private static byte[] ReadStart(Stream stream, int length)
    {
        var bytes = new byte[length];
        var read = stream.ReadAtLeast(bytes, length, throwOnEndOfStream: false);
        return bytes[..read];
    }
}

/// <summary>Rows of a workbook that is closed with them.</summary>
internal sealed class WorkbookRows(Workbook workbook, RowReader rows) : RowReader
{
    public override IReadOnlyList<string> Columns => rows.Columns;

    public override IReadOnlyList<string?> Cells => rows.Cells;

    public override bool IsNumber(int column) => rows.IsNumber(column);

    public override bool Read()
    {
        var isRow = rows.Read();
        (Line, Fault, BlankRows, HiddenRows) = (rows.Line, rows.Fault, rows.BlankRows, rows.HiddenRows);
        return isRow;
    }

    public override void Dispose()
    {
        rows.Dispose();
        workbook.Dispose();
    }
}
