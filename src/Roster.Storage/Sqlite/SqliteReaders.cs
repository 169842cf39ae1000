using System.Collections.Concurrent;

namespace Roster.Storage.Sqlite;

/// <summary>Connections for reading beside the writer; each sees the file as it was when its statement began.</summary>
internal sealed class SqliteReaders(Func<SqliteDatabase> open) : IDisposable
{
    private readonly ConcurrentBag<SqliteDatabase> _idle = [];

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
            database.Execute("rollback");
        }
    });

    public T Read<T>(Func<SqliteDatabase, T> read)
    {
        if (!_idle.TryTake(out var database))
            database = open();
        try
        {
            return read(database);
        }
        finally
        {
            _idle.Add(database);
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var database))
            database.Dispose();
    }
}
