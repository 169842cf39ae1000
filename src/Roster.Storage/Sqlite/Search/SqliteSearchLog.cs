using Microsoft.Win32.SafeHandles;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Writing;

namespace Roster.Storage.Sqlite.Search;

/// <summary>
/// The write-ahead log of a search index's file, and its way into the file. SQLite would flush both whole, thousands of pages, and each commit of the
/// directory that comes meanwhile would wait behind that for the disk: so it is done in small parts, beside further passes
/// (docs/decisions/0014-the-search-index-settles-beside-writes.md).
/// </summary>
internal sealed class SqliteSearchLog : IDisposable
{
    /// <summary>Of 4 KiB, as SQLite's own checkpoints would come.</summary>
    private const int MinSettledPages = 1_000;

    private readonly string _path;
    private readonly SqliteDatabase _writer;
    private readonly SqliteReaders _readers;

    /// <summary>
    /// To flush it. From its first use on open as long as SQLite has it open: closing any handle of it takes SQLite's locks away
    /// (sqlite.org/howtocorrupt.html, 2.2).
    /// </summary>
    private SafeFileHandle? _file;

    private Thread? _settling;
    private volatile bool _hurries;

    /// <param name="writer">The connection that adds to the log; is closed with this.</param>
    /// <param name="readers">Connections to the same file; are closed with this.</param>
    public SqliteSearchLog(string path, SqliteDatabase writer, SqliteReaders readers) => (_path, _writer, _readers) = (path, writer, readers);

    /// <summary>Has the log copied into the file, as far as it goes now, where that is worth it. For the writer's thread, outside of a transaction.</summary>
    public void Settle()
    {
        var (pages, copied) = Pages();
        if (pages > SqliteCheckpointer.MaxLogPages)
        {
            // Now to its end, while nothing is added, so that it begins again.
            FinishSettling();
            Copy();
        }
        else if (pages - copied >= MinSettledPages && _settling is not { IsAlive: true })
        {
            _settling = new Thread(Copy) { IsBackground = true, Name = "SQLite search log" };
            _settling.Start();
        }
    }

    /// <summary>Ends what <see cref="Settle"/> has begun, without sparing others.</summary>
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

    /// <returns>How many the log has, and how many of them are copied.</returns>
    private (long All, long Copied) Pages()
    {
        using var row = _writer.Prepare("pragma wal_checkpoint(noop)").Query();
        row.Step();
        return (row.Int64(1), row.Int64(2));
    }

    /// <summary>
    /// The order is SQLite's own: the log is durable before a page of the file changes, and the file before the log begins again, which it cannot
    /// while this snapshot of it is held.
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
                    // It copies, and flushes nothing.
                    copier.Execute("pragma synchronous = off");
                    copier.Execute("pragma wal_checkpoint(passive)");
                }
                FileWriteback.Flush(_file, () => _hurries);
                return true;
            });
        }
        catch (Exception failure) when (failure is StoreException or IOException or UnauthorizedAccessException)
        {
            // Trouble with the disk shows in the directory's own writes, and an index that is torn by it can be made anew.
        }
    }
}
