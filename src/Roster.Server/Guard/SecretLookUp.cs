using Roster.Server.Http;
using Roster.Server.Operations;

namespace Roster.Server.Guard;

/// <summary>
/// Looks up what a secret stands for. One that is not known as valid is looked up only while its address has failures
/// left.
/// </summary>
internal sealed class SecretLookUp(KeyGuesses guesses, KnownKeys known)
{
    /// <summary>Looks up a key or a session. One that is valid is known from then on.</summary>
    /// <param name="hash">SHA-256 of the secret.</param>
    /// <param name="find">Returns null if it stands for nothing valid.</param>
    public async Task<LookedUp<T>> FindAsync<T>(HttpContext http, byte[] hash, Func<byte[], Task<T?>> find)
        where T : class
    {
        if (known.Has(hash))
        {
            var seen = await find(hash);
            if (seen is null)
                known.Remove(hash);
            else
                known.Add(hash);
            return new LookedUp<T>(seen, LookUpEnd.Uncounted);
        }
        var caller = await FindOnceAsync(http, () => find(hash));
        if (caller.Found is not null)
            known.Add(hash);
        return caller;
    }

    /// <summary>Looks up what is used once: a link, or a code of a provider. It is not known as valid afterwards.</summary>
    /// <param name="find">Returns null if it is not valid. If it throws, that counts as no failure.</param>
    public async Task<LookedUp<T>> FindOnceAsync<T>(HttpContext http, Func<Task<T?>> find)
        where T : class
    {
        if (await guesses.BeginAsync(http.Connection.RemoteIpAddress, http.RequestAborted) is not { } guess)
            return new LookedUp<T>(null, LookUpEnd.Refused);
        var isFailure = false;
        try
        {
            var found = await find();
            isFailure = found is null;
            return new LookedUp<T>(found, isFailure ? LookUpEnd.Counted : LookUpEnd.Uncounted);
        }
        finally
        {
            guesses.End(guess, isFailure);
        }
    }

    /// <summary>Answers a request that failed, and counts it as a failure of its address if the look-up did not.</summary>
    /// <param name="problem">The answer, unless the address has failed too often.</param>
    public Task RefuseAsync(HttpContext http, Problem problem, LookUpEnd lookUp = LookUpEnd.Uncounted) =>
        RefuseAsync(http, () => problem.WriteAsync(http), lookUp);

    /// <inheritdoc cref="RefuseAsync(HttpContext, Problem, LookUpEnd)"/>
    public Task RefuseAsync(HttpContext http, Func<Task> answer, LookUpEnd lookUp = LookUpEnd.Uncounted)
    {
        var isLimited = lookUp == LookUpEnd.Refused
            || (lookUp == LookUpEnd.Uncounted && !guesses.TryFail(http.Connection.RemoteIpAddress));
        RequestMetrics.FailedToAuthenticate(isLimited);
        return isLimited ? Problem.RateLimited(KeyGuesses.RetryAfter).WriteAsync(http) : answer();
    }
}

/// <summary>What a look-up means for the limit of its address.</summary>
internal enum LookUpEnd
{
    /// <summary>Nothing was counted: it succeeded, or the secret was known as valid before, or nothing was looked up.</summary>
    Uncounted,

    /// <summary>It counts as a failure.</summary>
    Counted,

    /// <summary>It was not made because of earlier failures.</summary>
    Refused,
}

/// <summary>The result of a look-up.</summary>
internal readonly record struct LookedUp<T>(T? Found, LookUpEnd End)
    where T : class;
