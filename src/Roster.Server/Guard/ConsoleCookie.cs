using Roster.Access;

namespace Roster.Server.Guard;

/// <summary>
/// The cookie of a session. No script can read it, and browsers send it with no request that another site causes. Its
/// prefix keeps other hosts and plain HTTP from setting it (RFC 6265bis, 4.1.3.2).
/// </summary>
internal static class ConsoleCookie
{
    private const string Secured = "__Host-roster";

    /// <summary>Browsers take no __Host- cookie over plain HTTP. On the same machine nobody can listen.</summary>
    private const string OnThisMachine = "roster";

    /// <returns>The cookie's name for this request; null over plain HTTP from another machine, where there is none.</returns>
    public static string? NameFor(HttpRequest request) => request.IsHttps ? Secured
        : request.Host.Host is "localhost" or "127.0.0.1" or "[::1]" ? OnThisMachine : null;

    /// <returns>Null if the request has no cookie that a server could have set.</returns>
    public static RandomSecret? Read(HttpRequest request) =>
        NameFor(request) is { } name && request.Cookies.TryGetValue(name, out var text) ? RandomSecret.Parse(text) : null;

    public static void Set(HttpContext http, RandomSecret secret) =>
        http.Response.Cookies.Append(NameFor(http.Request)!, secret.Text, Options(http.Request, Session.Longest));

    public static void Clear(HttpContext http)
    {
        if (NameFor(http.Request) is { } name)
            http.Response.Cookies.Append(name, "", Options(http.Request, TimeSpan.Zero));
    }

    /// <summary>Of all cookies of the console.</summary>
    internal static CookieOptions Options(HttpRequest request, TimeSpan age, SameSiteMode sameSite = SameSiteMode.Strict) => new()
    {
        HttpOnly = true,
        Secure = request.IsHttps,
        SameSite = sameSite,
        Path = "/",
        MaxAge = age,
    };
}
