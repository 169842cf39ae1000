using System.Globalization;
using Roster.Changes;
using Roster.Log;
using Roster.Storage.Backups;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Tools;

/// <summary>Puts a backup in the place of a database that no server uses.</summary>
internal static class SqliteRestore
{
    /// <summary>What belongs to a database, by what its name has behind the database's; the database comes first.</summary>
    private static readonly string[] Ends =
    [
        "", SqliteDatabase.JournalEnd, "-wal", "-shm", SqliteStore.SearchEnd, SqliteStore.ImportsEnd,
        SqliteStore.ImportsEnd + SqliteDatabase.JournalEnd, SqliteStore.ImportsEnd + "-wal", SqliteStore.ImportsEnd + "-shm",
        LastBackup.End,
    ];

    private const string SelectNewest = "select coalesce(max(revision), 0) from workspace";

    private const string CountWorkspaces = "select count(*) from workspace";

    /// <summary>A change set without changes. Its time is later than that of the one before, as that of each change set.</summary>
    private const string InsertRecovery = """
        insert into change_set
            (workspace_id, revision, kind, key_id, request_id, created, updated, unchanged, deleted, restored, at, undoes, changes,
            checksum)
        select id, ?1, ?2, zeroblob(16), ?3, 0, 0, 0, 0, 0, max(?4, changed_at / 1000 * 1000 + 1000), null, ?5, ?6 from workspace
        """;

    private const string UpdateWorkspaces = """
        update workspace set revision = ?1, changed_at = max(?2, changed_at / 1000 * 1000 + 1000)
        """;

    /// <param name="path">Where the database is to be. Whoever calls this holds its lock.</param>
    /// <param name="replaces">Whether a database that is there is kept under another name; otherwise it is refused.</param>
    /// <exception cref="StoreRefusedException">
    /// The backup is not whole, or must not or cannot go there. Nothing was changed, unless it says where what was there is now.
    /// </exception>
    /// <exception cref="StoreException">Reading or writing failed.</exception>
    public static RestoredBackup Restore(string path, string file, bool replaces, TimeProvider clock, CancellationToken cancel)
    {
        (path, file) = (Path.GetFullPath(path), Path.GetFullPath(file));
        var manifest = ReadManifest(file);
        if (!replaces && IsTaken(path) is { } taken)
            throw new StoreRefusedException(
                $"There is a database already: {taken}. With --replace it is kept under another name, and the backup takes its place.");
        var part = PrivateFile.PartOf(path);
        var kept = default(string);
        try
        {
            CopyChecked(file, part, manifest, cancel);
            SqliteMigrations.Apply(part);
            var now = clock.GetUtcNow();
            var (first, workspaces) = BeginEpoch(part, NewestOf(path), now);
            PrivateFile.Flush(part);
            cancel.ThrowIfCancellationRequested();
            kept = IsTaken(path) is null ? null
                : string.Create(CultureInfo.InvariantCulture, $"{path}.replaced-{now.UtcDateTime:yyyyMMdd'T'HHmmssfff'Z'}");
            Replace(path, part, kept);
            EndReplaced(path, file, kept);
            return new RestoredBackup(manifest, first, workspaces, kept);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            var cure = IsKept(kept) ? $" What was there is in {kept}*: restore again, or give all of it its old name." : "";
            throw new StoreRefusedException($"{file} cannot be restored to {path}. {failure.Message}{cure}");
        }
        finally
        {
            // Where nothing has taken the place of what was there, the part keeps a server from starting.
            if (File.Exists(path) || !IsKept(kept))
                DeletePart(part);
        }
    }

    /// <summary>What comes after the backup is in its place; no failure of it takes that back.</summary>
    private static void EndReplaced(string path, string file, string? kept)
    {
        try
        {
            PrivateFile.FlushFolder(Path.GetDirectoryName(path)!);
        }
        catch (IOException failure)
        {
            var old = kept is null ? "" : $" What was there is in {kept}*.";
            throw new StoreRefusedException(
                $"{file} is restored to {path}, but a power cut may take that back. Is the disk sound?{old} {failure.Message}");
        }
        // Of restores that were cut off. Whoever calls this holds the lock, so none is under way.
        foreach (var left in PrivateFile.PartsOf(path))
            DeletePart(left);
    }

    private static void DeletePart(string part)
    {
        foreach (var end in new[] { SqliteDatabase.JournalEnd, "-wal", "-shm", "" })
            PrivateFile.DeletePart(part + end);
    }

