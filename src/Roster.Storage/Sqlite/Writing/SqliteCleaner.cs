using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>
/// Removes erased values from the file's bytes: vacuum rewrites the file, since SQLite leaves them in free pages and
/// gaps, and the write-ahead log, which has the old pages too, is truncated. Each erasure records in the database that
/// cleaning is owed, so a crash or a full disk cannot lose it; several erasures share one cleaning. Writes wait during
/// a vacuum; no caller waits for a cleaning.
/// </summary>
internal sealed class SqliteCleaner : IAsyncDisposable
{
    /// <summary>How much was erased since the last cleaning; 0 if nothing.</summary>
    internal const string SelectOwed = "select cleaning_owed from upkeep where id = 1";

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

    /// <summary>The owed count at the last vacuum: if it is unchanged, only the log must be truncated.</summary>
    private long _rewritten;

    private volatile bool _hasFailed;

    public SqliteCleaner(string path, SqliteWriter writer, StoreNotices notices)
    {
        (_path, _writer, _notices) = (path, writer, notices);
        _cleaning = Task.Run(CleanAsync);
    }

    /// <summary>Requests a cleaning after an erasure.</summary>
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

    /// <summary>
    /// Stops. What is still owed is done after the next start. A running cleaning ends when the writer is closed.
    /// </summary>
    public void Stop() => _stopping.Cancel();

    /// <summary>Waits until it has stopped.</summary>
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

    /// <returns>Whether no cleaning is owed any more.</returns>
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
                    // Has no effect if more was erased since.
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

    /// <returns>The owed count that was cleaned; null if the log could not be truncated.</returns>
    private long? Clean(SqliteDatabase database)
    {
        var owed = database.ReadInt64(SelectOwed);
        if (owed == 0)
            return 0;
        if (!_hasFailed)
            _notices.Begin(Owed("It is made anew."));
        if (owed != _rewritten)
        {
            RequireRoom(database);
            database.Execute("vacuum");
            _rewritten = owed;
        }
        return database.TruncateLog() ? owed : null;
    }

    /// <summary>
    /// A vacuum needs the file's size twice: for its copy in the folder for temporary files, and for the log, beside the file. With less
    /// it would fill a disk and fail.
    /// </summary>
    private void RequireRoom(SqliteDatabase database)
    {
        var needed = new FileInfo(_path).Length;
        var folder = database.TemporaryFolder();
        var (temporary, own) = (new DriveInfo(folder), new DriveInfo(Path.GetFullPath(_path)));
        var isOne = own.TotalSize == temporary.TotalSize
            && Math.Abs(own.AvailableFreeSpace - temporary.AvailableFreeSpace) < MinFreeBytes;
        if (own.AvailableFreeSpace < (isOne ? 2 * needed : needed) + MinFreeBytes)
            throw new StoreException(
                StoreTrouble.Full, $"Its disk has no room for the file {(isOne ? "twice more" : "once more")}, {needed >> 20} MiB.");
        if (temporary.AvailableFreeSpace < needed + MinFreeBytes)
            throw new StoreException(
                StoreTrouble.Full, $"The folder for temporary files, {folder} (TMPDIR), has no room for a copy, {needed >> 20} MiB.");
    }
}
