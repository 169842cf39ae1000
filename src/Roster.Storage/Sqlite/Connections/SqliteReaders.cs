using System.Collections.Concurrent;

namespace Roster.Storage.Sqlite.Connections;

/// <summary>
/// A pool of connections for reading beside the writer. A statement sees the file as it was when it began.
/// </summary>
/// <param name="maxIdle">The most idle connections that are kept open.</param>
/// <param name="health">Gets the damage that a reader finds.</param>
internal sealed class SqliteReaders(Func<SqliteDatabase> open, int maxIdle, SqliteHealth? health = null) : IDisposable
{
    /// <summary>
    /// Many times what calls use again and again. Searches have as many texts as filters, sorts and cursors can be combined, some ten
    /// kilobytes each: a connection that has prepared more is closed.
    /// </summary>
    internal const int MaxStatements = 200;

    private readonly ConcurrentBag<SqliteDatabase> _idle = [];
    private volatile bool _isClosed;
    private int _idleCount;

    /// <summary>Does all reading while it is open.</summary>
    public SqliteCold? Cold { get; init; }

    /// <summary>
    /// Reads with several statements in one transaction: all see the same state, and the end of the log is looked up
    /// only once.
    /// </summary>
    public T ReadTogether<T>(Func<SqliteDatabase, T> read) => Read(database => ReadTogether(database, read));

    /// <inheritdoc cref="ReadTogether{T}(Func{SqliteDatabase, T})"/>
    public static T ReadTogether<T>(SqliteDatabase database, Func<SqliteDatabase, T> read)
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
    }

    /// <exception cref="StoreException">The file cannot be read, or the server has stopped.</exception>
    public T Read<T>(Func<SqliteDatabase, T> read)
    {
        if (_isClosed)
            throw new StoreException(StoreTrouble.Unavailable, "The server has stopped.");
        health?.CheckReadable();
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
            if (failure.Trouble == StoreTrouble.Full)
                throw StoreException.NoRoomToRead(failure);
            throw;
        }
        finally
        {
            if (database is not null)
                Return(database);
            if (_isClosed)
                Dispose();
        }
    }

    /// <summary>Closes the connections; one in use is closed at its end.</summary>
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
        Interlocked.Decrement(ref _idleCount);
        return database;
    }

    private void Return(SqliteDatabase database)
    {
        if (Interlocked.Increment(ref _idleCount) <= maxIdle && !database.IsInTransaction && database.Texts.Count <= MaxStatements)
        {
            _idle.Add(database);
            return;
        }
        Interlocked.Decrement(ref _idleCount);
        database.Dispose();
    }
}
