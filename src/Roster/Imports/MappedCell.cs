using Roster.Batches;
using Roster.Partners;

namespace Roster.Imports;

/// <summary>A column that is imported.</summary>
/// <param name="Index">Its place in the file, from 0.</param>
internal sealed record MappedColumn(int Index, ColumnMapping Mapping, ImportTarget Target)
{
    /// <summary>The field's name in faults.</summary>
    public string FieldName { get; } = Target.Key is null ? Target.Field.WireName : MetadataText.FieldName(Target.Key);

    /// <summary>Whether the rules of the field would take text that cannot be seen, or take it for no tags.</summary>
    public bool AcceptsUnseen { get; } =
        Target.Field == PartnerField.Phone || Target.Field.Kind is FieldKind.Metadata or FieldKind.Tags or FieldKind.TagEdit;

    /// <summary>Whether an apostrophe before a digit only marks a number as text, as spreadsheets have it.</summary>
    public bool IsNumberGuarded { get; } = Target.Field == PartnerField.Phone || Target.Field == PartnerField.ExternalId;
}

/// <summary>A cell of a column that is imported, cleaned.</summary>
internal readonly ref struct MappedCell
{
    private readonly MappedColumn _column;
    private readonly string _text;
    private readonly bool _isCut;

    public MappedCell(MappedColumn column, string? raw)
    {
        (_column, _text) = (column, raw ?? "");
        _isCut = _text.Length >= ImportLimits.MaxCell;
        if (_text.Length == 0 || (column.Mapping.Trims && string.IsNullOrWhiteSpace(_text)))
        {
            IsEmpty = true;
            return;
        }
        // What cannot be seen at all is a value, and a fault, not an empty cell.
        if (column.Mapping.Trims && CellText.Trim(_text) is { Length: > 0 } trimmed)
            _text = trimmed;
        Value = column.IsNumberGuarded && _text is ['\'', >= '0' and <= '9', ..] ? _text[1..]
            : CsvCell.Read(_text, isSpreadsheet: true);
    }

    /// <summary>Whether there is nothing in it but white space.</summary>
    public bool IsEmpty { get; }

    /// <summary>Null if it is empty or <c>\N</c>.</summary>
    public string? Value { get; }

    /// <summary>Rejects a cell that is no value of any field.</summary>
    public bool IsFault(BatchBuilder batch)
    {
        if (IsEmpty)
            return false;
        var name = _column.FieldName;
        var (code, message) =
            CellText.HasLoneSurrogate(_text) ? (FaultCode.InvalidText, $"{name} has a lone surrogate, which is no character.")
            : CellText.IsSpreadsheetError(_text) ? (FaultCode.InvalidText,
                $"{name} is an error of the spreadsheet, such as #N/A; repair the formula, or empty the cell.")
            : _isCut ? (FaultCode.TooLong, $"{name} has {ImportLimits.MaxCell} characters or more.")
            : _column.AcceptsUnseen && _column.Mapping.Trims && !VisibleText.IsSeen(_text)
                ? (FaultCode.InvalidText, $"{name} has nothing in it that can be seen; empty the cell.")
            : (null, null);
        if (code is null)
            return false;
        var (field, key, _) = _column.Target;
        batch.GiveSome(field);
        batch.RejectValue(field, key, code, message!);
        return true;
    }
}
