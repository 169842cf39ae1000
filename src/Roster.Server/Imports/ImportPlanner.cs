using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Roster.Batches;
using Roster.Changes;
using Roster.Imports;
using Roster.Log;
using Roster.Partners;

namespace Roster.Server.Imports;

/// <summary>
/// Plans an import: reads its file and, for every 10,000 rows, plans them on the directory as it is, by the same
/// <see cref="ImportPart"/> that is written later. What no part sees, it finds itself: two rows of different parts about
/// one partner.
/// </summary>
internal sealed class ImportPlanner(IRosterStore store, StoredImports imports, TimeProvider clock)
{
    /// <summary>
    /// Rows that are planned together, as many as one request may have; fewer if they reach
    /// <see cref="ImportLimits.TextTogether"/>.
    /// </summary>
    public const int UnitRows = PartnerRules.MaxItems;

    public async Task RunAsync(Import import, CancellationToken cancel)
    {
        ImportReason reason;
        try
        {
            await using var file = await ImportFile.OpenAsync(store, import, cancel);
            using var rows = FileReaders.Open(file, import.Contents!);
            var edits = await RowEdits.ReadAsync(store, import, cancel);
            var run = new Run(store, imports, import, rows, edits);
            await run.PlanAsync(cancel);
            await imports.ChangeAsync(import, now => run.End(now, Timestamp.Now(clock)), cancel);
            return;
        }
        catch (FileRefusedException refused)
        {
            reason = new ImportReason(refused.Code, refused.Message);
        }
        await imports.ChangeAsync(
            import,
            now => now.In(ImportState.Failed, Timestamp.Now(clock)) with { Work = null, Lease = null, Reason = reason, Counts = null },
            cancel);
    }

