using System.IO.Compression;

namespace Roster.Imports;

/// <summary>
/// Tells from a file's contents what it is, and refuses what is no table with a sentence that says so. Name and media
/// type only decide where the contents leave a choice.
/// </summary>
public static class FileKind
{
    /// <summary>Bytes of the start, and characters of a text's start, that are enough.</summary>
    internal const int Enough = 4 << 10;

    private const string SaveAs = "Open it in a spreadsheet program and save it as .xlsx or as CSV.";
    private const string Export = "Export the table as .xlsx or as CSV, and send that.";
    private const string Unpack = "Unpack it, and send the file in it.";

    private static readonly (byte[] Start, string What, string Cure)[] Signatures =
    [
        ("%PDF"u8.ToArray(), "a PDF", Export),
        ("{\\rtf"u8.ToArray(), "an RTF document", Export),
        ([0x1F, 0x8B], "a file compressed with gzip", Unpack),
        ([0x28, 0xB5, 0x2F, 0xFD], "a file compressed with zstd", Unpack),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], "a file compressed with xz", Unpack),
        ("BZh"u8.ToArray(), "a file compressed with bzip2", Unpack),
        ([(byte)'7', (byte)'z', 0xBC, 0xAF], "a 7-Zip archive", Unpack),
        ("Rar!"u8.ToArray(), "a RAR archive", Unpack),
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], "an image (PNG)", Export),
        ([0xFF, 0xD8, 0xFF], "an image (JPEG)", Export),
        ("GIF8"u8.ToArray(), "an image (GIF)", Export),
        ("II*\0"u8.ToArray(), "an image (TIFF)", Export),
        ("MM\0*"u8.ToArray(), "an image (TIFF)", Export),
        ("RIFF"u8.ToArray(), "an image, a sound or a video", Export),
        ("SQLite format 3\0"u8.ToArray(), "an SQLite database", Export),
        ("PAR1"u8.ToArray(), "a Parquet file", Export),
        ([0x7F, (byte)'E', (byte)'L', (byte)'F'], "a program", "Choose the file with the table."),
        ("MZ\x90"u8.ToArray(), "a program", "Choose the file with the table."),
        ([0xFF, 0xFE, 0, 0], "text in UTF-32", "Save it as UTF-8."),
        ([0, 0, 0xFE, 0xFF], "text in UTF-32", "Save it as UTF-8."),
    ];

    /// <summary>Entries of ZIP files that are something else than a workbook.</summary>
    private static readonly (string Entry, string What, string Cure)[] Archives =
    [
        ("xl/workbook.bin", "a binary Excel workbook (.xlsb)", SaveAs),
        ("word/document.xml", "a Word document", Export),
        ("ppt/presentation.xml", "a PowerPoint presentation", Export),
        ("Index/Document.iwa", "a document of Apple Numbers or Pages", Export),
        ("content.xml", "an OpenDocument file, such as .ods", SaveAs),
    ];

    /// <summary>Refuses a file that is neither text nor a ZIP file.</summary>
    /// <returns>Whether it is a ZIP file, as workbooks are.</returns>
    /// <exception cref="FileRefusedException"/>
    internal static bool IsZip(Stream file, ReadOnlySpan<byte> start)
    {
        foreach (var (signature, what, cure) in Signatures)
            if (start.StartsWith(signature))
                throw FileRefusals.NoTable(what, cure);
        if (OldOffice.Is(start))
            throw OldOffice.Refusal(file);
        return start is [(byte)'P', (byte)'K', 3, 4, ..] or [(byte)'P', (byte)'K', 5, 6, ..];
    }

    /// <summary>Says what a ZIP file without a workbook is.</summary>
    public static FileRefusedException NoWorkbook(ZipArchive archive)
    {
        foreach (var (entry, what, cure) in Archives)
            if (archive.GetEntry(entry) is not null)
                return FileRefusals.NoTable(what, cure);
        return archive.Entries.Count == 0
            ? FileRefusals.NoTable("an empty ZIP file", "Choose the file with the table.")
            : FileRefusals.NoTable("a ZIP file without a workbook", Unpack);
    }

    /// <summary>Tells JSON from CSV.</summary>
    /// <param name="text">The text's first characters.</param>
    /// <exception cref="FileRefusedException">It is text, but no table.</exception>
    internal static FileFormat TextFormat(string text, string? filename, string? mediaType)
    {
        var start = text.AsSpan().TrimStart(" \t\r\n\0\x1E\uFEFF");
        if (start is ['<', ..] && (start.Contains('>') || start.Length == text.Length))
            throw Markup(start, filename);
        if (start.StartsWith("BEGIN:VCARD", StringComparison.OrdinalIgnoreCase))
            throw FileRefusals.NoTable("a vCard file with contacts", "Export the contacts as CSV, and send that.");
        if (start.StartsWith("BEGIN:VCALENDAR", StringComparison.OrdinalIgnoreCase))
            throw FileRefusals.NoTable("a calendar", "Export contacts as CSV, and send that.");
        var saysCsv = Says(filename, mediaType, ".csv", "csv") || Says(filename, mediaType, ".tsv", "tab-separated");
        var saysJson = Says(filename, mediaType, "json", "json");
        var inside = start.Length > 1 ? start[1..].TrimStart() : "";
        if (start is ['{', ..] && (saysJson || inside is ['"', ..] or ['}', ..]))
            return IsOneALine(start) ? FileFormat.Ndjson : throw FileRefusals.NoArray("one object");
        if (start is ['[', ..] && (saysJson || inside is ['{', ..] or [']', ..] || (!saysCsv && inside is ['"' or '[', ..])))
            return FileFormat.Json;
        return saysJson && !start.IsEmpty && Says(filename, mediaType, ".json", "application/json")
            ? throw FileRefusals.NoArray("a single value, or no JSON") : FileFormat.Csv;
    }

    private static bool Says(string? filename, string? mediaType, string ending, string type) =>
        filename?.EndsWith(ending, StringComparison.OrdinalIgnoreCase) == true
        || mediaType?.Contains(type, StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Whether the first line is a whole value, or longer than what is seen of the text.</summary>
    private static bool IsOneALine(ReadOnlySpan<char> start)
    {
        var end = start.IndexOfAny('\r', '\n');
        return end < 0 || start[..end].TrimEnd() is [.., '}'];
    }

    private static FileRefusedException Markup(ReadOnlySpan<char> start, string? filename)
    {
        var isXls = filename?.EndsWith(".xls", StringComparison.OrdinalIgnoreCase) == true;
        var what = "XML";
        if (start.Contains("urn:schemas-microsoft-com:office:spreadsheet", StringComparison.Ordinal))
            what = "an XML spreadsheet of Excel 2003";
        foreach (var mark in (ReadOnlySpan<string>)["<html", "<table", "<!doctype html"])
            what = start.Contains(mark, StringComparison.OrdinalIgnoreCase) ? "HTML" : what;
        return FileRefusals.NoTable(isXls ? $"{what}, although its name ends in .xls" : what, SaveAs);
    }
}
