namespace Roster.Storage.Sqlite;

/// <summary>
/// Copies the write-ahead log into the file, away from requests: after writes, a thread with its own connection copies
/// what no reader needs any more. Where writes never pause, so that the log cannot start over, the writer makes the rest of one
/// itself once the log is <see cref="MaxLogPages"/> long. Neither ever waits for a reader.
/// </summary>
internal sealed class SqliteCheckpointer : IDisposable
{
    /// <summary>256 MiB of pages of 4 KiB.</summary>
    public const int MaxLogPages = 65_536;

    /// <summary>How long a checkpoint waits for further writes to share it with.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly SqliteDatabase _database;
    private readonly AutoResetEvent _written = new(false);
    private readonly ManualResetEvent _closing = new(false);
    private readonly Thread _thread;
    private volatile int _logPages;

    public SqliteCheckpointer(SqliteDatabase database)
    {
        _database = database;
        _thread = new Thread(FollowWrites) { IsBackground = true, Name = "SQLite checkpointer" };
        _thread.Start();
    }

    /// <summary>What the writer calls after each transaction, with its own connection.</summary>
    public void AfterCommit(SqliteDatabase writer)
    {
        if (_logPages > MaxLogPages)
            _logPages = Checkpoint(writer, "pragma wal_checkpoint(passive)");
        _written.Set();
    }

    public void Dispose()
    {
        _closing.Set();
        _thread.Join();
        Checkpoint(_database, "pragma wal_checkpoint(truncate)");
        _database.Dispose();
        _written.Dispose();
        _closing.Dispose();
    }

    private void FollowWrites()
    {
        WaitHandle[] closingOrWritten = [_closing, _written];
        while (WaitHandle.WaitAny(closingOrWritten) != 0 && !_closing.WaitOne(Pause))
            _logPages = Checkpoint(_database, "pragma wal_checkpoint(passive)");
    }

    /// <returns>
    /// How many pages the log still has; 0 where the checkpoint failed. A failed one loses nothing: the log keeps what
    /// it has, the next one tries again, and trouble with the disk shows in the writes themselves.
    /// </returns>
    private static int Checkpoint(SqliteDatabase database, string sql)
    {
        try
        {
            using var row = database.Prepare(sql).Query();
            row.Step();
            return (int)row.Int64(1);
        }
        catch (StoreException)
        {
            return 0;
        }
    }
}
