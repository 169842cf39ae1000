using System.Collections.Concurrent;

namespace Roster.Storage.Sqlite.Connections;

/// <summary>Connections for reading beside the writer; each sees the file as it was when its statement began.</summary>
/// <param name="maxIdle">How many are kept open while nobody reads with them.</param>
/// <param name="health">Learns of damage that a reader meets.</param>
internal sealed class SqliteReaders(Func<SqliteDatabase> open, int maxIdle, SqliteHealth? health = null) : IDisposable
{
    private readonly ConcurrentBag<SqliteDatabase> _idle = [];
    private volatile bool _isClosed;
    private int _kept;

    /// <summary>Reads in their stead as long as it is open.</summary>
    public SqliteCold? Cold { get; init; }

    /// <summary>Reads with several statements, all of which see the file as it is now: one transaction, so one look at the log's end.</summary>
    public T ReadTogether<T>(Func<SqliteDatabase, T> read) => Read(database =>
    {
        database.Execute("begin");
        try
        {
            return read(database);
        }
        finally
        {
            database.Rollback();
        }
    });

    /// <exception cref="StoreException">The file cannot be read, or the server has stopped.</exception>
    public T Read<T>(Func<SqliteDatabase, T> read)
    {
        if (_isClosed)
            throw new StoreException(StoreTrouble.Unavailable, "The server has stopped.");
        health?.CheckSeenInPlace();
        if (Cold is { } cold && cold.TryRead(read, out var result))
            return result;
        SqliteDatabase? database = null;
        try
        {
            database = TakeIdle() ?? open();
            return read(database);
        }
        catch (StoreException failure)
        {
            health?.Note(failure);
            throw;
        }
        finally
        {
            if (database is not null)
                Keep(database);
            if (_isClosed)
                Dispose();
        }
    }

    /// <summary>Closes the connections; one that somebody reads with is closed when they are done.</summary>
    public void Dispose()
    {
        _isClosed = true;
        while (TakeIdle() is { } database)
            database.Dispose();
    }

    private SqliteDatabase? TakeIdle()
    {
        if (!_idle.TryTake(out var database))
            return null;
        Interlocked.Decrement(ref _kept);
        return database;
    }

    private void Keep(SqliteDatabase database)
    {
        if (Interlocked.Increment(ref _kept) <= maxIdle)
        {
            _idle.Add(database);
            return;
        }
        Interlocked.Decrement(ref _kept);
        database.Dispose();
    }
}
