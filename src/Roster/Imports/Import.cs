using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Roster.Log;

namespace Roster.Imports;

/// <summary>Where an import is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ImportState>))]
public enum ImportState
{
    /// <summary>The file is stored. Its reading and mapping can be changed, and its rows planned.</summary>
    Uploaded,

    /// <summary>Each row has a plan. Nothing is written.</summary>
    Planned,

    /// <summary>Its parts are being written.</summary>
    Applying,

    /// <summary>All its parts are written.</summary>
    Applied,

    /// <summary>A part could not be written; those before it are. It can go on, or be undone.</summary>
    Stopped,

    /// <summary>Somebody cancelled it, perhaps after some parts were written.</summary>
    Cancelled,

    /// <summary>All its parts are undone.</summary>
    Undone,

    /// <summary>The file cannot be planned; the reason says why.</summary>
    Failed,
}

/// <summary>What a server does for an import beside requests.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ImportWork>))]
public enum ImportWork
{
    Plan,
    Apply,
    Undo,
}

/// <summary>What an import does with rows whose partner no match key finds.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ImportMode>))]
public enum ImportMode
{
    /// <summary>Creates a partner.</summary>
    Upsert,

    /// <summary>Refuses the row.</summary>
    Update,

    /// <summary>Creates a partner; a row whose partner exists is refused.</summary>
    Create,

    /// <summary>Creates a partner, and deletes the partners that no row names.</summary>
    Mirror,
}

/// <summary>A column of a file.</summary>
/// <param name="Filled">Number of rows with a value in it.</param>
/// <param name="Samples">At most three different values, each of at most 80 characters.</param>
/// <param name="Why">Why the column was mapped so: exact, synonym or contents; null if it was not.</param>
public sealed record FileColumn(string Name, long Filled, IReadOnlyList<string> Samples, string? Why = null);

/// <summary>What was read of a file.</summary>
/// <param name="Shape">How it was read. The encoding is null if it has to be asked; then there is nothing else.</param>
/// <param name="Encodings">The encodings to choose from if it has to be asked.</param>
/// <param name="Sheets">Of a workbook.</param>
public sealed record FileContents(
    FileShape Shape, IReadOnlyList<EncodingSample> Encodings, IReadOnlyList<Sheet> Sheets, IReadOnlyList<FileColumn> Columns,
    long Rows, long BlankRows, long BlankColumns, long HiddenRows)
{
    /// <param name="mapping">Of the columns; null if the encoding has to be asked.</param>
    public static FileContents Of(FileExam exam, MappingSuggestion? mapping) => new(
        exam.Shape, exam.Encodings, exam.Sheets,
        [
            .. exam.Columns.Select((column, i) =>
                new FileColumn(column.Name, column.Filled, column.Samples, WhyOf(mapping?.Columns[i].Reason))),
        ],
        exam.Rows, exam.BlankRows, exam.BlankColumns, exam.HiddenRows);

    /// <summary>Whether this is the same sheet, with the same columns.</summary>
    public bool IsSameTable(FileContents? other) =>
        other is not null && Shape.Sheet == other.Shape.Sheet
        && Columns.Select(column => column.Name).SequenceEqual(other.Columns.Select(column => column.Name));

    private static string? WhyOf(MappingReason? reason) =>
        reason is null or MappingReason.None ? null : JsonNamingPolicy.CamelCase.ConvertName(reason.Value.ToString());
}

/// <summary>Numbers of rows by what the plan does with them, and of partners that no row names and the plan deletes.</summary>
/// <param name="Skipped">Rows that a person left out.</param>
public readonly record struct ImportCounts(
    long Created, long Updated, long Unchanged, long Deleted, long Faulty, long Skipped, long Warned)
{
    public static ImportCounts operator +(ImportCounts one, ImportCounts other) => new(
        one.Created + other.Created, one.Updated + other.Updated, one.Unchanged + other.Unchanged, one.Deleted + other.Deleted,
        one.Faulty + other.Faulty, one.Skipped + other.Skipped, one.Warned + other.Warned);
}

/// <summary>Why an import failed or stopped.</summary>
/// <param name="Code">For programs; docs/reference/errors.md lists them.</param>
/// <param name="Message">For people, in English.</param>
public sealed record ImportReason(string Code, string Message);

/// <summary>
/// An import: a file, how it is read, what its columns mean, what its rows would do, and what became of it. Immutable; each
/// change is a step (<see cref="StoredImport"/>).
/// </summary>
public sealed record Import
{
    [JsonIgnore]
    public long WorkspaceId { get; init; }

    [JsonIgnore]
    public Guid Id { get; init; }

    [JsonIgnore]
    public long Step { get; init; }

    public ImportState State { get; init; }

    /// <summary>When each state was reached last.</summary>
    public IReadOnlyDictionary<string, Timestamp> Times { get; init; } = new Dictionary<string, Timestamp>();

    /// <summary>The API key that made it.</summary>
    public Guid KeyId { get; init; }

    public string? FileName { get; init; }

    public string? MediaType { get; init; }

    /// <summary>Bytes of the file.</summary>
    public long Size { get; init; }

    /// <summary>SHA-256 of the file, in lower-case hexadecimal digits.</summary>
    public string Sha256 { get; init; } = "";

    public FileContents? Contents { get; init; }

    public IReadOnlyList<ColumnMapping> Mapping { get; init; } = [];

    /// <summary>Where the mapping comes from: suggested, remembered, named or set.</summary>
    public string MappingFrom { get; init; } = "suggested";

