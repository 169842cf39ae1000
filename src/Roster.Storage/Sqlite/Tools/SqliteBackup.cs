using System.Globalization;
using System.Security.Cryptography;
using Roster.Storage.Backups;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Writing;

namespace Roster.Storage.Sqlite.Tools;

/// <summary>
/// Copies a database that is in use, by SQLite's backup interface. One read transaction is open from the first page to the last.
/// So the copy is the state of one moment, and writes of others do not make it begin again. What it costs: while it copies,
/// the write-ahead log cannot begin anew, and grows by what is written.
/// </summary>
internal static class SqliteBackup
{
    /// <summary>Pages of 4 KiB that are copied before the next look at whether to stop.</summary>
    private const int PagesTogether = 1_024;

    /// <summary>What must stay free on the disk of the copy.</summary>
    private const long MinFreeBytes = 16 << 20;

    private const int CacheKibibytes = 8 << 10;

    private const int WorkspacesTogether = 1_000;

    /// <summary>Begins the read: SQLite opens the transaction with the first statement that reads.</summary>
    private const string BeginRead = "select count(*) from sqlite_schema where name = 'workspace'";

    private const string FindFault = "pragma integrity_check(1)";

    private const string SelectWorkspacesAfter = "select id, name, revision from workspace where id > ?1 order by id limit ?2";

    /// <param name="path">The database.</param>
    /// <param name="file">The backup; must not exist, but its folder must.</param>
    /// <param name="version">Of this Roster.</param>
    /// <exception cref="StoreRefusedException">It cannot be made there, or not of this database. Nothing is left behind.</exception>
    /// <exception cref="StoreException">Reading or writing failed. Nothing is left behind.</exception>
    public static MadeBackup Make(
        string path, string file, string version, TimeProvider clock, IProgress<BackupProgress>? progress, CancellationToken cancel)
    {
        file = Path.GetFullPath(file);
        CheckTarget(file);
        if (!File.Exists(path))
            throw new StoreRefusedException($"There is no database at {path}.");
        var part = PrivateFile.PartOf(file);
        var manifestPart = BackupManifest.Of(part);
        try
        {
            PrivateFile.Create(part).Dispose();
            var takenAt = Copy(path, part, clock, progress, cancel);
            var (bytes, sha256) = Hash(part, cancel);
            var manifest = WriteManifest(part, manifestPart, version, takenAt, bytes, sha256);
            cancel.ThrowIfCancellationRequested();
            Publish(part, manifestPart, file);
            return new MadeBackup(manifest, Note(path, new LastBackup(takenAt, file, bytes)));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreRefusedException($"The backup {file} cannot be written. {failure.Message}");
        }
        catch (StoreException full) when (full.Trouble == StoreTrouble.Full)
        {
            throw new StoreRefusedException($"{Path.GetDirectoryName(file)} has no room for the backup any more: its disk is full.");
        }
        finally
        {
            foreach (var end in new[] { "", "-journal", "-wal", "-shm", BackupManifest.End })
                PrivateFile.DeletePart(part + end);
        }
    }

    /// <summary>Reads a database through.</summary>
    /// <exception cref="StoreException">SQLite finds its structure broken, or cannot read it.</exception>
    public static void CheckIntegrity(SqliteDatabase database, string name, CancellationToken cancel) => Interruptibly(
        database,
        () =>
        {
            if (SqliteCheck.FaultsOf(database, name, FindFault) is [var fault, ..])
                throw new StoreException(StoreTrouble.Damaged, $"{name} is damaged: {fault}");
        },
        cancel);

