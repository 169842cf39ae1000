using System.Text.Json;

namespace Roster.Tests.Model;

/// <summary>A partner's values, as answers have them.</summary>
/// <param name="Tags">Divided by |, in order.</param>
/// <param name="Metadata">As <c>key=value;</c>, in order.</param>
internal sealed record State(string Name, string? Email, string? Phone, string? ExternalId, string Tags = "", string Metadata = "")
{
    public static State Of(JsonElement partner) => new(
        partner.GetProperty("name").GetString()!, partner.GetProperty("email").GetString(), partner.GetProperty("phone").GetString(),
        partner.TryGetProperty("externalId", out var externalId) ? externalId.GetString() : null,
        partner.TryGetProperty("tags", out var tags) ? string.Join('|', tags.EnumerateArray().Select(tag => tag.GetString())) : "",
        partner.TryGetProperty("metadata", out var metadata)
            ? string.Concat(metadata.EnumerateObject().Select(pair => $"{pair.Name}={pair.Value.GetString()};")) : "");

    /// <summary>The state after an item has changed its tags and its metadata.</summary>
    public State WithExtras(Dictionary<string, string?> fields)
    {
        var tags = Tags.Split('|', StringSplitOptions.RemoveEmptyEntries).ToList();
        var metadata = Metadata.Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        foreach (var (name, value) in fields)
        {
            var given = value?.Split('|') ?? [];
            if (name == "tags")
                tags = [.. given.Select(tag => tags.Find(had => AreSame(had, tag)) ?? tag)];
            else if (name == "addTags")
                tags.AddRange(given.Where(tag => !tags.Exists(had => AreSame(had, tag))));
            else if (name == "removeTags")
                tags.RemoveAll(tag => given.Any(one => AreSame(one, tag)));
            else if (name == "metadata")
                metadata.Clear();
            else if (name.StartsWith("metadata.", StringComparison.Ordinal) && value is null)
                metadata.Remove(name["metadata.".Length..]);
            else if (name.StartsWith("metadata.", StringComparison.Ordinal))
                metadata[name["metadata.".Length..]] = value!;
        }
        return this with
        {
            Tags = string.Join('|', tags.OrderBy(tag => tag.ToLowerInvariant(), StringComparer.Ordinal)),
            Metadata = string.Concat(metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => $"{pair.Key}={pair.Value};")),
        };

        static bool AreSame(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);
    }
}
