using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Roster.Access;
using Roster.Server.Hosting;
using Roster.Server.Http;

namespace Roster.Server.Guard;

/// <summary>
/// Reads <c>Authorization: Bearer KEY</c>, or the bare key; without that header, the cookie of a session. Missing,
/// malformed, unknown, revoked and expired ones get the same answer. They are looked up in the database on every request,
/// so a revoked key stops working at once. Only guesses beyond an address's limit are refused without a look-up.
/// </summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder,
    ServerSettings settings, CallerLookUp callers, SecretLookUp secrets)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public new const string Scheme = "ApiKey";

    private LookedUp<CallerIdentity> _caller;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        // Anonymous endpoints do not ask the database: /health/live must answer without one.
        if (Context.GetEndpoint()?.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAllowAnonymous>() is not null)
            return AuthenticateResult.NoResult();
        if (Request.Headers.Authorization.Count > 0)
        {
            if (CallerLookUp.KeyOf(Request) is { } secret)
                _caller = await callers.ByKeyAsync(Context, secret);
        }
        else if (settings.IsConsoleOn && ConsoleCookie.Read(Request) is { } cookie)
        {
            _caller = await callers.BySessionAsync(Context, cookie);
        }
        return _caller.Found is { } found
            ? AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(found), Scheme)) : AuthenticateResult.NoResult();
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        secrets.RefuseAsync(Context, Problem.Unauthorized, _caller.End);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var caller = (CallerIdentity)Context.User.Identity!;
        var required = Context.GetEndpoint()!.Metadata.GetMetadata<RequiredScope>()!.Scope;
        var problem = !caller.AllowsRequest(Request) ? Problem.NotFromConsole
            : !caller.AllowsPageOf(Request) ? Problem.OriginNotAllowed
            : Problem.MissingScope(required & ~caller.Key.Scopes);
        return problem.WriteAsync(Context);
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
        services.AddSingleton<KnownKeys>().AddSingleton<ExpiringKeys>().AddSingleton<SecretLookUp>().AddSingleton<CallerLookUp>();
        services.AddSingleton(provider => new KeyGuesses(
            provider.GetRequiredService<ServerSettings>().FailedAuthentications, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<KeyUse>().AddHostedService(provider => provider.GetRequiredService<KeyUse>());
        services.AddWebEncoders();
        services.AddAuthorization();
    }

    /// <summary>Who does this, for the audit: the request's key and address.</summary>
    public static Actor Actor(this HttpContext http) => new(http.Caller().Id, http.ClientAddress());

    /// <summary>The key of an authenticated request.</summary>
    public static ApiKey Caller(this HttpContext http) => ((CallerIdentity)http.User.Identity!).Key;

    /// <summary>The session of an authenticated request; null if it has the key itself.</summary>
    public static Session? Session(this HttpContext http) => ((CallerIdentity)http.User.Identity!).Session;
}
