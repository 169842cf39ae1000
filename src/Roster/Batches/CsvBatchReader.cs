using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Roster.Partners;

namespace Roster.Batches;

/// <summary>
/// Reads CSV with a header row of field names in any order; <see cref="CsvCell"/> defines the cells. Empty records and
/// columns are skipped; cells missing at a record's end are empty.
/// </summary>
public sealed class CsvBatchReader(BatchBuilder batch, CsvFormat format) : BatchReader(batch)
{
    private const int MaxUtf8 = 4;

    private readonly CsvRecords _records = new(format.Divider);
    private readonly byte[] _torn = new byte[MaxUtf8];
    private int _tornLength;
    private bool _isPastDivider;
    private Column[]? _columns;

    /// <summary>Number of non-empty columns skipped because they are not fields.</summary>
    public int IgnoredColumns { get; private set; }

    protected override SequencePosition ReadItems(ReadOnlySequence<byte> bytes, bool isFinal)
    {
        foreach (var part in bytes)
            if (!IsDone)
                ReadBytes(part.Span);
        if (isFinal && !IsDone)
            End();
        return bytes.End;
    }

    private void End()
    {
        if (_tornLength > 0)
            RejectUtf8();
        else if (_records.End())
            TakeRecord();
        if (!IsDone && _columns is null)
            BodyFault = new BodyFault(BodyFaultKind.Empty);
    }

    /// <summary>Decodes UTF-8. An incomplete code point at the end waits for its other bytes.</summary>
    private void ReadBytes(ReadOnlySpan<byte> bytes)
    {
        while (_tornLength > 0 && !bytes.IsEmpty)
        {
            _torn[_tornLength++] = bytes[0];
            bytes = bytes[1..];
            var torn = _torn.AsSpan(0, _tornLength);
            switch (Rune.DecodeFromUtf8(torn, out _, out _))
            {
                case OperationStatus.Done:
                    _tornLength = 0;
                    ReadText(torn);
                    break;
                case OperationStatus.InvalidData:
                    RejectUtf8();
                    return;
            }
        }
        var whole = bytes[..^TornBytes(bytes)];
        if (Utf8.IsValid(whole))
        {
            ReadText(whole);
            bytes[whole.Length..].CopyTo(_torn);
            _tornLength += bytes.Length - whole.Length;
        }
        else
        {
            ReadText(whole[..ValidBytes(whole)]);
            RejectUtf8();
        }
    }

    /// <summary>Length of the incomplete code point at the end.</summary>
    private static int TornBytes(ReadOnlySpan<byte> bytes)
    {
        for (var length = 1; length < MaxUtf8 && length <= bytes.Length; length++)
            if ((bytes[^length] & 0xC0) != 0x80)
                return Rune.DecodeFromUtf8(bytes[^length..], out _, out _) == OperationStatus.NeedMoreData ? length : 0;
        return 0;
    }

    private static int ValidBytes(ReadOnlySpan<byte> bytes)
    {
        var valid = 0;
        while (Rune.DecodeFromUtf8(bytes[valid..], out _, out var length) == OperationStatus.Done)
            valid += length;
        return valid;
    }

    private void RejectUtf8() =>
        BodyFault ??= new BodyFault(BodyFaultKind.Malformed, _records.Next.Line, _records.Next.Byte, BodyReason.NotUtf8);

    private void ReadText(ReadOnlySpan<byte> text)
    {
        while (!IsDone && _records.Read(ref text))
            TakeRecord();
    }

    private void TakeRecord()
    {
        if (!_records.HasText && _records.Fault is null)
            return;
        if (_columns is null)
            ReadHeader();
        else
            ReadItem(_columns);
    }

