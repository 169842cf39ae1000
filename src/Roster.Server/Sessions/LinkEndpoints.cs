using Roster.Access;
using Roster.Batches;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Http;
using Roster.Server.Keys;

namespace Roster.Server.Sessions;

/// <summary>The endpoint that invites people by links.</summary>
internal static class LinkEndpoints
{
    private const string NameRule = "name is required: say who the person is.";

    private const int MaxBytes = 64 << 10;

    /// <summary>POST /api/links: a link for a person with at most the caller's rights, hosts and time.</summary>
    public static async Task CreateAsync(HttpContext http, IRosterStore store, SteadyClock clock)
    {
        var problem = new Parameters(http.Request).Finish();
        var (name, scopes) = ("", Scopes.None);
        if (problem is null)
            (name, scopes, problem) = await ReadAsync(http);
        var caller = http.Caller();
        if (problem is null && (scopes & ~caller.Scopes) is not Scopes.None and var missing)
            problem = Problem.MissingScope(missing);
        if (problem is not null)
        {
            await problem.WriteAsync(http);
            return;
        }
        var (link, secret) = New(
            caller.WorkspaceId, caller.Id, name, caller.Grant with { Scopes = scopes }, Timestamp.From(clock.Latest));
        await store.AddLinkAsync(link, Event(link, http.Actor()), http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status201Created;
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartObject();
            json.WriteString("link", UrlOf(ConsoleRequest.OriginOf(http.Request), secret));
            json.WriteString("name", name);
            json.WriteString("role", Roles.NameOf(scopes));
            json.WriteTexts("scopes", scopes.Names());
            json.WriteString("expiresAt", link.ExpiresAt.ToString());
            json.WriteEndObject();
        });
    }

    /// <param name="madeBy">The key that makes it; null for an operator's command.</param>
    public static (ConsoleLink Link, RandomSecret Secret) New(
        long workspaceId, Guid? madeBy, string name, Grant grant, Timestamp now)
    {
        var secret = RandomSecret.Mint();
        return (new ConsoleLink(Guid.CreateVersion7(), workspaceId, secret.Hash(), madeBy, name, grant, now), secret);
    }

    public static AuditEvent Event(ConsoleLink link, Actor actor) =>
        AuditEvent.Of(AuditAction.LinkCreated, link.WorkspaceId, link.CreatedAt, actor, AuditEvent.SubjectOf(link.Id, link.Name));

    /// <summary>The secret is in the fragment, which browsers send to no server.</summary>
    public static string UrlOf(string origin, RandomSecret secret) => $"{origin}/console/#link={secret.Text}";

    private static async Task<(string Name, Scopes Scopes, Problem? Problem)> ReadAsync(HttpContext http)
    {
        var (body, problem) = await JsonBody.ReadAsync(http.Request, MaxBytes, http.RequestAborted);
        if (problem is not null)
            return ("", Scopes.None, problem);
        using var json = body!;
        var faults = new FaultList();
        var (name, scopes) = ("", Scopes.None);
        if (JsonBody.Members(json.RootElement, faults) is not { } members)
            return (name, scopes, Problem.LinkNotMade(faults));
        foreach (var (field, value) in members)
        {
            if (field == "name")
                name = KeyRequest.ReadName(value, faults, NameRule);
            else if (field == "scopes")
                scopes = KeyRequest.ReadScopes(value, faults);
            else if (field != "role")
                faults.Add(JsonBody.Unknown(field, "name and role, or name and scopes"));
            else if (!JsonBody.TryText(value, out var role) || Roles.Parse(role) is not { } named)
                Reject(FaultCode.InvalidScope, "role", $"role is one of: {Roles.AllNames}.");
            else
                scopes = named;
        }
        if (!members.ContainsKey("name"))
            Reject(FaultCode.NameRequired, "name", NameRule);
        var hasRole = members.ContainsKey("role");
        if (hasRole == members.ContainsKey("scopes"))
            Reject(hasRole ? FaultCode.ConflictingFields : FaultCode.InvalidScope, "role", "Send either role or scopes.");
        return (name, scopes, faults.Count > 0 ? Problem.LinkNotMade(faults) : null);

        void Reject(string code, string field, string message) => faults.Add(new Fault(0, code, message, field));
    }
}
