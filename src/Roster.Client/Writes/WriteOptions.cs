namespace Roster.Client;

/// <summary>Options of every write.</summary>
public record WriteOptions
{
    /// <summary>Answers as the write would, with the same errors, and writes nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>
    /// Only if this is the workspace's newest revision, as <see cref="WriteResult.Revision"/> of a dry run gave it; otherwise
    /// <c>revision_changed</c>. Not for more than 10,000 items.
    /// </summary>
    public long? IfRevision { get; init; }

    /// <summary>
    /// 1 to 255 printable characters of ASCII. The same call with the same key is carried out once, also by another process,
    /// for as long as the server keeps answers (24 hours). Null: a new one, which all attempts of the call have.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Answers with <see cref="WriteResult.Changes"/> instead of partners. Not for more than 10,000 items.</summary>
    public bool ReturnChanges { get; init; }

    internal string KeyOrNew() => IdempotencyKey ?? Guid.NewGuid().ToString("N");
}

/// <summary>How a batch finds its partners, and what becomes of the others.</summary>
public sealed record UpsertOptions : WriteOptions
{
    /// <summary>How items without an id find the partner that they update.</summary>
    public MatchOn MatchOn { get; init; }

    public UpsertMode Mode { get; init; }

    /// <summary>
    /// For a mirror: how many partners may be deleted, as <c>100</c> or <c>10%</c> of the live ones; null is <c>5%</c>, and
    /// never more than 10,000. If it would be more, nothing is written (<c>too_many_deletes</c>).
    /// </summary>
    public string? MaxDeletes { get; init; }

    /// <summary>
    /// With <see cref="MatchOn"/>: items with neither id nor key create a partner each time they are sent. Otherwise they
    /// are faults.
    /// </summary>
    public bool CreateWithoutKey { get; init; }

    internal string ToQuery() => new QueryText()
        .Add("matchOn", MatchOnText)
        .Add("mode", ModeText)
        .Add("maxDeletes", MaxDeletes).Add("withoutKey", CreateWithoutKey ? "create" : null).Add("dryRun", DryRun ? "true" : null)
        .ToString();

    internal string? MatchOnText => MatchOn switch { MatchOn.ExternalId => "externalId", MatchOn.Email => "email", _ => null };

    internal string? ModeText => Mode switch { UpsertMode.Update => "update", UpsertMode.Mirror => "mirror", _ => null };
}

/// <summary>How items without an id find the partner that they update.</summary>
public enum MatchOn
{
    /// <summary>Not at all: each creates a partner.</summary>
    Nothing,

    /// <summary>By the external id, exactly.</summary>
    ExternalId,

    /// <summary>By the address; case does not count.</summary>
    Email,
}

/// <summary>What becomes of items that find no partner, and of partners that no item names.</summary>
public enum UpsertMode
{
    /// <summary>Items that find no partner create one.</summary>
    Upsert,

    /// <summary>Items that find no partner are faults.</summary>
    Update,

    /// <summary>As upsert, and partners that no item names are deleted. Needs <see cref="UpsertOptions.MatchOn"/>.</summary>
    Mirror,
}

/// <summary>What a write did, or would do.</summary>
public sealed record WriteResult
{
    /// <summary>
    /// The revision that it made; where nothing changed, the newest one; for a dry run, the one on which it was planned. Of
    /// an import, the last part's. Null for an import that wrote nothing.
    /// </summary>
    public long? Revision { get; init; }

    public int Created { get; init; }

    public int Updated { get; init; }

    public int Unchanged { get; init; }

    public int Deleted { get; init; }

    public int Restored { get; init; }

    /// <summary>
    /// The partners as they are now, in the order of the items. Empty for deletions and erasures, with
    /// <see cref="WriteOptions.ReturnChanges"/>, and for more than 10,000 items.
    /// </summary>
    public IReadOnlyList<Partner> Partners { get; init; } = [];

    /// <summary>With <see cref="WriteOptions.ReturnChanges"/>: what changes, in the order of the items.</summary>
    public IReadOnlyList<PartnerChange> Changes { get; init; } = [];

    /// <summary>The import that more than 10,000 items became; it can be undone as a whole.</summary>
    public Guid? ImportId { get; init; }

    /// <summary>Whether the server had carried out the write before, and gave that answer again.</summary>
    public bool IsReplay { get; init; }
}

/// <summary>How far an upsert is.</summary>
/// <param name="Done">Items that were read, bytes that were sent, rows that were planned, or parts that were written.</param>
/// <param name="Of">How many of these there are; 0 if that is not known.</param>
public readonly record struct UpsertProgress(UpsertStage Stage, long Done, long Of);

/// <summary>The stages of an upsert. A batch of up to 10,000 items has only the first and the last one.</summary>
public enum UpsertStage
{
    Reading,
    Uploading,
    Planning,
    Applying,
    Done,
}