    private void ReadHeader()
    {
        var first = _records.Text(0);
        if (!_isPastDivider && IsDividerLine(first))
        {
            _isPastDivider = true;
            return;
        }
        if (OtherDivider(first) is { } seen)
            BodyFault = new BodyFault(BodyFaultKind.OtherFormat, Reason: BodyReason.Divider(seen));
        else if (_records.Count > CsvFormat.MaxColumns)
            BodyFault = new BodyFault(BodyFaultKind.OtherFormat, Reason: BodyReason.TooManyColumns);
        else
            ReadColumns(first);
    }

    /// <summary>
    /// Whether this is a <c>sep=,</c> line, by which programs tell a spreadsheet the divider, and names our divider.
    /// </summary>
    private bool IsDividerLine(string first) => first.StartsWith("sep=", StringComparison.OrdinalIgnoreCase)
        && ((first.Length == 4 && _records.Count == 2 && _records[1].IsEmpty)
            || (first.Length == 5 && first[4] == format.Divider && _records.Count == 1));

    /// <returns>The divider that the header shows; null if it may be the declared one.</returns>
    private char? OtherDivider(string first)
    {
        if (_records.Count > 1)
            return null;
        if (!_isPastDivider && first.Length == 5 && first.StartsWith("sep=", StringComparison.OrdinalIgnoreCase))
            return first[4];
        var counted = CsvFormat.Dividers.Select(one => (one.Divider, Count: first.Count(c => c == one.Divider))).MaxBy(one => one.Count);
        return counted.Count > 0 ? counted.Divider : null;
    }

    private void ReadColumns(string first)
    {
        var columns = new Column[_records.Count];
        var isWrong = false;
        Batch.Line = _records.Line;
        if (_records.Fault is (var line, var column, var message))
        {
            (Batch.Line, Batch.Column) = (line, column);
            Batch.RejectColumn(FaultCode.InvalidRecord, message, null);
            isWrong = true;
        }
        for (var i = 0; i < columns.Length && _records.Fault is null; i++)
        {
            var name = _records.Text(i);
            var (field, key) = FieldNames.MeantColumn(name);
            columns[i] = new Column(field, key, field is null && string.IsNullOrWhiteSpace(name));
            Batch.Column = i + 1;
            if (columns[i].IsNameless)
                continue;
            if (field is { Kind: FieldKind.Metadata } && string.IsNullOrEmpty(key))
                isWrong = key is null
                    ? Batch.RejectColumn(
                        FaultCode.UnknownField,
                        $"Column {i + 1} is metadata without a key; send a column for each key, as metadata.region.",
                        name)
                    : Batch.RejectColumn(MetadataText.NotKey.Code, $"Column {i + 1}: {MetadataText.NotKey.Message}", name);
            else if (field is not null)
                isWrong |= !IsFirst(columns, i, name);
            else if (format.IgnoresColumns)
                IgnoredColumns++;
            else
                isWrong = Batch.RejectColumn(FaultCode.UnknownField, $"Column {i + 1} is no field; {FieldNames.Suggest(name)}", name);
        }
        Batch.Column = 0;
        if (isWrong && BodyStart.LooksBracketed(first) is { } other)
            BodyFault = new BodyFault(BodyFaultKind.OtherFormat, Reason: other);
        else if (isWrong)
            BodyFault = new BodyFault(BodyFaultKind.Header, _records.Line);
        else if (columns.All(column => column.Field is null))
            BodyFault = new BodyFault(BodyFaultKind.OtherFormat, Reason: BodyReason.NoField);
        _columns = columns;
    }

    /// <summary>Rejects a column that means the same field as an earlier one.</summary>
    private bool IsFirst(Column[] columns, int column, string name)
    {
        var earlier = Array.FindIndex(columns, one => one.Field == columns[column].Field && one.Key == columns[column].Key);
        if (earlier == column)
            return true;
        Batch.RejectColumn(
            FaultCode.DuplicateField, $"Columns {earlier + 1} and {column + 1} are both {columns[column].Name}; keep one.", name);
        return false;
    }

