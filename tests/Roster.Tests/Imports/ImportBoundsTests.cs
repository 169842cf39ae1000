using System.IO.Compression;
using System.Text;
using Roster.Imports;
using Roster.Server.Formats;

namespace Roster.Tests.Imports;

/// <summary>
/// Whatever is sent, memory stays bounded and the outcome is a result or one sentence. Counted in bytes that are live
/// or allocated.
/// </summary>
public sealed class ImportBoundsTests
{
    private const string Main = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
    private const string Relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    private const int MiB = 1 << 20;

    [Fact]
    public void A_cell_of_64_MB_is_cut()
    {
        using var file = Long("name,x\n"u8, (byte)'a', 64 * MiB, ",1\n"u8);

        var (rows, allocated) = Measured(() => Imported.Rows(file));

        Assert.Equal($"2: {new string('a', ImportLimits.KeptOfCell)}|1", Assert.Single(rows));
        Assert.InRange(allocated, 0, 4 * MiB);
    }

    [Fact]
    public void Quotation_marks_that_never_close_hold_one_cell()
    {
        using var file = Long("name,x\nAda,1\n\""u8, (byte)'\n', 16 * MiB, ""u8);

        var (rows, allocated) = Measured(() => Imported.Rows(file));

        Assert.Equal(["2: Ada|1", "3! Column 1 opens a quotation mark here that is never closed."], rows);
        Assert.InRange(allocated, 0, 4 * MiB);
    }

