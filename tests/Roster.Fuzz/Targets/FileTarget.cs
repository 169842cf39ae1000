using System.Text;
using Roster.Batches;
using Roster.Changes;
using Roster.Imports;
using Roster.Server.Formats;

namespace Roster.Fuzz.Targets;

/// <summary>
/// A file of an import: CSV, JSON and NDJSON in any encoding, a workbook, or something else. What is read does not depend on
/// how the bytes come in; the rows are the same when they are read again as CSV; and all of it can be stored and planned.
/// </summary>
internal class FileTarget(string name = "file") : FuzzTarget(name)
{
    /// <summary>Rows that are looked at closely.</summary>
    private const int MaxRows = 200;

    private static readonly ImportFiles Files = new(XlsxWorkbook.Open);

    /// <summary>A workbook unpacks to up to a thousand times its size, and its texts are held in pieces of a MiB.</summary>
    public override long MaxAllocated(int length) => base.MaxAllocated(length) + length * 65_536L;

    public override void Run(byte[] input)
    {
        if (Examine(() => new MemoryStream(input), AskedShape.Nothing, out var whole) is not { } exam)
            return;
        Accept();
        FuzzException.UnlessSame(whole, Outcome(() => new Pieces(input)), "in pieces");
        foreach (var asked in exam.Encodings)
            Examine(() => new MemoryStream(input), new AskedShape(asked.Encoding), out _);
        Examine(() => new MemoryStream(input), new AskedShape(HeaderLine: AskedShape.NoHeader), out _);
    }

    private static string Outcome(Func<Stream> open)
    {
        Examine(open, AskedShape.Nothing, out var outcome);
        return outcome;
    }

    /// <returns>Null if the file is refused.</returns>
    private static FileExam? Examine(Func<Stream> open, AskedShape asked, out string outcome)
    {
        try
        {
            using var file = open();
            var exam = Files.Examine(file, null, null, asked);
            outcome = $"{exam.Shape} {string.Join(',', exam.Columns.Select(column => column.Name))} {exam.Rows} {exam.BlankRows} "
                + $"{exam.HiddenRows} {exam.FaultyRows} {exam.FirstFault} {string.Join(',', exam.Sheets)} "
                + string.Join('\n', exam.Encodings.Select(one => $"{one.Encoding} {string.Join('\n', one.Lines)}"));
            if (exam.Encodings.Count == 0)
                outcome += "\n" + ReadRows(file, exam);
            return exam;
        }
        catch (FileRefusedException refused)
        {
            outcome = $"{refused.Code} {refused.Message}";
            return null;
        }
    }

    private static string ReadRows(Stream file, FileExam exam)
    {
        string[] columns = [.. exam.Columns.Select(column => column.Name)];
        FuzzException.UnlessSame(columns.Length, columns.Distinct().Count(), "columns with names of their own");
        var all = new List<(int Line, string?[] Cells, string? Fault)>();
        var count = 0L;
        using (var rows = Files.Open(file, exam.Shape, columns))
        {
            for (; rows.Read(); count++)
                if (count < MaxRows)
                    all.Add((rows.Line, [.. rows.Cells], rows.Fault));
            FuzzException.UnlessSame(
                (exam.Rows, exam.BlankRows, exam.HiddenRows), (count, rows.BlankRows, rows.HiddenRows), "rows, blank rows, hidden rows");
        }
        ReadAsCsv(columns, [.. all.Where(row => row.Fault is null).Select(row => row.Cells)]);
        Store(exam);
        Plan(exam, columns, all);
        return string.Join('\n', all.Select(row => $"{row.Line} {row.Fault} {string.Join('|', row.Cells)}"));
    }

