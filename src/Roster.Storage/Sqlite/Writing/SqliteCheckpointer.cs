using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>
/// Checkpoints: copies the write-ahead log into the file outside of requests. A thread with its own connection copies
/// after writes what no reader needs any more. If reads overlap, the log never restarts by itself: from half of its
/// bound on, this thread restarts it; from three quarters on, the writer does. Both wait for current readers, but not
/// for long, so the bound holds as long as no reader takes more than <see cref="PatienceAtBound"/>.
/// </summary>
internal sealed class SqliteCheckpointer : IDisposable
{
    /// <summary>256 MiB in pages of 4 KiB.</summary>
    public const int MaxLogPages = 65_536;

    private const long PageBytes = 4_096;

    /// <summary>How long a checkpoint waits for further writes to include.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Milliseconds for which a restart of the log waits for readers. Writes wait meanwhile.</summary>
    private const int Patience = 200;

    /// <summary>The same in milliseconds, when the log has reached its bound.</summary>
    private const int PatienceAtBound = 1_000;

    private static readonly Histogram<double> Duration = Telemetry.Duration(
        "roster.sqlite.checkpoint.duration", "Time to copy the write-ahead log into the file.");

    private readonly SqliteDatabase _database;
    private readonly int _maxLogPages;
    private readonly Lock _checkpoint = new();
    private readonly AutoResetEvent _written = new(false);
    private readonly ManualResetEvent _closing = new(false);
    private readonly Thread _thread;
    private int _writerRestartsAt;

    /// <param name="maxLogPages">The log's bound; a single transaction can exceed it.</param>
    public SqliteCheckpointer(SqliteDatabase database, int maxLogPages = MaxLogPages)
    {
        _database = database;
        _maxLogPages = maxLogPages;
        _writerRestartsAt = maxLogPages / 4 * 3;
        _thread = new Thread(FollowWrites) { IsBackground = true, Name = "SQLite checkpointer" };
        _thread.Start();
    }

    /// <summary>
    /// Has the log's file cut down to its bound when the log begins again on this connection. It has grown beyond while a reader
    /// went on for long, such as a backup.
    /// </summary>
    public static void LimitFile(SqliteDatabase writer, int maxLogPages = MaxLogPages) =>
        writer.Execute(string.Create(CultureInfo.InvariantCulture, $"pragma journal_size_limit = {maxLogPages * PageBytes}"));

    /// <summary>The writer calls this after each transaction, with its own connection.</summary>
    public void AfterCommit(SqliteDatabase writer)
    {
        var (pages, _) = Run(writer, "pragma wal_checkpoint(noop)");
        if (pages < _maxLogPages / 4 * 3)
            _writerRestartsAt = _maxLogPages / 4 * 3;
        else if (pages >= _writerRestartsAt)
        {
            lock (_checkpoint)
                Restart(writer, pages >= _maxLogPages ? PatienceAtBound : Patience);
            // Without this step, each commit would wait for a long reader.
            _writerRestartsAt = pages + (_maxLogPages / 16);
        }
        _written.Set();
    }

    public void Dispose()
    {
        _closing.Set();
        _thread.Join();
        // If another process reads, the log stays and is read at the next start.
        Copy(_database, "truncate");
        _database.Dispose();
        _written.Dispose();
        _closing.Dispose();
    }

    private void FollowWrites()
    {
        WaitHandle[] closingOrWritten = [_closing, _written];
        // A restart makes writes wait, so do it only when hardly any pages are left to copy.
        while (WaitHandle.WaitAny(closingOrWritten) != 0 && !_closing.WaitOne(Pause))
            lock (_checkpoint)
                if (Copy(_database, "passive") is var (pages, left)
                    && pages >= _maxLogPages / 2 && left <= _maxLogPages / 64)
                    Restart(_database, Patience);
    }

    /// <summary>
    /// Copies the remaining pages and waits until nobody reads the log; the next write then restarts it.
    /// </summary>
    private static void Restart(SqliteDatabase database, int patience)
    {
        database.SetBusyTimeout(patience);
        Copy(database, "restart");
        database.SetBusyTimeout(SqliteDatabase.BusyTimeoutMilliseconds);
    }

    /// <param name="mode">SQLite's word for what it waits for: passive, restart or truncate.</param>
    /// <inheritdoc cref="Run" path="/returns"/>
    private static (int Pages, int Left) Copy(SqliteDatabase database, string mode)
    {
        var begun = Stopwatch.GetTimestamp();
        var copied = Run(database, mode switch
        {
            "passive" => "pragma wal_checkpoint(passive)",
            "restart" => "pragma wal_checkpoint(restart)",
            _ => "pragma wal_checkpoint(truncate)",
        });
        Duration.Record(Stopwatch.GetElapsedTime(begun).TotalSeconds, new KeyValuePair<string, object?>("roster.mode", mode));
        return copied;
    }

    /// <returns>
    /// The pages of the log, and those not copied yet. Whether the checkpoint completed does not matter: the next one
    /// copies the rest. A failure loses nothing either, since the log keeps its pages, and a failing disk shows in the
    /// writes themselves.
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
