using Roster.Server.Guard;

namespace Roster.Server.Http;

internal static class SafeHeaders
{
    /// <summary>One year. Without subdomains, which may belong to others (RFC 6797).</summary>
    private const string Hsts = "max-age=31536000";

    /// <summary>
    /// Answers are data: a browser loads nothing and runs nothing for them, and shows them in no frame.
    /// </summary>
    public const string Nothing = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    /// <summary>
    /// Sets security headers on every answer: browsers do not guess its type, load nothing for it, show it in no frame,
    /// send no Referer, and use TLS again if it came over TLS. Answers that need a key are not stored in caches.
    /// </summary>
    public static void UseSafeHeaders(this WebApplication app) => app.Use((http, next) =>
    {
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            // Pages for people set their own policy.
            if (headers.ContentSecurityPolicy.Count == 0)
                headers.ContentSecurityPolicy = Nothing;
            headers.Append("Vary", "Origin");
            if (http.Request.IsHttps)
                headers.StrictTransportSecurity = Hsts;
            if (http.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>() is not null)
                headers.CacheControl = "no-store";
            http.RequestServices.GetRequiredService<RequestLimits>().Show(http);
            return Task.CompletedTask;
        });
        return next(http);
    });
}
