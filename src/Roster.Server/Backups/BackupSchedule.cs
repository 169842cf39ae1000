using System.Diagnostics;
using System.Globalization;
using Roster.Server.Hosting;
using Roster.Storage;

namespace Roster.Server.Backups;

/// <summary>Makes a backup when one is due, and deletes those that are not kept any more.</summary>
internal sealed class BackupSchedule(
    BackupPlan plan, IRosterStore store, ServerStart start, TimeProvider clock, SteadyClock steady, ILogger<BackupSchedule> logger)
    : RepeatedWork(TimeSpan.FromSeconds(10), logger)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private readonly BackupFolder _folder = new(plan.Folder);
    private (long Since, TimeSpan Pause)? _tried;

    /// <summary>The newest one in the folder: those that are made elsewhere do not count.</summary>
    private DateTime? _newest;

    protected override bool BeginsAtOnce => true;

    /// <summary>For tests, which have a clock of their own.</summary>
    internal Task PassNowAsync(CancellationToken cancel) => PassAsync(cancel);

    protected override async Task PassAsync(CancellationToken cancel)
    {
        _newest ??= _folder.Newest();
        var now = clock.GetUtcNow().UtcDateTime;
        // One from the future is of a clock that was wrong.
        if (MayTry() && (_newest is not { } newest || newest > now || now - newest >= plan.Every))
            await TryAsync(now, cancel);
        NoteAge();
    }

    private bool MayTry() => _tried is not { } tried || clock.GetElapsedTime(tried.Since) >= tried.Pause;

    private async Task TryAsync(DateTime now, CancellationToken cancel)
    {
        var pause = plan.Every < LongestPause ? plan.Every : LongestPause;
        _tried = (clock.GetTimestamp(), pause);
        // What a killed process has left may take the room for this one.
        Delete(_folder.Clean);
        try
        {
            var (begun, file) = (Stopwatch.GetTimestamp(), _folder.FileOf(now));
            // It takes as long as the file is large, so it has a thread of its own.
            var made = await Task.Factory.StartNew(
                () => plan.Database.BackUp(file, ServerVersion.Text, clock, null, cancel),
                cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            _newest = made.Manifest.TakenAt.ToDateTime();
            ServerLog.BackedUp(Logger, file, made.Manifest.Bytes, Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            if (made.NoteTrouble is { } trouble)
                ServerLog.BackupNotNoted(Logger, trouble);
        }
        catch (Exception failure) when (failure is StoreRefusedException or StoreException)
        {
            ServerLog.BackupFailed(Logger, pause, failure.Message);
            return;
        }
        // Only now: while none succeeds, the old ones are all that there is.
        Delete(() => _folder.Thin(plan.Keep, steady.Earliest.UtcDateTime));
    }

    private void Delete(Action delete)
    {
        try
        {
            delete();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            ServerLog.OldBackupStays(Logger, failure.Message);
        }
    }

    /// <summary>A server that was stopped for long is not late as soon as it starts.</summary>
    private void NoteAge()
    {
        var started = start.At.ToDateTime();
        var since = _newest is { } newest && newest > started ? newest : started;
        if (clock.GetUtcNow().UtcDateTime - since <= plan.Patience)
            store.Notices.End(StoreNotice.BackupOld);
        else
            store.Notices.Begin(new StoreNotice(StoreNotice.BackupOld, string.Create(
                CultureInfo.InvariantCulture,
                $"{plan.Folder} has had no new backup since {since:yyyy-MM-dd'T'HH:mm:ss'Z'}, and is to have one every {plan.Every}. " +
                $"Event 6021 in the log says why.")));
    }
}
