using System.Runtime.InteropServices;

namespace Roster.Storage.Sqlite.Connections;

/// <summary>
/// The SQLite functions called about a dozen times for each row, without SQLitePCLRaw's safe handles and interface
/// calls: they cost a fifth of the time of 10,000 inserts. SuppressGCTransition is for those that only touch memory and
/// return at once.
/// </summary>
internal static unsafe partial class SqliteNative
{
    /// <summary>The library that SQLitePCLRaw has loaded.</summary>
    private const string Library = "e_sqlite3";

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_int64"), SuppressGCTransition]
    public static partial int BindInt64(nint statement, int index, long value);

    [LibraryImport(Library, EntryPoint = "sqlite3_bind_null"), SuppressGCTransition]
    public static partial int BindNull(nint statement, int index);

    /// <param name="lifetime">
    /// 0 if the bytes stay valid until the statement is reset, -1 if SQLite must copy them.
    /// </param>
    [LibraryImport(Library, EntryPoint = "sqlite3_bind_blob"), SuppressGCTransition]
    public static partial int BindBlob(nint statement, int index, byte* bytes, int length, nint lifetime);

    /// <inheritdoc cref="BindBlob"/>
    [LibraryImport(Library, EntryPoint = "sqlite3_bind_text"), SuppressGCTransition]
    public static partial int BindText(nint statement, int index, byte* utf8, int length, nint lifetime);

    /// <summary>The operating system's error, if SQLite failed to read, write or open.</summary>
    [LibraryImport(Library, EntryPoint = "sqlite3_system_errno"), SuppressGCTransition]
    public static partial int SystemError(nint database);

    /// <summary>Reads or sets a property of a connection's file.</summary>
    [LibraryImport(Library, EntryPoint = "sqlite3_file_control", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FileControl(nint database, string schema, int operation, ref int value);

    /// <summary>Asks a connection's file for a text, which is freed by <see cref="Free"/>.</summary>
    [LibraryImport(Library, EntryPoint = "sqlite3_file_control", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int FileText(nint database, string schema, int operation, out nint utf8);

    [LibraryImport(Library, EntryPoint = "sqlite3_free")]
    public static partial void Free(nint memory);

    /// <summary>Ends the running statement with an error. From any thread, while the connection is open.</summary>
    [LibraryImport(Library, EntryPoint = "sqlite3_interrupt")]
    public static partial void Interrupt(nint database);

    [LibraryImport(Library, EntryPoint = "sqlite3_step")]
    public static partial int Step(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_reset")]
    public static partial int Reset(nint statement);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_int64"), SuppressGCTransition]
    public static partial long ColumnInt64(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_type"), SuppressGCTransition]
    public static partial int ColumnType(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_blob"), SuppressGCTransition]
    public static partial byte* ColumnBlob(nint statement, int column);

    [LibraryImport(Library, EntryPoint = "sqlite3_column_bytes"), SuppressGCTransition]
    public static partial int ColumnBytes(nint statement, int column);
}
