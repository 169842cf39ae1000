using Roster.Storage.Sqlite;

namespace Roster.Storage;

/// <summary>How a process uses the database.</summary>
public enum StoreUse
{
    /// <summary>As the server: alone on an SQLite file, created and migrated where needed.</summary>
    Serve,

    /// <summary>As a command that may run beside the server: the database exists and is of this version.</summary>
    Administer,
}

/// <summary>Which database, as <c>--database</c> names it. The only place that knows which engines there are.</summary>
public sealed class Store
{
    private const string SqliteScheme = "sqlite:";

    private readonly string _path;

    private Store(string path) => _path = path;

    public const string Forms = "sqlite:PATH";

    /// <returns>Null where the address has none of the <see cref="Forms"/>.</returns>
    public static Store? Parse(string address) =>
        address.StartsWith(SqliteScheme, StringComparison.OrdinalIgnoreCase) && address.Length > SqliteScheme.Length
            ? new Store(address[SqliteScheme.Length..])
            : null;

    /// <exception cref="StoreRefusedException">The database must not be used so.</exception>
    public IRosterStore Open(StoreUse use, TimeProvider clock) => SqliteStore.Open(_path, use, clock);

    /// <summary>Brings the schema up to date, creating the database where there is none.</summary>
    /// <returns>The names of the migrations that were applied.</returns>
    /// <exception cref="StoreRefusedException">The database must not be migrated now.</exception>
    public IReadOnlyList<string> Migrate() => SqliteStore.Migrate(_path);
}

/// <summary>A database that exists but must not be used as asked; the message says why, for an operator.</summary>
public sealed class StoreRefusedException(string message) : Exception(message);
