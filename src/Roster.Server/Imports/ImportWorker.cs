using System.Collections.Concurrent;
using System.Security.Cryptography;
using Roster.Imports;
using Roster.Partners;
using Roster.Server.Hosting;

namespace Roster.Server.Imports;

/// <summary>
/// Plans, applies and undoes imports beside requests, and forgets their files and rows when their time is over. State is in
/// the database: after a crash this server, or another one, goes on with what nobody works on any more.
/// </summary>
internal sealed class ImportWorker(
    IRosterStore store, StoredImports imports, ImportPlanner planner, ImportApplier applier, ImportUndo undo, TimeProvider clock,
    SteadyClock steady, ServerSettings settings, ILogger<ImportWorker> logger) : BackgroundService
{
    /// <summary>Imports of a workspace that all servers work on at a time. So none keeps the others from their turn.</summary>
    public const int MaxOfWorkspace = 3;

    /// <summary>Imports of a server that are worked on at a time; and one more of those that failed and are tried again.</summary>
    public const int MaxAtWork = 12;

    /// <summary>
    /// Rows of all files that a server plans at a time: for each of them a plan holds 50 to 200 bytes, until it ends.
    /// </summary>
    public const long MaxRowsPlanned = 2 * ImportLimits.MaxRows;

    /// <summary>Imports that are looked at together, and that may fail to be taken in one look.</summary>
    private const int AtOnce = 30;

    /// <summary>More imports than all servers work on.</summary>
    private const int MaxLeased = 1_000;

    /// <summary>How often to look for what others have left, in vain or for this server to do.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly ConcurrentDictionary<Guid, Working> _working = [];

    /// <summary>
    /// The leases of other servers: at which step each was seen, and since when. A server that works on an import counts its
    /// step up. No clock is compared with that of another server.
    /// </summary>
    private readonly Dictionary<Guid, (long Step, long Since)> _leases = [];

    private readonly SemaphoreSlim _again = new(1, 1);

    /// <summary>
    /// Workspaces whose imports this look could not take. If they were too many for it, the next one passes them over, until
    /// it has seen all others.
    /// </summary>
    private readonly HashSet<long> _passed = [];
    private int _failures;

    /// <summary>Imports that could not be taken or forgotten so far, which is logged once.</summary>
    private readonly HashSet<Guid> _untaken = [];

    /// <summary>Imports that it works on now.</summary>
    public int AtWork => _working.Count;

    private bool IsBusy => _working.Values.Count(one => !one.IsFailing) >= MaxAtWork;

    /// <summary>Looks at once, since there is something to do.</summary>
    public void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // It will look already.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var hasFailed = false;
        var lost = ForgetLostAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(stoppingToken);
                hasFailed = false;
                // Two servers that took one too many, and gave it back, do not meet again.
                var apart = TimeSpan.FromMilliseconds(store.IsShared ? RandomNumberGenerator.GetInt32(250) : 0);
                await _wake.WaitAsync(Interval + apart, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                if (!hasFailed)
                    ServerLog.RepeatedWorkFailed(logger, failure, nameof(ImportWorker));
                hasFailed = true;
                await Task.Delay(Interval, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        await Task.WhenAll(_working.Values.Select(one => one.End).Append(lost)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Deletes files and rows of imports that are not there any more. If that fails, the next start tries it again.</summary>
    private async Task ForgetLostAsync(CancellationToken cancel)
    {
        try
        {
            if (await store.DeleteLostImportBlocksAsync(cancel) is > 0 and var imports)
                ServerLog.LostImportsForgotten(logger, imports);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            ServerLog.RepeatedWorkFailed(logger, failure, nameof(IImportStore.DeleteLostImportBlocksAsync));
        }
    }

    private async Task LookAsync(CancellationToken cancel)
    {
        var now = Timestamp.From(steady.Earliest);
        if ((await store.ListDueImportsAsync(DueImports.All(now), [], 1, cancel)).Count == 0)
        {
            _leases.Clear();
            return;
        }
        if (_failures < AtOnce)
            _passed.Clear();
        _failures = 0;
        if (!IsBusy)
            await TakeWaitingAsync(cancel);
        foreach (var import in await ListAsync(DueImports.ToForget(now), _passed, AtOnce, cancel))
            await TryForgetAsync(import, cancel);
    }

    /// <summary>
    /// Takes what waits and fits: first for workspaces with none at work, then for those with one, then for those with two;
    /// of each workspace what has waited longest. Workspaces that have their share are left out of what is listed, so that
    /// nothing of theirs stands before others.
    /// </summary>
    private async Task TakeWaitingAsync(CancellationToken cancel)
    {
        var leased = await ListAsync(DueImports.Leased, [], MaxLeased, cancel);
        foreach (var ended in _leases.Keys.Except(leased.Select(one => one.Id)).ToList())
            _leases.Remove(ended);
        var free = leased.Where(one => !IsHeld(one)).ToList();
        var atWork = leased.ExceptBy(free.Select(one => one.Id), one => one.Id).Concat(_working.Values.Select(one => one.Import))
            .DistinctBy(one => one.Id).CountBy(one => one.WorkspaceId).ToDictionary();
        var doPlansFit = true;
        for (var share = 1; share <= MaxOfWorkspace;)
        {
            var except = atWork.Where(one => one.Value >= share).Select(one => one.Key).Union(_passed).ToHashSet();
            var range = doPlansFit ? DueImports.Waiting : DueImports.Writes;
            var waiting = free.Where(one => !except.Contains(one.WorkspaceId)).Concat(await ListAsync(range, except, AtOnce, cancel))
                .Where(one => !_working.ContainsKey(one.Id) && (doPlansFit || one.Work != ImportWork.Plan))
                .DistinctBy(one => one.WorkspaceId).ToList();
            foreach (var next in waiting)
            {
                if (IsBusy || _failures >= AtOnce)
                    return;
                if (!DoRowsFit(next))
                {
                    // Plans wait, and nothing else for them.
                    doPlansFit = false;
                }
                else if (await TryTakeAsync(next, cancel) is { } taken)
                {
                    atWork[taken.WorkspaceId] = atWork.GetValueOrDefault(taken.WorkspaceId) + 1;
                    Begin(taken, cancel);
                }
                else
                {
                    _passed.Add(next.WorkspaceId);
                }
            }
            if (waiting.Count > 0)
                continue;
            // Without workspaces that have just this share, the list would be the same.
            do
                share++;
            while (share <= MaxOfWorkspace && !atWork.ContainsValue(share - 1));
        }
    }

    /// <summary>Whether a plan's memory fits beside that of the plans that are being made. One plan always does.</summary>
    private bool DoRowsFit(Import import)
    {
        if (import.Work != ImportWork.Plan)
            return true;
        var planned = _working.Values.Where(one => !one.IsFailing && one.Import.Work == ImportWork.Plan).Sum(one => RowsOf(one.Import));
        return planned == 0 || planned + RowsOf(import) <= MaxRowsPlanned;

        static long RowsOf(Import one) => one.Contents?.Rows ?? 0;
    }

    private void Begin(Import import, CancellationToken cancel)
    {
        var work = new Task<Task>(() => WorkAsync(import, cancel), CancellationToken.None);
        _working[import.Id] = new Working(import, work.Unwrap());
        work.Start(TaskScheduler.Default);
    }

    /// <summary>
    /// Lists what is due in a range. What cannot be read is put off. What another version of the server stored is put where it
    /// belongs, for the next look.
    /// </summary>
    private async Task<List<Import>> ListAsync(
        DueImports range, IReadOnlyCollection<long> except, int take, CancellationToken cancel)
    {
        var found = new List<Import>();
        foreach (var stored in await store.ListDueImportsAsync(range, except, take, cancel))
        {
            Import import;
            try
            {
                import = Import.Of(stored);
            }
            catch (StoreException damage)
            {
                LogUntaken(stored.Id, damage);
                await TryMoveAsync(stored.WorkspaceId, stored.Id, () => imports.PutOffAsync(stored, cancel));
                continue;
            }
            var due = DueImports.DueAt(import);
            if (stored.DueAt == due || (import.Work is null && stored.DueAt > due))
                found.Add(import);
            else
                await TryMoveAsync(stored.WorkspaceId, stored.Id, () => imports.PlaceAsync(import, cancel));
        }
        return found;
    }

    private async Task TryMoveAsync(long workspaceId, Guid id, Func<Task> move)
    {
        try
        {
            await move();
        }
        catch (StoreException trouble)
        {
            Pass(workspaceId, id, trouble);
        }
    }

    /// <summary>Passes a workspace over in this look, since its imports cannot be written now.</summary>
    private void Pass(long workspaceId, Guid id, StoreException trouble)
    {
        LogUntaken(id, trouble);
        _passed.Add(workspaceId);
        _failures++;
    }

    /// <summary>Whether a server works on an import that has a lease.</summary>
    private bool IsHeld(Import import) => _working.ContainsKey(import.Id) || !IsFree(import);

    /// <summary>
    /// Whether no server works on it. If this one is alone, a lease is of a process that has ended. Otherwise its server may
    /// have ended if the import stays at one step for the time of a lease.
    /// </summary>
    private bool IsFree(Import import)
    {
        if (import.Lease is null || !store.IsShared)
            return true;
        if (_leases.TryGetValue(import.Id, out var seen) && seen.Step == import.Step)
            return clock.GetElapsedTime(seen.Since) >= settings.ImportLease;
        _leases[import.Id] = (import.Step, clock.GetTimestamp());
        return false;
    }

    /// <summary>Forgets an import whose time is over. If that fails, it is tried again in a minute.</summary>
    private async Task TryForgetAsync(Import import, CancellationToken cancel)
    {
        try
        {
            await imports.ForgetAsync(import, now => now, cancel);
            _untaken.Remove(import.Id);
        }
        catch (StoreException trouble)
        {
            LogUntaken(import.Id, trouble);
            await TryMoveAsync(import.WorkspaceId, import.Id, () => imports.PutOffAsync(import.ToStored(null), cancel));
        }
    }

    private void LogUntaken(Guid id, StoreException trouble)
    {
        if (_untaken.Add(id))
            ServerLog.ImportWaits(logger, id, trouble.Trouble, trouble.Message);
    }

    /// <returns>
    /// Null if another server was faster, or takes one of the workspace at the same moment, or if it cannot be written now: a
    /// later look tries it again.
    /// </returns>
    private async Task<Import?> TryTakeAsync(Import import, CancellationToken cancel)
    {
        var lease = Guid.NewGuid();
        try
        {
            var taken = await imports.ChangeAsync(
                import.WorkspaceId, import.Id, now => now.Step == import.Step ? now with { Lease = lease } : now, cancel);
            if (taken?.Lease != lease)
                return null;
            _untaken.Remove(import.Id);
            if (!store.IsShared || await IsOneOfFewAsync(taken, cancel))
                return taken;
            await ReleaseAsync(taken);
            return null;
        }
        catch (StoreException trouble)
        {
            Pass(import.WorkspaceId, import.Id, trouble);
            return null;
        }
    }

    /// <summary>
    /// Whether servers work on no more imports of the workspace than they may, with this one. Of servers that take one at the
    /// same moment, the last to store it sees all of them.
    /// </summary>
    private async Task<bool> IsOneOfFewAsync(Import taken, CancellationToken cancel)
    {
        try
        {
            var open = await store.ListOpenImportsAsync(taken.WorkspaceId, cancel);
            return open.Where(DueImports.Leased.Has).Select(Import.Of).Count(one => one.Id != taken.Id && IsHeld(one)) < MaxOfWorkspace;
        }
        catch (StoreException)
        {
            // One too many for once is better than none for the time of a lease.
            return true;
        }
    }

    /// <summary>Deletes what this server has stored of an import that was deleted while it worked on it.</summary>
    private async Task ForgetAgainAsync(Import import)
    {
        try
        {
            if (await imports.FindAsync(import.WorkspaceId, import.Id, CancellationToken.None) is { FileGone: not null, Work: null } gone)
                await imports.ForgetAsync(gone, now => now, CancellationToken.None);
        }
        catch (StoreException trouble)
        {
            ServerLog.RepeatedWorkFailed(logger, trouble, nameof(ForgetAgainAsync));
        }
    }

    private async Task WorkAsync(Import import, CancellationToken cancel)
    {
        try
        {
            if (!await TryWorkAsync(import, isLogged: true, cancel))
                await WorkAgainAsync(import, cancel);
        }
        catch (LeaseLostException)
        {
            // Another server goes on, or it was deleted.
            await ForgetAgainAsync(import);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await ReleaseAsync(import);
        }
        catch (Exception failure)
        {
            ServerLog.ImportFailed(logger, failure, import.Id);
            await FailAsync(import, new ImportReason("internal_error", "The server failed at this import; its log says why."));
        }
        finally
        {
            _working.TryRemove(import.Id, out _);
            Wake();
        }
    }

    private async Task WorkAgainAsync(Import import, CancellationToken cancel)
    {
        _working[import.Id].IsFailing = true;
        Wake();
        for (var isDone = false; !isDone;)
        {
            await Task.Delay(Interval, cancel);
            await _again.WaitAsync(cancel);
            try
            {
                isDone = await TryWorkAsync(import, isLogged: false, cancel);
            }
            finally
            {
                _again.Release();
            }
        }
    }

    /// <returns>False if the database is away or the disk is full: then it is tried again, for as long as nobody else does.</returns>
    /// <param name="isLogged">Whether the trouble is logged: once, until it is over.</param>
    private async Task<bool> TryWorkAsync(Import import, bool isLogged, CancellationToken cancel)
    {
        try
        {
            var work = import.Work switch
            {
                ImportWork.Plan => planner.RunAsync(import, cancel),
                ImportWork.Apply => applier.RunAsync(import, cancel),
                _ => undo.RunAsync(import, cancel),
            };
            await work;
            return true;
        }
        catch (StoreException tooMuch) when (tooMuch.Trouble == StoreTrouble.TooMuchText)
        {
            await FailAsync(import, new ImportReason(
                "too_much_text",
                $"Rows that are planned or written together have more than {TextBudget.MaxUnits >> 20} million characters, "
                + "with their partners. Divide the file, or take columns out of it."));
            return true;
        }
        catch (StoreException trouble)
        {
            if (isLogged)
                ServerLog.ImportWaits(logger, import.Id, trouble.Trouble, trouble.Message);
            return false;
        }
    }

    /// <summary>Gives the lease back when this server stops, so that the next one need not wait for its end.</summary>
    private async Task ReleaseAsync(Import import)
    {
        try
        {
            await imports.ChangeAsync(import, now => now with { Lease = null }, CancellationToken.None);
        }
        catch (Exception failure) when (failure is StoreException or LeaseLostException)
        {
            // The lease ends by itself.
        }
    }

    /// <summary>Ends the work on an import that meets a bug or a limit, so that it is not tried for ever.</summary>
    private async Task FailAsync(Import import, ImportReason reason)
    {
        try
        {
            var written = (await store.ListImportPartsAsync(import.WorkspaceId, import.Id, CancellationToken.None)).Count;
            await imports.ChangeAsync(
                import,
                now => now.In(now.Work == ImportWork.Plan ? ImportState.Failed : ImportState.Stopped, Timestamp.Now(clock)) with
                {
                    Work = null,
                    Lease = null,
                    Written = written,
                    Reason = reason,
                },
                CancellationToken.None);
        }
        catch (Exception failure) when (failure is StoreException or LeaseLostException)
        {
            // It is tried again when the lease ends.
        }
    }

    /// <summary>Work on an import.</summary>
    private sealed class Working(Import import, Task end)
    {
        private volatile bool _isFailing;

        public Import Import => import;

        public Task End => end;

        /// <summary>
        /// Whether its last try failed because the database was away. Such imports try again one after the other, and take no
        /// other import's place: a node can be away that others do not need.
        /// </summary>
        public bool IsFailing
        {
            get => _isFailing;
            set => _isFailing = value;
        }
    }
}
