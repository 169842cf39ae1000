using Roster.Access;

namespace Roster.Server.Guard;

/// <summary>Finds who calls, by a key or by a session's cookie.</summary>
internal sealed class CallerLookUp(IRosterStore store, TimeProvider clock, KeyUse use, ExpiringKeys expiring, SecretLookUp secrets)
{
    private const string Bearer = "Bearer ";

    /// <returns>Null if the header Authorization has nothing that could be a key.</returns>
    public static ApiKeySecret? KeyOf(HttpRequest request)
    {
        if (request.Headers.Authorization is not [{ } header])
            return null;
        var text = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..] : header;
        return ApiKeySecret.Parse(text.Trim(' '));
    }

    public async Task<LookedUp<CallerIdentity>> ByKeyAsync(HttpContext http, ApiKeySecret secret)
    {
        var caller = await secrets.FindAsync(http, secret.Hash(), async hash =>
            await store.FindKeyAsync(hash, http.RequestAborted) is { } key && key.Matches(hash) && key.IsValidAt(Timestamp.Now(clock))
                ? new CallerIdentity(key, null) : null);
        if (caller.Found is { } found)
        {
            var now = Timestamp.Now(clock);
            use.Note(found.Key.Id, now);
            expiring.Note(found.Key, now);
        }
        return caller;
    }

    public async Task<LookedUp<CallerIdentity>> BySessionAsync(HttpContext http, RandomSecret secret)
    {
        var now = Timestamp.Now(clock);
        var isNews = false;
        var caller = await secrets.FindAsync(http, secret.Hash(), async hash =>
        {
            if (await store.FindSessionAsync(hash, http.RequestAborted) is not { Session: var session, Key: var key }
                || !session.IsValidAt(now, key))
                return null;
            isNews = session.IsUseNews(now);
            return new CallerIdentity(key, session with { LastUsedAt = now });
        });
        if (caller.Found is { } found)
        {
            use.Note(found.Key.Id, now);
            expiring.Note(found.Key, now);
            if (isNews)
                use.NoteSession(found.Session!.Id, now);
        }
        return caller;
    }
}
