using System.Globalization;
using System.Xml;
using Roster.Imports;

namespace Roster.Server.Formats;

/// <summary>
/// Reads the texts of a workbook piece by piece into a buffer of <see cref="ImportLimits.KeptOfCell"/> UTF-16 units; what
/// is longer is passed over.
/// </summary>
internal sealed class XlsxText
{
    /// <summary>Longer than <see cref="ImportLimits.KeptOfCell"/>: an escape takes seven units and is one.</summary>
    private readonly char[] _buffer = new char[ImportLimits.KeptOfCell * 2];
    private readonly char[] _rest = new char[1024];
    private int _length;

    public ReadOnlySpan<char> Text => _buffer.AsSpan(0, _length);

    /// <summary>At most <see cref="ImportLimits.KeptOfCell"/> of it, without half of a surrogate pair at the end.</summary>
    public ReadOnlySpan<char> Cut => TextCut.Within(Text, ImportLimits.KeptOfCell);

    /// <summary>Reads the value of an element without elements in it.</summary>
    /// <param name="xml">At the element's start; afterwards at its end.</param>
    public void ReadValue(XmlReader xml)
    {
        _length = 0;
        Append(xml);
    }

    /// <summary>Reads the runs of an <c>si</c> or <c>is</c>, without the phonetic ones.</summary>
    /// <inheritdoc cref="ReadValue"/>
    public void ReadRuns(XmlReader xml)
    {
        _length = 0;
        var depth = xml.Depth;
        var isPhonetic = false;
        if (xml.IsEmptyElement)
            return;
        while (XlsxXml.Next(xml) && xml.Depth > depth)
        {
            if (xml.LocalName == "rPh")
                isPhonetic = xml.NodeType == XmlNodeType.Element && !xml.IsEmptyElement;
            else if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "t" && !isPhonetic)
                Append(xml);
        }
        Unescape();
    }

    /// <summary>Replaces <c>_x000D_</c> by the character that it stands for.</summary>
    public void Unescape()
    {
        var text = _buffer.AsSpan(0, _length);
        var to = text.IndexOf("_x");
        if (to < 0)
            return;
        for (var from = to; from < text.Length; from++, to++)
        {
            ushort unit = 0;
            var isEscape = from + 6 < text.Length && text[from] == '_' && text[from + 1] == 'x' && text[from + 6] == '_'
                && ushort.TryParse(text.Slice(from + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out unit);
            text[to] = isEscape ? (char)unit : text[from];
            from += isEscape ? 6 : 0;
        }
        _length = to;
    }

    private void Append(XmlReader xml)
    {
        var depth = xml.Depth;
        if (xml.IsEmptyElement)
            return;
        while (XlsxXml.Next(xml) && xml.Depth > depth)
            if (xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace)
                AppendNode(xml);
    }

    private void AppendNode(XmlReader xml)
    {
        while (_length < _buffer.Length && xml.ReadValueChunk(_buffer, _length, _buffer.Length - _length) is > 0 and var read)
            _length += read;
        while (_length == _buffer.Length && xml.ReadValueChunk(_rest, 0, _rest.Length) > 0)
        {
        }
    }
}