    /// <summary>Runs a long statement of a connection, which a cancellation ends.</summary>
    private static void Interruptibly(SqliteDatabase database, Action work, CancellationToken cancel)
    {
        using (cancel.Register(database.Interrupt))
            try
            {
                work();
            }
            catch (StoreException) when (cancel.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancel);
            }
    }

    /// <summary>The file's size and SHA-256.</summary>
    public static (long Bytes, string Sha256) Hash(string file, CancellationToken cancel, Stream? copy = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        var piece = new byte[64 << 10];
        var bytes = 0L;
        for (int read; (read = stream.Read(piece)) > 0; bytes += read)
        {
            cancel.ThrowIfCancellationRequested();
            hash.AppendData(piece, 0, read);
            copy?.Write(piece, 0, read);
        }
        return (bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static void CheckTarget(string file)
    {
        if (Path.GetDirectoryName(file) is not { } folder || !Directory.Exists(folder))
            throw new StoreRefusedException(
                $"The folder {Path.GetDirectoryName(file)} does not exist, or {Environment.UserName} may not look into it. "
                    + "Make it first, for example with mkdir -m 700.");
        foreach (var taken in new[] { file, BackupManifest.Of(file) })
            if (Path.Exists(taken))
                throw Exists(taken);
    }

    private static StoreRefusedException Exists(string taken) =>
        new($"{taken} exists already, and is not written over. Name another file, or delete it first.");

    private static Timestamp Copy(
        string path, string part, TimeProvider clock, IProgress<BackupProgress>? progress, CancellationToken cancel)
    {
        using var source = SqliteDatabase.Open(path);
        SqliteStore.RequireKnown(source, path);
        var takenAt = Timestamp.Now(clock);
        source.Execute("begin");
        source.ReadInt64(BeginRead);
        var total = source.ReadInt64("pragma page_count") * source.ReadInt64("pragma page_size");
        var folder = Path.GetDirectoryName(part)!;
        var (needed, free) = (total + MinFreeBytes, new DriveInfo(folder).AvailableFreeSpace);
        if (free < needed)
            throw new StoreRefusedException(string.Create(
                CultureInfo.InvariantCulture,
                $"{folder} has no room for the backup: it needs {needed >> 20} MiB, and {free >> 20} MiB are free."));
        var isClean = source.ReadInt64(SqliteCleaner.SelectOwed) == 0;
        if (!isClean)
        {
            source.Execute("rollback");
            // Rows instead of pages, which have what was erased and is not cleaned up yet.
            Interruptibly(source, () => source.Prepare("vacuum into ?1").Bind(1, part).Run(), cancel);
            progress?.Report(new BackupProgress(total, total));
        }
        using (var target = SqliteDatabase.Open(part, CacheKibibytes))
        {
            // It is flushed once, at the end; if anything fails, it is deleted.
            target.Execute("pragma synchronous = off");
            target.Execute("pragma locking_mode = exclusive");
            if (isClean)
            {
                source.CopyTo(target, PagesTogether, (left, pages) =>
                {
                    cancel.ThrowIfCancellationRequested();
                    progress?.Report(new BackupProgress(pages == 0 ? total : total / pages * (pages - left), total));
                });
                // From here on writes of others cost nothing any more.
                source.Execute("rollback");
            }
            else
                target.Execute("update upkeep set cleaning_owed = 0 where id = 1");
            // One file, complete without a log.
            if (target.ReadText("pragma journal_mode = delete") is not "delete" and var mode)
                throw new StoreException(StoreTrouble.Unavailable, $"The copy cannot do without a log (journal mode {mode}).");
            CheckIntegrity(target, "The copy", cancel);
        }
        return takenAt;
    }

    private static BackupManifest WriteManifest(
        string part, string manifestPart, string version, Timestamp takenAt, long bytes, string sha256)
    {
        using var database = SqliteDatabase.OpenUnchanging(part);
        var manifest = new BackupManifest(version, SqliteMigrations.Applied(database)[^1], takenAt, bytes, sha256);
        using var stream = PrivateFile.Create(manifestPart);
        manifest.Write(stream, Workspaces(database));
        return manifest;
    }

    /// <summary>All workspaces, some at a time.</summary>
    private static IEnumerable<BackedUpWorkspace> Workspaces(SqliteDatabase database)
    {
        for (var page = new List<BackedUpWorkspace> { default }; page.Count > 0;)
        {
            var after = page[^1].Id;
            page.Clear();
            using (var rows = database.Prepare(SelectWorkspacesAfter).Bind(1, after).Bind(2, WorkspacesTogether).Query())
                while (rows.Step())
                    page.Add(new BackedUpWorkspace(rows.Int64(0), rows.Text(1), rows.Int64(2)));
            foreach (var workspace in page)
                yield return workspace;
        }
    }

    /// <summary>
    /// Gives both files their names, none of which may be taken. The manifest's name is created first, so of two backups to one
    /// name one is refused: moving a file without writing over another looks first and renames then, which two can do at once.
    /// The manifest comes before the backup, so that a backup under its name is whole and has one.
    /// </summary>
    private static void Publish(string part, string manifestPart, string file)
    {
        PrivateFile.Flush(part);
        PrivateFile.Flush(manifestPart);
        var manifest = BackupManifest.Of(file);
        IfFree(manifest, () => PrivateFile.Create(manifest).Dispose());
        try
        {
            File.Move(manifestPart, manifest, overwrite: true);
            IfFree(file, () => File.Move(part, file, overwrite: false));
        }
        catch
        {
            File.Delete(manifest);
            throw;
        }
        try
        {
            PrivateFile.FlushFolder(Path.GetDirectoryName(file)!);
        }
        catch (IOException failure)
        {
            throw new StoreRefusedException(
                $"{file} is made and whole, but a power cut may take its name away. Make another one elsewhere. {failure.Message}");
        }

        static void IfFree(string name, Action take)
        {
            try
            {
                take();
            }
            catch (IOException) when (Path.Exists(name))
            {
                throw Exists(name);
            }
        }
    }

    private static string? Note(string path, LastBackup backup)
    {
        try
        {
            backup.Write(path);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return failure.Message;
        }
    }
}
