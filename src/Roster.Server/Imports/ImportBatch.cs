using Roster.Batches;
using Roster.Changes;
using Roster.Imports;
using Roster.Partners;

namespace Roster.Server.Imports;

/// <summary>A row of a file, before it is planned.</summary>
/// <param name="Numbers">The columns that a workbook has as numbers, or null.</param>
/// <param name="Fault">Why the row cannot be used, or null.</param>
internal sealed record ImportedRow(
    int Line, IReadOnlyList<string?> Cells, IReadOnlyList<int>? Numbers = null, string? Fault = null, bool IsSkipped = false);

/// <summary>What an import's row asks for.</summary>
/// <param name="Row">Null if it has faults.</param>
internal sealed record ReadRow(
    BatchRow? Row, IReadOnlyList<Doubt> Doubts, IReadOnlyList<RowNote> Faults, IReadOnlyList<RowNote> Warnings);

/// <summary>Reads rows by an import's mapping, and makes parts of them. Its plan and its writing both go this way.</summary>
internal sealed class ImportBatch
{
    private readonly Import _import;
    private readonly RowItems _items;
    private readonly IReadOnlyList<string> _columns;
    private readonly MatchOn _matchOn;
    private readonly CreatedItems _creates;

    /// <summary>Reads only the columns that tell which partner a row is about.</summary>
    private readonly RowItems _keys;
    private readonly int _idColumn;
    private readonly IReadOnlyList<int> _keyColumns;
    private readonly HashSet<int> _tagColumns;

    /// <param name="columns">The names of the file's columns.</param>
    public ImportBatch(Import import, IReadOnlyList<string> columns)
    {
        (_import, _columns) = (import, columns);
        _items = new RowItems(import.Mapping, columns);
        _matchOn = import.MatchOn == PartnerField.ExternalId.WireName ? MatchOn.ExternalId
            : import.MatchOn == PartnerField.Email.WireName ? MatchOn.Email : MatchOn.Nothing;
        _creates = import.Mode == ImportMode.Update ? CreatedItems.None
            : import.CreatesWithoutKey && _matchOn != MatchOn.Nothing ? CreatedItems.WithoutKeyToo : CreatedItems.WithNewKey;
        string?[] names = [PartnerField.Id.WireName, import.MatchOn];
        var keys = import.Mapping.Where(one => one.Target is not null && names.Contains(one.Target)).ToList();
        _keys = new RowItems([.. keys.Select(one => one with { Clears = false })], columns);
        var places = columns.ToList();
        _keyColumns = [.. keys.Select(one => places.IndexOf(one.Column))];
        _tagColumns = [.. import.Mapping
            .Where(one => one.Target == PartnerField.Tags.WireName || one.Target == PartnerField.AddTags.WireName)
            .Select(one => places.IndexOf(one.Column))];
        _idColumn = ColumnOf(PartnerField.Id.WireName) is { } ofId ? places.IndexOf(ofId) : -1;
    }

    /// <summary>How many partners a mirror may delete.</summary>
    public static Mirror GuardOf(Import import) => import.MaxDeletes is { } text ? Mirror.Parse(text)! : Mirror.Default;

    /// <summary>The field that rows are matched by, or null.</summary>
    public string? KeyName => _import.MatchOn;

    /// <summary>Whether one row may name a partner by its id and another by its key.</summary>
    public bool NamesInTwoWays => _matchOn != MatchOn.Nothing && _import.Mapping.Any(one => one.Target == PartnerField.Id.WireName);

    /// <summary>The match key of a row without id, in the form in which it is compared.</summary>
    public string? KeyOf(BatchRow row) => KeyOf(row.ExternalId, row.Email);

    /// <summary>The match key of a partner, in the same form.</summary>
    public string? KeyOf(Partner partner) => KeyOf(partner.ExternalId, partner.Email);

    private string? KeyOf(string? externalId, string? email) => _matchOn switch
    {
        MatchOn.ExternalId => externalId,
        MatchOn.Email => email is null ? null : Upsert.FoldEmail(email),
        _ => null,
    };

    /// <summary>The name of the column that gives a field.</summary>
    public string? ColumnOf(string? field) => _import.Mapping.FirstOrDefault(one => one.Target is not null && one.Target == field)?.Column;

