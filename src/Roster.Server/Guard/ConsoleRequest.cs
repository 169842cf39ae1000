namespace Roster.Server.Guard;

/// <summary>Whether a browser's request comes from the console's own pages.</summary>
internal static class ConsoleRequest
{
    /// <summary>
    /// A header that pages of other origins cannot send: it needs a preflight, which does not allow it.
    /// </summary>
    private const string Header = "Roster-Console";

    /// <summary>Whether the request only reads, so that it needs no proof of where it comes from.</summary>
    public static bool IsRead(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    /// <summary>
    /// Whether the request has the console's header and comes from this origin: by Sec-Fetch-Site, or by Origin from
    /// browsers that do not send that. Over plain HTTP Origin must be this one, too: behind a proxy that ends TLS without
    /// being trusted, a request from elsewhere can look like one of this machine, but its Origin has https.
    /// </summary>
    public static bool IsFromConsole(HttpRequest request)
    {
        var headers = request.Headers;
        if (headers[Header] is not ["1"])
            return false;
        var isOwnOrigin = headers.Origin is [{ } origin] && origin.Equals(OriginOf(request), StringComparison.OrdinalIgnoreCase);
        return headers.TryGetValue("Sec-Fetch-Site", out var site)
            ? site is ["same-origin"] && (isOwnOrigin || request.IsHttps) : isOwnOrigin;
    }

    /// <summary>The origin of this server, as the request names it.</summary>
    public static string OriginOf(HttpRequest request) => $"{request.Scheme}://{request.Host}";
}
