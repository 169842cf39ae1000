using System.Globalization;
using System.IO.Compression;
using System.Xml;
using Roster.Imports;

namespace Roster.Server.Formats;

/// <summary>
/// A workbook of Excel 2007 or later (ECMA-376), read in pieces: only the shared strings are held, 128 MiB and 64 MB
/// for their places at most. docs/decisions/0018 says why no library reads it.
/// </summary>
public sealed class XlsxWorkbook : Workbook
{
    private const int MaxSheets = 1_000;

    private readonly XlsxParts _parts;
    private readonly List<Sheet> _sheets = [];
    private readonly List<ZipArchiveEntry> _entries = [];
    private readonly XlsxStyles _styles;
    private readonly string? _stringsPath;
    private XlsxStrings? _strings;

    private XlsxWorkbook(XlsxParts parts)
    {
        _parts = parts;
        var related = parts.Related(parts.Workbook);
        _stringsPath = related.Values.FirstOrDefault(one => one.Kind == "sharedStrings").Target;
        var is1904 = ReadSheets(related);
        var styles = related.Values.FirstOrDefault(one => one.Kind == "styles").Target;
        _styles = XlsxStyles.Read(parts, styles, is1904);
    }

    public override IReadOnlyList<Sheet> Sheets => _sheets;

    /// <param name="file">Must be able to seek. Is left open.</param>
    /// <exception cref="FileRefusedException">It is no workbook, is damaged, or is over a limit.</exception>
    public static Workbook Open(Stream file) => XlsxXml.Guard(() =>
    {
        var parts = XlsxParts.Open(file);
        try
        {
            return new XlsxWorkbook(parts);
        }
        catch
        {
            parts.Dispose();
            throw;
        }
    });

    public override Grid Open(string sheet)
    {
        var index = _sheets.FindIndex(one => one.Name == sheet);
        if (index < 0)
            throw FileRefusals.NoSheet(sheet);
        return XlsxXml.Guard(() =>
        {
            _strings ??= XlsxStrings.Read(_parts, _stringsPath);
            return new XlsxGrid(_parts.Open(_entries[index], "a sheet", XlsxLimits.MaxSheet), _strings, _styles);
        });
    }

    public override void Dispose() => _parts.Dispose();

    /// <returns>Whether dates count from 1904.</returns>
    private bool ReadSheets(Dictionary<string, (string Kind, string Target)> related)
    {
        using var xml = _parts.Open(_parts.Find(_parts.Workbook)!, "a list of sheets", XlsxLimits.MaxPart);
        var is1904 = false;
        while (XlsxXml.Next(xml))
        {
            if (xml.NodeType != XmlNodeType.Element)
                continue;
            if (xml.LocalName == "workbookPr")
                is1904 = XlsxXml.Is(xml, "date1904");
            else if (xml.LocalName == "sheet" && Id(xml) is { } id && related.TryGetValue(id, out var part) && part.Kind == "worksheet")
                AddSheet(xml, part.Target);
        }
        return is1904;
    }

    private void AddSheet(XmlReader xml, string path)
    {
        // Each sheet has a part of its own; one part under a thousand names would be read a thousand times.
        if (_parts.Find(path) is not { } entry || _entries.Contains(entry))
            throw FileRefusals.DamagedWorkbook();
        if (_sheets.Count == MaxSheets)
            throw FileRefusals.LargeWorkbook($"more than {MaxSheets:N0} sheets");
        var name = TextCut.Within(xml.GetAttribute("name") ?? "", XlsxLimits.MaxSheetName);
        _sheets.Add(new Sheet(name, Rows(entry), xml.GetAttribute("state") is "hidden" or "veryHidden"));
        _entries.Add(entry);
    }

    /// <summary>The attribute <c>r:id</c>, whatever its prefix.</summary>
    private static string? Id(XmlReader xml)
    {
        string? id = null;
        for (var isOne = xml.MoveToFirstAttribute(); isOne && id is null; isOne = xml.MoveToNextAttribute())
            id = xml.LocalName == "id" && xml.Prefix.Length > 0 ? xml.Value : null;
        xml.MoveToElement();
        return id;
    }

    /// <summary>Number of rows by the sheet's <c>dimension</c>, as "A1:J100", which stands before its cells.</summary>
    private int? Rows(ZipArchiveEntry sheet)
    {
        using var xml = _parts.Open(sheet, "a sheet", XlsxLimits.MaxSheet);
        while (XlsxXml.Next(xml) && xml.LocalName != "sheetData")
        {
            if (xml.NodeType != XmlNodeType.Element || xml.LocalName != "dimension")
                continue;
            var corner = (xml.GetAttribute("ref") ?? "").AsSpan();
            corner = corner[(corner.IndexOf(':') + 1)..].TrimStart("ABCDEFGHIJKLMNOPQRSTUVWXYZ$");
            return int.TryParse(corner, NumberStyles.None, CultureInfo.InvariantCulture, out var rows) ? rows : null;
        }
        return null;
    }
}
