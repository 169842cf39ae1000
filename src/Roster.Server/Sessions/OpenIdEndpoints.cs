using System.Runtime.ExceptionServices;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Hosting;
using Roster.Server.Http;

namespace Roster.Server.Sessions;

/// <summary>The endpoints by which a browser signs in at a provider of OpenID Connect.</summary>
internal static class OpenIdEndpoints
{
    public const string CallbackPath = "/api/session/oidc/callback";

    private const int MaxCode = 4_096;

    /// <summary>GET /api/session/doors: how people can sign in, besides by keys and links.</summary>
    public static async Task Doors(HttpContext http, ServerSettings settings)
    {
        if (!await new Parameters(http.Request).RefuseAsync(http))
            await JsonAnswer.SendAsync(http, json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("openIdConnect", settings.OpenId is not null);
                json.WriteEndObject();
            });
    }

    /// <summary>GET /api/session/oidc: sends the browser to the provider.</summary>
    public static async Task BeginAsync(HttpContext http, ILoggerFactory loggers)
    {
        http.Response.Headers.CacheControl = "no-store";
        var parameters = new Parameters(http.Request);
        var to = parameters.Text("to") ?? OpenIdAttempt.Home;
        if (!OpenIdAttempt.IsPage(to))
            parameters.Reject("to", $"It is the path of a page below {OpenIdAttempt.Home}, of at most {OpenIdAttempt.MaxTo} characters.");
        var provider = http.RequestServices.GetService<OpenIdProvider>();
        var problem = parameters.Finish() ?? Refuse(http, provider);
        if (problem is not null)
        {
            await problem.WriteAsync(http);
            return;
        }
        var attempt = OpenIdAttempt.Begin(to);
        await OrRefusedAsync(http, loggers, async () =>
        {
            var address = await provider!.AddressAsync(attempt, RedirectUri(http), http.RequestAborted);
            attempt.Set(http);
            return address;
        });
    }

    /// <summary>
    /// GET /api/session/oidc/callback: the browser comes back from the provider. Begins a session and leads to the page.
    /// Parameters that a provider adds are ignored (RFC 6749, 4.1.2).
    /// </summary>
    public static async Task EndAsync(HttpContext http, ILoggerFactory loggers, SecretLookUp secrets)
    {
        http.Response.Headers.CacheControl = "no-store";
        var parameters = new Parameters(http.Request);
        var (state, code, issuer) = (parameters.Text("state"), parameters.Text("code"), parameters.Text("iss"));
        var (error, provider) = (parameters.Text("error"), http.RequestServices.GetService<OpenIdProvider>());
        if (Refuse(http, provider) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }
        // Each attempt is for one answer.
        var attempt = OpenIdAttempt.Read(http.Request);
        OpenIdAttempt.Clear(http);
        if (attempt?.HasState(state) != true || (code is null or { Length: 0 or > MaxCode } && error is null))
        {
            await secrets.RefuseAsync(http, () =>
            {
                RefuseAs(http, loggers, "oidc-again", "the answer is of another browser, or late");
                return Task.CompletedTask;
            });
            return;
        }
        await OrRefusedAsync(http, loggers, async () =>
        {
            if (error is "server_error" or "temporarily_unavailable")
                throw new OpenIdUnavailableException(error);
            if (error is not null || code is null)
                throw new OpenIdRefusedException($"the provider says {(IsErrorName(error) ? error : "an unknown error")}");
            if (await ConfirmAsync(http, secrets, () =>
                provider!.ExchangeAsync(attempt, code, issuer, RedirectUri(http), http.RequestAborted)) is not { } person)
                return null;
            var (key, session, secret) = await http.RequestServices.GetRequiredService<OpenIdPeople>().SignInAsync(http, person);
            SessionEndpoints.SignIn(http, key, session, secret);
            return attempt.To;
        });
    }

    /// <summary>
    /// Confirms a code at the provider. It counts as a guess until then, also while the provider is in trouble, so that
    /// nobody makes this server ask without end.
    /// </summary>
    /// <returns>Null if the address has failed too often.</returns>
    private static async Task<OpenIdPerson?> ConfirmAsync(
        HttpContext http, SecretLookUp secrets, Func<Task<OpenIdPerson>> exchange)
    {
        ExceptionDispatchInfo? thrown = null;
        var person = await secrets.FindOnceAsync(http, async () =>
        {
            try
            {
                return await exchange();
            }
            catch (Exception failure)
                when (failure is OpenIdRefusedException or OpenIdUnavailableException or OperationCanceledException)
            {
                thrown = ExceptionDispatchInfo.Capture(failure);
                return null;
            }
        });
        thrown?.Throw();
        return person.Found;
    }

    /// <summary>Whether it can be logged: a name such as those of RFC 6749, 4.1.2.1.</summary>
    private static bool IsErrorName(string? error) =>
        error is { Length: < 64 } && error.All(c => char.IsAsciiLetterLower(c) || c == '_');

    private static Problem? Refuse(HttpContext http, OpenIdProvider? provider) =>
        provider is null ? Problem.NotFound : ConsoleCookie.NameFor(http.Request) is null ? Problem.HttpsRequired : null;

    /// <summary>Redirects to where the sign-in goes on, or to the sign-in page, which says why it does not.</summary>
    /// <param name="goOn">Returns null if the address has failed too often.</param>
    private static async Task OrRefusedAsync(HttpContext http, ILoggerFactory loggers, Func<Task<string?>> goOn)
    {
        try
        {
            if (await goOn() is { } address)
                http.Response.Redirect(address);
            else
                await Problem.RateLimited(KeyGuesses.RetryAfter).WriteAsync(http);
        }
        catch (OpenIdRefusedException refusal)
        {
            RefuseAs(http, loggers, "oidc", refusal.Message);
        }
        catch (OpenIdUnavailableException failure)
        {
            ServerLog.OpenIdUnavailable(loggers.CreateLogger("Roster"), failure.Message, http.TraceIdentifier);
            http.Response.Redirect(OpenIdAttempt.Home + "?refused=oidc-down");
        }
    }

    /// <param name="kind">What the sign-in page shows a sentence for.</param>
    private static void RefuseAs(HttpContext http, ILoggerFactory loggers, string kind, string reason)
    {
        ServerLog.OpenIdRefused(loggers.CreateLogger("Roster"), reason, http.TraceIdentifier);
        http.Response.Redirect($"{OpenIdAttempt.Home}?refused={kind}");
    }

    private static string RedirectUri(HttpContext http) => ConsoleRequest.OriginOf(http.Request) + CallbackPath;
}
