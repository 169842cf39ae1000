using System.Buffers;
using System.Text;

namespace Roster.Batches;

/// <summary>
/// Divides CSV (RFC 4180) into records and cells as its bytes come in. Lines end with LF, CR LF or CR. Of a record it holds the first
/// <see cref="CsvFormat.MaxColumns"/> cells, and of a cell the first <see cref="MaxCell"/> bytes: 12 MB at most, whatever is sent.
/// </summary>
internal sealed class CsvRecords(char divider)
{
    /// <summary>In bytes: more than any field can take, however it is escaped.</summary>
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
    private Place _at = Place.Record;
    private bool _isAfterReturn;
    private int _line = 1;
    private long _position;
    private long _lineStart;
    private int _quoteLine;

    /// <summary>Where in the grammar the next byte is.</summary>
    private enum Place
    {
        /// <summary>Nothing of the record has come yet.</summary>
        Record,

        Cell,
        Plain,
        Quoted,

        /// <summary>After a quotation mark in a quoted cell: its end, or the first of two.</summary>
        AfterQuote,

        /// <summary>The record is complete, and is there until the next is read.</summary>
        End,
    }

    /// <summary>The line where the record begins, from 1.</summary>
    public int Line { get; private set; }

    /// <summary>How many cells the record has.</summary>
    public int Count { get; private set; }

    /// <summary>Whether any of its cells has something in it.</summary>
    public bool HasText { get; private set; }

    /// <summary>Whether a cell beyond the first <see cref="CsvFormat.MaxColumns"/> has something in it.</summary>
    public bool HasTextBeyond { get; private set; }

    /// <summary>The first misplaced quotation mark of the record: its line, and its column from 1.</summary>
    public (int Line, int Column, string Message)? Fault { get; private set; }

    /// <summary>Up to where the body is read: the line, and the byte in it that comes next, both from 1.</summary>
    public (int Line, long Byte) Next => (_line, _position - _lineStart + 1);

    /// <summary>Reads up to the end of a record.</summary>
    /// <param name="bytes">What comes next; afterwards what is not read yet.</param>
    /// <returns>Whether the record is complete. Otherwise all bytes are read.</returns>
    public bool Read(ref ReadOnlySpan<byte> bytes)
    {
        if (_at == Place.End)
            Begin();
        while (!bytes.IsEmpty)
        {
            switch (_at)
            {
                case Place.Record when _isAfterReturn && bytes[0] == LineFeed:
                    Pass(ref bytes, 1);
                    _lineStart = _position;
                    _isAfterReturn = false;
                    break;
                case Place.Record:
                    Line = _line;
                    _isAfterReturn = false;
                    _at = Place.Cell;
                    break;
                case Place.Cell when bytes[0] == Quote:
                    Pass(ref bytes, 1);
                    _quoteLine = _line;
                    _at = Place.Quoted;
                    break;
                case Place.Quoted:
                    ReadQuoted(ref bytes);
                    break;
                case Place.AfterQuote when bytes[0] == Quote:
                    Take(ref bytes, 1);
                    _at = Place.Quoted;
                    break;
                case Place.AfterQuote when bytes[0] != _divider && bytes[0] is not (Return or LineFeed):
                    Reject(_line, "has more after its closing quotation mark; a quotation mark inside a quoted cell is written twice.");
                    _at = Place.Plain;
                    break;
                default:
                    _at = Place.Plain;
                    if (ReadPlain(ref bytes))
                        return true;
                    break;
            }
        }
        return false;
    }

    /// <summary>The body is at its end.</summary>
    /// <returns>Whether that completes a record.</returns>
    public bool End()
    {
        if (_at is Place.Record or Place.End)
            return false;
        if (_at == Place.Quoted)
            Reject(_quoteLine, "opens a quotation mark here that is never closed.");
        EndCell();
        _at = Place.End;
        return true;
    }

    /// <summary>A cell's bytes, without quotation marks.</summary>
    /// <param name="column">From 0, below <see cref="CsvFormat.MaxColumns"/>; a cell that the record does not have is empty.</param>
    public ReadOnlySpan<byte> this[int column] => column < _cells.Count ? _text.AsSpan(_cells[column].Start, _cells[column].Length) : [];

    /// <summary>Whether the cell is longer than what is held of it.</summary>
    public bool IsCut(int column) => column < _cells.Count && _cells[column].IsCut;

    public string Text(int column) => Encoding.UTF8.GetString(this[column]);

    private void Begin()
    {
        _cells.Clear();
        _used = _start = 0;
        Count = 0;
        HasText = HasTextBeyond = false;
        Fault = null;
        _at = Place.Record;
    }

    /// <returns>Whether the record ends.</returns>
    private bool ReadPlain(ref ReadOnlySpan<byte> bytes)
    {
        var length = bytes.IndexOfAny(_marks);
        Take(ref bytes, length < 0 ? bytes.Length : length);
        if (length < 0)
            return false;
        var mark = bytes[0];
        if (mark == Quote)
        {
            Reject(_line, "has a quotation mark inside it; quote the whole cell, and write the mark twice.");
            Take(ref bytes, 1);
            return false;
        }
        Pass(ref bytes, 1);
        EndCell();
        _at = Place.Cell;
        if (mark == _divider)
            return false;
        EndLine(mark);
        _at = Place.End;
        return true;
    }

    private void ReadQuoted(ref ReadOnlySpan<byte> bytes)
    {
        var length = bytes.IndexOfAny(Quote, Return, LineFeed);
        _isAfterReturn &= length == 0;
        Take(ref bytes, length < 0 ? bytes.Length : length);
        if (length < 0)
            return;
        var mark = bytes[0];
        if (mark == Quote)
        {
            Pass(ref bytes, 1);
            _isAfterReturn = false;
            _at = Place.AfterQuote;
            return;
        }
        Take(ref bytes, 1);
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

    private void Pass(ref ReadOnlySpan<byte> bytes, int length)
    {
        _position += length;
        bytes = bytes[length..];
    }

    /// <summary>Passes over bytes, and holds what there is room for.</summary>
    private void Take(ref ReadOnlySpan<byte> bytes, int length)
    {
        var taken = bytes[..length];
        Pass(ref bytes, length);
        if (taken.IsEmpty)
            return;
        HasText = true;
        if (_cells.Count == CsvFormat.MaxColumns)
        {
            HasTextBeyond = true;
            return;
        }
        var room = MaxCell - (_used - _start);
        if (taken.Length > room)
        {
            _isCut = true;
            taken = taken[..room];
        }
        if (_used + taken.Length > _text.Length)
            Array.Resize(ref _text, Math.Max(_used + taken.Length, _text.Length * 2));
        taken.CopyTo(_text.AsSpan(_used));
        _used += taken.Length;
    }

    private void Reject(int line, string message) => Fault ??= (line, Count + 1, $"Column {Count + 1} {message}");

    private readonly record struct Cell(int Start, int Length, bool IsCut);
}
