using Roster.Batches;

namespace Roster.Imports;

/// <summary>Why a file cannot be imported: one place for all codes and their sentences.</summary>
public static class FileRefusals
{
    public static FileRefusedException Empty() =>
        new("empty_file", "The file is empty. Choose the file again, or save it again in the program that it comes from.");

    /// <param name="what">What the file is, as "a PDF".</param>
    /// <param name="cure">What to do, as a sentence.</param>
    public static FileRefusedException NoTable(string what, string cure) => new("not_a_table", $"This is {what}. {cure}");

    public static FileRefusedException Unknown() =>
        new("not_a_table", "This is neither text nor a workbook that can be read. Save the table as .xlsx or as CSV.");

    public static FileRefusedException NoRows() =>
        new("no_rows", "The file has a header and no rows below it. Add rows and send it again. "
            + "If its only line is a partner, put a line with the names of the columns above it.");

    public static FileRefusedException Blank() =>
        new("no_rows", "All cells are blank. Choose another file, or another sheet of the workbook.");

    public static FileRefusedException TooManyColumns() => new(
        "too_many_columns", $"The table has more than {CsvFormat.MaxColumns:N0} columns. Remove those that are not needed.");

    public static FileRefusedException TooManyRows() => new(
        "too_many_rows", $"The file has more than {ImportLimits.MaxRows:N0} rows. Divide it into several files.");

    public static FileRefusedException Header(int line, string fault) =>
        new("bad_header", $"The header in line {line} cannot be read. {fault}");

    public static FileRefusedException NoHeaderLine(int line) =>
        new("bad_header", $"Line {line} was chosen as the header, and no line with text begins there. Choose another one.");

    public static FileRefusedException Divider(string seen) => new(
        "unknown_divider", $"The file's first line says that cells are divided by {seen}. Use a comma, semicolon, tab or pipe.");

    public static FileRefusedException Encoding(string name, long at) => new(
        "wrong_encoding",
        $"The file is not {name}: it has bytes that {name} does not have, the first near byte {at}. Choose another encoding.");

    public static FileRefusedException UnknownEncoding(string name) => new(
        "wrong_encoding", $"The encoding {name} is not known. The encodings are {string.Join(", ", TextEncodings.Names)}.");

    public static FileRefusedException NoArray(string what) => new(
        "not_an_array", $"This JSON is {what}. Send an array of objects, as [{{\"name\": \"Ada\"}}], or one object a line.");

    public static FileRefusedException Json(string where, string reason) =>
        new("invalid_json", $"The JSON breaks off at {where}. {reason}");

    public static FileRefusedException LongJson(int row) => new(
        "invalid_json", $"Row {row} has a text of more than {ImportLimits.MaxJsonToken >> 20} MiB. Shorten it.");

    public static FileRefusedException NoSheet(string name) =>
        new("unknown_sheet", $"The workbook has no sheet \"{TextSample.Of(name)}\". Choose one of its sheets.");

    public static FileRefusedException DamagedWorkbook() =>
        new("damaged_workbook", "The workbook is damaged or incomplete. Open it in a spreadsheet program, save it again, and send that.");

    /// <param name="limit">What is over its limit, as "a sheet of more than 2 GiB".</param>
    public static FileRefusedException LargeWorkbook(string limit) =>
        new("workbook_too_large", $"The workbook has {limit}. Save the sheet as CSV and send that.");
}
