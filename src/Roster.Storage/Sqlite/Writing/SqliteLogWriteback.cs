using System.Runtime.Versioning;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>
/// Makes Linux write the write-ahead log to the disk while a large transaction still appends to it, so that the commit
/// has less to wait for. Only a hint: SQLite's own flush makes it durable. Does nothing on other systems.
/// </summary>
internal sealed class SqliteLogWriteback : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private readonly string _log;
    private readonly ManualResetEventSlim _done = new();

    private SqliteLogWriteback(string log) => _log = log;

    /// <summary>Starts; runs until disposed.</summary>
    /// <param name="log">The path of the write-ahead log.</param>
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
            // The write itself meets the same failure.
        }
    }
}
