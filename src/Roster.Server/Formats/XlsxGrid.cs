using System.Globalization;
using System.Xml;
using Roster.Batches;
using Roster.Imports;

namespace Roster.Server.Formats;

/// <summary>
/// The rows of a sheet. A formula's cell has its value as the workbook holds it; a cell with an error has the error's
/// text, as #N/A. Holds one row.
/// </summary>
internal sealed class XlsxGrid(XmlReader xml, XlsxStrings strings, XlsxStyles styles) : Grid
{
    private readonly string?[] _cells = new string?[CsvFormat.MaxColumns];
    private readonly bool[] _isNumber = new bool[CsvFormat.MaxColumns];
    private readonly XlsxText _text = new();
    private int _count;
    private bool _hasTextBeyond;

    /// <summary>Up to the row's last cell with text.</summary>
    public override int Count => _count;

    public override string? this[int column] => column < _count ? _cells[column] : null;

    public override bool HasTextBeyond => _hasTextBeyond;

    public override bool IsNumber(int column) => column < _count && _isNumber[column] && _cells[column] is not null;

    public override bool Read() => XlsxXml.Guard(ReadRow);

    public override void Dispose() => xml.Dispose();

    private bool ReadRow()
    {
        while (XlsxXml.Next(xml))
        {
            if (xml.LocalName == "sheetData" && xml.NodeType == XmlNodeType.EndElement)
                return false;
            if (xml.LocalName != "row" || xml.NodeType != XmlNodeType.Element)
                continue;
            BeginRow();
            if (!xml.IsEmptyElement)
                ReadCells();
            return true;
        }
        return false;
    }

    private void BeginRow()
    {
        _cells.AsSpan(0, _count).Clear();
        _count = 0;
        _hasTextBeyond = false;
        var line = int.TryParse(xml.GetAttribute("r"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : Line + 1;
        Missing = Math.Max(0, line - Line - 1);
        Line = line;
        IsHidden = XlsxXml.Is(xml, "hidden");
    }

    private void ReadCells()
    {
        var depth = xml.Depth;
        var next = 0;
        while (XlsxXml.Next(xml) && xml.Depth > depth)
        {
            if (xml.NodeType != XmlNodeType.Element || xml.LocalName != "c")
                continue;
            var column = Column(xml.GetAttribute("r")) ?? next;
            next = column + 1;
            var style = int.TryParse(xml.GetAttribute("s"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
            var type = xml.GetAttribute("t");
            var isNumber = false;
            var text = xml.IsEmptyElement ? null : ReadCell(type, style, out isNumber);
            if (text is null)
                continue;
            if (column >= _cells.Length)
            {
                _hasTextBeyond = true;
                continue;
            }
            _cells.AsSpan(_count, Math.Max(0, column - _count)).Clear();
            (_cells[column], _isNumber[column]) = (text, isNumber);
            _count = Math.Max(_count, column + 1);
        }
    }

    /// <returns>The cell's text; null if it has none.</returns>
    private string? ReadCell(string? type, int style, out bool isNumber)
    {
        isNumber = false;
        string? text = null;
        var depth = xml.Depth;
        while (XlsxXml.Next(xml) && xml.Depth > depth)
        {
            if (xml.NodeType != XmlNodeType.Element)
                continue;
            if (xml.LocalName == "v")
            {
                _text.ReadValue(xml);
                text = Value(type, style, out isNumber);
            }
            else if (xml.LocalName == "is")
            {
                _text.ReadRuns(xml);
                text = Cut();
            }
        }
        return text;
    }

    private string? Value(string? type, int style, out bool isNumber)
    {
        isNumber = false;
        switch (type)
        {
            case "s":
                var index = _text.Text.Trim();
                return index.IsEmpty ? null
                    : strings.Text(int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1);
            case "b":
                return _text.Text.Trim() is "1" or "true" ? "TRUE" : "FALSE";
            case null or "n":
                return styles.Number(_text.Text.Trim(), style, out isNumber);
            default:
                _text.Unescape();
                return Cut();
        }
    }

    private string? Cut()
    {
        var text = _text.Cut;
        return text.IsEmpty ? null : text.ToString();
    }

    /// <summary>The column of a reference such as "AB12", from 0; null if it is none.</summary>
    private static int? Column(string? reference)
    {
        var column = 0;
        foreach (var letter in reference ?? "")
        {
            if (!char.IsAsciiLetterUpper(letter) || column > CsvFormat.MaxColumns * 26)
                break;
            column = column * 26 + (letter - 'A') + 1;
        }
        return column == 0 ? null : column - 1;
    }
}
