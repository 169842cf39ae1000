using System.Text;
using SQLitePCL;

namespace Roster.Storage.Sqlite.Connections;

/// <summary>
/// A prepared statement. Bind all parameters, from 1; then <see cref="Run"/> it, or <see cref="Query"/> it and step
/// through its rows. Values pass between SQLite and us without boxing or intermediate objects.
/// </summary>
internal sealed unsafe class SqliteStatement(SqliteDatabase database, sqlite3_stmt handle)
{
    /// <summary>For each parameter: longer than most texts.</summary>
    private const int RoomBytes = 256;

    private const int GuidLength = 16;
    private const int BytesStay = 0;
    private const int CopyBytes = -1;

    /// <summary>The raw handle, valid until <see cref="Close"/>.</summary>
    private readonly nint _statement = handle.DangerousGetHandle();

    /// <summary>
    /// A buffer for bound values until the next run, so that SQLite need not copy them. It is pinned.
    /// </summary>
    private readonly byte[] _room = GC.AllocateUninitializedArray<byte>(
        (raw.sqlite3_bind_parameter_count(handle) * RoomBytes) + 1, pinned: true);

    private int _used;

    public SqliteStatement Bind(int index, long value)
    {
        database.Check(SqliteNative.BindInt64(_statement, index, value));
        return this;
    }

    public SqliteStatement Bind(int index, Guid value)
    {
        Span<byte> bytes = stackalloc byte[GuidLength];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return Bind(index, bytes);
    }

    public SqliteStatement Bind(int index, ReadOnlySpan<byte> blob)
    {
        var room = _room.AsSpan(_used);
        // One byte always stays free: an empty value, unlike null, needs an address.
        var fits = blob.Length < room.Length;
        if (fits)
            blob.CopyTo(room);
        fixed (byte* bytes = fits ? room : blob)
            database.Check(SqliteNative.BindBlob(_statement, index, bytes, blob.Length, fits ? BytesStay : CopyBytes));
        _used += fits ? blob.Length : 0;
        return this;
    }

    public SqliteStatement Bind(int index, byte[]? blob) => blob is null ? BindNull(index) : Bind(index, blob.AsSpan());

    public SqliteStatement Bind(int index, string? text)
    {
        if (text is null)
            return BindNull(index);
        var room = _room.AsSpan(_used);
        var fits = Encoding.UTF8.TryGetBytes(text, room, out var length) && length < room.Length;
        ReadOnlySpan<byte> utf8 = fits ? room : Encoding.UTF8.GetBytes(text);
        fixed (byte* bytes = utf8)
            database.Check(SqliteNative.BindText(_statement, index, bytes, fits ? length : utf8.Length, fits ? BytesStay : CopyBytes));
        _used += fits ? length : 0;
        return this;
    }

    public SqliteStatement Bind(int index, Timestamp value) => Bind(index, value.Microseconds);

    public SqliteStatement Bind(int index, Timestamp? value) =>
        value is { } given ? Bind(index, given) : BindNull(index);

    public SqliteStatement Bind(int index, long? value) => value is { } given ? Bind(index, given) : BindNull(index);

    public SqliteStatement Bind(int index, Guid? value) => value is { } given ? Bind(index, given) : BindNull(index);

    private SqliteStatement BindNull(int index)
    {
        database.Check(SqliteNative.BindNull(_statement, index));
        return this;
    }

    /// <summary>Runs the statement to its end and ignores its rows.</summary>
    public void Run()
    {
        using var rows = Query();
        while (rows.Step())
        {
        }
    }

    public Rows Query() => new(this);

    public void Close() => handle.Dispose();

    /// <summary>The rows of one run. Dispose them to make the statement ready for the next run.</summary>
    public readonly ref struct Rows(SqliteStatement statement)
    {
        private readonly nint _statement = statement._statement;

        public bool Step()
        {
            var result = SqliteNative.Step(_statement);
            statement.Database.Check(result);
            return result == raw.SQLITE_ROW;
        }

        public bool IsNull(int column) => SqliteNative.ColumnType(_statement, column) == raw.SQLITE_NULL;

        public long Int64(int column) => SqliteNative.ColumnInt64(_statement, column);

        public long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

        public string Text(int column) => Encoding.UTF8.GetString(Blob(column));

        public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

        /// <summary>Valid until the next step.</summary>
        public ReadOnlySpan<byte> Blob(int column)
        {
            var bytes = SqliteNative.ColumnBlob(_statement, column);
            return new ReadOnlySpan<byte>(bytes, SqliteNative.ColumnBytes(_statement, column));
        }

        public Guid Guid(int column) => new(Blob(column), bigEndian: true);

        public Timestamp Timestamp(int column) => new(Int64(column));

        public Timestamp? TimestampOrNull(int column) => IsNull(column) ? null : Timestamp(column);

        /// <summary>A failed step has already thrown; reset only repeats its error.</summary>
        public void Dispose()
        {
            _ = SqliteNative.Reset(_statement);
            statement._used = 0;
        }
    }

    private SqliteDatabase Database => database;
}
