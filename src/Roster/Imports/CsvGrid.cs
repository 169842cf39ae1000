using System.Buffers;
using System.Text;
using Roster.Batches;

namespace Roster.Imports;

/// <summary>
/// The records of CSV, in the reading of <see cref="CsvRecords"/>. Holds one record, 12 MB at most, and its texts, 8 MB
/// at most.
/// </summary>
/// <param name="utf8">The text as UTF-8 without a byte order mark. Disposed with this.</param>
internal sealed class CsvGrid(Stream utf8, char divider) : Grid
{
    private readonly CsvRecords _records = new(divider);
    private readonly byte[] _buffer = new byte[64 << 10];
    private readonly List<string?> _cells = [];
    private int _at;
    private int _end;
    private bool _isAtEnd;

    public override int Count => _cells.Count;

    public override string? this[int column] => column < _cells.Count ? _cells[column] : null;

    public override bool HasTextBeyond => _records.HasTextBeyond;

    public override bool Read()
    {
        if (!ReadRecord())
            return false;
        Line = _records.Fault?.Line ?? _records.Line;
        Fault = _records.Fault?.Message;
        _cells.Clear();
        for (var i = 0; i < Math.Min(_records.Count, CsvFormat.MaxColumns); i++)
            _cells.Add(Text(i));
        return true;
    }

    public override void Dispose() => utf8.Dispose();

    private bool ReadRecord()
    {
        while (!_isAtEnd)
        {
            var rest = (ReadOnlySpan<byte>)_buffer.AsSpan(_at, _end - _at);
            var isComplete = _records.Read(ref rest);
            _at = _end - rest.Length;
            if (isComplete)
                return true;
            _at = 0;
            _end = utf8.Read(_buffer);
            if (_end == 0)
            {
                _isAtEnd = true;
                return _records.End();
            }
        }
        return false;
    }

    private string? Text(int column)
    {
        var bytes = _records[column];
        if (bytes.IsEmpty)
            return null;
        // The cut may be inside a code point: at most 3 bytes of it are left.
        for (var i = 1; _records.IsCut(column) && i <= 3; i++)
            if ((bytes[^i] & 0xC0) != 0x80)
            {
                if (Rune.DecodeFromUtf8(bytes[^i..], out _, out _) == OperationStatus.NeedMoreData)
                    bytes = bytes[..^i];
                break;
            }
        return TextCut.Within(Encoding.UTF8.GetString(bytes), ImportLimits.KeptOfCell);
    }
}