    /// <summary>Whether a column gives tags.</summary>
    public bool HasTags(int column) => _tagColumns.Contains(column);

    /// <summary>Reads rows, at most as many as one request may have.</summary>
    /// <returns>One for each row.</returns>
    public IReadOnlyList<ReadRow> Read(IReadOnlyList<ImportedRow> rows)
    {
        var batch = new BatchBuilder(ChangeKind.Import, _matchOn, null, _creates, ImportPart.MaxListedFaults);
        var warnings = new RowNote[rows.Count][];
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            _items.Add(
                batch, row.Cells, row.Line, column => row.Numbers?.Contains(column) == true, row.Fault);
            warnings[i] = [.. _items.Warnings.Select(one => new RowNote(one.Code, one.Message, Column: one.Column))];
        }
        var read = batch.FinishItems();
        var valid = read.Valid.ToDictionary(item => item.Index, item => item.Row);
        var doubts = read.Doubts.ToLookup(doubt => doubt.Index);
        var items = new ReadRow[rows.Count];
        for (var i = 0; i < rows.Count; i++)
        {
            var row = valid.GetValueOrDefault(i);
            RowNote[] notes = row is not null ? []
                : read.Faults.TryGetValue(i, out var faults) ? [.. faults.Select(one => NoteOf(one, rows))]
                : [new RowNote(FaultCode.InvalidRecord, "The row has faults; there are too many in the rows around it to list them.")];
            items[i] = new ReadRow(row, [.. doubts[i]], notes, warnings[i]);
        }
        return items;
    }

    /// <summary>
    /// A part of these rows and deletes. If all rows of the file do not fit in one part, none may take an external id or
    /// an address that another one gives up: the plan does not know yet which rows are written together.
    /// </summary>
    /// <param name="rows">Each with its doubts, and the revision that it was planned on or null.</param>
    public ImportPart PartOf(
        IReadOnlyList<(BatchRow Row, IReadOnlyList<Doubt> Doubts, long? PlannedOn)> rows, IReadOnlyList<ImportDelete> deletes,
        bool leavesOut) =>
        new(
            [.. rows.Select(row => new ImportRow(row.Row, row.PlannedOn))], deletes,
            [.. rows.Index().SelectMany(row => row.Item.Doubts.Select(doubt => doubt with { Index = row.Index }))],
            _matchOn, _creates, leavesOut, isStrict: _import.Contents!.Rows > PartnerRules.MaxItems);

    /// <summary>Reads which partner a row is about, whatever else is wrong with it: its id or else its match key.</summary>
    /// <param name="id">Null if the row gives none.</param>
    /// <param name="key">As of <see cref="KeyOf(BatchRow)"/>; null if the row gives an id, or neither.</param>
    /// <returns>False if nobody can tell: the row cannot be read, or what it gives is not valid.</returns>
    public bool TryNameOf(ImportedRow row, out Guid? id, out string? key)
    {
        (id, key) = (null, null);
        if (row.Fault is not null)
            return false;
        var hasId = _idColumn >= 0 && !string.IsNullOrWhiteSpace(row.Cells[_idColumn]);
        var cells = row.Cells.Select((cell, i) => !hasId || i == _idColumn ? cell : null).ToList();
        if (_keyColumns.All(i => string.IsNullOrWhiteSpace(cells[i])))
            return true;
        var batch = new BatchBuilder(ChangeKind.Import, _matchOn, null, _creates, ImportPart.MaxListedFaults);
        _keys.Add(batch, cells, row.Line, _ => false);
        if (batch.FinishItems().Valid is not [var item])
            return false;
        id = item.Row.Id;
        key = id is null ? KeyOf(item.Row) : null;
        return true;
    }

    private RowNote NoteOf(Fault fault, IReadOnlyList<ImportedRow> rows) => new(
        fault.Code,
        fault.OtherIndex is { } other
            ? $"Lines {rows[other].Line} and {rows[fault.Index].Line} have the same {fault.Field}; send each partner once." : fault.Message,
        fault.Field,
        fault.Place.Column > 0 && fault.Place.Column <= _columns.Count ? _columns[fault.Place.Column - 1] : ColumnOf(fault.Field),
        fault.OtherIndex is { } index ? rows[index].Line : null);
}
