using Roster.Storage.Backups;
using Roster.Storage.Checks;
using Roster.Storage.Postgres;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Sqlite;
using Roster.Storage.Sqlite.Tools;

namespace Roster.Storage;

/// <summary>How a process uses the database.</summary>
public enum StoreUse
{
    /// <summary>As the server: creates and migrates the database if necessary; exclusive on an SQLite file.</summary>
    Serve,

    /// <summary>As a server that only reads an existing SQLite file of this version, which may be damaged. Also exclusive.</summary>
    Read,

    /// <summary>As a command beside a running server: the database must exist and be of this version.</summary>
    Administer,
}

/// <summary>A database, by its <c>--database</c> address. Only this class knows which engines exist.</summary>
public sealed class Store
{
    public const string Forms = "sqlite:PATH or postgresql://USER@HOST:PORT/DATABASE?OPTION=VALUE";

    /// <summary>With this many, a process stays below 512 open files.</summary>
    public const int DefaultOpenIndexes = 32;

    private const string SqliteScheme = "sqlite:";

    private readonly string _path = "";
    private readonly PostgresAddress? _postgres;

    private Store(string path) => (_path, Name) = (path, SqliteScheme + path);

    private Store(PostgresAddress postgres) => (_postgres, Name) = (postgres, postgres.Name);

    /// <summary>
    /// How many workspaces' search indexes a server on SQLite keeps open, 1 or more; each has up to nine open files.
    /// </summary>
    public int OpenIndexes { get; set; } = DefaultOpenIndexes;

    /// <summary>The folder for what a server writes beside its data: the SQLite file's, or data.</summary>
    public string Folder => _postgres is null ? Path.GetDirectoryName(Path.GetFullPath(_path))! : "data";

    /// <summary>Whether the database is a file, which Roster itself backs up and restores.</summary>
    public bool IsFile => _postgres is null;

    /// <summary>The address without secrets, for logs.</summary>
    public string Name { get; }

    /// <param name="passwordFile">A file with the password of the PostgreSQL user; null for none.</param>
    /// <param name="isUnsafeAccepted">
    /// Whether to accept a PostgreSQL that can lose acknowledged writes in a crash.
    /// </param>
    /// <exception cref="StoreAddressException">The address has none of the <see cref="Forms"/>.</exception>
    public static Store Parse(string address, string? passwordFile = null, bool isUnsafeAccepted = false)
    {
        if (address.StartsWith(SqliteScheme, StringComparison.OrdinalIgnoreCase) && address.Length > SqliteScheme.Length)
            return new Store(WithoutLink(address[SqliteScheme.Length..]));
        return new Store(PostgresAddress.Parse(address, passwordFile, isUnsafeAccepted)
            ?? throw new StoreAddressException($"--database is {Forms}."));
    }

    /// <summary>
    /// The file that a symbolic link leads to. SQLite puts its log beside that file, so the server's lock, and what else is named
    /// like the file, must be there, too.
    /// </summary>
    private static string WithoutLink(string path)
    {
        // Of a relative path, ResolveLinkTarget makes one from the root.
        var full = Path.GetFullPath(path);
        try
        {
            return new FileInfo(full).LinkTarget is null ? path : File.ResolveLinkTarget(full, returnFinalTarget: true)!.FullName;
        }
        catch (IOException failure)
        {
            throw new StoreAddressException($"--database: {path} is a symbolic link that leads nowhere. {failure.Message}");
        }
    }

    /// <exception cref="StoreRefusedException">The database must not be used in this way.</exception>
    public async Task<IRosterStore> OpenAsync(StoreUse use, TimeProvider clock, CancellationToken cancel) =>
        _postgres is null ? SqliteStore.Open(_path, use, clock, OpenIndexes)
            : use == StoreUse.Read
                ? throw new StoreRefusedException("--read-only is for SQLite; PostgreSQL has default_transaction_read_only.")
            : await PostgresStore.OpenAsync(_postgres, use, clock, cancel);

    /// <summary>Brings the schema up to date, or creates it.</summary>
    /// <returns>The names of the migrations that were applied.</returns>
    /// <exception cref="StoreRefusedException">The database must not be migrated now.</exception>
    public async Task<IReadOnlyList<string>> MigrateAsync(CancellationToken cancel) =>
        _postgres is null ? SqliteStore.Migrate(_path) : await PostgresStore.MigrateAsync(_postgres, cancel);

