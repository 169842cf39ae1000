using SQLitePCL;

namespace Roster.Storage.Sqlite;

/// <summary>One connection to an SQLite file, with its prepared statements. For one thread at a time.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    /// <summary>How long a statement waits while another process, an operator's command, holds the write lock.</summary>
    public const int BusyTimeoutMilliseconds = 10_000;

    /// <summary>
    /// How much of the file a connection keeps, while the operating system keeps all that it can. A processor's own cache holds so
    /// little; with 2 and 8 MiB looking partners up, and changing them, was measured to take longer (docs/performance.md, Tried).
    /// </summary>
    private const int CacheKibibytes = 512;

    private readonly sqlite3 _handle;
    private readonly Dictionary<string, SqliteStatement> _statements = [];

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(string path, sqlite3 handle) => (Path, LogPath, _handle) = (path, path + "-wal", handle);

    /// <summary>For tests that count what statements cost: told of every connection of the process.</summary>
    internal static event Action<SqliteDatabase>? Opened;

    /// <summary>Told before the connection is closed.</summary>
    internal event Action<SqliteDatabase>? Closing;

    /// <summary>As it was given.</summary>
    public string Path { get; }

    internal nint Handle => _handle.DangerousGetHandle();

    /// <summary>The texts of all statements that were prepared.</summary>
    internal IReadOnlyCollection<string> Texts => _statements.Keys;

    /// <summary>Where the write-ahead log is, if there is one.</summary>
    public string LogPath { get; }

    /// <summary>The bundled SQLite's version as a number: 3051003 is 3.51.3.</summary>
    public static int LibraryVersion => raw.sqlite3_libversion_number();

    public static SqliteDatabase Open(string path, int cacheKibibytes = CacheKibibytes)
    {
        const int Flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX;
        var result = raw.sqlite3_open_v2(path, out var handle, Flags, null);
        var database = new SqliteDatabase(path, handle);
        try
        {
            database.Check(result);
            raw.sqlite3_extended_result_codes(handle, 1);
            raw.sqlite3_busy_timeout(handle, BusyTimeoutMilliseconds);
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

    /// <summary>The first column of a statement's one row.</summary>
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

    /// <summary>Whether a transaction is open; SQLite itself rolls back on some errors.</summary>
    public bool IsInTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    public void Check(int result)
    {
        if (result is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE)
            return;
        var message = $"SQLite: {raw.sqlite3_errmsg(_handle).utf8_to_string()} ({raw.sqlite3_extended_errcode(_handle)})";
        throw (result & 0xFF) switch
        {
            raw.SQLITE_FULL => new StoreException(StoreTrouble.Full, message),
            raw.SQLITE_READONLY => new StoreException(StoreTrouble.ReadOnly, message),
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN or raw.SQLITE_NOMEM
                or raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_PROTOCOL or raw.SQLITE_PERM =>
                new StoreException(StoreTrouble.Unavailable, message),
            _ => new InvalidOperationException(message),
        };
    }

    public void Dispose()
    {
        Closing?.Invoke(this);
        foreach (var statement in _statements.Values)
            statement.Close();
        _handle.Dispose();
    }
}
