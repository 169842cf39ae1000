using System.IO.Compression;
using Roster.Imports;

namespace Roster.Tests.Imports;

/// <summary>Rows of workbooks: a cell is what a person sees in the spreadsheet.</summary>
public sealed class WorkbookTests
{
    [Fact]
    public void A_workbook_of_LibreOffice_is_read()
    {
        var exam = Imported.Examine("office.xlsx");

        Assert.Equal(new FileShape(FileFormat.Xlsx, HeaderLine: 1, Sheet: "Partners"), exam.Shape);
        Assert.Equal([new Sheet("Partners", 5, false), new Sheet("Other", 2, false)], exam.Sheets);
        Assert.Equal("Name,E-mail,Phone,Since,Active,Sum", Imported.Names(exam));
        Assert.Equal((3, 1, 1), (exam.Rows, exam.BlankRows, exam.HiddenRows));
        Assert.Equal(
            [
                "2: Ada Lovelace|ada@example.com|4412345678901|29.02.2024|1|4412345678902",
                "3: José Müller|jose@example.com|123|31.12.1999|0|#DIV/0!",
                "5: 王小明|wang@example.com|0.5|01.01.2026|1|ab",
            ],
            Imported.Rows("office.xlsx"));
    }

    [Fact]
    public void Each_kind_of_cell_is_shown_as_the_spreadsheet_shows_it() => Assert.Equal(
        [
            "2: 東京 |4412345678901|2023-03-15|two\r\nlines & more",
            "3: Inline <Ada>|4412345678901|2023-03-15 18:00|TRUE",
            "5: ab|00123|28.02.1900|#N/A",
            "6: 0.1|0.3|15-Mar-23 12:00 PM|FALSE",
            "7: C & D|123456789012346000000|12:00|2026-01-31",
            "9: last||36:00:00|",
        ],
        Imported.Rows("cells.xlsx").Select(row => row.Replace("\r\r", "\r", StringComparison.Ordinal)));

    [Fact]
    public void The_first_sheet_that_is_seen_and_has_text_is_read_and_another_one_if_asked()
    {
        var exam = Imported.Examine("cells.xlsx");

        Assert.Equal("Cells", exam.Shape.Sheet);
        Assert.Equal([true, false, false], exam.Sheets.Select(sheet => sheet.IsHidden));
        Assert.Equal("Secret", Imported.Examine("cells.xlsx", new AskedShape(Sheet: "Secret")).Shape.Sheet);
        Assert.Equal("x,y", Imported.Names(Imported.Examine("office.xlsx", new AskedShape(Sheet: "Other"))));
        Assert.Equal(
            "The workbook has no sheet \"No\". Choose one of its sheets.", Imported.Refusal("cells.xlsx", new AskedShape(Sheet: "No")));
    }

    [Fact]
    public void Hidden_and_blank_rows_are_counted()
    {
        var exam = Imported.Examine("cells.xlsx");

        // Row 4 is not in the file, row 8 has no text.
        Assert.Equal((6, 2, 1), (exam.Rows, exam.BlankRows, exam.HiddenRows));
    }

    [Fact]
    public void A_reader_tells_numbers_whose_zeros_are_lost()
    {
        var file = Imported.Kept("cells.xlsx");
        var exam = Imported.Files.Examine(file, null, null);
        using var rows = Imported.Files.Open(file, exam.Shape, [.. exam.Columns.Select(column => column.Name)]);
        var numbers = new List<bool>();
        while (rows.Read())
            numbers.Add(rows.IsNumber(1));

        // In the third row a format brings the zeros back.
        Assert.Equal([true, true, false, true, true, false], numbers);
    }

    [Theory]
    [InlineData("office.xlsx", "xl/sharedStrings.xml", null)]
    [InlineData("office.xlsx", "xl/styles.xml", null)]
    [InlineData("cells.xlsx", "xl/sharedStrings.xml", "<sst><si><t>name</t></si></sst>")]
    public void A_workbook_that_has_lost_its_texts_or_styles_is_refused(string name, string part, string? contents)
    {
        using var file = new MemoryStream();
        Imported.Kept(name).CopyTo(file);
        using (var zip = new ZipArchive(file, ZipArchiveMode.Update, leaveOpen: true))
        {
            zip.GetEntry(part)!.Delete();
            if (contents is not null)
            {
                using var text = new StreamWriter(zip.CreateEntry(part).Open());
                text.Write(contents);
            }
        }

        Assert.StartsWith("The workbook is damaged or incomplete.", Imported.Refusal(file));
    }

    [Theory]
    [InlineData("yyyy-mm-dd hh:mm:ss", 45000.5, "2023-03-15 12:00:00")]
    [InlineData("mm/dd/yy", 1, "01/01/00")]
    [InlineData("dddd, mmmm d", 45000, "Wednesday, March 15")]
    [InlineData("[h]:mm", 2.5, "60:00")]
    [InlineData("mm:ss.0", 0.000011574, "00:01.0")]
    [InlineData("h\"h \"mm", 0.75, "18h 00")]
    [InlineData("000", 7, "007")]
    [InlineData("0%", 0.125, "12.5%")]
    [InlineData("[Red]0.00%", -0.07, "-7%")]
    [InlineData("0.0 %;-0.0 %", 1.5, "150%")]
    [InlineData("0%", 0.00000005, "0.000005%")]
    [InlineData("yyyy\\%", 45000, "2023%")]
    [InlineData("[$-411]ggge\"年\"m\"月\"d\"日\";@", 45000, "2023-03-15")]
    [InlineData("[$-404]e/m/d", 45000, "2023-03-15")]
    [InlineData("[$-D07041E]d/m/bbbb", 45000, "2023-03-15")]
    [InlineData("yyyy/m/d (aaa)", 45000, "2023-03-15")]
    [InlineData("[$-404]e/m/d hh:mm", 45000.75, "2023-03-15 18:00:00")]
    [InlineData("yyyy\"年\"m\"月\"d\"日\"", 45000, "2023年3月15日")]
    [InlineData("h:mm A/P", 45000.75, "6:00 P")]
    [InlineData("[$-804]上午/下午h\"时\"mm\"分\";@", 45000.25, "上午6时00分")]
    public void Number_formats_are_obeyed(string code, double value, string shown) =>
        Assert.Equal(shown, Roster.Server.Formats.XlsxNumberFormat.Of(code)!.Show(value, is1904: false));

    [Theory]
    [InlineData(1.23456789012345E+15, "1234567890123450")]
    [InlineData(-1.5E+20, "-150000000000000000000")]
    [InlineData(1E+21, "1E+21")]
    [InlineData(1E-05, "0.00001")]
    [InlineData(1.23456789012345E-10, "0.000000000123456789012345")]
    [InlineData(1E-14, "1E-14")]
    [InlineData(0.30000000000000004, "0.3")]
    [InlineData(0, "0")]
    public void A_number_is_its_digits_without_an_exponent(double value, string shown) =>
        Assert.Equal(shown, Roster.Server.Formats.XlsxNumberFormat.Plain(value));

    [Theory]
    [InlineData("General")]
    [InlineData("0.00")]
    [InlineData("#,##0 \"Std\"")]
    [InlineData("_-* #,##0.00\\ _d_-")]
    [InlineData("0\"%\"")]
    [InlineData("0\\%")]
    [InlineData("[$€-407] #,##0.00")]
    [InlineData("0;0%")]
    [InlineData("0.00E+00")]
    [InlineData("General\" g\"")]
    public void Formats_of_plain_numbers_change_nothing(string code) =>
        Assert.Null(Roster.Server.Formats.XlsxNumberFormat.Of(code));
}
