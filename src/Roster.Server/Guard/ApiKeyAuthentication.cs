using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Roster.Access;
using Roster.Server.Hosting;
using Roster.Server.Http;

namespace Roster.Server.Guard;

/// <summary>The caller, by the API key of the request.</summary>
internal sealed class CallerIdentity(ApiKey key) : ClaimsIdentity(ApiKeyAuthentication.Scheme)
{
    public ApiKey Key { get; } = key;
}

/// <summary>
/// Reads <c>Authorization: Bearer KEY</c>, or the bare key. Missing, malformed, unknown, revoked and expired keys get
/// the same answer. The key is looked up in the database on every request, so a revoked key stops working at once. Only
/// guesses beyond an address's limit are refused without a look-up.
/// </summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder,
    IRosterStore store, TimeProvider clock, KeyUse use, KeyGuesses guesses, KnownKeys known)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public new const string Scheme = "ApiKey";

    private const string Bearer = "Bearer ";

    /// <summary>
    /// Whether the request counts as a failure of its address, and whether it was refused by that limit.
    /// </summary>
    private bool _isCounted, _isRefused;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        // Anonymous endpoints do not ask the database: /health/live must answer without one.
        if (Context.GetEndpoint()?.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAllowAnonymous>() is not null)
            return AuthenticateResult.NoResult();
        if (Request.Headers.Authorization is not [{ } header])
            return AuthenticateResult.NoResult();
        var text = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..] : header;
        if (ApiKeySecret.Parse(text.Trim(' ')) is not { } secret)
            return AuthenticateResult.NoResult();
        if (await FindAsync(secret.Hash()) is not { } key)
            return AuthenticateResult.NoResult();
        use.Note(key.Id, Timestamp.Now(clock));
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new CallerIdentity(key)), Scheme));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var isOneTooMany = _isRefused || (!_isCounted && !guesses.TryFail(Context.Connection.RemoteIpAddress));
        return (isOneTooMany ? Problem.RateLimited(KeyGuesses.RetryAfter) : Problem.Unauthorized).WriteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var caller = Context.Caller();
        var required = Context.GetEndpoint()!.Metadata.GetMetadata<RequiredScope>()!.Scope;
        return (PageOrigin.Allows(Request, caller) ? Problem.MissingScope(required & ~caller.Scopes) : Problem.OriginNotAllowed)
            .WriteAsync(Context);
    }

    /// <returns>Null if no valid key has this hash, or if it was not looked up.</returns>
    private async Task<ApiKey?> FindAsync(byte[] hash)
    {
        if (known.Has(hash))
        {
            var seen = await LookUpAsync(hash);
            if (seen is null)
                known.Remove(hash);
            else
                known.Add(hash);
            return seen;
        }
        if (await guesses.BeginAsync(Context.Connection.RemoteIpAddress) is not { } guess)
        {
            _isRefused = true;
            return null;
        }
        try
        {
            var key = await LookUpAsync(hash);
            if (key is null)
                _isCounted = true;
            else
                known.Add(hash);
            return key;
        }
        finally
        {
            guesses.End(guess, isFailure: _isCounted);
        }
    }

    private async Task<ApiKey?> LookUpAsync(byte[] hash)
    {
        var key = await store.FindKeyAsync(hash, Context.RequestAborted);
        return key is not null && key.Matches(hash) && key.IsValidAt(Timestamp.Now(clock)) ? key : null;
    }
}

internal static class ApiKeyAuthenticationExtensions
{
    public static void AddApiKeyAuthentication(this IServiceCollection services)
    {
        // Only the core: AddAuthentication also sets up data protection and writes its keys to the disk.
        services.AddAuthenticationCore(options =>
            options.AddScheme<ApiKeyAuthentication>(ApiKeyAuthentication.Scheme, displayName: null));
        services.AddTransient<ApiKeyAuthentication>();
        services.AddSingleton<KnownKeys>().AddSingleton(provider => new KeyGuesses(
            provider.GetRequiredService<ServerSettings>().FailedAuthentications, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<KeyUse>().AddHostedService(provider => provider.GetRequiredService<KeyUse>());
        services.AddWebEncoders();
        services.AddAuthorization();
    }

    /// <summary>Who does this, for the audit: the request's key and address.</summary>
    public static Actor Actor(this HttpContext http) => new(http.Caller().Id, http.Connection.RemoteIpAddress?.ToString());

    /// <summary>The key of an authenticated request.</summary>
    public static ApiKey Caller(this HttpContext http) => ((CallerIdentity)http.User.Identity!).Key;
}
