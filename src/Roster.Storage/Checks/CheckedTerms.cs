using System.Text.Json;

namespace Roster.Storage.Checks;

/// <summary>The terms of tags and metadata that may be damaged.</summary>
internal static class CheckedTerms
{
    /// <returns>Null if the metadata is no JSON.</returns>
    public static List<SearchTerm>? Of(string? tags, string? metadata)
    {
        try
        {
            return SearchTerm.Of(tags, metadata);
        }
        catch (Exception damage) when (damage is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
