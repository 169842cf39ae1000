using System.Text.Json.Serialization;

namespace Roster.Client;

/// <summary>A partner as the server has it, now or at a revision.</summary>
public sealed record Partner
{
    /// <summary>The id. For what a dry run would create it is <see cref="Guid.Empty"/>.</summary>
    public Guid Id { get; init; }

    /// <summary>The name. Null only if <see cref="Gone"/>.</summary>
    public string? Name { get; init; }

    public string? Email { get; init; }

    public string? Phone { get; init; }

    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ExternalId { get; init; }

    /// <summary>Ordered; case does not count.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Tags { get => field ?? []; init; }

    [JsonIgnore]
    public IReadOnlyDictionary<string, string> Metadata { get => field ?? Nothing; init; }

    /// <summary>UTC, to the millisecond.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>UTC, to the millisecond. Later than any earlier write of the workspace.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The change set that touched it last; only with <see cref="PartnerInclude.Revision"/>.</summary>
    [JsonPropertyOrder(4), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Revision { get; init; }

    /// <summary>When it was deleted; only with <see cref="PartnerInclude.DeletedAt"/>, and in the feed.</summary>
    [JsonPropertyOrder(5), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>Whether its values are not kept any more, or were erased.</summary>
    [JsonPropertyOrder(6), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Gone { get; init; }

    /// <summary>As in JSON, which leaves them out where there are none.</summary>
    [JsonInclude, JsonPropertyName("tags"), JsonPropertyOrder(2), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    internal IReadOnlyList<string>? TagsMember { get => Tags.Count == 0 ? null : Tags; init => Tags = value ?? []; }

    /// <inheritdoc cref="TagsMember"/>
    [JsonInclude, JsonPropertyName("metadata"), JsonPropertyOrder(3), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    internal IReadOnlyDictionary<string, string>? MetadataMember
    {
        get => Metadata.Count == 0 ? null : Metadata;
        init => Metadata = value ?? Nothing;
    }

    private static readonly Dictionary<string, string> Nothing = [];

    /// <summary>
    /// What can be sent back: the id, all fields, and no times. A field without a value is null, so it is cleared where
    /// somebody has set it meanwhile; metadata keys that were added meanwhile stay.
    /// </summary>
    /// <param name="ifUnchanged">
    /// Whether the write is refused, with the fault <c>changed_since</c>, if the partner was updated since this was read.
    /// </param>
    /// <exception cref="InvalidOperationException">The values are gone.</exception>
    public PartnerWrite ToWrite(bool ifUnchanged = false) => Gone
        ? throw new InvalidOperationException("The partner's values are gone; there is nothing to send back.")
        : new()
        {
            Id = Id,
            Name = Name,
            Email = Email,
            Phone = Phone,
            ExternalId = ExternalId,
            Tags = Tags.ToArray(),
            Metadata = Metadata.ToDictionary(pair => pair.Key, pair => (string?)pair.Value),
            IfUpdatedAt = ifUnchanged ? UpdatedAt : null,
        };
}

/// <summary>Members of answers beyond the published ones.</summary>
[Flags]
public enum PartnerInclude
{
    None = 0,

    /// <summary><see cref="Partner.Revision"/>.</summary>
    Revision = 1,

    /// <summary><see cref="Partner.DeletedAt"/>.</summary>
    DeletedAt = 2,

    /// <summary>A column of tags; for CSV only, since JSON has them always.</summary>
    Tags = 4,

    /// <summary>A column for each key of metadata; for CSV only.</summary>
    Metadata = 8,
}
