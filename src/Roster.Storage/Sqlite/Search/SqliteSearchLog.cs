using Microsoft.Win32.SafeHandles;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Writing;

namespace Roster.Storage.Sqlite.Search;

/// <summary>
/// Copies the write-ahead log of a search index into the index's file. SQLite would flush both as a whole, thousands of
/// pages, and commits of the directory would wait for the disk meanwhile. So this flushes small parts, beside further
/// passes (docs/decisions/0014-the-search-index-settles-beside-writes.md).
/// </summary>
internal sealed class SqliteSearchLog : IDisposable
{
    /// <summary>In pages of 4 KiB; SQLite's own checkpoints begin at the same number.</summary>
    private const int MinSettledPages = 1_000;

    private readonly string _path;
    private readonly SqliteDatabase _writer;
    private readonly SqliteReaders _readers;

    /// <summary>
    /// The index's file, opened to be flushed. It stays open as long as SQLite has the file open, because closing any handle of it drops
    /// SQLite's locks (sqlite.org/howtocorrupt.html, 2.2).
    /// </summary>
    private SafeFileHandle? _file;

    private Thread? _settling;
    private volatile bool _hurries;

    /// <param name="writer">The connection that adds to the log; is closed with this.</param>
    /// <param name="readers">Connections to the same file; are closed with this.</param>
    public SqliteSearchLog(string path, SqliteDatabase writer, SqliteReaders readers) =>
        (_path, _writer, _readers) = (path, writer, readers);

    /// <summary>
    /// Starts copying the log into the file, if it is long enough. Only for the writer's thread,
    /// outside of a transaction.
    /// </summary>
    public void Settle()
    {
        var (pages, copied) = Pages();
        if (pages > SqliteCheckpointer.MaxLogPages)
        {
            // The log is copied to its end while nothing is added, so that SQLite starts it over.
            FinishSettling();
            Copy();
        }
        else if (pages - copied >= MinSettledPages && _settling is not { IsAlive: true })
        {
            _settling = new Thread(Copy) { IsBackground = true, Name = "SQLite search log" };
            _settling.Start();
        }
    }

    /// <summary>Ends what <see cref="Settle"/> has begun, as fast as it can.</summary>
    public void FinishSettling()
    {
        _hurries = true;
        _settling?.Join();
        _hurries = false;
    }

    public void Dispose()
    {
        FinishSettling();
        _readers.Dispose();
        _writer.Dispose();
        _file?.Dispose();
    }

    /// <returns>How many pages the log has, and how many of them are copied.</returns>
    private (long All, long Copied) Pages()
    {
        using var row = _writer.Prepare("pragma wal_checkpoint(noop)").Query();
        row.Step();
        return (row.Int64(1), row.Int64(2));
    }

    /// <summary>
    /// Keeps SQLite's order: the log is durable before a page of the file changes, and the file is durable before the
    /// log starts over. The log cannot start over while this snapshot is held.
    /// </summary>
    private void Copy()
    {
        try
        {
            _readers.ReadTogether(snapshot =>
            {
                snapshot.ReadInt64(SqliteSearchQuery.SelectReached);
                _file ??= FileWriteback.Open(_path);
                using (var log = FileWriteback.Open(_writer.LogPath))
                    FileWriteback.Flush(log, () => _hurries);
                using (var copier = SqliteDatabase.Open(_path))
                {
                    // This connection copies and does not flush.
                    copier.Execute("pragma synchronous = off");
                    copier.Execute("pragma wal_checkpoint(passive)");
                }
                FileWriteback.Flush(_file, () => _hurries);
                return true;
            });
        }
        catch (Exception failure) when (failure is StoreException or IOException or UnauthorizedAccessException)
        {
            // Trouble with the disk shows in the directory's own writes. An index that it damages can be made anew.
        }
    }
}