    private void ReadItem(Column[] columns)
    {
        Batch.Line = _records.Line;
        Batch.Column = 0;
        if (!Batch.BeginItem())
        {
            BodyFault = new BodyFault(BodyFaultKind.TooManyItems);
            return;
        }
        if ((_records.Fault ?? Unnamed(columns)) is (var line, var column, var message))
        {
            (Batch.Line, Batch.Column) = (line, column);
            Batch.RejectRecord(message);
            return;
        }
        for (var i = 0; i < columns.Length; i++)
        {
            Batch.Column = i + 1;
            if (columns[i].Field is { } field && !_records[i].IsEmpty)
                ReadCell(field, columns[i].Key, i);
        }
        Batch.Column = 0;
        Batch.EndItem();
    }

    /// <returns>The first cell with a value but without a name in the header.</returns>
    private (int Line, int Column, string Message)? Unnamed(Column[] columns)
    {
        for (var i = 0; i < columns.Length; i++)
        {
            if (!columns[i].IsNameless || _records[i].IsEmpty)
                continue;
            if (!format.IgnoresColumns)
                return (_records.Line, i + 1, $"Column {i + 1} has a value here, and no name in the header.");
            columns[i] = default;
            IgnoredColumns++;
        }
        var cells = Math.Min(_records.Count, CsvFormat.MaxColumns);
        for (var i = columns.Length; i < cells || (i == cells && _records.HasTextBeyond); i++)
            if (i == cells || !_records[i].IsEmpty)
                return (
                    _records.Line,
                    i + 1,
                    $"This record has {_records.Count} cells and the header {columns.Length}; quote a cell that has the divider in it.");
        return null;
    }

    private void ReadCell(PartnerField field, string? key, int column)
    {
        if (field.Kind is FieldKind.Tags or FieldKind.TagEdit && !_records.IsCut(column))
        {
            ReadTags(field, CsvCell.Read(_records.Text(column), format.IsSpreadsheet));
            return;
        }
        // Metadata has one column per key.
        if (key is null)
            Batch.Give(field);
        else
            Batch.GiveSome(field);
        if (field.Kind == FieldKind.ReadOnly)
            return;
        var text = CsvCell.Read(_records.Text(column), format.IsSpreadsheet);
        if (field == PartnerField.Id)
            ReadId(text);
        else if (key is not null && _records.IsCut(column))
            Batch.RejectMetadata(key, FaultCode.TooLong);
        else if (key is not null)
            Batch.SetMetadata(key, text);
        else if (_records.IsCut(column) && field != PartnerField.IfUpdatedAt)
            Batch.RejectText(field, FaultCode.TooLong);
        else if (field == PartnerField.Phone && !format.IsSpreadsheet && text is ['\'', ..])
            Batch.RejectGuardedPhone();
        else
            Batch.SetText(field, text);
    }

    /// <summary>
    /// Splits tags at <c>|</c>. White space around dividers and empty parts are ignored. A cell with nothing else is empty.
    /// </summary>
    private void ReadTags(PartnerField field, string? text)
    {
        var tags = text?.Split(TagText.Divider, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (tags is [])
            return;
        Batch.Give(field);
        Batch.SetTags(field, isNull: tags is null);
        foreach (var tag in tags ?? [])
            if (!Batch.AddTag(field, tag))
                return;
    }

    private void ReadId(string? text)
    {
        if (Uuid.TryParse(text, out var id))
            Batch.SetId(id);
        else
            Batch.RejectId(isNull: text is null);
    }

    /// <param name="Field">Null if the column is skipped.</param>
    /// <param name="Key">The metadata key, or null for another field.</param>
    /// <param name="IsNameless">Whether the header is blank; then its cells must be empty.</param>
    private readonly record struct Column(PartnerField? Field, string? Key, bool IsNameless)
    {
        public string Name => Key is null ? $"{Field}" : MetadataText.FieldName(Key);
    }
}
