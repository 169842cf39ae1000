using System.Globalization;
using System.Xml;
using Roster.Imports;

namespace Roster.Server.Formats;

/// <summary>
/// Shows numbers by the format of their style. Dates and times are shown as the format says; those of Excel's own
/// formats, which look different in each country, in ISO 8601. A format of zeros only, as 00000, brings leading zeros
/// back. Percent is shown with its sign. Every other number is shown with up to 15 digits as Excel does where the column
/// is wide enough, without currency; and without exponent, unless it would have more than 21 digits before its point or
/// a dozen zeros behind it.
/// </summary>
internal sealed class XlsxStyles(bool is1904)
{
    /// <summary>The formats of each style; null for those that show a plain number.</summary>
    private readonly List<XlsxNumberFormat?> _formats = [];

    /// <summary>Whether the workbook names a part with styles that it does not have.</summary>
    private bool _areLost;

    /// <param name="path">Null: all styles are plain. So are they if the part is missing, until a cell names one.</param>
    /// <param name="is1904">Whether dates count from 1904.</param>
    public static XlsxStyles Read(XlsxParts parts, string? path, bool is1904)
    {
        var styles = new XlsxStyles(is1904);
        if (path is null)
            return styles;
        if (parts.Find(path) is not { } part)
        {
            styles._areLost = true;
            return styles;
        }
        using var xml = parts.Open(part, "styles", XlsxLimits.MaxPart);
        var codes = new Dictionary<int, string>();
        var isInCells = false;
        while (XlsxXml.Next(xml))
        {
            if (xml.LocalName == "cellXfs")
                isInCells = xml.NodeType == XmlNodeType.Element;
            if (xml.NodeType != XmlNodeType.Element)
                continue;
            if (Math.Max(codes.Count, styles._formats.Count) > XlsxLimits.MaxStyles)
                throw FileRefusals.LargeWorkbook($"more than {XlsxLimits.MaxStyles:N0} styles");
            if (xml.LocalName == "numFmt" && Id(xml) is { } id && xml.GetAttribute("formatCode") is { } code)
                codes[id] = code;
            else if (xml.LocalName == "xf" && isInCells)
                styles._formats.Add(Format(Id(xml) ?? 0, codes));
        }
        return styles;
    }

    /// <param name="raw">The number as the workbook holds it: digits, a point, an exponent.</param>
    /// <param name="isNumber">
    /// Whether it is shown as a number, so that leading zeros and digits after the 15th are lost.
    /// </param>
    /// <exception cref="FileRefusedException">The style is lost, by which the number could be a date.</exception>
    public string? Number(ReadOnlySpan<char> raw, int style, out bool isNumber)
    {
        const int ExactDigits = 15;
        isNumber = false;
        if (raw.IsEmpty)
            return null;
        if (_areLost && style != 0)
            throw FileRefusals.DamagedWorkbook();
        var format = style < _formats.Count ? _formats[style] : null;
        if (format is null && raw.Length <= ExactDigits && !raw.ContainsAnyExceptInRange('0', '9') && (raw[0] != '0' || raw.Length == 1))
        {
            isNumber = true;
            return raw.ToString();
        }
        if (!double.TryParse(raw, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
            return raw[..Math.Min(raw.Length, ImportLimits.MaxSample)].ToString();
        if (format?.Show(value, is1904) is { } shown)
            return shown;
        isNumber = true;
        return XlsxNumberFormat.Plain(value);
    }

    private static int? Id(XmlReader xml) =>
        int.TryParse(xml.GetAttribute("numFmtId"), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    private static XlsxNumberFormat? Format(int id, Dictionary<int, string> codes) =>
        (XlsxNumberFormat.BuiltIn(id) ?? codes.GetValueOrDefault(id)) is { } code ? XlsxNumberFormat.Of(code) : null;
}