    /// <summary>Copies an SQLite database, which may be in use, to a new file with a manifest beside it.</summary>
    /// <param name="version">Of this Roster.</param>
    /// <exception cref="StoreRefusedException">It cannot be made there. Nothing is left behind.</exception>
    /// <exception cref="StoreException">Reading or writing failed. Nothing is left behind.</exception>
    public MadeBackup BackUp(
        string file, string version, TimeProvider clock, IProgress<BackupProgress>? progress, CancellationToken cancel) =>
        SqliteBackup.Make(_path, file, version, clock, progress, cancel);

    /// <summary>Puts a backup in the place of an SQLite database that no server uses.</summary>
    /// <param name="replaces">Whether a database that is there is kept under another name; otherwise it is refused.</param>
    /// <exception cref="StoreRefusedException">The backup is not whole, or must not go there. Nothing was changed.</exception>
    /// <exception cref="StoreException">Reading or writing failed.</exception>
    public RestoredBackup Restore(string file, bool replaces, TimeProvider clock, CancellationToken cancel) =>
        SqliteStore.Restore(_path, file, replaces, clock, cancel);

    /// <summary>Distributes the schema over the nodes of a Citus cluster.</summary>
    /// <returns>The names of the tables that were distributed now.</returns>
    /// <exception cref="StoreAddressException">The database is not PostgreSQL.</exception>
    /// <exception cref="StoreRefusedException">The database has no Citus.</exception>
    public Task<IReadOnlyList<string>> DistributeAsync(CancellationToken cancel) => _postgres is null
        ? throw new StoreAddressException("distribute is for --database postgresql://… with Citus.")
        : PostgresStore.DistributeAsync(_postgres, cancel);

    /// <summary>Checks the database without changing it, also while servers use it.</summary>
    /// <param name="workspace">The only workspace to check; null for all.</param>
    /// <param name="tell">Gets each part when it has been checked.</param>
    /// <exception cref="StoreRefusedException">There is no such database or workspace, or it is of another version.</exception>
    public Task CheckAsync(string? workspace, Action<CheckPart> tell, CancellationToken cancel) => _postgres is null
        ? Task.Run(() => SqliteStore.Check(_path, workspace, tell, cancel), cancel)
        : PostgresStore.CheckAsync(_postgres, workspace, tell, cancel);

    /// <summary>
    /// Throws search indexes away, so that the server makes them anew: on SQLite no server may run, on PostgreSQL servers go on.
    /// </summary>
    /// <param name="workspace">The only workspace; null for all.</param>
    /// <returns>The names of the workspaces.</returns>
    /// <exception cref="StoreRefusedException">
    /// A server uses the file, or there is no such database or workspace, or it is of another version.
    /// </exception>
    public async Task<IReadOnlyList<string>> ReindexAsync(string? workspace, CancellationToken cancel) => _postgres is null
        ? SqliteStore.Reindex(_path, workspace) : await PostgresStore.ReindexAsync(_postgres, workspace, cancel);

    /// <summary>
    /// Copies everything in an SQLite file, which no server may use, into an empty PostgreSQL database.
    /// </summary>
    /// <returns>Why the target's planner has no statistics of the rows yet, although all are copied; null if it has.</returns>
    /// <exception cref="StoreAddressException">The databases are not of these kinds.</exception>
    /// <exception cref="StoreRefusedException">The copy differs; nothing was changed.</exception>
    public static Task<string?> CopyAsync(Store from, Store to, IProgress<CopyProgress> progress, CancellationToken cancel) =>
        from._postgres is null && to._postgres is { } target
            ? PostgresStore.CopyAsync(from._path, target, progress, cancel)
            : throw new StoreAddressException("copy moves --from sqlite:PATH --to postgresql://…");
}

/// <summary>The progress of a copy.</summary>
/// <param name="IsVerified">Whether the table is complete and was read back.</param>
public readonly record struct CopyProgress(string Table, long Rows, long Total, bool IsVerified);

/// <summary>The database exists but must not be used as asked. The message says why, for an operator.</summary>
public sealed class StoreRefusedException(string message) : Exception(message);

/// <summary>The address of a database is not valid, or not of the kind that is needed. The message says what is.</summary>
public sealed class StoreAddressException(string message) : Exception(message);