    private static BackupManifest ReadManifest(string file)
    {
        if (!File.Exists(file))
            throw new StoreRefusedException($"There is no backup at {file}, or {Environment.UserName} may not look there.");
        var manifest = BackupManifest.Read(file);
        if (!SqliteMigrations.All.Known.Contains(manifest.Schema))
            throw new StoreRefusedException(
                $"{file} is of a newer Roster ({manifest.Version}): it has the migration {manifest.Schema}. Restore it with that one.");
        return new FileInfo(file).Length == manifest.Bytes ? manifest : throw NotWhole(file);
    }

    private static StoreRefusedException NotWhole(string file) => new(
        $"{file} is not what was backed up: its size or SHA-256 differs from what {BackupManifest.Of(file)} says. Take another backup.");

    /// <returns>The first file that shows that a database is there; an empty file is none.</returns>
    private static string? IsTaken(string path) => Ends
        .Where(end => end is not LastBackup.End)
        .Select(end => path + end)
        .FirstOrDefault(one => Directory.Exists(one) || (File.Exists(one) && (one != path || new FileInfo(one).Length > 0)));

    private static void CopyChecked(string file, string part, BackupManifest manifest, CancellationToken cancel)
    {
        using (var copy = PrivateFile.Create(part))
            if (SqliteBackup.Hash(file, cancel, copy) != (manifest.Bytes, manifest.Sha256))
                throw NotWhole(file);
        using var database = SqliteDatabase.Open(part);
        SqliteStore.RequireKnown(database, file);
        SqliteBackup.CheckIntegrity(database, file, cancel);
    }

    /// <summary>The newest revision of the database that is replaced; 0 if there is none, or it cannot be read.</summary>
    private static long NewestOf(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length == 0)
            return 0;
        try
        {
            using var database = SqliteDatabase.Open(path);
            var newest = database.ReadInt64(SelectNewest);
            // It is kept under several names: they should be one file if possible.
            database.TruncateLog();
            return newest;
        }
        catch (Exception failure) when (failure is StoreException or InvalidOperationException)
        {
            // It is damaged, which may be why a backup is restored. The time puts the new log beyond the old one.
            return 0;
        }
    }

    private static (long First, long Workspaces) BeginEpoch(string part, long replaced, DateTimeOffset now)
    {
        using var database = SqliteDatabase.Open(part);
        database.Execute("pragma journal_mode = delete");
        database.Execute("pragma synchronous = full");
        database.Execute("begin immediate");
        var first = LogEpoch.FirstRevision(now, Math.Max(replaced, database.ReadInt64(SelectNewest)));
        var at = Timestamp.From(now).WholeMilliseconds();
        // One request for all workspaces.
        var changes = ChangeEncoding.EncodeAgain([]);
        database.Prepare(InsertRecovery)
            .Bind(1, first).Bind(2, ChangeKind.Recover).Bind(3, Guid.CreateVersion7(now)).Bind(4, at)
            .Bind(5, changes).Bind(6, Checksum.Of(changes)).Run();
        database.Prepare(UpdateWorkspaces).Bind(1, first).Bind(2, at).Run();
        var workspaces = database.ReadInt64(CountWorkspaces);
        database.Commit();
        return (first, workspaces);
    }

    /// <summary>
    /// Gives the database that is there, and what belongs to it, another name, and its own to the part. If that fails, what was
    /// there gets its name back.
    /// </summary>
    /// <param name="kept">The other name; null if nothing is there.</param>
    private static void Replace(string path, string part, string? kept)
    {
        var moved = new Stack<string>();
        try
        {
            // The database goes first: what is left of it, if this ends here, keeps a server from starting.
            foreach (var end in Ends.Where(end => kept is not null && Path.Exists(path + end)))
            {
                Move(path + end, kept + end);
                moved.Push(end);
            }
            File.Move(part, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // And it comes back last.
            foreach (var end in moved)
                Move(kept + end, path + end);
            throw;
        }
    }

    private static void Move(string path, string to)
    {
        if (Directory.Exists(path))
            Directory.Move(path, to);
        else
            File.Move(path, to, overwrite: false);
    }

    /// <summary>Whether something has this name, or one that begins so.</summary>
    private static bool IsKept(string? kept) => kept is not null && Ends.Any(end => Path.Exists(kept + end));
}
