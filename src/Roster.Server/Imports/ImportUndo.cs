using Roster.Batches;
using Roster.Changes;
using Roster.Imports;
using Roster.Log;
using Roster.Server.Operations;
using Roster.Server.Writes;

namespace Roster.Server.Imports;

/// <summary>
/// Undoes all parts of an import, the last one first. The conflicts of all parts are found before the first undo is written.
/// </summary>
internal sealed class ImportUndo(IRosterStore store, StoredImports imports, LogWatch watch, TimeProvider clock)
{
    public async Task RunAsync(Import import, CancellationToken cancel)
    {
        var parts = (await store.ListImportPartsAsync(import.WorkspaceId, import.Id, cancel)).Reverse().ToList();
        var conflicts = new Conflicts();
        if (!import.LeavesOutConflicts || import.IsUndoDryRun)
        {
            foreach (var part in parts)
            {
                await UndoAsync(import, part.Revision, isDryRun: true, conflicts, cancel);
                await imports.ChangeAsync(import, now => now with { Total = parts.Count }, cancel);
            }
            if (conflicts.Count > 0 || import.IsUndoDryRun)
            {
                await imports.ChangeAsync(
                    import,
                    now => Ended(now, conflicts) with { IsUndoRefused = !import.IsUndoDryRun || now.IsUndoRefused },
                    cancel);
                return;
            }
        }
        for (var i = 0; i < parts.Count; i++)
        {
            var done = i;
            await imports.ChangeAsync(import, now => now with { Done = done, Total = parts.Count, IsUndoBegun = true }, cancel);
            if (await UndoAsync(import, parts[i].Revision, isDryRun: false, conflicts, cancel))
                continue;
            // Somebody changed a partner after all conflicts were looked for.
            await imports.ChangeAsync(import, now => Ended(now.In(ImportState.Stopped, Timestamp.Now(clock)), conflicts), cancel);
            return;
        }
        await imports.ChangeAsync(
            import,
            now => Ended(now.In(ImportState.Undone, Timestamp.Now(clock)), conflicts) with
            {
                Done = parts.Count,
                Total = parts.Count,
                Reason = null,
            },
            cancel);
    }

    private static Import Ended(Import import, Conflicts conflicts) => import with
    {
        Work = null,
        Lease = null,
        Conflicts = conflicts.Count,
        UndoConflicts = conflicts.Listed,
        // Where nothing was undone, why it was not applied to its end is still so.
        Reason = import.IsUndoDryRun || import is { State: ImportState.Stopped, IsUndoBegun: false } ? import.Reason
            : conflicts.Count == 0 ? null
            : new ImportReason(
                FaultCode.ChangedSince,
                $"{conflicts.Count} partners were changed since the import. Undo with onConflict=skip to leave them as they are."),
    };

    /// <summary>Undoes a part, unless it is undone already, and adds its conflicts.</summary>
    /// <returns>False, with nothing undone, if conflicts are not left out.</returns>
    private async Task<bool> UndoAsync(Import import, long revision, bool isDryRun, Conflicts conflicts, CancellationToken cancel)
    {
        var changeSet = (await store.ListChangeSetsAsync(import.WorkspaceId, new ChangeSetQuery(1, revision + 1), cancel))[0];
        var state = await UndoState.OfAsync(store, import.WorkspaceId, changeSet, cancel);
        if (state.UndoneBy is not null)
            return true;
        var logged = await LoggedChangeSet.ReadAsync(store, import.WorkspaceId, revision, 0, int.MaxValue, cancel)
            ?? throw new DamagedLogException("A change set is gone from the log.");
        state = await state.WithPutBackAsync(store, import.WorkspaceId, logged, cancel);
        var request = new WriteRequest(
            new Undo(logged, state, skipsConflicts: import.LeavesOutConflicts),
            new Origin(import.AppliedBy, import.ApplyRequest), isDryRun);
        var plan = (await store.WriteMeasuredAsync(import.WorkspaceId, request, cancel)).Plan;
        if (request.Writes(plan))
            watch.Reached(import.WorkspaceId, plan.Revision.Number);
        if (plan.UndoneBy is not null)
            return true;
        conflicts.Add(plan.Faults.Items, plan.Faults.Listed);
        conflicts.Add(plan.LeftAsIs.Count, plan.LeftAsIs);
        return plan.Faults.Count == 0;
    }

    /// <summary>Partners in conflict: all are counted, the first ones listed.</summary>
    private sealed class Conflicts
    {
        private const int MaxListed = 1_000;

        private readonly List<UndoConflict> _listed = [];

        public long Count { get; private set; }

        public IReadOnlyList<UndoConflict> Listed => _listed;

        public void Add(int count, IReadOnlyList<Fault> faults)
        {
            Count += count;
            _listed.AddRange(faults.Take(MaxListed - _listed.Count)
                .Select(fault => new UndoConflict(fault.Id ?? Guid.Empty, fault.Code, fault.Message)));
        }
    }
}
