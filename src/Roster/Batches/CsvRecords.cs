using System.Buffers;
using System.Text;

namespace Roster.Batches;

/// <summary>
/// Splits CSV (RFC 4180) into records and cells as its bytes arrive. Lines end with LF, CR LF or CR. Holds one record:
/// its first <see cref="CsvFormat.MaxColumns"/> cells and the first <see cref="MaxCell"/> bytes of each, 12 MB at most.
/// </summary>
internal sealed class CsvRecords(char divider)
{
    /// <summary>Bytes held of a cell: more than any valid field needs, however it is escaped.</summary>
    public const int MaxCell = 12 << 10;

    private const byte Quote = (byte)'"';
    private const byte Return = (byte)'\r';
    private const byte LineFeed = (byte)'\n';

    private readonly byte _divider = (byte)divider;
    private readonly SearchValues<byte> _marks = SearchValues.Create([(byte)divider, Quote, Return, LineFeed]);
    private readonly List<Cell> _cells = [];
    private byte[] _text = new byte[MaxCell];
    private int _used;
    private int _start;
    private bool _isCut;
    private State _state = State.Record;
    private bool _isAfterReturn;
    private int _line = 1;
    private long _position;
    private long _lineStart;
    private int _quoteLine;

    /// <summary>The parser's state before the next byte.</summary>
    private enum State
    {
        /// <summary>Before the first byte of a record.</summary>
        Record,

        Cell,
        Plain,
        Quoted,

        /// <summary>After a quotation mark in a quoted cell: it ends the cell or is the first of two.</summary>
        AfterQuote,

        /// <summary>The record is complete and stays readable until the next one begins.</summary>
        End,
    }

    /// <summary>The line in which the record begins, from 1.</summary>
    public int Line { get; private set; }

    /// <summary>Number of cells of the record, also beyond those held.</summary>
    public int Count { get; private set; }

    /// <summary>Whether any of its cells is not empty.</summary>
    public bool HasText { get; private set; }

    /// <summary>Whether a cell after the first <see cref="CsvFormat.MaxColumns"/> is not empty.</summary>
    public bool HasTextBeyond { get; private set; }

    /// <summary>The record's first misplaced quotation mark: line and column from 1.</summary>
    public (int Line, int Column, string Message)? Fault { get; private set; }

    /// <summary>The line and, in it, the byte that is read next, both from 1.</summary>
    public (int Line, long Byte) Next => (_line, _position - _lineStart + 1);

    /// <summary>Reads up to the end of a record.</summary>
    /// <param name="bytes">The next bytes; afterwards, those not read yet.</param>
    /// <returns>Whether the record is complete; if not, all bytes are read.</returns>
    public bool Read(ref ReadOnlySpan<byte> bytes)
    {
        if (_state == State.End)
            Begin();
        while (!bytes.IsEmpty)
        {
            switch (_state)
            {
                case State.Record when _isAfterReturn && bytes[0] == LineFeed:
                    Advance(ref bytes, 1);
                    _lineStart = _position;
                    _isAfterReturn = false;
                    break;
                case State.Record:
                    Line = _line;
                    _isAfterReturn = false;
                    _state = State.Cell;
                    break;
                case State.Cell when bytes[0] == Quote:
                    Advance(ref bytes, 1);
                    _quoteLine = _line;
                    _state = State.Quoted;
                    break;
                case State.Quoted:
                    ReadQuoted(ref bytes);
                    break;
                case State.AfterQuote when bytes[0] == Quote:
                    Append(ref bytes, 1);
                    _state = State.Quoted;
                    break;
                case State.AfterQuote when bytes[0] != _divider && bytes[0] is not (Return or LineFeed):
                    Reject(_line, "has more after its closing quotation mark; a quotation mark inside a quoted cell is written twice.");
                    _state = State.Plain;
                    break;
                default:
                    _state = State.Plain;
                    if (ReadPlain(ref bytes))
                        return true;
                    break;
            }
        }
        return false;
    }

