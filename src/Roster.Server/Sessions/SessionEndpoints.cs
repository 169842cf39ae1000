using System.Security.Claims;
using System.Text.Json;
using Roster.Access;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Hosting;
using Roster.Server.Http;
using Roster.Server.Keys;

namespace Roster.Server.Sessions;

/// <summary>The endpoints for sessions of the console: a browser exchanges a key or a link for a cookie.</summary>
internal static class SessionEndpoints
{
    private const int MaxSessions = 1_000;

    /// <summary>Far more than the longest valid body.</summary>
    private const int MaxBytes = 4 << 10;

    /// <summary>
    /// Rows of the key's limit that a sign-in takes. It adds an event to the audit, which nothing deletes, even for a key
    /// that only reads.
    /// </summary>
    private const int RowsOfSignIn = 10_000;

    /// <summary>GET /api/session: who calls, and what they may do.</summary>
    public static async Task GetAsync(HttpContext http, IRosterStore store)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        var workspace = await store.FindWorkspaceNameAsync(http.Caller().WorkspaceId, http.RequestAborted);
        await AnswerAsync(http, workspace, http.Session(), http.Caller(), secret: null);
    }

    /// <summary>
    /// POST /api/session: begins a session with the key of the request, or with a link, which makes a key. Always a new
    /// session: a cookie that the request has is not looked at.
    /// </summary>
    public static async Task BeginAsync(
        HttpContext http, IRosterStore store, TimeProvider clock, CallerLookUp callers, SecretLookUp secrets)
    {
        http.Response.Headers.CacheControl = "no-store";
        var problem = new Parameters(http.Request).Finish()
            ?? (!ConsoleRequest.IsFromConsole(http.Request) ? Problem.NotFromConsole
                : ConsoleCookie.NameFor(http.Request) is null ? Problem.HttpsRequired : null);
        if (problem is not null)
            await problem.WriteAsync(http);
        else if (http.Request.Headers.Authorization.Count > 0)
            await BeginByKeyAsync(http, store, clock, callers, secrets);
        else
            await BeginByLinkAsync(http, store, clock, secrets);
    }

    /// <summary>DELETE /api/session: ends this session.</summary>
    public static async Task EndOwnAsync(HttpContext http, IRosterStore store, TimeProvider clock)
    {
        var problem = new Parameters(http.Request).Finish() ?? (http.Session() is null ? Problem.NotFound : null);
        if (problem is not null)
            await problem.WriteAsync(http);
        else
            await EndAsync(http, store, clock, new KeySession(http.Session()!, http.Caller()));
    }

    /// <summary>GET /api/sessions: the key's own, or the workspace's for a key that may read keys.</summary>
    public static async Task ListAsync(HttpContext http, IRosterStore store, TimeProvider clock)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        var caller = http.Caller();
        var own = caller.Scopes.HasFlag(Scopes.KeysRead) ? default(Guid?) : caller.Id;
        var sessions = await store.ListSessionsAsync(caller.WorkspaceId, own, Timestamp.Now(clock), MaxSessions, http.RequestAborted);
        var current = http.Session()?.Id;
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartArray();
            foreach (var (session, key) in sessions)
            {
                json.WriteStartObject();
                json.WriteString("id", session.Id);
                json.WriteActor(new KeyName(key.Id, key.Name, key.Kind));
                json.WriteString("createdAt", session.CreatedAt.ToString());
                json.WriteString("lastUsedAt", session.LastUsedAt.ToString());
                json.WriteString("expiresAt", session.EndOf(key).ToString());
                json.WriteString("address", session.Address);
                json.WriteString("userAgent", session.UserAgent);
                json.WriteBoolean("current", session.Id == current);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>
    /// DELETE /api/sessions/{id}: ends a session of the same key, or with keysWrite one of a key with at most the caller's
    /// rights.
    /// </summary>
    public static async Task EndAsync(HttpContext http, string id, IRosterStore store, TimeProvider clock)
    {
        var found = Uuid.TryParse(id, out var wanted) ? await store.FindSessionAsync(wanted, http.RequestAborted) : null;
        if ((new Parameters(http.Request).Finish() ?? Refuse(found, http.Caller(), Timestamp.Now(clock))) is { } problem)
            await problem.WriteAsync(http);
        else
            await EndAsync(http, store, clock, found!);
    }

    private static Problem? Refuse(KeySession? found, ApiKey caller, Timestamp now)
    {
        if (found is not { Session: var session, Key: var key } || key.WorkspaceId != caller.WorkspaceId || !session.IsValidAt(now, key))
            return Problem.NotFound;
        if (key.Id == caller.Id)
            return null;
        if (!caller.Scopes.HasFlag(Scopes.KeysWrite))
            // A key that cannot list other keys' sessions does not learn which there are.
            return caller.Scopes.HasFlag(Scopes.KeysRead) ? Problem.MissingScope(Scopes.KeysWrite) : Problem.NotFound;
        return KeyEndpoints.RefuseBeyond(key, caller);
    }

    private static async Task EndAsync(HttpContext http, IRosterStore store, TimeProvider clock, KeySession ended)
    {
        var (session, key) = ended;
        await store.EndSessionAsync(session.Id, Event(AuditAction.SessionEnded, session, key, Timestamp.Now(clock), http.Actor()),
            http.RequestAborted);
        if (session.Id == http.Session()?.Id)
            ConsoleCookie.Clear(http);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task BeginByKeyAsync(
        HttpContext http, IRosterStore store, TimeProvider clock, CallerLookUp callers, SecretLookUp secrets)
    {
        var caller = CallerLookUp.KeyOf(http.Request) is { } given ? await callers.ByKeyAsync(http, given) : default;
        if (caller.Found is not { } found)
        {
            await secrets.RefuseAsync(http, Problem.Unauthorized, caller.End);
            return;
        }
        // Known to the log and to the limits.
        http.User = new ClaimsPrincipal(found);
        var problem = http.RequestServices.GetRequiredService<RequestLimits>().TakeRows(http, RowsOfSignIn)
            ?? (!found.AllowsPageOf(http.Request) ? Problem.OriginNotAllowed
            : await RequestBody.ReadAllAsync(http.Request, 0, http.RequestAborted) is null
                ? JsonBody.Wrong("Send a key or a link, not both: with the header Authorization the body is empty.") : null);
        if (problem is not null)
        {
            await problem.WriteAsync(http);
            return;
        }
        var now = Timestamp.Now(clock);
        var (session, secret) = New(http, found.Key, now);
        // Read before the session is stored: a failure afterwards would hide that it has begun.
        var workspace = await store.FindWorkspaceNameAsync(session.WorkspaceId, http.RequestAborted);
        var audit = Event(AuditAction.SessionBegun, session, found.Key, now, http.Actor());
        if (!await store.AddSessionAsync(session, found.Key, audit, http.RequestAborted))
        {
            await secrets.RefuseAsync(http, Problem.Unauthorized);
            return;
        }
        await BegunAsync(http, workspace, session, secret, found.Key, null);
    }

    private static async Task BeginByLinkAsync(HttpContext http, IRosterStore store, TimeProvider clock, SecretLookUp secrets)
    {
        if (http.Request.ContentType is null && http.Request.ContentLength is null or 0)
        {
            await secrets.RefuseAsync(http, Problem.Unauthorized);
            return;
        }
        var (body, problem) = await JsonBody.ReadAsync(http.Request, MaxBytes, http.RequestAborted);
        using var _ = body;
        var text = body is null ? null : TokenOf(body.RootElement);
        if (problem is null && text is null)
            problem = JsonBody.Wrong("The body is {\"link\": TOKEN}, and nothing else.");
        if (problem is not null)
        {
            await problem.WriteAsync(http);
            return;
        }
        var now = Timestamp.Now(clock);
        LookedUp<ConsoleLink> link = default;
        if (RandomSecret.Parse(text!) is { } token)
            link = await secrets.FindOnceAsync(http, async () =>
                await store.FindLinkAsync(token.Hash(), http.RequestAborted) is { } one && now < one.ExpiresAt ? one : null);
        if (link.Found is not { } found)
        {
            await secrets.RefuseAsync(http, Problem.LinkNotValid, link.End);
            return;
        }
        var person = ApiKeySecret.Mint();
        var key = ApiKey.ForPerson(found.WorkspaceId, found.Name, person, found.Grant, now);
        var (session, secret) = New(http, key, now);
        // Read before the link is used up: a failure afterwards would lose the only showing of the key.
        var workspace = await store.FindWorkspaceNameAsync(key.WorkspaceId, http.RequestAborted);
        var address = http.ClientAddress();
        // The person was invited by whoever made the link.
        AuditEvent[] audit =
        [
            AuditEvent.Of(
                AuditAction.PersonCreated, key.WorkspaceId, now, new Actor(found.MadeBy, address), AuditEvent.SubjectOf(key.Id, key.Name)),
            Event(AuditAction.SessionBegun, session, key, now, new Actor(key.Id, address)),
        ];
        if (!await store.UseLinkAsync(found, key, session, audit, http.RequestAborted))
        {
            await secrets.RefuseAsync(http, Problem.LinkNotValid);
            return;
        }
        http.RequestServices.GetRequiredService<KnownKeys>().Add(key.Hash);
        await BegunAsync(http, workspace, session, secret, key, person);
    }

    /// <summary>Signs the browser in with a session that was stored: the end of each sign-in.</summary>
    internal static void SignIn(HttpContext http, ApiKey key, Session session, RandomSecret secret)
    {
        http.User = new ClaimsPrincipal(new CallerIdentity(key, session));
        http.RequestServices.GetRequiredService<KnownKeys>().Add(session.Hash);
        ConsoleCookie.Set(http, secret);
    }

    internal static (Session Session, RandomSecret Secret) New(HttpContext http, ApiKey key, Timestamp now)
    {
        var secret = RandomSecret.Mint();
        return (new Session(
            Guid.CreateVersion7(), key.WorkspaceId, key.Id, secret.Hash(), now, now, http.ClientAddress(), AgentOf(http)), secret);
    }

    /// <summary>The browser as it names itself, cut without splitting a character; null if it does not.</summary>
    private static string? AgentOf(HttpContext http)
    {
        var agent = http.Request.Headers.UserAgent.ToString();
        return agent.Length == 0 ? null : TextCut.Within(agent, Session.MaxUserAgent);
    }

    private static Task BegunAsync(
        HttpContext http, string? workspace, Session session, RandomSecret secret, ApiKey key, ApiKeySecret? person)
    {
        SignIn(http, key, session, secret);
        http.Response.StatusCode = StatusCodes.Status201Created;
        return AnswerAsync(http, workspace, session, key, person);
    }

    /// <param name="workspace">The name of the key's workspace.</param>
    /// <param name="secret">The secret of a person's new key, shown this once.</param>
    private static Task AnswerAsync(HttpContext http, string? workspace, Session? session, ApiKey key, ApiKeySecret? secret) =>
        JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartObject();
            json.WriteString("id", session?.Id.ToString());
            json.WriteStartObject("workspace");
            json.WriteString("name", workspace);
            json.WriteEndObject();
            json.WriteActor(new KeyName(key.Id, key.Name, key.Kind));
            json.WriteString("role", Roles.NameOf(key.Scopes));
            json.WriteTexts("scopes", key.Scopes.Names());
            json.WriteString("createdAt", session?.CreatedAt.ToString());
            json.WriteString("expiresAt", (session is null ? key.ExpiresAt : session.EndOf(key))?.ToString());
            json.WriteString("version", ServerVersion.Text);
            if (secret is not null)
                json.WriteString("key", secret.Text);
            json.WriteEndObject();
        });

    internal static AuditEvent Event(string action, Session session, ApiKey key, Timestamp at, Actor actor) =>
        AuditEvent.Of(action, session.WorkspaceId, at, actor, AuditEvent.SubjectOf(session.Id, key.Name));

    /// <returns>Null if the body has anything else than a link.</returns>
    private static string? TokenOf(JsonElement body) =>
        body.EnumerateObject().ToList() is [var member] && JsonBody.TryName(member, out var name) && name == "link"
            && JsonBody.TryText(member.Value, out var text) ? text : null;
}
