using System.Text;
using System.Xml;
using Roster.Imports;

namespace Roster.Server.Formats;

/// <summary>
/// The shared strings, as UTF-8 in pieces of 1 MiB: a fraction of what strings would need. Each is cut as cells are.
/// </summary>
internal sealed class XlsxStrings
{
    private const int PieceSize = 1 << 20;
    private const int LengthSize = sizeof(ushort);

    private readonly List<byte[]> _pieces = [];
    private readonly List<int> _places = [];
    private int _used = PieceSize;

    /// <param name="path">Null: there are none. Nor are there if the part is missing, which only a cell that names one shows.</param>
    public static XlsxStrings Read(XlsxParts parts, string? path)
    {
        var strings = new XlsxStrings();
        if (path is null || parts.Find(path) is not { } part)
            return strings;
        using var xml = parts.Open(part, "texts", XlsxLimits.MaxStrings);
        var text = new XlsxText();
        while (XlsxXml.Next(xml))
        {
            if (xml.NodeType != XmlNodeType.Element || xml.LocalName != "si")
                continue;
            text.ReadRuns(xml);
            strings.Add(text.Cut);
        }
        return strings;
    }

    /// <returns>Null if it is empty.</returns>
    /// <exception cref="FileRefusedException">There is no such string: the cell has lost its text.</exception>
    public string? Text(int index)
    {
        if (index < 0 || index >= _places.Count)
            throw FileRefusals.DamagedWorkbook();
        var piece = _pieces[_places[index] / PieceSize].AsSpan(_places[index] % PieceSize);
        var length = BitConverter.ToUInt16(piece);
        return length == 0 ? null : Encoding.UTF8.GetString(piece.Slice(LengthSize, length));
    }

    private void Add(ReadOnlySpan<char> text)
    {
        if (_places.Count == XlsxLimits.MaxStringCount)
            throw FileRefusals.LargeWorkbook($"more than {XlsxLimits.MaxStringCount:N0} different texts");
        var most = LengthSize + text.Length * 3;
        if (_used + most > PieceSize)
        {
            _pieces.Add(new byte[PieceSize]);
            _used = 0;
        }
        var piece = _pieces[^1].AsSpan(_used);
        var length = Encoding.UTF8.GetBytes(text, piece[LengthSize..]);
        BitConverter.TryWriteBytes(piece, (ushort)length);
        _places.Add((_pieces.Count - 1) * PieceSize + _used);
        _used += LengthSize + length;
    }
}
