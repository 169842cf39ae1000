using Roster.Batches;
using Roster.Changes;
using Roster.Imports;
using Roster.Log;
using Roster.Partners;
using Roster.Server.Guard;
using Roster.Server.Operations;
using Roster.Server.Writes;

namespace Roster.Server.Imports;

/// <summary>
/// Writes an import's planned changes, part by part. Each part is an ordinary change set, and is marked as written in the
/// same transaction: whoever goes on after a crash begins with the first part that is not.
/// </summary>
internal sealed class ImportApplier(
    IRosterStore store, StoredImports imports, RequestLimits limits, LogWatch watch, TimeProvider clock)
{
    private const string ChangedSince = "This partner was changed since the plan.";

    /// <summary>How long small writes that wait may go first after each part.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public async Task RunAsync(Import import, CancellationToken cancel)
    {
        // Counted from the plan and the log, so that what is tried again after a crash is not counted twice.
        var leftOut = 0L;
        try
        {
            await DemandRowsAsync(import, cancel);
            var written = await store.ListImportPartsAsync(import.WorkspaceId, import.Id, cancel);
            if (written.Count == 0 && !import.LeavesOutConflicts && await IsOutdatedAsync(import, cancel)
                && !await CheckAsync(import, cancel))
                return;
            var done = written.ToDictionary(part => part.Part, part => part.Revision);
            await foreach (var part in PartsAsync(import, cancel))
            {
                if (done.TryGetValue(part.Number, out var revision))
                {
                    leftOut += await LeftOutAsync(import, part, revision, cancel);
                    continue;
                }
                if (!await MayGoOnAsync(import, part, leftOut, cancel)
                    || (part.Deletes.Count > 0 && !await MayDeleteAsync(import, leftOut, cancel)))
                    return;
                if (await WriteAsync(import, part, leftOut, cancel) is not { } ofPart)
                    return;
                leftOut += ofPart;
                await Task.Delay(Pause, cancel);
            }
            await EndAsync(import, ImportState.Applied, null, leftOut, cancel);
        }
        catch (FileRefusedException refused)
        {
            await EndAsync(import, ImportState.Stopped, new ImportReason(refused.Code, refused.Message), leftOut, cancel);
        }
    }

    /// <summary>
    /// The number of rows that a written part has left out. If the server that wrote it could not note its outcomes, they
    /// are noted now.
    /// </summary>
    private async Task<int> LeftOutAsync(Import import, Part part, long revision, CancellationToken cancel)
    {
        var counts = (await store.ListChangeSetsAsync(import.WorkspaceId, new ChangeSetQuery(1, revision + 1), cancel))[0].Counts;
        var leftOut = part.Count - counts.Changed;
        var areSomeUnnamed = part.Rows.Any(row => row.Row is { Change: RowChange.Created, Id: null, Faults: null });
        if (!areSomeUnnamed && part.All.Count(row => row.Row.Faults is not null) == leftOut)
            return leftOut;
        var changes = (await LoggedChangeSet.ReadAsync(store, import.WorkspaceId, revision, 0, int.MaxValue, cancel))?.Changes ?? [];
        var changed = changes.Select(change => change.Id).ToHashSet();
        // Ids of new partners are in the order of their rows. If some are missing, nothing says whose.
        var created = changes.Where(change => change.Before is null).Select(change => change.Id).Order().ToList();
        var isEachCreated = created.Count == part.Rows.Count(row => row.Row.Change == RowChange.Created);
        var next = 0;
        await NoteOutcomesAsync(
            import, part,
            [.. part.Rows.Select(row => row.Row.Change == RowChange.Created ? isEachCreated ? created[next++] : row.Row.Id : row.Row.Id)],
            part.All.Index().Where(row => row.Item.Row is { Id: { } id, Change: not RowChange.Created } && !changed.Contains(id))
                .ToDictionary(row => row.Index, _ => new RowConflict(null, [new RowNote(FaultCode.ChangedSince, ChangedSince)])),
            cancel);
        return leftOut;
    }

    /// <exception cref="FileRefusedException">Rows are not stored any more: backups need not have them.</exception>
    private async Task DemandRowsAsync(Import import, CancellationToken cancel)
    {
        var found = default(ImportCounts);
        await foreach (var head in PlannedRows.HeadsAsync(store, import, 0, cancel))
            found += RowBlock.CountsOf(head);
        if (found != import.Counts)
            throw PlannedRows.Gone();
    }

    /// <summary>Waits until the key may write so many rows.</summary>
    /// <returns>False, with the import cancelled, if somebody wants that.</returns>
    private async Task<bool> MayGoOnAsync(Import import, Part part, long leftOut, CancellationToken cancel)
    {
        while (true)
        {
            var now = await imports.ChangeAsync(
                import, one => one with { Done = part.Number - 1, Total = import.Parts, Conflicts = leftOut, LeftOut = leftOut }, cancel);
            if (now.IsCancelWanted)
            {
                await EndAsync(import, ImportState.Cancelled, null, leftOut, cancel);
                return false;
            }
            if (limits.TryTakeRows(import.AppliedBy, part.Count))
                return true;
            await Task.Delay(TimeSpan.FromSeconds(1), cancel);
        }
    }

    /// <summary>
    /// Checks the guard of a mirror again, since the directory may have become smaller. It allows at most 10,000 deletes, so
    /// they are one part.
    /// </summary>
    /// <returns>False, with the import stopped, if it would delete too many.</returns>
    private async Task<bool> MayDeleteAsync(Import import, long leftOut, CancellationToken cancel)
    {
        var live = await store.CountAsync(import.WorkspaceId, new PartnerFilter(), cancel);
        var allowed = ImportBatch.GuardOf(import).Allowed(live);
        var wanted = import.Counts!.Value.Deleted;
        if (wanted <= allowed)
            return true;
        await EndAsync(
            import, ImportState.Stopped,
            new ImportReason(
                "too_many_deletes",
                $"The import would delete {wanted} partners, and by now at most {allowed} may be deleted. "
                + "Set a larger maxDeletes and plan again."),
            leftOut, cancel);
        return false;
    }

    /// <summary>Writes a part.</summary>
    /// <param name="leftOutBefore">Number of rows that the parts before it have left out.</param>
    /// <returns>The number of rows that it left out; null, with the import stopped, if rows are in conflict.</returns>
    private async Task<int?> WriteAsync(Import import, Part part, long leftOutBefore, CancellationToken cancel)
    {
        var change = Change(import, part, import.LeavesOutConflicts);
        var mark = new ImportMark(import.Id, part.Number, import.Parts);
        var request = new WriteRequest(change, new Origin(import.AppliedBy, import.ApplyRequest), Import: mark);
        WrittenPlan written;
        try
        {
            written = await store.WriteMeasuredAsync(import.WorkspaceId, request, cancel);
        }
        catch (ImportPartWrittenException)
        {
            return await LeftOutOfWrittenAsync();
        }
        catch (StoreException unknown) when (unknown.Trouble == StoreTrouble.OutcomeUnknown)
        {
            // The next attempt sees whether the part is marked as written.
            throw new StoreException(StoreTrouble.Unavailable, unknown.Message, unknown);
        }
        if (written.Plan.Faults.Count > 0)
        {
            // The conflicts may come from this very part, written by a server that lost its lease.
            if (await LeftOutOfWrittenAsync() is { } ofWritten)
                return ofWritten;
            var conflicts = written.Plan.Faults.Items;
            await NoteConflictsAsync(import, part, written.Plan.Faults.Listed, cancel);
            await EndAsync(import, ImportState.Stopped, await ConflictAsync(import, conflicts, cancel), leftOutBefore, cancel, conflicts);
            return null;
        }
        if (request.Writes(written.Plan))
            watch.Reached(import.WorkspaceId, written.Plan.Revision.Number);
        var leftOut = ConflictsOf(written.Plan.LeftAsIs);
        await NoteOutcomesAsync(import, part, [.. change.OutcomesOf(written.Plan).Select(row => row.After?.Id)], leftOut, cancel);
        return leftOut.Count;

        async Task<int?> LeftOutOfWrittenAsync()
        {
            var parts = await store.ListImportPartsAsync(import.WorkspaceId, import.Id, cancel);
            return parts.Where(one => one.Part == part.Number).Select(one => (long?)one.Revision).SingleOrDefault() is { } revision
                ? await LeftOutAsync(import, part, revision, cancel) : null;
        }
    }

    /// <summary>Whether anything was written since the plan.</summary>
    private async Task<bool> IsOutdatedAsync(Import import, CancellationToken cancel) =>
        (await store.FindEndAsync(import.WorkspaceId, cancel)).Number != import.PlannedOn;

    /// <summary>Tries all parts, before the first one is written.</summary>
    /// <returns>False, with the import stopped, if rows are in conflict.</returns>
    private async Task<bool> CheckAsync(Import import, CancellationToken cancel)
    {
        var conflicts = 0L;
        await foreach (var part in PartsAsync(import, cancel))
        {
            var request = new WriteRequest(
                Change(import, part, leavesOut: false), new Origin(import.AppliedBy, import.ApplyRequest), IsDryRun: true);
            var faults = (await store.WriteAsync(import.WorkspaceId, request, cancel)).Plan.Faults;
            conflicts += faults.Items;
            if (faults.Count > 0)
                await NoteConflictsAsync(import, part, faults.Listed, cancel);
            await imports.ChangeAsync(import, now => now with { Total = import.Parts }, cancel);
        }
        if (conflicts == 0)
            return true;
        await EndAsync(import, ImportState.Stopped, await ConflictAsync(import, conflicts, cancel), 0, cancel, conflicts);
        return false;
    }

    private async Task<ImportReason> ConflictAsync(Import import, long rows, CancellationToken cancel)
    {
        // Once parts are written it cannot be planned again.
        var isBegun = (await store.ListImportPartsAsync(import.WorkspaceId, import.Id, cancel)).Count > 0;
        return new ImportReason(
            FaultCode.ChangedSince,
            $"The partners of {rows} rows were changed since the plan. "
                + (isBegun ? "Apply again with onConflict=skip to leave these rows out, or undo what is written."
                    : "Plan again, or apply with onConflict=skip to leave these rows out."));
    }

    private static ImportPart Change(Import import, Part part, bool leavesOut)
    {
        var batch = new ImportBatch(import, [.. import.Contents!.Columns.Select(column => column.Name)]);
        var items = batch.Read([.. part.Rows.Select(row => new ImportedRow(row.Row.Line, row.Row.Cells))]);
        return batch.PartOf(
            [.. part.Rows.Zip(items, (row, item) => (RowOf(row.Row, item), item.Doubts, (long?)row.Row.PlannedOn))],
            [.. part.Deletes.Select(row => new ImportDelete(row.Row.Id!.Value, row.Row.PlannedOn))],
            leavesOut);
    }

    /// <summary>A row as it was planned. The cells of a row whose partner was erased are gone; it will be in conflict.</summary>
    private static BatchRow RowOf(PlannedRow planned, ReadRow item)
    {
        var row = item.Row ?? new BatchRow(default, planned.Id, PartnerValues.Gone);
        return planned.Change == RowChange.Updated ? row with { Id = planned.Id } : row;
    }

    /// <summary>The parts of a plan, as <see cref="PlanParts"/> divides it.</summary>
    /// <exception cref="StoreException">
    /// The rows of a part have more text than a request may. Plans are refused for that, but not those of earlier versions.
    /// </exception>
    private async IAsyncEnumerable<Part> PartsAsync(
        Import import, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        var division = new PlanParts(import.Parts > 1);
        var part = new Part(1, [], []);
        var text = 0L;
        await foreach (var head in PlannedRows.HeadsAsync(store, import, 0, cancel))
        {
            var counts = RowBlock.CountsOf(head);
            if (counts.Created + counts.Updated + counts.Deleted == 0)
                continue;
            var rows = await PlannedRows.ReadAsync(store, import, head.Number, cancel);
            var ofBlock = rows.Sum(row => ImportLimits.UnitsOf(row.Cells));
            if ((text += ofBlock) > TextBudget.MaxUnits)
                throw new StoreException(StoreTrouble.TooMuchText, $"The rows of part {part.Number} have too much text.");
            for (var i = 0; i < rows.Length; i++)
            {
                if (!rows[i].IsChange)
                    continue;
                var isDelete = rows[i].Change == RowChange.Deleted;
                if (division.Next(isDelete))
                {
                    yield return part;
                    part = new Part(part.Number + 1, [], []);
                    text = ofBlock;
                }
                (isDelete ? part.Deletes : part.Rows).Add(new PlacedRow(head.Number, i, rows));
            }
        }
        if (part.Count > 0)
            yield return part;
    }

    /// <summary>Shows conflicts at their rows, and stores the ids of the partners that rows were to create, for erasures.</summary>
    private async Task NoteConflictsAsync(Import import, Part part, IReadOnlyList<Fault> faults, CancellationToken cancel)
    {
        var conflicts = ConflictsOf(faults);
        var noted = part.All.Index().Where(row => conflicts.ContainsKey(row.Index)).ToList();
        var found = noted.Where(row => row.Item.Row.Id is null && conflicts[row.Index].Id is not null).ToList();
        await RewriteAsync(
            import,
            noted.Select(row => (row.Item, (Func<PlannedRow, PlannedRow>)(old => old with
            {
                Id = old.Id ?? conflicts[row.Index].Id,
                Faults = conflicts[row.Index].Notes,
            }))),
            cancel);
        if (found.Count > 0)
            await store.WriteImportBlocksAsync(
                import.WorkspaceId, import.Id,
                [
                    ErasedImports.IdsOf(
                        ErasedImports.FirstConflictIds + part.Number, found.Select(row => conflicts[row.Index].Id!.Value),
                        found[0].Item.Block, found[^1].Item.Block),
                ],
                cancel);
    }

    /// <summary>
    /// Shows the ids of created partners and conflicts at their rows, and stores the ids for erasures. It is done after the
    /// part is written: if it fails, the rows are without ids, and an erasure takes all such rows.
    /// </summary>
    /// <param name="rowIds">The partner of each row; null if it is not known.</param>
    /// <param name="conflicts">By the number of the row or delete.</param>
    private async Task NoteOutcomesAsync(
        Import import, Part part, IReadOnlyList<Guid?> rowIds, Dictionary<int, RowConflict> conflicts, CancellationToken cancel)
    {
        var created = new List<PlacedRow>();
        var ids = new List<Guid>();
        var changes = new List<(PlacedRow, Func<PlannedRow, PlannedRow>)>();
        foreach (var (index, row) in part.All.Index())
        {
            var conflict = conflicts.GetValueOrDefault(index);
            var id = row.Row.Change == RowChange.Created ? rowIds[index] ?? conflict.Id : row.Row.Id;
            // A conflict of an earlier attempt may be over.
            if (id == row.Row.Id && conflict.Notes is null && row.Row.Faults is null)
                continue;
            changes.Add((row, old => old with { Id = id, Faults = conflict.Notes }));
            if (id is null || id == row.Row.Id)
                continue;
            created.Add(row);
            ids.Add(id.Value);
        }
        await RewriteAsync(import, changes, cancel);
        // Also where none was created: a part without its ids is one that a crash left behind.
        var (first, last) = created.Count > 0 ? (created[0].Block, created[^1].Block) : (0, 0);
        await store.WriteImportBlocksAsync(
            import.WorkspaceId, import.Id, [ErasedImports.IdsOf(ErasedImports.FirstAppliedIds + part.Number, ids, first, last)], cancel);
    }

    private static Dictionary<int, RowConflict> ConflictsOf(IEnumerable<Fault> faults) =>
        faults.GroupBy(fault => fault.Index).ToDictionary(of => of.Key, of => new RowConflict(
            of.First().Id, [.. of.Select(fault => new RowNote(fault.Code, fault.Message, fault.Field))]));

    private async Task RewriteAsync(
        Import import, IEnumerable<(PlacedRow Row, Func<PlannedRow, PlannedRow> Change)> changes, CancellationToken cancel)
    {
        var blocks = new List<ImportBlock>();
        var isErased = (await imports.FindAsync(import.WorkspaceId, import.Id, cancel))?.Erasures != import.Erasures;
        foreach (var ofBlock in changes.GroupBy(one => one.Row.Block))
        {
            // An erasure has emptied rows since they were read.
            var rows = isErased ? await PlannedRows.ReadAsync(store, import, ofBlock.Key, cancel) : ofBlock.First().Row.BlockRows;
            foreach (var (row, change) in ofBlock)
                rows[row.Place] = change(rows[row.Place]);
            blocks.Add(RowBlock.Encode(ofBlock.Key, rows));
        }
        if (blocks.Count > 0)
            await store.WriteImportBlocksAsync(import.WorkspaceId, import.Id, blocks, cancel);
    }

    /// <param name="leftOut">Number of rows that the written parts have left out.</param>
    /// <param name="conflicts">Number of rows in conflict that stopped it.</param>
    private async Task EndAsync(
        Import import, ImportState state, ImportReason? reason, long leftOut, CancellationToken cancel, long conflicts = 0)
    {
        var written = (await store.ListImportPartsAsync(import.WorkspaceId, import.Id, cancel)).Count;
        await imports.ChangeAsync(
            import,
            now => now.In(state, Timestamp.Now(clock)) with
            {
                Work = null,
                Lease = null,
                IsCancelWanted = false,
                Reason = reason,
                Conflicts = leftOut + conflicts,
                LeftOut = leftOut,
                Done = state == ImportState.Applied ? import.Parts : now.Done,
                Total = import.Parts,
                Written = written,
            },
            cancel);
    }

    /// <summary>A row and its place: its block, and its number there.</summary>
    private readonly record struct PlacedRow(int Block, int Place, PlannedRow[] BlockRows)
    {
        public PlannedRow Row => BlockRows[Place];
    }

    /// <summary>Why a row is not applied.</summary>
    /// <param name="Id">The partner that it is about, as far as it is known.</param>
    private readonly record struct RowConflict(Guid? Id, RowNote[] Notes);

    private sealed record Part(int Number, List<PlacedRow> Rows, List<PlacedRow> Deletes)
    {
        public int Count => Rows.Count + Deletes.Count;

        /// <summary>In the order of the change.</summary>
        public IEnumerable<PlacedRow> All => Rows.Concat(Deletes);
    }
}
