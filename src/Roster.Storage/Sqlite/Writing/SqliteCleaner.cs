using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>
/// Makes the file anew without what was erased, which SQLite leaves in free pages and in gaps of others, and empties the write-ahead log, which
/// has the old pages too. That it is owed is written with each erasure, so neither a crash nor a full disk lets it be forgotten; several
/// erasures share one cleaning. Writes wait while the file is made anew, and nobody waits for it.
/// </summary>
internal sealed class SqliteCleaner : IAsyncDisposable
{
    private const string SelectOwed = "select cleaning_owed from upkeep where id = 1";

    private const string DoneCleaning = "update upkeep set cleaning_owed = 0 where id = 1 and cleaning_owed = ?1";

    private const long MinFreeBytes = 64 << 20;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly string _path;
    private readonly SqliteWriter _writer;
    private readonly StoreNotices _notices;
    private readonly SemaphoreSlim _owed = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _cleaning;

    /// <summary>What was owed when the file was last made anew: only the log is left to be emptied then.</summary>
    private long _rewritten;

    private volatile bool _hasFailed;

    public SqliteCleaner(string path, SqliteWriter writer, StoreNotices notices)
    {
        (_path, _writer, _notices) = (path, writer, notices);
        _cleaning = Task.Run(CleanAsync);
    }

    /// <summary>Tells that something was erased.</summary>
    public void Owe()
    {
        _notices.Begin(Owed("It is made anew."));
        try
        {
            _owed.Release();
        }
        catch (ObjectDisposedException)
        {
            // The server stops.
        }
    }

    /// <summary>What is still owed is done after the next start. A cleaning that runs ends when the writer is closed.</summary>
    public void Stop() => _stopping.Cancel();

    /// <summary>Returns when it has stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        await _cleaning;
        _owed.Dispose();
        _stopping.Dispose();
    }

    private StoreNotice Owed(string how) => new(
        StoreNotice.CleaningOwed, $"Erased values are still in the bytes of {_path} or of its log. {how}");

    private async Task CleanAsync()
    {
        try
        {
            while (true)
            {
                await _owed.WaitAsync(_stopping.Token);
                for (var pause = FirstPause; !await TryAsync(); pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
                    await Task.Delay(pause, _stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    /// <returns>Whether nothing is owed any more.</returns>
    private async Task<bool> TryAsync()
    {
        try
        {
            var cleaned = await _writer.MaintainAsync(Clean);
            if (cleaned is null)
                return false;
            if (cleaned > 0)
                await _writer.RunAsync(1, database =>
                {
                    // Unless more was erased since.
                    database.Prepare(DoneCleaning).Bind(1, cleaned.Value).Run();
                    return true;
                }, CancellationToken.None);
            _hasFailed = false;
            _notices.End(StoreNotice.CleaningOwed);
            return true;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            _hasFailed = true;
            if (!_stopping.IsCancellationRequested)
                _notices.Begin(Owed($"It could not be made anew yet, and is tried again. {failure.Message}"));
            return false;
        }
    }

    /// <returns>What was owed; null where it is not done.</returns>
    private long? Clean(SqliteDatabase database)
    {
        var owed = database.ReadInt64(SelectOwed);
        if (owed == 0)
            return 0;
        if (!_hasFailed)
            _notices.Begin(Owed("It is made anew."));
        if (owed != _rewritten)
        {
            // Twice: beside the file, and in its log. Without so much it would fill the disk in vain, under everybody else's feet.
            if (new DriveInfo(Path.GetFullPath(_path)).AvailableFreeSpace < (2 * new FileInfo(_path).Length) + MinFreeBytes)
                throw new StoreException(StoreTrouble.Full, "Its disk has no room for twice the file.");
            database.Execute("vacuum");
            _rewritten = owed;
        }
        return database.TruncateLog() ? owed : null;
    }
}
