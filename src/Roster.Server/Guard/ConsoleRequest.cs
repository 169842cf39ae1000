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
    /// Whether the request has the console's header and comes from this origin. Browsers that do not say so in
    /// Sec-Fetch-Site send Origin.
    /// </summary>
    public static bool IsFromConsole(HttpRequest request)
    {
        var headers = request.Headers;
        if (headers[Header] is not ["1"])
            return false;
        return headers.TryGetValue("Sec-Fetch-Site", out var site)
            ? site is ["same-origin"]
            : headers.Origin is [{ } origin] && origin.Equals(OriginOf(request), StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The origin of this server, as the request names it.</summary>
    public static string OriginOf(HttpRequest request) => $"{request.Scheme}://{request.Host}";
}
