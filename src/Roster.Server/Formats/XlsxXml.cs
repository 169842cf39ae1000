using System.IO.Compression;
using System.Text;
using System.Xml;
using Roster.Imports;

namespace Roster.Server.Formats;

/// <summary>
/// Opens a part of a workbook as XML within <see cref="XlsxLimits"/>. A document type is an error, and with it every
/// entity of its own. The parser holds one attribute or name; what else is long is read in pieces.
/// </summary>
internal static class XlsxXml
{
    /// <param name="name">For a person, as "a sheet".</param>
    /// <param name="count">Is told the unpacked bytes as they are read.</param>
    /// <exception cref="FileRefusedException"/>
    public static XmlReader Open(ZipArchiveEntry part, string name, long most, Action<int> count)
    {
        if (part.Length > most)
            throw XlsxLimits.Part(name, most);
        // The length that the ZIP file gives may be wrong.
        var bytes = new LimitedStream(part.Open(), most, () => XlsxLimits.Part(name, most), count);
        return XmlReader.Create(new BoundedText(bytes), new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            CheckCharacters = false,
            NameTable = new BoundedNames(),
            CloseInput = true,
        });
    }

    /// <summary>Runs the reading of a part.</summary>
    /// <exception cref="FileRefusedException">The part is not what it should be.</exception>
    public static T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception damage) when (damage is XmlException or InvalidDataException or DecoderFallbackException or EndOfStreamException)
        {
            throw FileRefusals.DamagedWorkbook();
        }
    }

    /// <summary>Goes to the next node.</summary>
    /// <exception cref="FileRefusedException">Elements are nested too deep.</exception>
    public static bool Next(XmlReader xml) =>
        xml.Read() && (xml.Depth <= XlsxLimits.MaxDepth ? true : throw FileRefusals.DamagedWorkbook());

    /// <summary>An attribute that is true or false, by default false.</summary>
    public static bool Is(XmlReader xml, string attribute) => xml.GetAttribute(attribute) is "1" or "true" or "on";

    /// <summary>
    /// The characters of a part. Between two "&lt;" there are at most <see cref="XlsxLimits.MaxStretch"/>, and in a
    /// CDATA section too: the parser would hold all of it.
    /// </summary>
    private sealed class BoundedText(Stream bytes) : TextReader
    {
        private const string CDataStart = "![CDATA[";
        private const string CDataEnd = "]]>";

        private readonly StreamReader _text = new(bytes, new UTF8Encoding(false, true), true, 16 << 10);
        private bool _isInCData;
        private int _matched = -1;
        private int _stretch;

        public override int Peek() => _text.Peek();

        public override int Read()
        {
            Span<char> one = stackalloc char[1];
            return Read(one) == 0 ? -1 : one[0];
        }

        public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

        public override int Read(Span<char> buffer)
        {
            var read = _text.Read(buffer);
            Measure(buffer[..read]);
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            _text.Dispose();
            base.Dispose(disposing);
        }

        private void Measure(ReadOnlySpan<char> text)
        {
            while (!text.IsEmpty)
            {
                if (_isInCData || _matched >= 0)
                {
                    Match(text[0]);
                    Lengthen(1);
                    text = text[1..];
                    continue;
                }
                var at = text.IndexOf('<');
                Lengthen(at < 0 ? text.Length : at);
                if (at < 0)
                    return;
                (_stretch, _matched) = (0, 0);
                text = text[(at + 1)..];
            }
        }

        private void Lengthen(int length)
        {
            _stretch += length;
            if (_stretch > XlsxLimits.MaxStretch)
                throw XlsxLimits.Stretch();
        }

        /// <summary>Follows the start or the end of a CDATA section.</summary>
        private void Match(char next)
        {
            if (_isInCData)
            {
                // "]]]>" ends it too: after two brackets a third one changes nothing.
                _matched = next == CDataEnd[_matched] ? _matched + 1 : next == ']' ? _matched : 0;
                _isInCData = _matched < CDataEnd.Length;
                _matched = _isInCData ? _matched : -1;
                return;
            }
            _matched = next == '<' ? 0 : next == CDataStart[_matched] ? _matched + 1 : -1;
            if (_matched == CDataStart.Length)
                (_isInCData, _matched) = (true, 0);
        }
    }

    /// <summary>The names in a part, which the parser holds to its end.</summary>
    private sealed class BoundedNames : NameTable
    {
        private int _count;

        public override string Add(char[] key, int start, int len) => Get(key, start, len) ?? Count(base.Add(key, start, len));

        public override string Add(string key) => Get(key) ?? Count(base.Add(key));

        private string Count(string name) => ++_count <= XlsxLimits.MaxNames ? name : throw FileRefusals.DamagedWorkbook();
    }
}
