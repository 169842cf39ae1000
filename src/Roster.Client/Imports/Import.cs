using System.Text.Json.Serialization;

namespace Roster.Client;

/// <summary>A file, how it is read, what its rows would do, and what became of it.</summary>
public sealed record Import
{
    public Guid Id { get; init; }

    /// <summary>Counts the changes of the import.</summary>
    public long Step { get; init; }

    /// <summary>
    /// <c>uploaded</c>, <c>planned</c>, <c>applying</c>, <c>applied</c>, <c>stopped</c>, <c>cancelled</c>, <c>undone</c> or
    /// <c>failed</c>.
    /// </summary>
    public string State { get; init; } = "";

    /// <summary>What a server does now: <c>plan</c>, <c>apply</c> or <c>undo</c>; null for nothing.</summary>
    public string? Work { get; init; }

    /// <summary>When each state was reached last.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> Times { get => field ?? NoTimes; init; }

    /// <summary>Why it failed or stopped, or why an undo was not carried out.</summary>
    public ImportReason? Reason { get; init; }

    public Guid KeyId { get; init; }

    public Actor? Actor { get; init; }

    public ImportedFile File { get => field ?? new(); init; }

    /// <summary>Encodings to choose from; only if one must be chosen.</summary>
    public IReadOnlyList<EncodingSample> Encodings { get => field ?? []; init; }

    public IReadOnlyList<ImportSheet> Sheets { get => field ?? []; init; }

    /// <summary>Rows with text. Null in lists, as the members to <see cref="Columns"/>.</summary>
    public long? Rows { get; init; }

    public long? BlankRows { get; init; }

    public long? BlankColumns { get; init; }

    public long? HiddenRows { get; init; }

    /// <summary><c>suggested</c>, <c>remembered</c>, <c>named</c> or <c>set</c>.</summary>
    public string? MappingFrom { get; init; }

    public string? Fingerprint { get; init; }

    public IReadOnlyList<ImportColumn> Columns { get => field ?? []; init; }

    /// <summary>How rows without an id find their partner: <c>externalId</c>, <c>email</c>, or null for not at all.</summary>
    public string? MatchOn { get; init; }

    /// <summary><c>upsert</c>, <c>update</c>, <c>create</c> or <c>mirror</c>.</summary>
    public string Mode { get; init; } = "";

    /// <summary>As <c>100</c> or <c>10%</c>; null is 5%.</summary>
    public string? MaxDeletes { get; init; }

    /// <summary><c>refuse</c> or <c>create</c>.</summary>
    public string WithoutKey { get; init; } = "";

    /// <summary>Rows that were mended or left out.</summary>
    public int Edits { get; init; }

    /// <summary>What the plan does; null if there is none.</summary>
    public ImportCounts? Counts { get; init; }

    /// <summary>Rows of a plan; parts of an import that is applied or undone.</summary>
    public ImportProgress Progress { get => field ?? new(); init; }

    /// <summary>Change sets that it makes; 0 until it is applied.</summary>
    public int Parts { get; init; }

    /// <summary>Rows, or for an undo partners, that were changed by others.</summary>
    public long Conflicts { get; init; }

    /// <summary>Rows that were left out when it was applied, since their partners had been changed. An undo leaves it.</summary>
    public long LeftOut { get; init; }

    /// <summary>Whether the work is an undo that only looks for conflicts.</summary>
    public bool UndoDryRun { get; init; }

    /// <summary>Whether change sets of it are undone. Then it cannot be applied any more, only be undone to its end.</summary>
    public bool UndoBegun { get; init; }

    /// <summary>Whether the last undo changed nothing, since partners were changed after the import.</summary>
    public bool UndoRefused { get; init; }

    /// <summary>The change sets that are written, in the order of the parts. Empty in lists.</summary>
    public IReadOnlyList<long> Revisions { get => field ?? []; init; }

    /// <summary>Partners that an undo would not leave as they were; the first 1,000. Empty in lists.</summary>
    public IReadOnlyList<UndoConflict> UndoConflicts { get => field ?? []; init; }

    /// <summary>When the file and the rows are deleted; null if they are.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    private static readonly Dictionary<string, DateTimeOffset> NoTimes = [];
}

/// <summary>Why an import failed or stopped.</summary>
public sealed record ImportReason(string Code, string Message);

/// <summary>The file of an import.</summary>
public sealed record ImportedFile
{
    public string? Name { get; init; }

    /// <summary>Its media type, as it was sent.</summary>
    public string? Type { get; init; }

    /// <summary>Bytes, uncompressed.</summary>
    public long Size { get; init; }

    /// <summary>In hexadecimal digits; empty until the file has been received.</summary>
    public string Sha256 { get; init; } = "";

    /// <summary>Why the file is not stored any more; null while it is.</summary>
    public string? Gone { get; init; }

    /// <summary><c>csv</c>, <c>xlsx</c>, <c>ndjson</c> or <c>json</c>; null if it could not be read.</summary>
    public string? Format { get; init; }

    /// <summary>Null for a workbook, and if it must be chosen.</summary>
    public string? Encoding { get; init; }

    /// <summary><c>comma</c>, <c>semicolon</c>, <c>tab</c> or <c>pipe</c>.</summary>
    public string? Delimiter { get; init; }

    /// <summary>The line with the names of the columns; null if there is none.</summary>
    public int? HeaderRow { get; init; }

    public string? Sheet { get; init; }
}

/// <summary>Lines of the file, as they read in an encoding.</summary>
public sealed record EncodingSample(string Encoding, IReadOnlyList<string> Lines);

/// <summary>A sheet of a workbook.</summary>
public sealed record ImportSheet(string Name, bool Hidden);

/// <summary>A column of the file, and what it is taken for.</summary>
public sealed record ImportColumn
{
    public string Column { get; init; } = "";

    /// <summary>
    /// <c>id</c>, <c>name</c>, <c>email</c>, <c>phone</c>, <c>externalId</c>, <c>name.given</c>, <c>name.family</c>,
    /// <c>tags</c>, <c>addTags</c>, <c>metadata.KEY</c>, or null: not imported.
    /// </summary>
    public string? Target { get; init; }

    /// <summary>What an empty cell does: <c>keep</c> or <c>clear</c>.</summary>
    public string Empty { get; init; } = "";

    public bool Trim { get; init; }

    /// <summary>Why it was suggested: <c>exact</c>, <c>synonym</c> or <c>contents</c>; null if it was not.</summary>
    public string? Why { get; init; }

    /// <summary>Percentage of rows with text in it.</summary>
    public double Filled { get; init; }

    public IReadOnlyList<string> Samples { get => field ?? []; init; }
}

/// <summary>What a plan does, in rows.</summary>
public sealed record ImportCounts
{
    public long Created { get; init; }

    public long Updated { get; init; }

    public long Unchanged { get; init; }

    public long Deleted { get; init; }

    /// <summary>Rows with faults; they are not applied.</summary>
    public long Faulty { get; init; }

    /// <summary>Rows that were left out by hand.</summary>
    public long Skipped { get; init; }

    /// <summary>Rows with warnings; they are in another count too.</summary>
    public long Warned { get; init; }

    /// <summary>For a mirror: how many partners may be deleted.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AllowedDeletes { get; init; }
}

/// <summary>How far a server is.</summary>
public sealed record ImportProgress
{
    public long Done { get; init; }

    public long Of { get; init; }
}

/// <summary>A partner that an undo would not leave as it was.</summary>
public sealed record UndoConflict(Guid Id, string Code, string Message);
