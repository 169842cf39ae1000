using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>
/// Copies the write-ahead log into the file, away from requests: after writes, a thread with its own connection copies what no reader needs any
/// more. Where reads overlap, so that the log never begins again by itself, the same thread makes it begin again from half of
/// its bound on; and from three quarters on the writer does that itself. Both wait for the readers of that moment, but not for
/// long: the bound holds as long as no reader goes on for more than <see cref="PatienceAtBound"/>.
/// </summary>
internal sealed class SqliteCheckpointer : IDisposable
{
    /// <summary>256 MiB of pages of 4 KiB.</summary>
    public const int MaxLogPages = 65_536;

    /// <summary>How long a checkpoint waits for further writes to share it with.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>How long the log waits for readers before it begins again, in milliseconds; writes wait with it.</summary>
    private const int Patience = 200;

    /// <summary>The same where the log has its bound.</summary>
    private const int PatienceAtBound = 1_000;

    private readonly SqliteDatabase _database;
    private readonly int _maxLogPages;
    private readonly Lock _checkpoint = new();
    private readonly AutoResetEvent _written = new(false);
    private readonly ManualResetEvent _closing = new(false);
    private readonly Thread _thread;
    private int _writersNext;

    /// <param name="maxLogPages">The log's bound; one transaction can go beyond it.</param>
    public SqliteCheckpointer(SqliteDatabase database, int maxLogPages = MaxLogPages)
    {
        _database = database;
        _maxLogPages = maxLogPages;
        _writersNext = maxLogPages / 4 * 3;
        _thread = new Thread(FollowWrites) { IsBackground = true, Name = "SQLite checkpointer" };
        _thread.Start();
    }

    /// <summary>What the writer calls after each transaction, with its own connection.</summary>
    public void AfterCommit(SqliteDatabase writer)
    {
        var (pages, _) = Run(writer, "pragma wal_checkpoint(noop)");
        if (pages < _maxLogPages / 4 * 3)
            _writersNext = _maxLogPages / 4 * 3;
        else if (pages >= _writersNext)
        {
            lock (_checkpoint)
                BeginAgain(writer, pages >= _maxLogPages ? PatienceAtBound : Patience);
            // Where a reader goes on and on, each commit would wait for it.
            _writersNext = pages + (_maxLogPages / 16);
        }
        _written.Set();
    }

    public void Dispose()
    {
        _closing.Set();
        _thread.Join();
        // Where another process reads, the log stays as it is, and is read at the next start.
        Run(_database, "pragma wal_checkpoint(truncate)");
        _database.Dispose();
        _written.Dispose();
        _closing.Dispose();
    }

    private void FollowWrites()
    {
        WaitHandle[] closingOrWritten = [_closing, _written];
        // Writes wait while the log begins again, so hardly any of it may be left to copy then.
        while (WaitHandle.WaitAny(closingOrWritten) != 0 && !_closing.WaitOne(Pause))
            lock (_checkpoint)
                if (Run(_database, "pragma wal_checkpoint(passive)") is var (pages, left) && pages >= _maxLogPages / 2 && left <= _maxLogPages / 64)
                    BeginAgain(_database, Patience);
    }

    /// <summary>Copies all that is left, and waits until nobody reads the log: the next write is at its beginning.</summary>
    private static void BeginAgain(SqliteDatabase database, int patience)
    {
        database.SetBusyTimeout(patience);
        Run(database, "pragma wal_checkpoint(restart)");
        database.SetBusyTimeout(SqliteDatabase.BusyTimeoutMilliseconds);
    }

    /// <returns>
    /// How many pages the log has, and how many of them are not copied yet. Whether a checkpoint came to its end is not looked at: what was left, the next one does. A failed one loses
    /// nothing either: the log keeps what it has, and trouble with the disk shows in the writes themselves.
    /// </returns>
    private static (int Pages, int Left) Run(SqliteDatabase database, string sql)
    {
        try
        {
            using var row = database.Prepare(sql).Query();
            row.Step();
            return ((int)row.Int64(1), (int)(row.Int64(1) - row.Int64(2)));
        }
        catch (StoreException)
        {
            return default;
        }
    }
}
