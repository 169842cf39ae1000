using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using Roster.Log;

namespace Roster.Imports;

/// <summary>What a plan does with a row.</summary>
public enum RowChange
{
    Created = 0,
    Updated = 1,
    Unchanged = 2,

    /// <summary>A partner that no row names is deleted.</summary>
    Deleted = 3,

    /// <summary>Nothing: the row has faults.</summary>
    Faulty = 4,

    /// <summary>Nothing: a person left it out.</summary>
    Skipped = 5,
}

/// <summary>A fault or a warning of a row.</summary>
/// <param name="Field">The field at fault, or null.</param>
/// <param name="Column">The name of the column, or null.</param>
/// <param name="OtherLine">The other row in a conflict of two.</param>
public sealed record RowNote(string Code, string Message, string? Field = null, string? Column = null, int? OtherLine = null);

/// <summary>A field that a row changes, with its stored text before and after.</summary>
public sealed record FieldChange(string Field, string? Old, string? New);

/// <summary>A planned row of an import, or a partner that it deletes.</summary>
/// <param name="Line">Its place in the file, as <see cref="RowReader.Line"/>; 0 for a partner that is deleted.</param>
/// <param name="Cells">One for each column of the file, as mended; null where empty.</param>
/// <param name="Id">The partner; null if it is not created yet, or if the row's faults hide it.</param>
/// <param name="PlannedOn">The partner's revision as it was planned on; 0 if the row creates it.</param>
/// <param name="Faults">Why it is not applied, also for a conflict that was found while it was.</param>
public sealed record PlannedRow(
    [property: JsonPropertyName("l")] int Line,
    [property: JsonPropertyName("c")] IReadOnlyList<string?> Cells,
    [property: JsonPropertyName("k")] RowChange Change,
    [property: JsonPropertyName("i")] Guid? Id = null,
    [property: JsonPropertyName("o")] long PlannedOn = 0,
    [property: JsonPropertyName("f")] IReadOnlyList<RowNote>? Faults = null,
    [property: JsonPropertyName("w")] IReadOnlyList<RowNote>? Warnings = null,
    [property: JsonPropertyName("d")] IReadOnlyList<FieldChange>? Fields = null)
{
    /// <summary>Whether it writes something when it is applied.</summary>
    [JsonIgnore]
    public bool IsChange => Change is RowChange.Created or RowChange.Updated or RowChange.Deleted;
}

/// <summary>A mended or left out row.</summary>
/// <param name="Cells">The new values of some columns, by name.</param>
public sealed record RowEdit(int Line, bool Skip, IReadOnlyDictionary<string, string?> Cells);

/// <summary>Some planned rows, as they are stored: packed JSON, with a summary.</summary>
public static class RowBlock
{
    /// <summary>Rows of a block.</summary>
    public const int Rows = 500;

    private const byte Version = 1;
    private const int HeadLength = 8 * sizeof(int);

    public static ImportBlock Encode(int number, IReadOnlyList<PlannedRow> rows) => new(
        ImportBlockKind.Rows, number, HeadOf(rows),
        PackedJson.Pack(Version, json => JsonSerializer.Serialize(json, [.. rows], ImportJson.Default.PlannedRowArray)));

    /// <exception cref="StoreException">The block is damaged.</exception>
    public static PlannedRow[] Decode(ImportBlock block) =>
        PackedJson.Unpack(Version, block.Bytes, ImportJson.Default.PlannedRowArray);

    public static ImportBlock EncodeEdits(IEnumerable<RowEdit> edits) => new(
        ImportBlockKind.Edits, 0, [],
        PackedJson.Pack(Version, json => JsonSerializer.Serialize(json, [.. edits], ImportJson.Default.RowEditArray)));

    /// <exception cref="StoreException">The block is damaged.</exception>
    public static RowEdit[] DecodeEdits(ImportBlock block) =>
        PackedJson.Unpack(Version, block.Bytes, ImportJson.Default.RowEditArray);

    /// <summary>The counts of a block's rows, from its head.</summary>
    public static ImportCounts CountsOf(ImportBlock block)
    {
        Span<int> counts = stackalloc int[HeadLength / sizeof(int)];
        for (var i = 0; i < counts.Length; i++)
            counts[i] = BinaryPrimitives.ReadInt32LittleEndian(block.Head.AsSpan(i * sizeof(int)));
        return new ImportCounts(counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[6]);
    }

    /// <summary>Number of rows with faults or conflicts, from a block's head.</summary>
    public static int FaultsIn(ImportBlock block) => BinaryPrimitives.ReadInt32LittleEndian(block.Head.AsSpan(HeadLength - sizeof(int)));

    public static ImportCounts CountsOf(IEnumerable<PlannedRow> rows)
    {
        var counts = default(ImportCounts);
        foreach (var row in rows)
            counts += new ImportCounts(
                row.Change == RowChange.Created ? 1 : 0, row.Change == RowChange.Updated ? 1 : 0, row.Change == RowChange.Unchanged ? 1 : 0,
                row.Change == RowChange.Deleted ? 1 : 0, row.Change == RowChange.Faulty ? 1 : 0, row.Change == RowChange.Skipped ? 1 : 0,
                row.Warnings is null ? 0 : 1);
        return counts;
    }

    private static byte[] HeadOf(IReadOnlyList<PlannedRow> rows)
    {
        var counts = CountsOf(rows);
        long[] numbers =
        [
            counts.Created, counts.Updated, counts.Unchanged, counts.Deleted, counts.Faulty, counts.Skipped, counts.Warned,
            rows.Count(row => row.Faults is not null),
        ];
        var head = new byte[HeadLength];
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(i * sizeof(int)), (int)numbers[i]);
        return head;
    }
}
