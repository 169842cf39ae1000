using System.Text.Json;
using Roster.Access;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Http;

namespace Roster.Server.Keys;

/// <summary>The endpoints for a workspace's API keys and their audit.</summary>
internal static class KeyEndpoints
{
    private const int DefaultOverlapSeconds = 24 * 60 * 60;
    private const int MaxOverlapSeconds = 30 * DefaultOverlapSeconds;
    private const int MaxAudit = 1_000;
    private const long MicrosecondsPerSecond = 1_000_000;

    /// <summary>POST /api/keys: creates a key with at most the caller's rights and shows its secret once.</summary>
    public static async Task CreateAsync(HttpContext http, IRosterStore store, TimeProvider clock)
    {
        var now = Timestamp.Now(clock);
        var parameters = new Parameters(http.Request).Finish();
        var (request, problem) = parameters is null
            ? await KeyRequest.ReadAsync(http.Request, now, http.RequestAborted) : (null, parameters);
        var caller = http.Caller();
        if (request is not null)
            problem = request.RefuseBeyond(caller);
        if (problem is not null)
        {
            await problem.WriteAsync(http);
            return;
        }
        await AddAsync(http, store, now, AuditAction.KeyCreated, null, new ApiKey(
            Guid.CreateVersion7(), caller.WorkspaceId, request!.Name, "", [], request.Scopes, now, request.ExpiresAt, null,
            request.AllowedHostnames));
    }

