using System.Runtime.InteropServices;

namespace Roster.Storage.Sqlite;

/// <summary>
/// Has Linux begin to write the write-ahead log to the disk while a large transaction still adds to it, so that its commit, which waits until all
/// is there, has little to wait for. A hint and no more: what is durable, SQLite's own flush decides. Elsewhere it does nothing.
/// </summary>
internal sealed partial class SqliteLogWriteback : IDisposable
{
    /// <summary>Begins to write what is not being written yet, and waits for none of it (sync_file_range(2)).</summary>
    private const uint SyncFileRangeWrite = 2;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private readonly string _log;
    private readonly ManualResetEventSlim _done = new();

    private SqliteLogWriteback(string log) => _log = log;

    /// <summary>Goes on until it is disposed.</summary>
    /// <param name="log">The file.</param>
    public static SqliteLogWriteback Begin(string log)
    {
        var writeback = new SqliteLogWriteback(log);
        if (OperatingSystem.IsLinux())
            new Thread(writeback.Push) { IsBackground = true, Name = "SQLite log" }.Start();
        return writeback;
    }

    public void Dispose() => _done.Set();

    private void Push()
    {
        try
        {
            using var file = File.OpenHandle(_log, share: FileShare.ReadWrite | FileShare.Delete);
            do
                _ = SyncFileRange(file, 0, 0, SyncFileRangeWrite);
            while (!_done.Wait(Pause));
        }
        catch (Exception unopened) when (unopened is IOException or UnauthorizedAccessException)
        {
            // Whatever it is, the write itself meets it.
        }
    }

    /// <param name="length">In bytes; 0 is up to the end.</param>
    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRange(SafeHandle file, long offset, long length, uint flags);
}
