using System.Text;
using SQLitePCL;

namespace Roster.Storage.Sqlite;

/// <summary>
/// A prepared statement: bind from 1, then <see cref="Run"/> it, or <see cref="Query"/> it and step through its rows.
/// Parameters and rows go between SQLite and us without boxing or intermediate objects.
/// </summary>
internal sealed class SqliteStatement(SqliteDatabase database, sqlite3_stmt handle)
{
    private const int GuidLength = 16;

    public SqliteStatement Bind(int index, long value)
    {
        database.Check(raw.sqlite3_bind_int64(handle, index, value));
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
        database.Check(raw.sqlite3_bind_blob(handle, index, blob));
        return this;
    }

    public SqliteStatement Bind(int index, string? text)
    {
        if (text is null)
            return BindNull(index);
        var max = Encoding.UTF8.GetMaxByteCount(text.Length);
        var utf8 = max <= 1_024 ? stackalloc byte[max] : new byte[max];
        var length = Encoding.UTF8.GetBytes(text, utf8);
        database.Check(raw.sqlite3_bind_text(handle, index, utf8[..length]));
        return this;
    }

    public SqliteStatement Bind(int index, Timestamp value) => Bind(index, value.Microseconds);

    public SqliteStatement Bind(int index, Timestamp? value) =>
        value is { } given ? Bind(index, given) : BindNull(index);

    public SqliteStatement Bind(int index, long? value) => value is { } given ? Bind(index, given) : BindNull(index);

    public SqliteStatement Bind(int index, Guid? value) => value is { } given ? Bind(index, given) : BindNull(index);

    private SqliteStatement BindNull(int index)
    {
        database.Check(raw.sqlite3_bind_null(handle, index));
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
        public bool Step()
        {
            var result = raw.sqlite3_step(statement.Handle);
            statement.Database.Check(result);
            return result == raw.SQLITE_ROW;
        }

        public bool IsNull(int column) => raw.sqlite3_column_type(statement.Handle, column) == raw.SQLITE_NULL;

        public long Int64(int column) => raw.sqlite3_column_int64(statement.Handle, column);

        public long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

        public string Text(int column) => Encoding.UTF8.GetString(Blob(column));

        public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

        /// <summary>Valid until the next step.</summary>
        public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(statement.Handle, column);

        public Guid Guid(int column) => new(Blob(column), bigEndian: true);

        public Timestamp Timestamp(int column) => new(Int64(column));

        public Timestamp? TimestampOrNull(int column) => IsNull(column) ? null : Timestamp(column);

        /// <summary>A failed step has already thrown; what reset returns only repeats it.</summary>
        public void Dispose() => raw.sqlite3_reset(statement.Handle);
    }

    private sqlite3_stmt Handle => handle;

    private SqliteDatabase Database => database;
}