    /// <summary>Identifies the header, for the remembered mapping.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>How rows without id find their partner: null, externalId or email.</summary>
    public string? MatchOn { get; init; }

    public ImportMode Mode { get; init; }

    /// <summary>For mirror: as the parameter of PUT, such as 100 or 10%.</summary>
    public string? MaxDeletes { get; init; }

    /// <summary>Whether rows without a match key create partners; otherwise they are refused.</summary>
    public bool CreatesWithoutKey { get; init; }

    /// <summary>Number of rows that people mended or left out.</summary>
    public int Edits { get; init; }

    /// <summary>What the plan does; null while there is none.</summary>
    public ImportCounts? Counts { get; init; }

    /// <summary>For mirror, if it would delete too many: how many are allowed.</summary>
    public long? AllowedDeletes { get; init; }

    /// <summary>The workspace's newest revision that the plan has seen.</summary>
    public long PlannedOn { get; init; }

    /// <summary>What a server does now, or is about to do; null if nothing.</summary>
    public ImportWork? Work { get; init; }

    /// <summary>When the work was asked for; null if there is none.</summary>
    public Timestamp? AskedAt { get; init; }

    /// <summary>Identifies the server that works on it, for as long as it renews its lease.</summary>
    public Guid? Lease { get; init; }

    /// <summary>Progress of the work: rows for a plan, parts for the others.</summary>
    public long Done { get; init; }

    public long Total { get; init; }

    /// <summary>Number of change sets that it makes, once it is applied.</summary>
    public int Parts { get; init; }

    /// <summary>Number of its change sets that were written when it last ended.</summary>
    public int Written { get; init; }

    /// <summary>Whether the undo of its change sets has begun. Then it cannot go on, only be undone to its end.</summary>
    public bool IsUndoBegun { get; init; }

    /// <summary>The key and the request that applied it.</summary>
    public Guid AppliedBy { get; init; }

    public Guid ApplyRequest { get; init; }

    /// <summary>Whether rows in conflict are left out when it is applied, or undone.</summary>
    public bool LeavesOutConflicts { get; init; }

    /// <summary>Rows, or partners when it is undone, that were found in conflict.</summary>
    public long Conflicts { get; init; }

    /// <summary>Rows of written parts that were left out when it was applied; null if an earlier version wrote that.</summary>
    public long? LeftOut { get; init; }

    /// <summary>Partners in conflict when it was to be undone, the first ones.</summary>
    public IReadOnlyList<UndoConflict> UndoConflicts { get; init; } = [];

    /// <summary>Whether the last undo changed nothing, since there were such partners.</summary>
    public bool IsUndoRefused { get; init; }

    /// <summary>Whether an undo is only tried.</summary>
    public bool IsUndoDryRun { get; init; }

    /// <summary>Whether somebody wants it cancelled.</summary>
    public bool IsCancelWanted { get; init; }

    public ImportReason? Reason { get; init; }

    /// <summary>Why the file is not stored any more; null while it is.</summary>
    public string? FileGone { get; init; }

    /// <summary>How often erasures have emptied rows of it.</summary>
    public int Erasures { get; init; }

    /// <summary>When file and rows are forgotten; null if they are.</summary>
    public Timestamp? ForgetAt { get; init; }

    /// <summary>Whether the rows are not stored any more.</summary>
    [JsonIgnore]
    public bool IsForgotten => ForgetAt is null;

    /// <summary>Number of rows that were left out when it was applied, since others had changed their partners.</summary>
    [JsonIgnore]
    public long RowsLeftOut => LeftOut ?? (State == ImportState.Applied && Work is null && Reason is null ? Conflicts : 0);

    /// <summary>Whether a server only looks for what an undo would not put back.</summary>
    [JsonIgnore]
    public bool IsUndoTried => IsUndoDryRun && Work == ImportWork.Undo;

    /// <summary>Whether its reading, mapping and rows can be changed.</summary>
    [JsonIgnore]
    public bool IsOpen => Work is null && FileGone is null && Written == 0
        && State is ImportState.Uploaded or ImportState.Planned or ImportState.Failed or ImportState.Stopped or ImportState.Cancelled;

    /// <summary>The same import in another state.</summary>
    public Import In(ImportState state, Timestamp now) => this with
    {
        State = state,
        Times = new Dictionary<string, Timestamp>(Times) { [NameOf(state)] = now },
    };

    /// <summary>A state as the API names it.</summary>
    public static string NameOf(ImportState state) => JsonNamingPolicy.CamelCase.ConvertName(state.ToString());

    /// <param name="dueAt">When a server has to do something for it.</param>
    public StoredImport ToStored(Timestamp? dueAt) =>
        new(WorkspaceId, Id, Step, dueAt, JsonSerializer.SerializeToUtf8Bytes(this, ImportJson.Default.Import));

    /// <exception cref="StoreException">The document is damaged.</exception>
    public static Import Of(StoredImport stored) =>
        PackedJson.Read(new ReadOnlySequence<byte>(stored.Document), ImportJson.Default.Import) with
        {
            WorkspaceId = stored.WorkspaceId,
            Id = stored.Id,
            Step = stored.Step,
        };
}

/// <summary>A partner that an undo would not leave as it was before the import.</summary>
public sealed record UndoConflict(Guid Id, string Code, string Message);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Import))]
[JsonSerializable(typeof(PlannedRow[]))]
[JsonSerializable(typeof(RowEdit[]))]
internal sealed partial class ImportJson : JsonSerializerContext;
