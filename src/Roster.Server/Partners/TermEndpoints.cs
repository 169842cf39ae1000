using Roster.Partners;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Http;

namespace Roster.Server.Partners;

/// <summary>Endpoints of the tags and metadata keys of a workspace's partners.</summary>
internal static class TermEndpoints
{
    private const int DefaultTake = 100;
    private const int MaxTake = 1_000;
    private const int MaxCursor = 1_000;

    /// <summary>GET /api/tags: each tag, in the order in which tags are compared, with how many partners have it.</summary>
    public static Task TagsAsync(HttpContext http, IRosterStore store) => ListAsync(http, store, TermKind.Tag, "tag");

    /// <summary>GET /api/metadata-keys: each key, in code point order, with how many partners have it.</summary>
    public static Task MetadataKeysAsync(HttpContext http, IRosterStore store) => ListAsync(http, store, TermKind.MetadataKey, "key");

    private static async Task ListAsync(HttpContext http, IRosterStore store, TermKind kind, string name)
    {
        var parameters = new Parameters(http.Request);
        var take = parameters.Integer("take", 1, MaxTake) ?? DefaultTake;
        var after = parameters.NonBlank("cursor", MaxCursor);
        if (await parameters.RefuseAsync(http))
            return;
        var terms = await store.ListTermsAsync(http.Caller().WorkspaceId, kind, after, take, http.RequestAborted);
        if (terms.Count == take)
            http.ShowNext("cursor", terms[^1].Term);
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartArray();
            // Terms that only deleted partners have are not shown.
            foreach (var term in terms.Where(term => term.Partners > 0))
            {
                json.WriteStartObject();
                json.WriteString(name, term.Shown);
                json.WriteNumber("partners", term.Partners);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }
}
