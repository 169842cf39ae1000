using System.Runtime.Versioning;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>
/// Has Linux begin to write the write-ahead log to the disk while a large transaction still adds to it, so that its commit, which waits until all
/// is there, has little to wait for. A hint and no more: what is durable, SQLite's own flush decides. Elsewhere it does nothing.
/// </summary>
internal sealed class SqliteLogWriteback : IDisposable
{
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

    [SupportedOSPlatform("linux")]
    private void Push()
    {
        try
        {
            using var file = FileWriteback.Open(_log);
            do
                FileWriteback.Begin(file);
            while (!_done.Wait(Pause));
        }
        catch (Exception unopened) when (unopened is IOException or UnauthorizedAccessException)
        {
            // Whatever it is, the write itself meets it.
        }
    }
}
