using Roster.Storage.Sqlite.Search;

namespace Roster.Storage.Sqlite;

/// <summary>The directory in one SQLite file: opening and closing it. What it stores is in the other parts.</summary>
internal sealed partial class SqliteStore : IRosterStore
{
    /// <summary>3.51.3, the first without a rare corruption of the write-ahead log (sqlite.org/wal.html#walresetbug).</summary>
    private const int MinLibraryVersion = 3_051_003;

    /// <summary>With less than one full batch needs, the server is not ready for one.</summary>
    private const long MinFreeBytes = 64 << 20;

    private const string SelectFirstWorkspace = "select min(id) from workspace";

    private const string TouchWorkspace = "update workspace set revision = revision where id = (select min(id) from workspace)";

    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly FileStream? _lock;
    private readonly SqliteReaders _readers;
    private readonly SqliteWriter _writer;
    private readonly SqliteCheckpointer? _checkpointer;
    private readonly SqliteSearch? _search;

    private SqliteStore(string path, TimeProvider clock, FileStream? serverLock)
    {
        _path = path;
        _clock = clock;
        _lock = serverLock;
        _readers = new SqliteReaders(OpenReader);
        _checkpointer = serverLock is null ? null : new SqliteCheckpointer(OpenDurable(path));
        _writer = new SqliteWriter(OpenDurable(path), database => _checkpointer?.AfterCommit(database));
        _search = serverLock is null ? null : new SqliteSearch(
            path + ".search", OpenReader(), (workspace, revision) => _readers.Read(database => ReadRequestOf(database, workspace, revision)), clock);
    }

    /// <inheritdoc cref="Store.OpenAsync"/>
    public static SqliteStore Open(string path, StoreUse use, TimeProvider clock)
    {
        if (SqliteDatabase.LibraryVersion < MinLibraryVersion)
            throw new StoreRefusedException("The SQLite library is older than 3.51.3, which can corrupt a database.");
        if (use == StoreUse.Administer)
        {
            RequireCurrentSchema(path);
            return new SqliteStore(path, clock, null);
        }
        CreateFolder(path);
        var serverLock = Lock(path);
        try
        {
            MigrateLocked(path);
            return new SqliteStore(path, clock, serverLock);
        }
        catch
        {
            serverLock.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="Store.MigrateAsync"/>
    public static IReadOnlyList<string> Migrate(string path)
    {
        CreateFolder(path);
        if (File.Exists(path))
        {
            using var database = SqliteDatabase.Open(path);
            if (SqliteMigrations.Applied(database).SequenceEqual(SqliteMigrations.All.Known))
                return [];
        }
        using var serverLock = Lock(path);
        return MigrateLocked(path);
    }

    /// <summary>Reads a file that no server uses, in one transaction.</summary>
    /// <exception cref="StoreRefusedException">A server uses it, or it is of another version.</exception>
    public static void ReadAlone(string path, Action<SqliteDatabase> read)
    {
        RequireCurrentSchema(path);
        using var alone = Lock(path);
        using var database = SqliteDatabase.Open(path);
        database.Execute("begin");
        read(database);
        database.Execute("rollback");
    }

    public Task CheckAsync(CancellationToken cancel)
    {
        _readers.Read(database => database.ReadInt64(SelectFirstWorkspace));
        if (new DriveInfo(Path.GetFullPath(_path)).AvailableFreeSpace < MinFreeBytes)
            throw new StoreException(StoreTrouble.Full, $"The disk of {_path} has less than {MinFreeBytes >> 20} MiB left.");
        return _writer.RunAsync(0, database =>
        {
            // Takes the write lock and touches the log, so that a read-only or full disk shows; changes nothing.
            database.Execute(TouchWorkspace);
            return true;
        }, cancel);
    }

    /// <summary>Finishes the writes that wait, copies the log into the file and lets another server have it.</summary>
    public ValueTask DisposeAsync()
    {
        _writer.Dispose();
        _search?.Dispose();
        _readers.Dispose();
        _checkpointer?.Dispose();
        _lock?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static IReadOnlyList<string> MigrateLocked(string path)
    {
        using var database = OpenDurable(path);
        var missing = SqliteMigrations.All.MissingIn(SqliteMigrations.Applied(database), path);
        if (missing.Count > 0)
            SqliteMigrations.Apply(path);
        return missing;
    }

    private static void RequireCurrentSchema(string path)
    {
        if (!File.Exists(path))
            throw new StoreRefusedException($"There is no database at {path}; start the server, or run migrate, to create it.");
        using var database = SqliteDatabase.Open(path);
        if (!SqliteMigrations.Applied(database).SequenceEqual(SqliteMigrations.All.Known))
            throw new StoreRefusedException($"{path} is of another version of Roster; run migrate while no server uses it.");
    }

    private static void CreateFolder(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
    }

    /// <summary>The operating system gives the lock back when the process ends, however it ends.</summary>
    private static FileStream Lock(string path)
    {
        var file = path + ".lock";
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(file))
        {
            throw new StoreRefusedException($"Another Roster server uses {path}; it holds {file}. Stop it first.");
        }
    }

    private static SqliteDatabase OpenDurable(string path)
    {
        var database = SqliteDatabase.Open(path);
        try
        {
            if (database.ReadText("pragma journal_mode = wal") is not "wal" and var mode)
                throw new StoreRefusedException($"{path} cannot use a write-ahead log (journal mode {mode}); is it on a network drive?");
            database.Execute("pragma synchronous = full");
            if (database.ReadInt64("pragma synchronous") != 2)
                throw new StoreRefusedException($"{path} does not accept synchronous=FULL, without which a power cut loses writes.");
            database.Execute("pragma wal_autocheckpoint = 0");
            database.Execute("pragma foreign_keys = on");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private SqliteDatabase OpenReader()
    {
        var database = SqliteDatabase.Open(_path);
        database.Execute("pragma query_only = on");
        return database;
    }
}
