using System.Net;

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
            return new LookedUp<T>(seen, IsCounted: false, IsRefused: false);
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
            return new LookedUp<T>(null, IsCounted: false, IsRefused: true);
        var isFailure = false;
        try
        {
            var found = await find();
            isFailure = found is null;
            return new LookedUp<T>(found, IsCounted: isFailure, IsRefused: false);
        }
        finally
        {
            guesses.End(guess, isFailure);
        }
    }

    /// <summary>Counts a failure without a look-up.</summary>
    /// <returns>False if the address has failed too often.</returns>
    public bool TryFail(IPAddress? address) => guesses.TryFail(address);
}

/// <summary>The result of a look-up.</summary>
/// <param name="IsCounted">Whether it counts as a failure of its address.</param>
/// <param name="IsRefused">Whether it was refused because of earlier failures.</param>
internal readonly record struct LookedUp<T>(T? Found, bool IsCounted, bool IsRefused)
    where T : class;