    [Fact]
    public void Ten_thousand_columns_are_refused()
    {
        var line = string.Join(',', Enumerable.Range(0, 10_000)) + "\n";

        Assert.StartsWith("The table has more than 1,000 columns.", Imported.Refusal(Imported.Text(line + line)));
        var members = string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"c{i}\":1"));
        Assert.StartsWith("The table has more than 1,000 columns.", Imported.Refusal(Imported.Text($"[{{{members}}}]")));
    }

    [Fact]
    public void More_than_a_million_rows_are_refused()
    {
        using var file = Imported.Text("n\n" + string.Concat(Enumerable.Repeat("1\n", ImportLimits.MaxRows + 1)));

        Assert.StartsWith("The file has more than 1,000,000 rows.", Imported.Refusal(file));
    }

    [Fact]
    public void A_JSON_text_of_64_MB_is_refused_and_a_line_of_64_MB_is_a_fault()
    {
        using var array = Long("[{\"a\":\""u8, (byte)'a', 64 * MiB, "\"}]"u8);
        var (refusal, allocated) = Measured(() => Imported.Refusal(array));
        Assert.Equal("Row 1 has a text of more than 4 MiB. Shorten it.", refusal);
        Assert.InRange(allocated, 0, 32 * MiB);

        using var lines = Long("{\"a\":1}\n{\"a\":\""u8, (byte)'a', 64 * MiB, "\"}\n{\"a\":3}\n"u8);
        (var rows, allocated) = Measured(() => Imported.Rows(lines));
        Assert.Equal(["1: 1", "2! This line is longer than 4 MiB.", "3: 3"], rows);
        Assert.InRange(allocated, 0, 64 * MiB);
    }

    [Theory]
    [InlineData("xl/sharedStrings.xml", "<si><t>")]
    [InlineData("xl/sharedStrings.xml", "<si><t><![CDATA[<")]
    [InlineData("xl/sharedStrings.xml", "<si a=\"")]
    [InlineData("xl/worksheets/sheet1.xml", "<sheetData><row><c t=\"inlineStr\"><is><t>")]
    public void One_text_that_unpacks_to_100_MB_is_refused(string part, string start)
    {
        using var file = Workbook(part, start, new string('a', MiB), 100);
        Assert.InRange(file.Length, 0, MiB);

        var (refusal, allocated) = Measured(() => Imported.Refusal(file));

        Assert.Equal("The workbook has a text of more than a million characters. Save the sheet as CSV and send that.", refusal);
        Assert.InRange(allocated, 0, 32 * MiB);
    }

    [Fact]
    public void Shared_strings_of_more_than_128_MiB_are_refused_before_they_are_read()
    {
        using var file = Workbook("xl/sharedStrings.xml", "", string.Concat(Enumerable.Repeat("<si><t>a</t></si>", 60_000)), 140);

        var (refusal, allocated) = Measured(() => Imported.Refusal(file));

        Assert.Equal("The workbook has texts of more than 128 MiB. Save the sheet as CSV and send that.", refusal);
        Assert.InRange(allocated, 0, 16 * MiB);
    }

    [Fact]
    public void A_part_that_is_longer_than_the_ZIP_file_says_is_refused_where_the_limit_is()
    {
        using var whole = Workbook("xl/sharedStrings.xml", "", string.Concat(Enumerable.Repeat("<si><t>a</t></si>", 60_000)), 140);
        using var file = new MemoryStream(SayLength(whole.ToArray(), "xl/sharedStrings.xml", 1000));

        var (refusal, allocated) = Measured(() => Imported.Refusal(file));

        Assert.StartsWith("The workbook", refusal);
        Assert.InRange(allocated, 0, 256L * MiB);
    }

    [Fact]
    public void Entities_that_multiply_are_refused()
    {
        var entities = string.Concat(Enumerable.Range(1, 9)
            .Select(i => $"<!ENTITY e{i} \"{string.Concat(Enumerable.Repeat($"&e{i - 1};", 10))}\">"));
        using var file = Package(("xl/sharedStrings.xml", text =>
            text.Write($"<!DOCTYPE sst [<!ENTITY e0 \"lol\">{entities}]><sst {Main}><si><t>&e9;</t></si></sst>")));

        var (refusal, allocated) = Measured(() => Imported.Refusal(file));

        Assert.StartsWith("The workbook is damaged", refusal);
        Assert.InRange(allocated, 0, 8 * MiB);
    }

    [Theory]
    [InlineData("<a>")]
    [InlineData("<a{0}/>")]
    public void Elements_without_end_and_names_without_end_are_refused(string element)
    {
        var many = new StringBuilder();
        for (var i = 0; i < 200_000; i++)
            many.Append(System.Globalization.CultureInfo.InvariantCulture, $"{element.Replace("{0}", $"{i}", StringComparison.Ordinal)}");
        using var file = Workbook("xl/worksheets/sheet1.xml", "<sheetData>", many.ToString(), 10);

        var (refusal, allocated) = Measured(() => Imported.Refusal(file));

        Assert.StartsWith("The workbook is damaged", refusal);
        Assert.InRange(allocated, 0, 16 * MiB);
    }

    [Fact]
    public void A_workbook_of_a_million_files_is_refused_before_they_are_listed()
    {
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
            for (var i = 0; i < 100_000; i++)
                zip.CreateEntry($"xl/{i}.xml");

        var (refusal, allocated) = Measured(() => Imported.Refusal(file));

        Assert.Equal("The workbook has more than 10,000 files in it. Save the sheet as CSV and send that.", refusal);
        Assert.InRange(allocated, 0, 64 * MiB);
    }

    [Fact]
    public void A_part_that_fifty_sheets_share_is_not_read_fifty_times()
    {
        using var file = Package(
            ("xl/workbook.xml", text =>
            {
                text.Write($"<workbook {Main} xmlns:r=\"{Relation}\"><sheets>");
                for (var i = 0; i < 50; i++)
                    text.Write($"<sheet name=\"S{i}\" sheetId=\"{i + 1}\" r:id=\"a\"/>");
                text.Write("</sheets></workbook>");
            }
        ),
            ("xl/worksheets/sheet1.xml", text =>
            {
                text.Write($"<worksheet {Main}>");
                for (var i = 0; i < MiB; i++)
                    text.Write("<a/>");
                text.Write("<sheetData/></worksheet>");
            }
        ));

        Assert.StartsWith("The workbook is damaged", Imported.Refusal(file));
    }

    [Fact]
    public void A_sheets_name_is_cut()
    {
        var name = new string('n', 100_000);
        using var file = Package(
            ("xl/workbook.xml", text => text.Write($"<workbook {Main} xmlns:r=\"{Relation}\"><sheets>"
                + $"<sheet name=\"{name}\" sheetId=\"1\" r:id=\"a\"/></sheets></workbook>")),
            ("xl/worksheets/sheet1.xml", text => text.Write(
                $"<worksheet {Main}><sheetData><row><c t=\"inlineStr\"><is><t>name</t></is></c></row>"
                + "<row><c t=\"inlineStr\"><is><t>Ada</t></is></c></row></sheetData></worksheet>")));

        var exam = Imported.Files.Examine(file, null, null);

        Assert.Equal((new string('n', 200), new string('n', 200)), (exam.Shape.Sheet, exam.Sheets.Single().Name));
        Assert.Equal(["2: Ada"], Imported.Rows(file, new AskedShape(HeaderLine: 1, Sheet: exam.Shape.Sheet)));
    }

    [Fact]
    public void Parts_that_unpack_to_more_than_4_GiB_together_are_refused()
    {
        using var file = Workbook("xl/worksheets/sheet1.xml", "<sheetData/></worksheet>", "", 0);
        using var parts = XlsxParts.Open(file);
        // As sheets do that were read: to unpack them here would take a minute.
        parts.Count(XlsxLimits.MaxTogether - MiB);
        parts.Related(parts.Workbook);
        parts.Count(MiB - 1_000);

        var refusal = Assert.Throws<FileRefusedException>(() =>
        {
            for (var i = 0; i < 3; i++)
                parts.Related(parts.Workbook);
        });

        Assert.Equal("The workbook has parts of more than 4 GiB together. Save the sheet as CSV and send that.", refusal.Message);
    }

    [Fact]
    public void A_cell_in_the_last_corner_costs_no_more_than_another_one()
    {
        using var file = Package(("xl/worksheets/sheet1.xml", text => text.Write(
            $"<worksheet {Main}><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>n</t></is></c></row>"
            + "<row r=\"1048576\"><c r=\"A1048576\"><v>1</v></c><c r=\"XFD1048576\"><v>1</v></c></row></sheetData></worksheet>")));

        var (refusal, allocated) = Measured(() => Imported.Refusal(file));

        Assert.Equal("The table has more than 1,000 columns. Remove those that are not needed.", refusal);
        Assert.InRange(allocated, 0, 8 * MiB);
    }

    [Fact]
    public void A_sheet_of_100_000_rows_is_read_within_memory()
    {
        using var file = Package(
            ("xl/sharedStrings.xml", text =>
            {
                text.Write($"<sst {Main}>");
                for (var i = 0; i < 500_000; i++)
                    text.Write($"<si><t>Shared text {i}</t></si>");
                text.Write("</sst>");
            }
        ),
            ("xl/worksheets/sheet1.xml", text =>
            {
                text.Write($"<worksheet {Main}><sheetData>");
                for (var row = 0; row < 100_000; row++)
                {
                    text.Write($"<row r=\"{row + 1}\">");
                    for (var i = 0; i < 5; i++)
                        text.Write($"<c t=\"s\"><v>{row * 5 + i}</v></c><c><v>{4412345000000 + row}</v></c>");
                    text.Write("</row>");
                }
                text.Write("</sheetData></worksheet>");
            }
        ));
        var exam = Imported.Files.Examine(file, null, null, new AskedShape(HeaderLine: 1));
        Assert.Equal((99_999, 10), (exam.Rows, exam.Columns.Count));

        using var rows = Imported.Files.Open(file, exam.Shape, [.. exam.Columns.Select(column => column.Name)]);
        var before = GC.GetTotalMemory(true);
        while (rows.Read() && rows.Line < 90_000)
        {
        }

        var live = GC.GetTotalMemory(true) - before;
        Assert.True(live < 64L * MiB, $"{live} bytes");
    }

    private static (T Result, long Allocated) Measured<T>(Func<T> action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var result = action();
        return (result, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static MemoryStream Long(ReadOnlySpan<byte> start, byte filler, int length, ReadOnlySpan<byte> end)
    {
        var bytes = new byte[start.Length + length + end.Length];
        start.CopyTo(bytes);
        bytes.AsSpan(start.Length, length).Fill(filler);
        end.CopyTo(bytes.AsSpan(start.Length + length));
        return new MemoryStream(bytes);
    }

    /// <summary>A workbook in which one part repeats a text.</summary>
    private static MemoryStream Workbook(string part, string start, string text, int times) => Package((part, writer =>
    {
        writer.Write(part.EndsWith("sharedStrings.xml", StringComparison.Ordinal) ? $"<sst {Main}>" : $"<worksheet {Main}>");
        writer.Write(start);
        for (var i = 0; i < times; i++)
            writer.Write(text);
        if (start.Length == 0)
            writer.Write("</sst>");
    }
    ));

    private static MemoryStream Package(params (string Path, Action<StreamWriter> Write)[] parts)
    {
        const string Package = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">";
        var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            (string Path, Action<StreamWriter> Write)[] usual =
            [
                ("xl/workbook.xml", text => text.Write(
                    $"<workbook {Main} xmlns:r=\"{Relation}\"><sheets><sheet name=\"One\" sheetId=\"1\" r:id=\"a\"/></sheets></workbook>")),
                ("xl/_rels/workbook.xml.rels", text => text.Write(
                    $"{Package}<Relationship Id=\"a\" Type=\"{Relation}/worksheet\" Target=\"worksheets/sheet1.xml\"/>"
                    + $"<Relationship Id=\"b\" Type=\"{Relation}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>")),
                ("xl/worksheets/sheet1.xml", text => text.Write(
                    $"<worksheet {Main}><sheetData><row><c t=\"s\"><v>0</v></c></row></sheetData></worksheet>")),
            ];
            foreach (var (path, write) in usual.Where(one => parts.All(part => part.Path != one.Path)).Concat(parts))
            {
                using var text = new StreamWriter(zip.CreateEntry(path, CompressionLevel.Fastest).Open(), new UTF8Encoding(false));
                write(text);
            }
        }
        return file;
    }

    /// <summary>Changes the unpacked length of an entry in the ZIP file's directory.</summary>
    private static byte[] SayLength(byte[] zip, string entry, int length)
    {
        const int DirectoryName = 46;
        const int DirectoryLength = 24;
        var name = zip.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(entry));
        BitConverter.TryWriteBytes(zip.AsSpan(name - DirectoryName + DirectoryLength), length);
        return zip;
    }
}
