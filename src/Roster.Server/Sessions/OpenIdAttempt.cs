using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Roster.Access;
using Roster.Server.Guard;

namespace Roster.Server.Sessions;

/// <summary>
/// A sign-in by OpenID Connect that has begun in a browser. It is kept in a cookie there, so that any server can end it.
/// </summary>
/// <param name="State">Ties the provider's answer to this browser.</param>
/// <param name="Nonce">Ties the provider's token to this sign-in.</param>
/// <param name="Verifier">Of PKCE (RFC 7636): ties the provider's code to this browser.</param>
/// <param name="To">The page to go to afterwards.</param>
internal sealed record OpenIdAttempt(RandomSecret State, RandomSecret Nonce, RandomSecret Verifier, string To)
{
    public const string Home = "/console/";

    /// <summary>The longest page address; the cookie has at most 4,096 bytes.</summary>
    public const int MaxTo = 2_000;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>S256 of PKCE.</summary>
    public string Challenge => Base64Url.EncodeToString(Verifier.Hash());

    public static OpenIdAttempt Begin(string to) => new(RandomSecret.Mint(), RandomSecret.Mint(), RandomSecret.Mint(), to);

    /// <summary>
    /// Whether a text is the address of a page of the console, and nothing that a browser could take for another host.
    /// </summary>
    public static bool IsPage(string to) =>
        to.Length <= MaxTo && to.StartsWith(Home, StringComparison.Ordinal) && to.All(c => c is > ' ' and < '\x7f' and not ('\\' or '#'))
        && Uri.TryCreate("http://localhost" + to, UriKind.Absolute, out var page)
        && page.Authority == "localhost" && page.AbsolutePath.StartsWith(Home, StringComparison.Ordinal);

    public bool HasState(string? state) => state is not null && CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(state), Encoding.UTF8.GetBytes(State.Text));

    /// <returns>Null if the browser has none that a server could have begun.</returns>
    public static OpenIdAttempt? Read(HttpRequest request) =>
        request.Cookies.TryGetValue(NameFor(request), out var text) && text.Split('.') is [var state, var nonce, var verifier, var to]
        && RandomSecret.Parse(state) is { } stateSecret && RandomSecret.Parse(nonce) is { } nonceSecret
        && RandomSecret.Parse(verifier) is { } verifierSecret && Base64Url.IsValid(to)
        && Encoding.ASCII.GetString(Base64Url.DecodeFromChars(to)) is var page && IsPage(page)
            ? new OpenIdAttempt(stateSecret, nonceSecret, verifierSecret, page) : null;

    public void Set(HttpContext http) => http.Response.Cookies.Append(
        NameFor(http.Request),
        $"{State.Text}.{Nonce.Text}.{Verifier.Text}.{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(To))}",
        Options(http.Request, Longest));

    public static void Clear(HttpContext http) =>
        http.Response.Cookies.Append(NameFor(http.Request), "", Options(http.Request, TimeSpan.Zero));

    private static string NameFor(HttpRequest request) => request.IsHttps ? "__Host-roster-oidc" : "roster-oidc";

    /// <summary>Lax: the browser comes back from the provider's site.</summary>
    private static CookieOptions Options(HttpRequest request, TimeSpan age) => ConsoleCookie.Options(request, age, SameSiteMode.Lax);
}
