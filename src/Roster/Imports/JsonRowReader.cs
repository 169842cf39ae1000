namespace Roster.Imports;

/// <summary>
/// What reading JSON and NDJSON have in common. Holds a buffer that grows up to two times <see cref="ImportLimits.MaxJsonToken"/>, a row's
/// texts, and the names of columns.
/// </summary>
/// <param name="utf8">The text as UTF-8 without a byte order mark. Disposed with this.</param>
/// <param name="columns">The columns' names if they are known; otherwise empty, and <see cref="Columns"/> grows.</param>
internal abstract class JsonRowReader(Stream utf8, IReadOnlyList<string> columns) : RowReader
{
    private byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;
    private int _rows;

    public sealed override IReadOnlyList<string> Columns => Row.Columns;

    public sealed override IReadOnlyList<string?> Cells => Row.Cells;

    protected JsonCells Row { get; } = new(columns);

    public sealed override bool IsAlone(int column) => Row.IsAlone(column);

    /// <summary>The bytes that are read next.</summary>
    protected ReadOnlySpan<byte> Bytes => _buffer.AsSpan(_start, _end - _start);

    protected bool IsAtEnd { get; private set; }

    /// <summary>Whether <see cref="Fill"/> needs no more memory than it may have.</summary>
    protected bool HasRoom => _end - _start < ImportLimits.MaxJsonToken;

    public sealed override void Dispose() => utf8.Dispose();

    protected void Skip(int bytes) => _start += bytes;

    /// <summary>Adds bytes to <see cref="Bytes"/>, or sets <see cref="IsAtEnd"/>.</summary>
    protected void Fill()
    {
        if (_start > 0)
        {
            Bytes.CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        // Few and large pieces: what is not complete is parsed again after each.
        var room = _buffer.AsSpan(_end);
        var read = utf8.ReadAtLeast(room, room.Length, throwOnEndOfStream: false);
        _end += read;
        IsAtEnd = read == 0;
    }

    /// <summary>Ends a row.</summary>
    /// <returns>False if it is blank.</returns>
    protected bool EndRow()
    {
        Fault = Row.Fault;
        if (Fault is null && Cells.All(string.IsNullOrWhiteSpace))
        {
            BlankRows++;
            return false;
        }
        return ++_rows <= ImportLimits.MaxRows ? true : throw FileRefusals.TooManyRows();
    }
}