    /// <summary>GET /api/keys: the workspace's keys, oldest first, without their secrets.</summary>
    public static async Task ListAsync(HttpContext http, IRosterStore store)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        var keys = await store.ListKeysAsync(http.Caller().WorkspaceId, http.RequestAborted);
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartArray();
            foreach (var key in keys)
                Write(json, key, null);
            json.WriteEndArray();
        });
    }

    /// <summary>
    /// POST /api/keys/{id}/rotate: a new secret with the same rights, for a key that has at most the caller's rights.
    /// The old secret stays valid for the overlap, the new one for as long as the old key was made for.
    /// </summary>
    public static async Task RotateAsync(HttpContext http, string id, IRosterStore store, TimeProvider clock)
    {
        var parameters = new Parameters(http.Request);
        var overlap = parameters.Integer("overlap", 0, MaxOverlapSeconds) ?? DefaultOverlapSeconds;
        var now = Timestamp.Now(clock);
        var old = await FindAsync(http, id, store);
        var problem = parameters.Finish() ?? (old is null || !old.IsValidAt(now) ? Problem.NotFound : RefuseBeyond(old, http.Caller()));
        if (problem is null && ReplacementOf(old!, await store.ListKeysAsync(old!.WorkspaceId, http.RequestAborted)) is { } replacement)
            problem = Problem.AlreadyRotated(replacement.Id, old.ExpiresAt!.Value);
        if (problem is not null)
        {
            await problem.WriteAsync(http);
            return;
        }
        await AddAsync(http, store, now, AuditAction.KeyRotated, (old!.Id, now.AddMilliseconds(overlap * 1_000L)), old with
        {
            Id = Guid.CreateVersion7(),
            CreatedAt = now,
            ExpiresAt = EndAfter(old, http.Caller(), now),
            LastUsedAt = null,
        });
    }

    /// <summary>
    /// DELETE /api/keys/{id}: revokes a key that has at most the caller's rights; it stops working at once.
    /// </summary>
    public static async Task RevokeAsync(HttpContext http, string id, IRosterStore store, TimeProvider clock)
    {
        var key = await FindAsync(http, id, store);
        var refusal = new Parameters(http.Request).Finish() ?? (key is null ? Problem.NotFound : RefuseBeyond(key, http.Caller()));
        if (refusal is not null)
        {
            await refusal.WriteAsync(http);
            return;
        }
        var audit = AuditEvent.Of(
            AuditAction.KeyRevoked, key!.WorkspaceId, Timestamp.Now(clock), http.Actor(), AuditEvent.SubjectOf(key.Id, key.Name));
        await store.RevokeKeyAsync(key.Id, audit, http.RequestAborted);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>GET /api/audit: who changed keys and the workspace, newest first.</summary>
    public static async Task AuditAsync(HttpContext http, IRosterStore store)
    {
        var parameters = new Parameters(http.Request);
        var take = parameters.Integer("take", 1, MaxAudit) ?? 50;
        var before = parameters.Guid("before");
        if (await parameters.RefuseAsync(http))
            return;
        var events = await store.ListAuditAsync(http.Caller().WorkspaceId, before, take, http.RequestAborted);
        if (events.Count == take)
            http.ShowNext("before", events[^1].Id.ToString());
        var actors = await Actors.OfAsync(http, store, events.Select(one => one.ActorKeyId));
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartArray();
            foreach (var one in events)
            {
                json.WriteStartObject();
                json.WriteString("id", one.Id);
                json.WriteString("at", one.At.ToString());
                json.WriteString("action", one.Action);
                json.WriteString("actorKeyId", one.ActorKeyId?.ToString());
                json.WriteActor(actors.Of(one.ActorKeyId));
                json.WriteString("address", one.Address);
                json.WriteString("subject", one.Subject);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    private static async Task AddAsync(
        HttpContext http, IRosterStore store, Timestamp now, string action, (Guid, Timestamp)? replaced, ApiKey template)
    {
        var secret = ApiKeySecret.Mint();
        var key = template with { Prefix = secret.Prefix, Hash = secret.Hash() };
        var audit = AuditEvent.Of(action, key.WorkspaceId, now, http.Actor(), AuditEvent.SubjectOf(key.Id, key.Name));
        if (!await store.AddKeyAsync(key, audit, replaced, http.RequestAborted))
        {
            await Problem.NotFound.WriteAsync(http);
            return;
        }
        http.RequestServices.GetRequiredService<KnownKeys>().Add(key.Hash);
        http.Response.StatusCode = StatusCodes.Status201Created;
        await JsonAnswer.SendAsync(http, json => Write(json, key, secret));
    }

    /// <returns>Null if the caller's workspace has no such key.</returns>
    private static async Task<ApiKey?> FindAsync(HttpContext http, string id, IRosterStore store) =>
        Uuid.TryParse(id, out var wanted)
        && await store.FindKeyAsync(wanted, http.RequestAborted) is { } key && key.WorkspaceId == http.Caller().WorkspaceId ? key : null;

    /// <summary>A key may not change a key that has more rights.</summary>
    /// <returns>Null if the key has at most the caller's rights.</returns>
    public static Problem? RefuseBeyond(ApiKey key, ApiKey caller) =>
        key.Grant.Beyond(caller.Grant) is { IsNone: false } excess ? Problem.KeyCanMore(excess, caller.Grant) : null;

    /// <summary>When the key that replaces this one ends: it lasts as long as this one was made for, but not beyond the caller.</summary>
    private static Timestamp? EndAfter(ApiKey old, ApiKey caller, Timestamp now)
    {
        if (old.ExpiresAt is not { } end)
            return null;
        var latest = (caller.ExpiresAt ?? Timestamp.From(DateTimeOffset.MaxValue)).Microseconds;
        return new Timestamp(Math.Min(latest, now.Microseconds + (end.Microseconds - old.CreatedAt.Microseconds)));
    }

    /// <summary>
    /// The key by which this one was replaced, if that gave this one its end. Such an end is whole seconds after the moment in
    /// which the other was made, to the microsecond, as no other end is.
    /// </summary>
    private static ApiKey? ReplacementOf(ApiKey old, IEnumerable<ApiKey> keys) => keys.FirstOrDefault(key =>
        key.Kind == old.Kind && key.CreatedAt > old.CreatedAt
        && old.ExpiresAt?.Microseconds - key.CreatedAt.Microseconds is >= 0 and <= MaxOverlapSeconds * MicrosecondsPerSecond and var overlap
        && overlap % MicrosecondsPerSecond == 0);

    private static void Write(Utf8JsonWriter json, ApiKey key, ApiKeySecret? secret)
    {
        json.WriteStartObject();
        json.WriteString("id", key.Id);
        if (secret is not null)
            json.WriteString("key", secret.Text);
        json.WriteString("name", key.Name);
        json.WriteString("kind", key.Kind.Name());
        json.WriteString("role", Roles.NameOf(key.Scopes));
        json.WriteString("prefix", key.Prefix);
        json.WriteTexts("scopes", key.Scopes.Names());
        json.WriteTexts("allowedHostnames", key.AllowedHostnames.Names);
        json.WriteString("createdAt", key.CreatedAt.ToString());
        json.WriteString("lastUsedAt", key.LastUsedAt?.ToString());
        json.WriteString("expiresAt", key.ExpiresAt?.ToString());
        json.WriteString("revokedAt", key.RevokedAt?.ToString());
        json.WriteEndObject();
    }
}
