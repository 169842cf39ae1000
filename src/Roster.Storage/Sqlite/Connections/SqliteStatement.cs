using System.Text;
using SQLitePCL;

namespace Roster.Storage.Sqlite.Connections;

/// <summary>
/// A prepared statement: bind all of its parameters, from 1, then <see cref="Run"/> it, or <see cref="Query"/> it and step through its
/// rows. Parameters and rows go between SQLite and us without boxing or intermediate objects.
/// </summary>
internal sealed unsafe class SqliteStatement(SqliteDatabase database, sqlite3_stmt handle)
{
    /// <summary>For each parameter: more than most texts have.</summary>
    private const int RoomBytes = 256;

    private const int GuidLength = 16;
    private const int BytesStay = 0;
    private const int CopyBytes = -1;

    /// <summary>The handle itself: it lives until <see cref="Close"/>.</summary>
    private readonly nint _statement = handle.DangerousGetHandle();

    /// <summary>Where what is bound stays until the next run, so that SQLite need not copy it. It does not move.</summary>
    private readonly byte[] _room = GC.AllocateUninitializedArray<byte>((raw.sqlite3_bind_parameter_count(handle) * RoomBytes) + 1, pinned: true);

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
        // One byte is always left: what is empty, and not null, has an address too.
        var fits = blob.Length < room.Length;
        if (fits)
            blob.CopyTo(room);
        fixed (byte* bytes = fits ? room : blob)
            database.Check(SqliteNative.BindBlob(_statement, index, bytes, blob.Length, fits ? BytesStay : CopyBytes));
        _used += fits ? blob.Length : 0;
        return this;
    }

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

    /// <summary>Runs the statement to its end, passing over rows.</summary>
    public void Run()
    {
        using var rows = Query();
        while (rows.Step())
        {
        }
    }

    public Rows Query() => new(this);

    public void Close() => handle.Dispose();

    /// <summary>The rows of one run; disposing it makes the statement ready for the next.</summary>
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

        /// <summary>A failed step has already thrown; what reset returns only repeats it.</summary>
        public void Dispose()
        {
            _ = SqliteNative.Reset(_statement);
            statement._used = 0;
        }
    }

    private SqliteDatabase Database => database;
}