    /// <summary>One planning of one import. Memory holds the rows of a unit, and some 40 bytes for each row of the file.</summary>
    private sealed class Run(
        IRosterStore store, StoredImports imports, Import import, RowReader rows, IReadOnlyDictionary<int, RowEdit> edits)
    {
        private static readonly RowNote NameOfNobody = new(
            FaultCode.InvalidRecord,
            "A mirror cannot leave this row out: it must keep the row's partner, and nobody can tell which one that is. "
            + "Mend the row's key or empty it; if the row cannot be read, correct the file.");

        private readonly ImportBatch _batch = new(import, rows.Columns);
        private readonly Dictionary<string, int> _columns =
            rows.Columns.Index().ToDictionary(column => column.Item, column => column.Index, StringComparer.Ordinal);

        /// <summary>The line of the first row about each partner, by its id or by a hash of its match key or external id.</summary>
        private readonly Dictionary<UInt128, int> _seen = [];

        /// <summary>For a mirror: the partners that rows name, and the keys of rows that were left out. It must not delete them.</summary>
        private readonly HashSet<Guid> _named = [];
        private readonly HashSet<string> _keptKeys = new(StringComparer.Ordinal);

        private readonly PlanText _text = new();

        /// <summary>Rows that are not stored yet, each with the UTF-16 units of the partner that it changes.</summary>
        private readonly List<(PlannedRow Row, int OfPartner)> _block = [];
        private ImportCounts _counts;
        private int _blocks;
        private int _units;
        private long? _plannedOn;
        private long? _allowedDeletes;
        private long _done;

        /// <summary>
        /// Rows that were mended or left out. Edits of lines that the file does not have count for nothing, and so do cells of a row
        /// that cannot be read.
        /// </summary>
        private int _edited;

        public async Task PlanAsync(CancellationToken cancel)
        {
            var unit = new List<ImportedRow>(UnitRows);
            var text = 0;
            while (rows.Read())
            {
                unit.Add(Take(rows));
                text += ImportLimits.UnitsOf(unit[^1].Cells);
                if (unit.Count < UnitRows && text < ImportLimits.TextTogether)
                    continue;
                await PlanUnitAsync(unit, cancel);
                // Rows with much text do not wait for a full block.
                if (text >= ImportLimits.TextTogether && _block.Count > 0)
                    await WriteBlocksAsync(_block.Count, cancel);
                text = 0;
            }
            if (unit.Count > 0)
                await PlanUnitAsync(unit, cancel);
            if (import.Mode == ImportMode.Mirror)
                await PlanDeletesAsync(cancel);
            await WriteBlocksAsync(isLast: true, cancel);
            _text.End(_counts);
        }

        public Import End(Import now, Timestamp at) => now.In(ImportState.Planned, at) with
        {
            Work = null,
            Lease = null,
            Counts = _counts,
            Edits = _edited,
            PlannedOn = _plannedOn ?? 0,
            AllowedDeletes = _allowedDeletes,
            Done = _done,
            Reason = null,
            Conflicts = 0,
        };

        /// <summary>A copy of the reader's row, as it was mended.</summary>
        private ImportedRow Take(RowReader row)
        {
            var cells = row.Cells.ToArray();
            var numbers = default(List<int>);
            for (var i = 0; i < cells.Length; i++)
            {
                if (cells[i] is not null && row.IsNumber(i))
                    (numbers ??= []).Add(i);
                if (row.IsAlone(i) && _batch.HasTags(i))
                    cells[i] = TagText.ToCell(cells[i]);
            }
            var edit = edits.GetValueOrDefault(row.Line);
            _edited += edit is null || (row.Fault is not null && !edit.Skip) ? 0 : 1;
            foreach (var (column, text) in edit?.Cells ?? new Dictionary<string, string?>())
                if (_columns.TryGetValue(column, out var at))
                {
                    cells[at] = string.IsNullOrEmpty(text) ? null : text;
                    numbers?.Remove(at);
                }
            return new ImportedRow(row.Line, cells, numbers, row.Fault, edit?.Skip == true);
        }

        private async Task PlanUnitAsync(List<ImportedRow> unit, CancellationToken cancel)
        {
            var used = unit.Where(row => !row.IsSkipped).ToList();
            var planned = await PlanRowsAsync(used, cancel);
            var next = 0;
            foreach (var row in unit)
                _block.Add(row.IsSkipped ? (LeftOut(row), 0) : planned[next++]);
            _done += unit.Count;
            unit.Clear();
            await WriteBlocksAsync(isLast: false, cancel);
            await imports.ChangeAsync(import, now => now with { Done = _done }, cancel);
        }

        private async Task<(PlannedRow Row, int OfPartner)[]> PlanRowsAsync(List<ImportedRow> unit, CancellationToken cancel)
        {
            var items = _batch.Read(unit);
            var planned = new (PlannedRow, int)[unit.Count];
            var toPlan = new List<int>(unit.Count);
            for (var i = 0; i < unit.Count; i++)
            {
                if (items[i].Row is not { } row)
                    planned[i] = (RowOf(unit[i], items[i], RowChange.Faulty, faults: items[i].Faults), 0);
                else if (EarlierRow(row, unit[i].Line) is { } earlier)
                    planned[i] = (RowOf(unit[i], items[i], RowChange.Faulty, faults: [earlier]), 0);
                else
                    toPlan.Add(i);
            }
            if (toPlan.Count == 0)
                return planned;
            var (plan, outcomes) = await TryAsync([.. toPlan.Select(i => items[i])], cancel);
            _plannedOn = Math.Min(_plannedOn ?? long.MaxValue, plan.End.Number);
            var faults = plan.LeftAsIs.ToLookup(fault => fault.Index);
            for (var k = 0; k < toPlan.Count; k++)
            {
                var i = toPlan[k];
                planned[i] = faults.Contains(k)
                    ? (RowOf(
                        unit[i], items[i], RowChange.Faulty, faults[k].First().Id,
                        [.. faults[k].Select(fault => NoteOf(fault, unit, toPlan))]), 0)
                    : (Planned(unit[i], items[i], outcomes[k]), outcomes[k].Before?.Values.CountUnits() ?? 0);
            }
            return planned;
        }

        /// <summary>A row that was left out. A mirror keeps its partner, so it must be known which one that is.</summary>
        private PlannedRow LeftOut(ImportedRow row)
        {
            if (import.Mode != ImportMode.Mirror)
                return new PlannedRow(row.Line, row.Cells, RowChange.Skipped);
            if (!_batch.TryNameOf(row, out var id, out var key))
                return new PlannedRow(row.Line, row.Cells, RowChange.Faulty, Faults: [NameOfNobody]);
            if (id is { } named)
                _named.Add(named);
            else if (key is not null)
                _keptKeys.Add(key);
            return new PlannedRow(row.Line, row.Cells, RowChange.Skipped);
        }

        /// <summary>Plans valid rows without writing them, and notes the partners that they name.</summary>
        private async Task<(ChangePlan Plan, IReadOnlyList<(Partner? Before, Partner? After)> Outcomes)> TryAsync(
            IReadOnlyList<ReadRow> items, CancellationToken cancel)
        {
            var part = _batch.PartOf([.. items.Select(item => (item.Row!, item.Doubts, (long?)null))], [], leavesOut: true);
            var request = new WriteRequest(part, new Origin(import.KeyId, import.Id), IsDryRun: true);
            var plan = (await store.WriteAsync(import.WorkspaceId, request, cancel)).Plan;
            var outcomes = part.OutcomesOf(plan);
            if (import.Mode == ImportMode.Mirror)
                foreach (var (before, _) in outcomes)
                    if (before is not null)
                        _named.Add(before.Id);
            return (plan, outcomes);
        }

        private PlannedRow Planned(ImportedRow row, ReadRow item, (Partner? Before, Partner? After) outcome)
        {
            var (before, after) = outcome;
            if (before is not null && import.Mode == ImportMode.Create)
                return RowOf(
                    row, item, RowChange.Faulty, before.Id,
                    [new RowNote("partner_exists", "A partner with this key exists, and mode=create changes none.", _batch.KeyName)]);
            if (before is not null && _batch.NamesInTwoWays && !_seen.TryAdd(HashOf(before.Id), row.Line)
                && _seen[HashOf(before.Id)] != row.Line)
                return RowOf(row, item, RowChange.Faulty, before.Id, [SamePartner(_seen[HashOf(before.Id)], row.Line)]);
            if (before is not null && item.Row!.Id is not null && import.MatchOn == PartnerField.Email.WireName
                && _batch.KeyOf(after!) is { } given && given != _batch.KeyOf(before)
                && EarlierLine(HashOf("key", given), row.Line) is { } other && other < row.Line)
                return RowOf(row, item, RowChange.Faulty, before.Id, [SharedEmail(other, row.Line)]);
            return before is null
                ? RowOf(row, item, RowChange.Created, fields: ChangesOf(null, after!))
                : ReferenceEquals(before, after)
                    ? RowOf(row, item, RowChange.Unchanged) with { Id = before.Id, PlannedOn = before.Revision }
                    : RowOf(row, item, RowChange.Updated, fields: ChangesOf(before, after!)) with
                    {
                        Id = before.Id,
                        PlannedOn = before.Revision,
                    };
        }

        /// <summary>Whether an earlier row, of this unit or another one, has the same id, key or external id.</summary>
        private RowNote? EarlierRow(BatchRow row, int line)
        {
            if (row.Id is { } id && EarlierLine(HashOf(id), line) is { } named)
                return SamePartner(named, line);
            if (row.Id is null && _batch.KeyOf(row) is { } key && EarlierLine(HashOf("key", key), line) is { } matched)
                return SamePartner(matched, line);
            return row.ExternalId is { } externalId && (import.MatchOn != PartnerField.ExternalId.WireName || _batch.NamesInTwoWays)
                && EarlierLine(HashOf("external id", externalId), line) is { } other ? SameExternalId(other, line) : null;
        }

        private int? EarlierLine(UInt128 hash, int line) => _seen.TryAdd(hash, line) ? null : _seen[hash];

        /// <summary>Plans to delete the live partners that no row names, if they are not too many.</summary>
        private async Task PlanDeletesAsync(CancellationToken cancel)
        {
            var live = await store.CountAsync(import.WorkspaceId, new PartnerFilter(), cancel);
            _allowedDeletes = ImportBatch.GuardOf(import).Allowed(live);
            var query = new PartnerQuery(new PartnerFilter(), PartnerSort.CreatedAt, IsDescending: false, PartnerRules.MaxItems);
            while (true)
            {
                var page = await store.ListAsync(import.WorkspaceId, query, cancel);
                foreach (var partner in page.Partners)
                    if (!_named.Contains(partner.Id) && !(_batch.KeyOf(partner) is { } key && _keptKeys.Contains(key)))
                        _block.Add((
                            new PlannedRow(0, [], RowChange.Deleted, partner.Id, partner.Revision, Fields: ChangesOf(partner, null)),
                            partner.Values.CountUnits()));
                await WriteBlocksAsync(isLast: false, cancel);
                if (page.Next is not { } next)
                    return;
                query = query with { After = next };
                await imports.ChangeAsync(import, now => now with { Done = _done }, cancel);
            }
        }

        /// <summary>Stores the full blocks; at the end also the last one, and removes those of an earlier, longer plan.</summary>
        private async Task WriteBlocksAsync(bool isLast, CancellationToken cancel)
        {
            var full = isLast ? _block.Count : _block.Count - (_block.Count % RowBlock.Rows);
            if (full > 0)
                await WriteBlocksAsync(full, cancel);
            if (!isLast)
                return;
            await store.DeleteImportBlocksAsync(import.WorkspaceId, import.Id, ImportBlockKind.Rows, _blocks, cancel);
            await store.DeleteImportBlocksAsync(import.WorkspaceId, import.Id, ImportBlockKind.Ids, _units, cancel);
        }

        private async Task WriteBlocksAsync(int full, CancellationToken cancel)
        {
            var rows = _block.Take(full).Select(one => one.Row).ToList();
            foreach (var ofBlock in _block.Take(full).Chunk(RowBlock.Rows))
                _text.Add(ofBlock);
            var blocks = rows.Chunk(RowBlock.Rows).Select(part => RowBlock.Encode(_blocks++, part)).ToList();
            var ids = rows.Select(row => row.Id).OfType<Guid>();
            blocks.Add(ErasedImports.IdsOf(_units++, ids, blocks[0].Number, blocks[^1].Number));
            _counts += RowBlock.CountsOf(rows);
            _block.RemoveRange(0, full);
            await store.WriteImportBlocksAsync(import.WorkspaceId, import.Id, blocks, cancel);
        }

        /// <param name="id">Of a row with faults, the partner if it is known: an erasure finds the row by it.</param>
        private static PlannedRow RowOf(
            ImportedRow row, ReadRow item, RowChange change, Guid? id = null, IReadOnlyList<RowNote>? faults = null,
            IReadOnlyList<FieldChange>? fields = null) =>
            new(row.Line, row.Cells, change, id, Faults: faults, Warnings: item.Warnings.Count > 0 ? item.Warnings : null, Fields: fields);

        private RowNote SamePartner(int line, int other) =>
            DuplicateMatch($"Lines {line} and {other} are about the same partner; keep one of them.", line);

        private RowNote SharedEmail(int line, int other) =>
            DuplicateMatch($"Lines {line} and {other} would leave two partners with one email; send it once.", line);

        private RowNote DuplicateMatch(string message, int line) =>
            new(FaultCode.DuplicateMatch, message, _batch.KeyName, _batch.ColumnOf(_batch.KeyName), line);

        private RowNote SameExternalId(int line, int other) => new(
            FaultCode.DuplicateExternalId, $"Lines {line} and {other} have the same externalId; it must be unique.",
            PartnerField.ExternalId.WireName, _batch.ColumnOf(PartnerField.ExternalId.WireName), line);

        private RowNote NoteOf(Fault fault, List<ImportedRow> unit, List<int> toPlan)
        {
            if (fault.OtherIndex is not { } index)
                return new RowNote(fault.Code, fault.Message, fault.Field, _batch.ColumnOf(fault.Field));
            var (line, other) = (unit[toPlan[index]].Line, unit[toPlan[fault.Index]].Line);
            return fault.Code == FaultCode.DuplicateExternalId ? SameExternalId(line, other) : SamePartner(line, other);
        }

        private static List<FieldChange> ChangesOf(Partner? before, Partner? after)
        {
            var changes = new List<FieldChange>();
            foreach (var field in PartnerField.Values)
                if (before?.Values[field] != after?.Values[field])
                    changes.Add(new FieldChange(field.WireName, before?.Values[field], after?.Values[field]));
            return changes;
        }

        private static UInt128 HashOf(Guid id) => MemoryMarshal.Read<UInt128>(id.ToByteArray());

        /// <summary>128 bits of SHA-256: two of a million texts are equal with a chance of 1 in 10^26.</summary>
        private static UInt128 HashOf(string kind, string text) =>
            MemoryMarshal.Read<UInt128>(SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}\n{text}")));
    }
}
