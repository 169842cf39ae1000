using System.Text.Json;
using Roster.Access;
using Roster.Server.Http;

namespace Roster.Server.Sessions;

/// <summary>A role in a workspace, as a provider gives it to a person.</summary>
internal readonly record struct OpenIdRole(string Workspace, Scopes Scopes)
{
    /// <summary>The most values of a claim that are looked at.</summary>
    private const int MaxValues = 1_000;

    /// <param name="text"><c>WORKSPACE:ROLE</c>, or <c>ROLE</c> for the default workspace.</param>
    /// <returns>Null if it is neither.</returns>
    public static OpenIdRole? Parse(string text)
    {
        // Names of workspaces may have a colon, those of roles have none.
        var colon = text.LastIndexOf(':');
        return colon != 0 && !text.Any(char.IsControl) && Roles.Parse(text[(colon + 1)..]) is { } scopes
            ? new OpenIdRole(colon < 0 ? Roster.Workspace.Default : text[..colon], scopes) : null;
    }

    /// <summary>The roles of a claim, which is a text or an array of texts. Other values are left out.</summary>
    public static IEnumerable<OpenIdRole> Read(JsonElement claim, IReadOnlyDictionary<string, string> named)
    {
        foreach (var value in claim.ValueKind == JsonValueKind.Array ? claim.EnumerateArray().Take(MaxValues) : [claim])
            if (JsonBody.TryText(value, out var text)
                && Parse(named.GetValueOrDefault(text, text)) is { } role)
                yield return role;
    }

    /// <summary>Finds a claim by its dotted path.</summary>
    /// <param name="path">A member whose own name has dots is found, too; the longest name comes first.</param>
    public static JsonElement? Find(JsonElement claims, string path)
    {
        if (claims.ValueKind != JsonValueKind.Object)
            return null;
        for (var end = path.Length; end > 0; end = path.LastIndexOf('.', end - 1))
            if (JsonBody.TryFind(claims, path[..end], out var member)
                && (end == path.Length ? member : Find(member, path[(end + 1)..])) is { } found)
                return found;
        return null;
    }
}
