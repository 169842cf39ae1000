using System.Buffers.Binary;
using Roster.Storage.Backups;
using Roster.Storage.Checks;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Search;
using Roster.Storage.Sqlite.Tools;
using Roster.Storage.Sqlite.Writing;

namespace Roster.Storage.Sqlite;

/// <summary>The directory in one SQLite file. This part opens and closes it.</summary>
internal sealed partial class SqliteStore : IRosterStore
{
    /// <summary>
    /// 3.51.3: the first version without a rare corruption of the write-ahead log (sqlite.org/wal.html#walresetbug).
    /// </summary>
    private const int MinLibraryVersion = 3_051_003;

    /// <summary>Free disk space that one full batch needs; with less, the server is not ready.</summary>
    private const long MinFreeBytes = 64 << 20;

    /// <summary>Reading keeps a processor busy, so more connections gain little.</summary>
    private static readonly int MaxIdleReaders = Math.Max(8, 2 * Environment.ProcessorCount);

    private const long OurApplicationId = 0x526F7374;

    private const string SelectFirstWorkspace = "select min(id) from workspace";

    private const string CountTables = "select count(*) from sqlite_schema where name not like 'sqlite_%'";

    /// <summary>What the names of the files of imports, and of the folder of search indexes, have behind the database's.</summary>
    internal const string ImportsEnd = ".imports";
    internal const string SearchEnd = ".search";

    private readonly string _path;
    private readonly TimeProvider _clock;
    private readonly SteadyClock _steady;
    private readonly FileStream? _lock;
    private readonly int _openIndexes;
    private readonly bool _isReadOnly;
    private readonly SqliteHealth _health;
    private readonly SqliteReaders _readers;
    private readonly SqliteRowReader _rowReader;
    private readonly SqliteWriter _writer;
    private readonly SqliteCleaner? _cleaner;
    private readonly SqliteImportBlocks _importBlocks;
    private volatile SqliteCheckpointer? _checkpointer;
    private volatile SqliteSearch? _search;

    /// <param name="serverLock">The lock of a server; null for a command.</param>
    /// <param name="cold">Reads while the disk is full; null if it is not.</param>
    /// <param name="isReadOnly">Whether nothing is written, and what is damaged does not keep the rest from being read.</param>
    private SqliteStore(
        string path, TimeProvider clock, FileStream? serverLock, SqliteCold? cold, int openIndexes, bool isReadOnly = false)
    {
        _isReadOnly = isReadOnly;
        _path = path;
        _clock = clock;
        _steady = new SteadyClock(clock);
        _lock = serverLock;
        _openIndexes = openIndexes;
        _health = new SqliteHealth(path, Notices) { ServesDamaged = isReadOnly };
        _readers = new SqliteReaders(OpenReader, MaxIdleReaders, _health) { Cold = cold };
        _rowReader = new SqliteRowReader(_readers);
        var writer = cold is null && !isReadOnly ? OpenToWrite() : null;
        if (isReadOnly)
            Notices.Begin(new StoreNotice(
                StoreNotice.StorageReadOnly,
                $"The server was started with --read-only on: nothing is written to {path}, and searches answer search_behind."));
        if (cold is not null)
            Notices.Begin(new StoreNotice(
                StoreNotice.StorageFull,
                $"The disk of {path} is full. The server reads, and begins to write and to search when there is room."));
        _writer = new SqliteWriter(writer, database => _checkpointer?.AfterCommit(database), OpenToWrite)
        {
            Notices = Notices,
            Health = _health,
            Settled = ReleaseUnknown,
        };
        _importBlocks = new SqliteImportBlocks(path + ImportsEnd) { IsReadOnly = isReadOnly };
        _cleaner = serverLock is null || isReadOnly ? null : new SqliteCleaner(path, _writer, Notices);
    }

    public StoreNotices Notices { get; } = new();

    /// <summary>False: one server holds the file's lock.</summary>
    public bool IsShared => false;

    /// <inheritdoc cref="Store.OpenAsync"/>
    public static SqliteStore Open(string path, StoreUse use, TimeProvider clock, int openIndexes)
    {
        if (SqliteDatabase.LibraryVersion < MinLibraryVersion)
            throw new StoreRefusedException("The SQLite library is older than 3.51.3, which can corrupt a database.");
        if (use == StoreUse.Administer)
        {
            RequireCurrentSchema(path);
            return new SqliteStore(path, clock, null, null, openIndexes);
        }
        if (use == StoreUse.Read)
            return OpenReadOnly(path, clock, openIndexes);
        CreateFolder(path);
        var serverLock = Lock(path);
        try
        {
            return new SqliteStore(path, clock, serverLock, MigrateOrOpenCold(path), openIndexes);
        }
        catch
        {
            serverLock.Dispose();
            throw;
        }
    }