    private static void ReadAsCsv(string[] columns, List<string?[]> rows)
    {
        var text = new StringBuilder();
        var format = new CsvFormat();
        // Without a header, a first cell with "sep=" would be one.
        CsvText.AppendRecord(text, [.. columns.Select((_, i) => $"c{i}")], format.Divider);
        foreach (var row in rows)
            CsvText.AppendRecord(text, [.. Padded(row).Select(cell => cell ?? "")], format.Divider);
        using var file = new MemoryStream(Encoding.UTF8.GetBytes(text.ToString()));
        using var again = Files.Open(file, new FileShape(FileFormat.Csv, "utf-8", format.Divider, HeaderLine: 1), columns);
        foreach (var row in rows)
        {
            FuzzException.Unless(again.Read() && again.Fault is null, $"a row is lost in CSV: {again.Fault}");
            FuzzException.UnlessSame(
                string.Join('|', Padded(row).Select(Known)), string.Join('|', again.Cells.Select(Known)), "cells in CSV");
        }
        FuzzException.Unless(!again.Read(), "CSV has another row");

        IEnumerable<string?> Padded(string?[] row) => row.Concat(Enumerable.Repeat<string?>(null, columns.Length - row.Length));

        // A workbook may have lone surrogates, which text cannot have.
        static string Known(string? cell) => cell is null ? "(none)" : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(cell));
    }

    /// <summary>The import's document is the same after it was stored.</summary>
    private static void Store(FileExam exam)
    {
        var suggestion = MappingSuggestion.For(ColumnsOf(exam));
        var import = new Import { Contents = FileContents.Of(exam, suggestion), Mapping = suggestion.Mapping };
        var stored = import.ToStored(null);
        var again = Import.Of(stored);
        FuzzException.Unless(again.ToStored(null).Document.AsSpan().SequenceEqual(stored.Document), "an import is stored differently");
        FuzzException.UnlessSame(
            string.Join('\n', import.Contents.Columns.Select(column => column.Name)),
            string.Join('\n', again.Contents!.Columns.Select(column => column.Name)), "names of stored columns");
        FuzzException.UnlessSame(import.Contents.Shape, again.Contents.Shape, "the stored shape");
    }

    private static List<ImportColumn> ColumnsOf(FileExam exam) =>
    [
        .. exam.Columns.Select(column =>
            new ImportColumn(column.Name, column.Samples, (double)column.Filled / Math.Max(1, exam.Rows))),
    ];

    private static void Plan(FileExam exam, string[] columns, List<(int Line, string?[] Cells, string? Fault)> rows)
    {
        var batch = new BatchBuilder(ChangeKind.Import);
        var items = new RowItems(MappingSuggestion.For(ColumnsOf(exam)).Mapping, columns);
        foreach (var (line, cells, fault) in rows)
            items.Add(batch, cells, line, _ => false, fault);
        var read = batch.FinishItems();
        FuzzException.UnlessSame(rows.Count, read.Count, "items of rows");
        FuzzException.Unless(
            Enumerable.Range(0, rows.Count).All(i => read.Valid.Any(item => item.Index == i) != read.Faults.ContainsKey(i))
                || read.Faults.Values.Sum(faults => faults.Count) >= Fault.MaxListed,
            "a row is neither an item nor a fault, or both");
        PlannedRow[] planned = [.. rows.Select(row => new PlannedRow(row.Line, row.Cells, RowChange.Created))];
        var block = RowBlock.Encode(0, planned);
        FuzzException.Unless(
            RowBlock.Encode(0, RowBlock.Decode(block)).Bytes.AsSpan().SequenceEqual(block.Bytes), "planned rows are stored differently");
    }

    /// <summary>Gives its bytes in small pieces.</summary>
    private sealed class Pieces(byte[] bytes) : MemoryStream(bytes)
    {
        private readonly int _most = 4 + bytes.Length / 64;
        private int _next = 1;

        /// <summary>Spans come here too: a derived <see cref="MemoryStream"/> passes them on.</summary>
        public override int Read(byte[] buffer, int offset, int count)
        {
            _next = 1 + _next * 5 % _most;
            return base.Read(buffer, offset, Math.Min(count, _next));
        }
    }
}

/// <summary>
/// A workbook by its parts: the input is cut at <c>\xFF</c> into sheet, texts, styles, list of sheets and list of parts, and
/// packed without compression. So a changed byte is a changed part, not only a damaged ZIP file.
/// </summary>
internal sealed class SheetTarget() : FileTarget("sheet")
{
    private const string Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    private const string Kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

    private static readonly (string Path, string Usual)[] Parts =
    [
        ("xl/worksheets/sheet1.xml", "<worksheet/>"),
        ("xl/sharedStrings.xml", "<sst/>"),
        ("xl/styles.xml", "<styleSheet/>"),
        ("xl/workbook.xml",
            $"<workbook xmlns=\"{Main}\" xmlns:r=\"{Kinds}\"><sheets><sheet name=\"A\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels",
            $"<Relationships><Relationship Id=\"r1\" Type=\"{Kinds}/worksheet\" Target=\"worksheets/sheet1.xml\"/>"
            + $"<Relationship Id=\"r2\" Type=\"{Kinds}/sharedStrings\" Target=\"sharedStrings.xml\"/>"
            + $"<Relationship Id=\"r3\" Type=\"{Kinds}/styles\" Target=\"styles.xml\"/></Relationships>"),
    ];

    public override void Run(byte[] input)
    {
        var file = new MemoryStream();
        using (var zip = new System.IO.Compression.ZipArchive(file, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true))
        {
            var rest = input.AsSpan();
            foreach (var (path, usual) in Parts)
            {
                var end = rest.IndexOf((byte)0xFF);
                var part = end < 0 ? rest : rest[..end];
                rest = end < 0 ? default : rest[(end + 1)..];
                using var entry = zip.CreateEntry(path, System.IO.Compression.CompressionLevel.NoCompression).Open();
                entry.Write(part.IsEmpty ? Encoding.UTF8.GetBytes(usual) : part);
            }
        }
        base.Run(file.ToArray());
    }
}
