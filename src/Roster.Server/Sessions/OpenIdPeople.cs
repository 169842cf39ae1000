using System.Text;
using System.Text.Json;
using Roster.Access;
using Roster.Server.Http;

namespace Roster.Server.Sessions;

/// <summary>Makes people of this server of those whom the provider knows.</summary>
internal sealed class OpenIdPeople(OpenIdSettings settings, IRosterStore store, TimeProvider clock)
{
    /// <summary>Each of them loses only to another sign-in of the same person.</summary>
    private const int MaxTries = 5;

    /// <summary>The name of people whose claims have none.</summary>
    private const string Nameless = "Person";

    private static readonly string[] NameClaims = ["name", "preferred_username", "email"];

    /// <summary>Begins a session of the person, with the rights that the provider gives now.</summary>
    /// <exception cref="OpenIdRefusedException">The provider gives no role here, or the person's key was revoked.</exception>
    public async Task<(ApiKey Key, Session Session, RandomSecret Secret)> SignInAsync(HttpContext http, OpenIdPerson person)
    {
        var (workspaceId, scopes) = await FindRightsAsync(person, http.RequestAborted)
            ?? throw new OpenIdRefusedException("no role in the claim");
        var identity = PersonIdentity.HashOf(settings.Issuer, person.Subject);
        var address = http.ClientAddress();
        for (var i = 0; i < MaxTries; i++)
        {
            var now = Timestamp.Now(clock);
            var known = await store.FindPersonAsync(workspaceId, identity, http.RequestAborted);
            if (known?.IsValidAt(now) == false)
                throw new OpenIdRefusedException("the person's key is not valid any more");
            var name = NameOf(person.Claims) ?? known?.Name ?? Nameless;
            var key = known is null ? New(workspaceId, name, scopes, now) : known with { Name = name, Scopes = scopes };
            var (session, secret) = SessionEndpoints.New(http, key, now);
            var actor = new Actor(key.Id, address);
            List<AuditEvent> audit = [SessionEndpoints.Event(AuditAction.SessionBegun, session, key, now, actor)];
            var change = known is null ? AuditAction.PersonCreated : AuditAction.PersonChanged;
            if (known?.Scopes != scopes)
                audit.Insert(0, AuditEvent.Of(change, workspaceId, now, actor, AuditEvent.SubjectOf(key.Id, key.Name)));
            if (await store.SignInAsync(key, identity, session, audit, http.RequestAborted))
                return (key, session, secret);
        }
        throw new OpenIdRefusedException("the person signs in too often at the same time");
    }

    /// <returns>At most <see cref="ApiKey.MaxName"/> characters; null if no claim has a name.</returns>
    public static string? NameOf(IReadOnlyList<JsonElement> claims)
    {
        foreach (var claim in NameClaims)
            foreach (var source in claims)
                if (JsonBody.TryFind(source, claim, out var value) && JsonBody.TryText(value, out var text)
                    && Clean(text) is { Length: > 0 } name)
                    return name;
        return null;
    }

    /// <summary>Without control characters and without what is too long.</summary>
    private static string Clean(string text)
    {
        var name = new StringBuilder();
        foreach (var rune in text.EnumerateRunes().Where(rune => !Rune.IsControl(rune)).Take(ApiKey.MaxName))
            name.Append(rune);
        return name.ToString().Trim();
    }

    /// <summary>
    /// The workspace is the first one of the claim that this server has. The largest of the roles there counts.
    /// </summary>
    private async Task<(long WorkspaceId, Scopes Scopes)?> FindRightsAsync(OpenIdPerson person, CancellationToken cancel)
    {
        if (person.Claims.Select(claims => OpenIdRole.Find(claims, settings.RoleClaim)).FirstOrDefault(found => found is not null)
            is not { } claim)
            return null;
        var roles = OpenIdRole.Read(claim, settings.Roles).ToList();
        if (roles.Count == 0)
            return null;
        var workspaces = await store.FindWorkspacesAsync([.. roles.Select(role => role.Workspace).Distinct()], cancel);
        roles.RemoveAll(role => !workspaces.ContainsKey(role.Workspace));
        // Each role has all scopes of the smaller ones.
        return roles.Count == 0 ? null : (workspaces[roles[0].Workspace], roles.Where(role => role.Workspace == roles[0].Workspace)
            .Aggregate(Scopes.None, (scopes, role) => scopes | role.Scopes));
    }

    /// <summary>A person whose key has a secret that nobody knows.</summary>
    private static ApiKey New(long workspaceId, string name, Scopes scopes, Timestamp now) =>
        ApiKey.ForPerson(workspaceId, name, ApiKeySecret.Mint(), new Grant(scopes, HostnameList.Any, null), now);
}
