using Roster.Imports;

namespace Roster.Tests.Imports;

/// <summary>A file that is no table is refused with a sentence that says what it is and what to do.</summary>
public sealed class OtherFormatsTests
{
    private const string SaveAs = "Open it in a spreadsheet program and save it as .xlsx or as CSV.";
    private const string SendArray = "Send an array of objects, as [{\"name\": \"Ada\"}], or one object a line.";

    [Theory]
    [InlineData("office.pdf", "This is a PDF. Export the table as .xlsx or as CSV, and send that.")]
    [InlineData("office.xls", "This is an old Excel workbook (.xls). " + SaveAs)]
    [InlineData("office-password.xlsx",
        "This is a workbook or document with a password. Open it in a spreadsheet program, save it without a password, and send that.")]
    [InlineData("office.ods", "This is an OpenDocument file, such as .ods. " + SaveAs)]
    [InlineData("office.html", "This is HTML. " + SaveAs)]
    [InlineData("page.xls", "This is HTML, although its name ends in .xls. " + SaveAs)]
    [InlineData("spreadsheet-2003.xls", "This is an XML spreadsheet of Excel 2003, although its name ends in .xls. " + SaveAs)]
    [InlineData("plain.zip", "This is a ZIP file without a workbook. Unpack it, and send the file in it.")]
    [InlineData("note.rtf", "This is an RTF document. Export the table as .xlsx or as CSV, and send that.")]
    [InlineData("contacts.vcf", "This is a vCard file with contacts. Export the contacts as CSV, and send that.")]
    [InlineData("nuls.csv", "This is a file of NUL bytes only. It was damaged when it was copied or saved; get it again.")]
    [InlineData("header-only.csv", "The file has a header and no rows below it. Add rows and send it again. "
        + "If its only line is a partner, put a line with the names of the columns above it.")]
    [InlineData("no-rows.xlsx", "All cells are blank. Choose another file, or another sheet of the workbook.")]
    [InlineData("wide.xlsx", "The table has more than 1,000 columns. Remove those that are not needed.")]
    [InlineData("object.json", "This JSON is one object. " + SendArray)]
    [InlineData("object-line.json", "This JSON is one object that cannot be a row. " + SendArray)]
    [InlineData("arrays.json", "This JSON is an array of arrays. " + SendArray)]
    public void A_file_that_is_something_else_is_named(string name, string sentence) => Assert.Equal(sentence, Imported.Refusal(name));

    [Theory]
    [InlineData(new byte[] { 0x1F, 0x8B, 8, 0 }, "This is a file compressed with gzip. Unpack it, and send the file in it.")]
    [InlineData(new byte[] { 0x89, 0x50, 0x4E, 0x47 }, "This is an image (PNG). Export the table as .xlsx or as CSV, and send that.")]
    [InlineData(new byte[] { }, "The file is empty. Choose the file again, or save it again in the program that it comes from.")]
    [InlineData(new byte[] { 0x50, 0x4B, 3, 4, 1, 2, 3 },
        "The workbook is damaged or incomplete. Open it in a spreadsheet program, save it again, and send that.")]
    [InlineData(new byte[] { 0x0A, 0x20, 0x0D }, "All cells are blank. Choose another file, or another sheet of the workbook.")]
    [InlineData(new byte[] { 0x80, 0x81, 0xFF, 0x01, 0x8D, 0x90, 0x00, 0x98, 0xA0 },
        "This is neither text nor a workbook that can be read. Save the table as .xlsx or as CSV.")]
    public void Bytes_that_are_no_table_are_named(byte[] bytes, string sentence) =>
        Assert.Equal(sentence, Imported.Refusal(new MemoryStream(bytes)));

    [Fact]
    public void The_contents_decide_and_not_the_name()
    {
        Assert.Equal(FileFormat.Xlsx, Imported.Files.Examine(Imported.Kept("office.xlsx"), "a.csv", "text/csv").Shape.Format);
        Assert.Equal(FileFormat.Csv, Imported.Files.Examine(Imported.Kept("utf-8.csv"), "a.xlsx", "application/octet-stream").Shape.Format);
        Assert.Equal(FileFormat.Ndjson, Imported.Files.Examine(Imported.Kept("rows.ndjson"), "a.csv", "text/csv").Shape.Format);
        Assert.Equal(FileFormat.Json, Imported.Files.Examine(Imported.Kept("rows.json"), null, null).Shape.Format);
    }
}
