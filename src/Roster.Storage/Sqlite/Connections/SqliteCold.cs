using System.Diagnostics.CodeAnalysis;

namespace Roster.Storage.Sqlite.Connections;

/// <summary>
/// Reads a file on a full disk, where there is no room for the memory that SQLite shares between connections: without
/// it, one reader at a time. This is correct as long as nobody writes to the file and its log is empty.
/// </summary>
internal sealed class SqliteCold : IDisposable
{
    private readonly Lock _lock = new();
    private SqliteDatabase? _database;

    /// <exception cref="StoreException">The file cannot be read in this way.</exception>
    public SqliteCold(string path) => _database = SqliteDatabase.OpenUnchanging(path);

    /// <returns>False if it is closed.</returns>
    public bool TryRead<T>(Func<SqliteDatabase, T> read, [MaybeNullWhen(false)] out T result)
    {
        lock (_lock)
        {
            if (_database is null)
            {
                result = default;
                return false;
            }
            result = read(_database);
            return true;
        }
    }

    /// <summary>Waits for a running read.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _database?.Dispose();
            _database = null;
        }
    }
}
