using Roster.Batches;
using Roster.Partners;

namespace Roster.Imports;

/// <summary>
/// Makes items of a batch from the rows of an imported file.
/// <para>
/// An empty cell leaves the field as it is, unless its column clears; <c>\N</c> clears it, as in CSV of ours. White space
/// and invisible characters around a value are taken off, unless the column keeps them, and so is an apostrophe that guards
/// a value from being taken for a formula (<see cref="CsvCell"/>) or, in a phone or an id, for a number. Nothing is parsed
/// as a date or a number.
/// </para>
/// <para>
/// Parts of the name are joined by a space, given names first. A part that is empty is left out, not kept: a partner's
/// stored name is not divided.
/// </para>
/// </summary>
public sealed class RowItems
{
    /// <summary>Most warnings of one row; more are not listed.</summary>
    public const int MaxWarnings = 10;

    /// <summary>Most digits of a number that a spreadsheet keeps (IEEE 754 double precision).</summary>
    private const int MaxNumberDigits = 15;

    private readonly MappedColumn[] _sources;
    private readonly MappedColumn[] _nameParts;
    private readonly List<RowWarning> _warnings = [];

    /// <param name="mapping">Valid by <see cref="MappingRules"/>. Columns that it leaves out are not imported.</param>
    /// <param name="columns">The names of the file's columns.</param>
    /// <exception cref="ArgumentException">The mapping is not valid for these columns.</exception>
    public RowItems(IReadOnlyList<ColumnMapping> mapping, IReadOnlyList<string> columns)
    {
        if (MappingRules.Check(mapping, columns) is [var fault, ..])
            throw new ArgumentException(fault.Message, nameof(mapping));
        var places = columns.Index().ToDictionary(one => one.Item, one => one.Index, StringComparer.Ordinal);
        var sources = mapping.Where(one => one.Target is not null)
            .Select(one => new MappedColumn(places[one.Column], one, ImportTarget.Parse(one.Target!)!.Value))
            .OrderBy(source => source.Index).ToList();
        _sources = [.. sources.Where(source => source.Target.Part == NamePart.None)];
        _nameParts = [.. sources.Where(source => source.Target.Part != NamePart.None).OrderBy(source => source.Target.Part)];
    }

    /// <summary>Warnings about the row that was added last. Valid until the next <see cref="Add"/>.</summary>
    public IReadOnlyList<RowWarning> Warnings => _warnings;

    /// <summary>Adds a row as one item; what is wrong with it are faults of the batch, with line and column.</summary>
    /// <param name="cells">One for each column; missing ones at the end are empty.</param>
    /// <param name="isNumber">Whether a cell, by its index, is a number in the workbook.</param>
    /// <param name="fault">Why the row cannot be used at all, as <see cref="RowReader.Fault"/>; or null.</param>
    /// <returns>False if the batch is full; the row is not added.</returns>
    public bool Add(BatchBuilder batch, IReadOnlyList<string?> cells, int line, Func<int, bool> isNumber, string? fault = null)
    {
        _warnings.Clear();
        (batch.Line, batch.Column) = (line, 0);
        if (!batch.BeginItem())
            return false;
        if (fault is not null)
        {
            batch.RejectRecord(fault);
            return true;
        }
        AddName(batch, cells);
        foreach (var source in _sources)
        {
            batch.Column = source.Index + 1;
            var cell = new MappedCell(source, source.Index < cells.Count ? cells[source.Index] : null);
            if (cell.IsFault(batch) || IsCutPhone(batch, source, cell.Value, isNumber))
                continue;
            if (!cell.IsEmpty)
                AddValue(batch, source, cell.Value);
            else if (source.Mapping.Clears)
                AddValue(batch, source, null);
            if (cell.Value is { } value)
                Warn(source, value, line, isNumber);
        }
        batch.Column = 0;
        batch.EndItem();
        return true;
    }

    /// <summary>Rejects a phone that is a number of more digits than a spreadsheet keeps.</summary>
    private static bool IsCutPhone(BatchBuilder batch, MappedColumn source, string? value, Func<int, bool> isNumber)
    {
        if (source.Target.Field != PartnerField.Phone || value is not { Length: > MaxNumberDigits }
            || value.Contains('.', StringComparison.Ordinal) || !isNumber(source.Index))
            return false;
        batch.Give(PartnerField.Phone);
        batch.RejectValue(PartnerField.Phone, null, PartnerRules.CutPhone.Code, PartnerRules.CutPhone.Message);
        return true;
    }

    /// <param name="value">Null clears the field.</param>
    private static void AddValue(BatchBuilder batch, MappedColumn source, string? value)
    {
        var (field, key, _) = source.Target;
        if (key is not null)
        {
            batch.GiveSome(field);
            batch.SetMetadata(key, value);
            return;
        }
        if (field.Kind is FieldKind.Tags or FieldKind.TagEdit)
        {
            AddTags(batch, source, value);
            return;
        }
        batch.Give(field);
        if (field == PartnerField.Id)
            AddId(batch, value);
        else
            batch.SetText(field, field == PartnerField.Email && value is not null ? CellText.Address(value) : value);
    }

    private static void AddId(BatchBuilder batch, string? value)
    {
        if (Uuid.TryParse(value, out var id))
            batch.SetId(id);
        else
            batch.RejectId(isNull: value is null);
    }

    /// <summary>Adds tags. A cell with nothing but dividers is empty.</summary>
    private static void AddTags(BatchBuilder batch, MappedColumn source, string? value)
    {
        var field = source.Target.Field;
        var tags = value is null ? null : CellText.Tags(value).ToList();
        if (tags is { Count: 0 } && !source.Mapping.Clears)
            return;
        batch.Give(field);
        batch.SetTags(field, isNull: tags is not { Count: > 0 });
        foreach (var tag in tags ?? [])
            if (!batch.AddTag(field, tag))
                return;
    }

    /// <summary>Joins the parts of the name. If all are empty, the name is not given.</summary>
    private void AddName(BatchBuilder batch, IReadOnlyList<string?> cells)
    {
        string? name = null;
        string? unseen = null;
        var column = 0;
        foreach (var source in _nameParts)
        {
            batch.Column = source.Index + 1;
            var cell = new MappedCell(source, source.Index < cells.Count ? cells[source.Index] : null);
            if (cell.IsFault(batch) || cell.Value is not { } part)
                continue;
            if (column == 0)
                column = batch.Column;
            if (VisibleText.IsSeen(part))
                name = name is null ? part : $"{name} {part}";
            else
                unseen ??= part;
        }
        if ((name ?? unseen) is not { } whole)
            return;
        batch.Column = column;
        batch.GiveSome(PartnerField.Name);
        batch.SetText(PartnerField.Name, whole);
    }

    private void Warn(MappedColumn source, string value, int line, Func<int, bool> isNumber)
    {
        var field = source.Target.Field;
        var isId = field == PartnerField.ExternalId;
        if ((!isId && field != PartnerField.Phone) || _warnings.Count == MaxWarnings)
            return;
        var wasNumber = isNumber(source.Index);
        if (isId && (CellText.IsScientific(value) || (wasNumber && value.Length > MaxNumberDigits)))
            _warnings.Add(new(
                line, source.Mapping.Column, RowWarningCode.Digits,
                "externalId is a number that the spreadsheet has cut; make the column text and enter the id again."));
        else if (wasNumber)
            _warnings.Add(new(
                line, source.Mapping.Column, RowWarningCode.LeadingZeros,
                $"{field} is a number in the workbook, so leading zeros are lost; if it had some, make the column text and enter it."));
    }
}
