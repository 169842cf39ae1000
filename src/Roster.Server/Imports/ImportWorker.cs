using System.Collections.Concurrent;
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
    /// <summary>Imports of a server that are worked on at a time; and one more of those that failed and are tried again.</summary>
    public const int MaxAtWork = 3;

    /// <summary>How often to look for what others have left, in vain or for this server to do.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly ConcurrentDictionary<Guid, Task> _working = [];

    /// <summary>
    /// The leases of other servers: at which step each was seen, and since when. A server that works on an import counts its
    /// step up. No clock is compared with that of another server.
    /// </summary>
    private readonly Dictionary<Guid, (long Step, long Since)> _leases = [];

    /// <summary>
    /// Imports whose last try failed because the database was away. They try again one after the other, and take no other
    /// import's place: a node can be away that others do not need.
    /// </summary>
    private int _failing;
    private readonly SemaphoreSlim _again = new(1, 1);

    /// <summary>Imports that could not be taken or forgotten so far, which is logged once.</summary>
    private readonly HashSet<Guid> _untaken = [];

    /// <summary>Imports that it works on now.</summary>
    public int AtWork => _working.Count;

    private bool IsBusy => _working.Count - Volatile.Read(ref _failing) >= MaxAtWork;

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
                await _wake.WaitAsync(Interval, stoppingToken);
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
        await Task.WhenAll(_working.Values.Append(lost)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
        if (IsBusy)
            return;
        var due = await store.ListDueImportsAsync(Timestamp.From(steady.Earliest), 10 * MaxAtWork, cancel);
        foreach (var ended in _leases.Keys.Except(due.Select(one => one.Id)).ToList())
            _leases.Remove(ended);
        foreach (var stored in due)
        {
            var import = Import.Of(stored);
            if (IsBusy)
                return;
            if (_working.ContainsKey(import.Id))
                continue;
            if (import.Work is null)
                await TryForgetAsync(import, cancel);
            else if (IsFree(import) && await TryTakeAsync(import, cancel) is { } taken)
                _working[taken.Id] = Task.Run(() => WorkAsync(taken, cancel), CancellationToken.None);
        }
    }

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

    /// <summary>Forgets an import whose time is over. If that fails, the next look tries it again.</summary>
    private async Task TryForgetAsync(Import import, CancellationToken cancel)
    {
        try
        {
            await imports.ForgetAsync(import, now => now, cancel);
            _untaken.Remove(import.Id);
        }
        catch (StoreException trouble)
        {
            LogUntaken(import, trouble);
        }
    }

    private void LogUntaken(Import import, StoreException trouble)
    {
        if (_untaken.Add(import.Id))
            ServerLog.ImportWaits(logger, import.Id, trouble.Trouble, trouble.Message);
    }

    /// <returns>Null if another server was faster, or if it cannot be written now: the next look tries it again.</returns>
    private async Task<Import?> TryTakeAsync(Import import, CancellationToken cancel)
    {
        var lease = Guid.NewGuid();
        try
        {
            var taken = await imports.ChangeAsync(
                import.WorkspaceId, import.Id, now => now.Step == import.Step ? now with { Lease = lease } : now, cancel);
            _untaken.Remove(import.Id);
            return taken?.Lease == lease ? taken : null;
        }
        catch (StoreException trouble)
        {
            LogUntaken(import, trouble);
            return null;
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
        Interlocked.Increment(ref _failing);
        Wake();
        try
        {
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
        finally
        {
            Interlocked.Decrement(ref _failing);
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
}