    /// <summary>Ends the body.</summary>
    /// <returns>Whether this completes a record.</returns>
    public bool End()
    {
        if (_state is State.Record or State.End)
            return false;
        if (_state == State.Quoted)
            Reject(_quoteLine, "opens a quotation mark here that is never closed.");
        EndCell();
        _state = State.End;
        return true;
    }

    /// <summary>A cell's bytes, without quotation marks.</summary>
    /// <param name="column">From 0, below <see cref="CsvFormat.MaxColumns"/>. A missing cell is empty.</param>
    public ReadOnlySpan<byte> this[int column] => column < _cells.Count ? _text.AsSpan(_cells[column].Start, _cells[column].Length) : [];

    /// <summary>Whether the cell is longer than <see cref="MaxCell"/>.</summary>
    public bool IsCut(int column) => column < _cells.Count && _cells[column].IsCut;

    public string Text(int column) => Encoding.UTF8.GetString(this[column]);

    private void Begin()
    {
        _cells.Clear();
        _used = _start = 0;
        Count = 0;
        HasText = HasTextBeyond = false;
        Fault = null;
        _state = State.Record;
    }

    /// <returns>Whether the record ends.</returns>
    private bool ReadPlain(ref ReadOnlySpan<byte> bytes)
    {
        var length = bytes.IndexOfAny(_marks);
        Append(ref bytes, length < 0 ? bytes.Length : length);
        if (length < 0)
            return false;
        var mark = bytes[0];
        if (mark == Quote)
        {
            Reject(_line, "has a quotation mark inside it; quote the whole cell, and write the mark twice.");
            Append(ref bytes, 1);
            return false;
        }
        Advance(ref bytes, 1);
        EndCell();
        _state = State.Cell;
        if (mark == _divider)
            return false;
        EndLine(mark);
        _state = State.End;
        return true;
    }

    private void ReadQuoted(ref ReadOnlySpan<byte> bytes)
    {
        var length = bytes.IndexOfAny(Quote, Return, LineFeed);
        _isAfterReturn &= length == 0;
        Append(ref bytes, length < 0 ? bytes.Length : length);
        if (length < 0)
            return;
        var mark = bytes[0];
        if (mark == Quote)
        {
            Advance(ref bytes, 1);
            _isAfterReturn = false;
            _state = State.AfterQuote;
            return;
        }
        Append(ref bytes, 1);
        EndLine(mark);
    }

    private void EndLine(byte mark)
    {
        _line += mark == LineFeed && _isAfterReturn ? 0 : 1;
        _lineStart = _position;
        _isAfterReturn = mark == Return;
    }

    private void EndCell()
    {
        if (_cells.Count < CsvFormat.MaxColumns)
            _cells.Add(new Cell(_start, _used - _start, _isCut));
        Count++;
        _start = _used;
        _isCut = false;
    }

    private void Advance(ref ReadOnlySpan<byte> bytes, int length)
    {
        _position += length;
        bytes = bytes[length..];
    }

    /// <summary>Appends bytes to the cell, as far as there is room.</summary>
    private void Append(ref ReadOnlySpan<byte> bytes, int length)
    {
        var appended = bytes[..length];
        Advance(ref bytes, length);
        if (appended.IsEmpty)
            return;
        HasText = true;
        if (_cells.Count == CsvFormat.MaxColumns)
        {
            HasTextBeyond = true;
            return;
        }
        var room = MaxCell - (_used - _start);
        if (appended.Length > room)
        {
            _isCut = true;
            appended = appended[..room];
        }
        if (_used + appended.Length > _text.Length)
            Array.Resize(ref _text, Math.Max(_used + appended.Length, _text.Length * 2));
        appended.CopyTo(_text.AsSpan(_used));
        _used += appended.Length;
    }

    private void Reject(int line, string message) => Fault ??= (line, Count + 1, $"Column {Count + 1} {message}");

    private readonly record struct Cell(int Start, int Length, bool IsCut);
}