    private static SqliteStore OpenReadOnly(string path, TimeProvider clock, int openIndexes)
    {
        if (LengthOf(path) == 0)
            throw new StoreRefusedException($"There is no database at {path}.");
        RequireNoJournal(path);
        RequireOurs(path);
        var serverLock = Lock(path);
        try
        {
            using (var database = SqliteDatabase.OpenToRead(path))
                RequireCurrentSchema(database, path);
            return new SqliteStore(path, clock, serverLock, null, openIndexes, isReadOnly: true);
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
        if (File.Exists(path) && new FileInfo(path).Length > 0)
        {
            using var database = SqliteDatabase.Open(path);
            if (SqliteMigrations.Applied(database).SequenceEqual(SqliteMigrations.All.Known))
                return [];
        }
        using var serverLock = Lock(path);
        return MigrateLocked(path);
    }

    /// <summary>Reads a file that no server uses, in one transaction.</summary>
    /// <exception cref="StoreRefusedException">A server uses the file, or its version differs.</exception>
    public static void ReadAlone(string path, Action<SqliteDatabase> read)
    {
        RequireCurrentSchema(path);
        using var alone = Lock(path);
        using var database = SqliteDatabase.Open(path);
        database.Execute("begin");
        read(database);
        database.Execute("rollback");
    }

    /// <inheritdoc cref="SqliteRestore.Restore"/>
    public static RestoredBackup Restore(string path, string file, bool replaces, TimeProvider clock, CancellationToken cancel)
    {
        CreateFolder(path);
        using var alone = Lock(path);
        return SqliteRestore.Restore(path, file, replaces, clock, cancel);
    }

    public Timestamp? LastBackupAt => LastBackup.Read(_path)?.TakenAt;

    /// <inheritdoc cref="Store.CheckAsync"/>
    public static void Check(string path, string? workspace, Action<CheckPart> tell, CancellationToken cancel)
    {
        if (LengthOf(path) == 0)
            throw new StoreRefusedException($"There is no database at {path}.");
        RequireNoJournal(path);
        try
        {
            using (var database = SqliteDatabase.OpenToRead(path))
                RequireCurrentSchema(database, path);
            new SqliteCheck(path, tell, cancel).Run(workspace);
        }
        catch (StoreException failure) when (failure.Trouble == StoreTrouble.Damaged)
        {
            var part = new CheckPart("file", null);
            part.Add(Damage.File, failure.Message);
            tell(part);
        }
    }

    /// <inheritdoc cref="Store.ReindexAsync"/>
    public static IReadOnlyList<string> Reindex(string path, string? workspace)
    {
        RequireCurrentSchema(path);
        using var alone = Lock(path);
        using var database = SqliteDatabase.Open(path);
        var workspaces = WorkspaceChoice.Of(ReadWorkspaceNames(database), workspace);
        PrivateFile.CreateFolder(path + SearchEnd);
        foreach (var (id, _) in workspaces)
        {
            var index = Path.Combine(path + SearchEnd, $"{id}.db");
            SqliteSearchIndex.Delete(index);
            // A server that finds an empty file makes the index when it starts, before anybody searches.
            PrivateFile.Create(index).Dispose();
        }
        return [.. workspaces.Select(one => one.Name)];
    }

    public Task<StoreStatus> ReadStatusAsync(long workspaceId, CancellationToken cancel)
    {
        var version = SqliteDatabase.LibraryVersion;
        return Task.FromResult(new StoreStatus(
            $"SQLite {version / 1_000_000}.{version / 1_000 % 1_000}.{version % 1_000}",
            _readers.Read(database => ReadRevision(database, workspaceId)), _search?.ShownBy(workspaceId) ?? 0, FreeBytes(), FileBytes()));
    }

    public StoreLoad ReadLoad() =>
        new(_writer.Waiting, _search?.Lag ?? TimeSpan.Zero, Known(() => LengthOf(_path + "-wal")), Known(FreeBytes));

    /// <returns>Null if the disk cannot be asked.</returns>
    private static long? Known(Func<long> bytes)
    {
        try
        {
            return bytes();
        }
        catch (Exception failure) when (failure is StoreException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public async Task CheckAsync(CancellationToken cancel)
    {
        _health.CheckInPlace();
        _health.CheckKnown();
        _readers.Read(database => database.ReadInt64(SelectFirstWorkspace));
        if (FreeBytes() < MinFreeBytes)
            throw new StoreException(StoreTrouble.Full, $"The disk of {_path} has less than {MinFreeBytes >> 20} MiB left.");
        // Writes wait for it, and are written then: the notice tells of it.
        if (_writer.IsToMaintain)
            return;
        await _writer.RunAsync(0, database =>
        {
            // This writes and flushes a page of the log. An update without a change would write nothing.
            database.Execute(SqliteWriter.Fence);
            return true;
        }, cancel);
    }

    /// <summary>Finishes waiting writes, copies the log into the file and releases the file's lock.</summary>
    public async ValueTask DisposeAsync()
    {
        _cleaner?.Stop();
        _writer.Dispose();
        if (_cleaner is not null)
            await _cleaner.DisposeAsync();
        if (_search is not null)
            await _search.DisposeAsync();
        _importBlocks.Dispose();
        _readers.Dispose();
        _readers.Cold?.Dispose();
        _health.Dispose();
        _checkpointer?.Dispose();
        _lock?.Dispose();
    }

    private long FreeBytes()
    {
        try
        {
            return new DriveInfo(Path.GetFullPath(_path)).AvailableFreeSpace;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(
                StoreTrouble.Unavailable, $"The disk of {_path} cannot be asked for its room. {failure.Message}", failure);
        }
    }

    /// <summary>
    /// Bytes of the files of the database, of imports and of search indexes, with their write-ahead logs. Null if they cannot be
    /// looked at.
    /// </summary>
    private long? FileBytes()
    {
        try
        {
            // By name: an operator's copies may be beside them.
            IEnumerable<FileInfo> FilesOf(string path) => [new(path), new(path + "-wal"), new(path + "-shm")];
            var files = FilesOf(_path).Concat(FilesOf(_path + ImportsEnd));
            var indexes = new DirectoryInfo(_path + SearchEnd);
            return files.Concat(indexes.Exists ? indexes.EnumerateFiles() : []).Sum(file => file.Exists ? file.Length : 0);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Opens the connections that write, and the search.</summary>
    /// <returns>The writer's connection.</returns>
    private SqliteDatabase OpenToWrite()
    {
        if (_isReadOnly)
            throw new StoreException(StoreTrouble.ReadOnly, "The server was started with --read-only on.");
        var opened = new List<SqliteDatabase>();
        try
        {
            var writer = Add(OpenDurable(_path));
            var witness = Add(SqliteDatabase.Open(_path));
            if (_lock is not null)
            {
                var (checkpointer, follower) = (Add(OpenDurable(_path)), Add(OpenReader()));
                // Close the cold readers, which assume an unchanging file, before a checkpoint changes it.
                _readers.Cold?.Dispose();
                _checkpointer = new SqliteCheckpointer(checkpointer);
                _search = new SqliteSearch(
                    _path + SearchEnd,
                    follower,
                    (workspace, revision) => _readers.Read(database => ReadRequestOf(database, workspace, revision)),
                    Notices,
                    _openIndexes);
            }
            _health.Watch(witness);
            Notices.End(StoreNotice.StorageFull);
            return writer;
        }
        catch
        {
            foreach (var database in opened)
                database.Dispose();
            throw;
        }

        SqliteDatabase Add(SqliteDatabase database)
        {
            opened.Add(database);
            return database;
        }
    }

    /// <returns>Reads a file on a full disk; null if the disk is not full.</returns>
    private static SqliteCold? MigrateOrOpenCold(string path)
    {
        try
        {
            MigrateLocked(path);
            return null;
        }
        catch (StoreException full) when (full.Trouble == StoreTrouble.Full && LengthOf(path) > 0 && LengthOf(path + "-wal") == 0)
        {
            var cold = new SqliteCold(path);
            if (cold.TryRead(SqliteMigrations.Applied, out var applied) && applied.SequenceEqual(SqliteMigrations.All.Known))
                return cold;
            cold.Dispose();
            throw;
        }
    }

    private static long LengthOf(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;

    private static IReadOnlyList<string> MigrateLocked(string path)
    {
        RequireOurs(path);
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
        RequireCurrentSchema(database, path);
    }

    private static void RequireCurrentSchema(SqliteDatabase database, string path)
    {
        if (SqliteMigrations.All.MissingIn(SqliteMigrations.Applied(database), path).Count > 0)
            throw new StoreRefusedException($"{path} is of an earlier version of Roster; run migrate while no server uses it.");
    }

    /// <summary>
    /// Creates the file if it is missing. Refuses if other files show that it has been lost, and if it belongs to
    /// another program.
    /// </summary>
    private static void RequireOurs(string path)
    {
        if (LengthOf(path) == 0)
        {
            if (LengthOf(path + "-wal") > 0)
                throw new StoreRefusedException(Gone($"{path}-wal has its newest writes"));
            if (Directory.Exists(path + ".search") && Directory.EnumerateFiles(path + ".search", "*.db").Any())
                throw new StoreRefusedException(Gone($"{path}.search is its search index"));
            if (PrivateFile.PartsOf(path) is [var part, ..])
                throw new StoreRefusedException(
                    $"{path} is missing or empty, but {part} was left by a restore that was cut off. Restore again; what was there before "
                    + $"is in {path}.replaced-*. Or delete {part} to begin with an empty directory.");
        }
        else
            RequireSqlite(path);
        // Reading alone leaves another program's file, and its log, as they are.
        using var database = LengthOf(path) == 0 ? SqliteDatabase.Open(path, creates: true)
            : HasOurJournal(path) ? SqliteDatabase.Open(path)
            : SqliteDatabase.OpenToRead(path);
        if (IsForeign(database) || (database.ReadInt64(CountTables) > 0 && SqliteMigrations.Applied(database).Count == 0))
            throw new StoreRefusedException(
                $"{path} is another program's SQLite file. Name a file of Roster's, or one that is not there yet.");

        string Gone(string evidence) => $"{path} is missing or empty, but {evidence}. Put the file back or restore a backup; " +
            $"or delete {path}-wal and {path}.search to begin with an empty directory.";
    }

    private static bool IsForeign(SqliteDatabase database)
    {
        var owner = database.ReadInt64("pragma application_id");
        return owner != 0 && owner != OurApplicationId;
    }

    /// <summary>
    /// Whether a start was cut off while it gave the file a write-ahead log: a new file, or one of a backup. SQLite keeps a journal
    /// then, which only a writer can roll back. Another program's journal is left to it, unless its file was empty before.
    /// </summary>
    private static bool HasOurJournal(string path)
    {
        if (!SqliteDatabase.HasJournal(path))
            return false;
        // sqlite.org/fileformat.html: the pages before the transaction, and the application's id.
        return NumberAt(path + SqliteDatabase.JournalEnd, 16) == 0 || NumberAt(path, 68) == OurApplicationId;
    }

    private static long NumberAt(string path, int place)
    {
        var bytes = new byte[sizeof(uint)];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(place, SeekOrigin.Begin);
        return file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : -1;
    }

    private static void RequireNoJournal(string path)
    {
        if (HasOurJournal(path))
            throw new StoreRefusedException(
                $"{path} was left by a start that was cut off before it was done. Start the server once: it makes up for that.");
    }

    /// <summary>Refuses a database that is not Roster's, or of a newer one. An older schema will do.</summary>
    internal static void RequireKnown(SqliteDatabase database, string path)
    {
        var applied = SqliteMigrations.Applied(database);
        if (IsForeign(database) || applied.Count == 0)
            throw new StoreRefusedException($"{path} is not a database of Roster's.");
        SqliteMigrations.All.MissingIn(applied, path);
    }

    private static void RequireSqlite(string path)
    {
        var start = new byte["SQLite format 3\0"u8.Length];
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
            file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (!start.AsSpan().SequenceEqual("SQLite format 3\0"u8))
            throw new StoreRefusedException(
                $"{path} is no SQLite file: it is another program's, or damaged from its first byte. Nothing was written to it. "
                + "Name another file, or restore a backup (docs/how-to/check-and-repair.md).");
    }

    private static void CreateFolder(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is not { } folder)
            return;
        try
        {
            PrivateFile.CreateFolder(folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreRefusedException($"The folder {folder} cannot be made. {failure.Message}");
        }
    }

    /// <summary>
    /// Locks the file for one server. The operating system releases the lock when the process ends, even by a crash.
    /// </summary>
    private static FileStream Lock(string path)
    {
        var file = path + ".lock";
        try
        {
            return new FileStream(file, PrivateFile.Options(FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException)
        {
            throw new StoreRefusedException(
                $"Roster may not write {file}. Give the user that runs it the right to read and write in its folder.");
        }
        catch (IOException failure) when (PrivateFile.TroubleOf(failure) == StoreTrouble.ReadOnly)
        {
            throw new StoreRefusedException($"{path} is on a file system that is mounted read-only; a server needs to write there.");
        }
        catch (IOException failure) when (PrivateFile.IsInUse(failure))
        {
            throw new StoreRefusedException($"Another Roster server uses {path}; it holds {file}. Stop it first.");
        }
        catch (IOException failure)
        {
            throw new StoreRefusedException($"{file} cannot be opened. {failure.Message}");
        }
    }

    internal static SqliteDatabase OpenDurable(string path)
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
            SqliteCheckpointer.LimitFile(database);
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
        // The path may name another file by now.
        _health.CheckInPlace();
        if (_isReadOnly)
            return SqliteDatabase.OpenToRead(_path);
        var database = SqliteDatabase.Open(_path);
        try
        {
            database.Execute("pragma query_only = on");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
