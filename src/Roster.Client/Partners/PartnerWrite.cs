using System.Runtime.Serialization;
using System.Text.Json.Serialization;

namespace Roster.Client;

/// <summary>
/// What to write of one partner. A member that is not set is absent: what is stored stays. Null in an
/// <see cref="Optional{T}"/> clears what is stored. Texts are stored exactly as they are sent; lengths are counted in
/// Unicode code points.
/// </summary>
[DataContract]
public sealed partial record PartnerWrite
{
    /// <summary>Updates this partner. Null creates one, or matches by <see cref="UpsertOptions.MatchOn"/>.</summary>
    [JsonPropertyName("id")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? Id { get; set; }

    /// <summary>1 to 255 characters; required to create. A name cannot be cleared: null is absent.</summary>
    [JsonPropertyName("name")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Name { get; set; }

    /// <summary>One address of up to 254 characters, such as <c>name@example.com</c>.</summary>
    [JsonPropertyName("email")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Optional<string> Email { get; set; }

    /// <summary>1 to 64 characters of free text.</summary>
    [JsonPropertyName("phone")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Optional<string> Phone { get; set; }

    /// <summary>Your own id for the partner: 1 to 255 characters, unique among the live partners of the workspace.</summary>
    [JsonPropertyName("externalId")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Optional<string> ExternalId { get; set; }

    /// <summary>Replaces all tags: up to 50 of 1 to 50 characters. Null or none removes all. Case does not count.</summary>
    [JsonPropertyName("tags")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Optional<string[]> Tags { get; set; }

    /// <summary>Adds these tags and leaves the others. Not together with <see cref="Tags"/>, and not in an import.</summary>
    [JsonPropertyName("addTags")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? AddTags { get; set; }

    /// <summary>Removes these tags and leaves the others. Not together with <see cref="Tags"/>, and not in an import.</summary>
    [JsonPropertyName("removeTags")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? RemoveTags { get; set; }

    /// <summary>
    /// Sets these keys, removes those whose value is null, and leaves the others; null removes all keys. A partner has up to
    /// 50 keys of 1 to 40 letters or digits of ASCII, <c>_</c>, <c>.</c> or <c>-</c>, values of 1 to 500 characters, and 8 KiB
    /// in all.
    /// </summary>
    [JsonPropertyName("metadata")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Optional<Dictionary<string, string?>> Metadata { get; set; }

    /// <summary>
    /// The item is refused, with the fault <c>changed_since</c>, unless the partner was last updated then. Not in an import,
    /// which looks for changes since its plan itself.
    /// </summary>
    [JsonPropertyName("ifUpdatedAt")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? IfUpdatedAt { get; set; }
}
