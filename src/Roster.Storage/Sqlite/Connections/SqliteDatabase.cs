using System.Buffers;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Roster.Storage.Sqlite.Connections;

/// <summary>One connection to an SQLite file, with its prepared statements. For one thread at a time.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    /// <summary>
    /// How long a statement waits while another process, such as an operator's command, has the write lock.
    /// </summary>
    public const int BusyTimeoutMilliseconds = 10_000;

    /// <summary>How long truncating the log waits for its readers. All writes wait meanwhile.</summary>
    private const int TruncateTimeoutMilliseconds = 500;

    /// <summary>
    /// The page cache of a connection; the operating system caches the file anyway. This fits into a processor's own
    /// cache: with 2 and 8 MiB, reading and changing partners took longer (docs/explanation/performance.md, Tried).
    /// </summary>
    private const int CacheKibibytes = 512;

    private const int InputOutputError = 5;
    private const int NoDevice = 6;

    /// <summary>In bytes; not on .NET's large object heap.</summary>
    private const int BlobPiece = 64 << 10;

    /// <summary>What the name of a journal has behind the file's.</summary>
    public const string JournalEnd = "-journal";

    private readonly sqlite3 _handle;
    private readonly Dictionary<string, SqliteStatement> _statements = [];

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(string path, sqlite3 handle) => (Path, LogPath, _handle) = (path, path + "-wal", handle);

    /// <summary>For tests that count the cost of statements: raised for every new connection of the process.</summary>
    internal static event Action<SqliteDatabase>? Opened;

    /// <summary>Raised before the connection is closed.</summary>
    internal event Action<SqliteDatabase>? Closing;

    /// <summary>As it was given.</summary>
    public string Path { get; }

    internal nint Handle => _handle.DangerousGetHandle();

    /// <summary>All statements prepared so far.</summary>
    internal IReadOnlyCollection<string> Texts => _statements.Keys;

    /// <summary>Whether this connection has found damage.</summary>
    public bool HasBeenDamaged { get; private set; }

    /// <summary>The path of the write-ahead log, which may not exist.</summary>
    public string LogPath { get; }

    /// <summary>The bundled SQLite's version as a number: 3051003 is 3.51.3.</summary>
    public static int LibraryVersion => raw.sqlite3_libversion_number();

    /// <param name="creates">
    /// Whether to create a missing file. Only for a new database: otherwise that would hide the loss of the file.
    /// </param>
    public static SqliteDatabase Open(string path, int cacheKibibytes = CacheKibibytes, bool creates = false)
    {
        if (creates)
            CreatePrivate(path);
        return Open(path, path, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX, cacheKibibytes);
    }

    private static SqliteDatabase Open(string path, string name, int flags, int cacheKibibytes)
    {
        var result = raw.sqlite3_open_v2(name, out var handle, flags, null);
        var database = new SqliteDatabase(path, handle);
        try
        {
            database.Check(result);
            raw.sqlite3_extended_result_codes(handle, 1);
            database.SetBusyTimeout(BusyTimeoutMilliseconds);
            database.Execute($"pragma cache_size = -{cacheKibibytes}");
            Opened?.Invoke(database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a file for reading, without locks and without its log: nobody may write to it, and the log must be empty.
    /// </summary>
    public static SqliteDatabase OpenUnchanging(string path) => Open(
        path, new Uri(System.IO.Path.GetFullPath(path)).AbsoluteUri + "?immutable=1",
        raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_URI | raw.SQLITE_OPEN_NOMUTEX, CacheKibibytes);

    /// <summary>
    /// Opens a file for reading only. It never changes the file, also not by copying the log into it when it is closed.
    /// </summary>
    public static SqliteDatabase OpenToRead(string path, int cacheKibibytes = CacheKibibytes) =>
        Open(path, path, raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_NOMUTEX, cacheKibibytes);

    /// <summary>
    /// Whether there is a journal of a transaction that was cut off before the file had a write-ahead log. Opening the file to read
    /// then fails; whoever may write rolls it back.
    /// </summary>
    public static bool HasJournal(string path) => new FileInfo(path + JournalEnd) is { Exists: true, Length: > 0 };

    /// <summary>Opens an empty database that nobody else sees, and that is gone when it is closed or the process ends.</summary>
    public static SqliteDatabase OpenTemporary(int cacheKibibytes) => Open(
        "", "", raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX, cacheKibibytes);

    /// <summary>The statement of this text, prepared on its first use.</summary>
    public SqliteStatement Prepare(string sql)
    {
        if (_statements.TryGetValue(sql, out var statement))
            return statement;
        Check(raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle));
        statement = new SqliteStatement(this, handle);
        _statements.Add(sql, statement);
        return statement;
    }

    /// <summary>How long statements wait for a lock, in milliseconds.</summary>
    public void SetBusyTimeout(int milliseconds) => raw.sqlite3_busy_timeout(_handle, milliseconds);

    public void Execute(string sql) => Prepare(sql).Run();

    /// <summary>The first column of the statement's only row.</summary>
    public long ReadInt64(string sql)
    {
        using var row = Prepare(sql).Query();
        row.Step();
        return row.Int64(0);
    }

    public string ReadText(string sql)
    {
        using var row = Prepare(sql).Query();
        row.Step();
        return row.Text(0);
    }

    /// <summary>Reads a blob in pieces, so that it is never in memory as a whole.</summary>
    /// <param name="read">Returns false to stop.</param>
    /// <returns>Whether the blob was read to its end.</returns>
    public bool ReadBlob(string table, string column, long rowId, BlobReader read)
    {
        Check(raw.sqlite3_blob_open(_handle, "main", table, column, rowId, 0, out var blob));
        var piece = ArrayPool<byte>.Shared.Rent(BlobPiece);
        try
        {
            var length = raw.sqlite3_blob_bytes(blob);
            for (var at = 0; at < length; at += BlobPiece)
            {
                var part = piece.AsSpan(0, Math.Min(BlobPiece, length - at));
                Check(raw.sqlite3_blob_read(blob, part, at));
                if (!read(part))
                    return false;
            }
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
            blob.Dispose();
        }
    }

    /// <summary>Whether a transaction is open; SQLite itself rolls back on some errors.</summary>
    public bool IsInTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Commits.</summary>
    /// <exception cref="StoreException">
    /// <see cref="StoreTrouble.OutcomeUnknown"/>: writing the log failed, but the transaction may still be in it for
    /// the next reader. With any other trouble, nothing was written.
    /// </exception>
    public void Commit()
    {
        try
        {
            Execute("commit");
        }
        // On a full disk the end of the transaction is not in the log, so it did not happen.
        catch (StoreException failure) when ((raw.sqlite3_errcode(_handle) & 0xFF) != raw.SQLITE_FULL)
        {
            throw new StoreException(StoreTrouble.OutcomeUnknown, failure.Message, failure);
        }
    }

    /// <summary>
    /// Rolls back, unless SQLite has already done so after an error. It is tried a second time, since the first can be
    /// interrupted. A connection that is in a transaction even then must be closed: it would show an old state, and begin no
    /// other.
    /// </summary>
    /// <exception cref="StoreException">The transaction is not over.</exception>
    public void Rollback()
    {
        if (!IsInTransaction)
            return;
        try
        {
            Execute("rollback");
        }
        catch (StoreException)
        {
            if (IsInTransaction)
                Execute("rollback");
        }
    }

    /// <summary>Copies the whole write-ahead log into the file and empties it.</summary>
    /// <returns>False if somebody still reads the log: it is unchanged, or copied but not empty.</returns>
    public bool TruncateLog()
    {
        SetBusyTimeout(TruncateTimeoutMilliseconds);
        try
        {
            return ReadInt64("pragma wal_checkpoint(truncate)") == 0;
        }
        finally
        {
            SetBusyTimeout(BusyTimeoutMilliseconds);
        }
    }

    /// <summary>
    /// Copies the whole file to another one, which becomes as this one is for the open transaction. Without a transaction the copy
    /// would begin again whenever another connection writes.
    /// </summary>
    /// <param name="pages">How many pages are copied before each call of <paramref name="report"/>.</param>
    /// <param name="report">Gets the pages that are left, and all. An exception ends the copying.</param>
    public void CopyTo(SqliteDatabase target, int pages, Action<int, int> report)
    {
        var backup = raw.sqlite3_backup_init(target._handle, "main", _handle, "main");
        if (backup.IsInvalid)
            target.Check(raw.sqlite3_extended_errcode(target._handle));
        try
        {
            for (var result = raw.SQLITE_OK; result != raw.SQLITE_DONE;)
            {
                result = raw.sqlite3_backup_step(backup, pages);
                target.Check(result);
                report(raw.sqlite3_backup_remaining(backup), raw.sqlite3_backup_pagecount(backup));
            }
        }
        finally
        {
            raw.sqlite3_backup_finish(backup);
        }
    }

    /// <summary>Whether the open file and its log are still under their names.</summary>
    public bool IsInPlace()
    {
        const int HasMoved = 20;
        var hasMoved = 0;
        return SqliteNative.FileControl(Handle, "main", HasMoved, ref hasMoved) == raw.SQLITE_OK && hasMoved == 0;
    }

    /// <summary>The folder in which SQLite makes its temporary files, such as the copy of a vacuum: the environment names it.</summary>
    public string TemporaryFolder()
    {
        const int NextName = 16;
        Check(SqliteNative.FileText(Handle, "main", NextName, out var name));
        try
        {
            return System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Marshal.PtrToStringUTF8(name)!))!;
        }
        finally
        {
            SqliteNative.Free(name);
        }
    }

    /// <summary>Ends the running statement with <see cref="StoreTrouble.Unavailable"/>. From any thread.</summary>
    public void Interrupt() => SqliteNative.Interrupt(Handle);

    public void Check(int result)
    {
        if (result is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
            throw Failure(result, Marshal.GetLastSystemError());
    }

    /// <summary>The exception of an error code: trouble with the file or the machine, or else a bug of ours.</summary>
    /// <param name="error">The operating system's last error on this thread, from whatever call.</param>
    private Exception Failure(int result, int error)
    {
        Marshal.SetLastSystemError(0);
        const int ReadOnlyMoved = 1032;
        var code = raw.sqlite3_extended_errcode(_handle);
        var text = raw.sqlite3_errmsg(_handle).utf8_to_string();
        var message = $"{Path}: SQLite: {text} ({code})";
        switch (result & 0xFF)
        {
            // SQLite treats a part of the file that the disk cannot read as a missing part.
            case raw.SQLITE_CORRUPT when error is InputOutputError or NoDevice:
                message = $"{Path}: SQLite: a part of the file cannot be read ({code}), of the operating system {error}";
                return new StoreException(StoreTrouble.Unavailable, message);
            case raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB:
            case raw.SQLITE_ERROR when text.StartsWith("no such table", StringComparison.Ordinal)
                || text.StartsWith("no such column", StringComparison.Ordinal):
                HasBeenDamaged = true;
                return SqliteHealth.Damaged(message);
            case raw.SQLITE_READONLY:
                return code == ReadOnlyMoved ? SqliteHealth.Moved(Path) : new StoreException(StoreTrouble.ReadOnly, message);
            case raw.SQLITE_FULL:
                return new StoreException(StoreTrouble.Full, message);
            case raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN:
                var reason = SqliteNative.SystemError(Handle);
                return new StoreException(PrivateFile.TroubleOf(reason), $"{message}, of the operating system {reason}");
            case raw.SQLITE_ERROR or raw.SQLITE_MISUSE or raw.SQLITE_RANGE or raw.SQLITE_CONSTRAINT or raw.SQLITE_MISMATCH
                or raw.SQLITE_TOOBIG:
                return new InvalidOperationException(message);
            default:
                return new StoreException(StoreTrouble.Unavailable, message);
        }
    }

    /// <summary>
    /// Creates a file that only its owner can read. SQLite gives its log and shared memory the same mode.
    /// </summary>
    private static void CreatePrivate(string path)
    {
        try
        {
            PrivateFile.Create(path).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
            // It exists already.
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(PrivateFile.TroubleOf(failure), $"{path} cannot be made. {failure.Message}", failure);
        }
    }

    public void Dispose()
    {
        Closing?.Invoke(this);
        foreach (var statement in _statements.Values)
            statement.Close();
        _handle.Dispose();
    }
}

/// <summary>Reads a piece of a blob.</summary>
/// <returns>False to stop.</returns>
internal delegate bool BlobReader(ReadOnlySpan<byte> piece);
