using Roster.Server.Guard;

namespace Roster.Server.Http;

internal static class SafeHeaders
{
    /// <summary>A year, without subdomains, which are not ours to bind (RFC 6797).</summary>
    private const string Hsts = "max-age=31536000";

    /// <summary>Answers are data: a browser that shows one loads nothing, runs nothing and puts it in no frame.</summary>
    public const string Nothing = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    /// <summary>
    /// On every answer: browsers take it for what it says it is, load nothing for it, show it in no frame, tell nobody its address, and,
    /// where it came over TLS, come back only so. What needs a key is stored nowhere on the way.
    /// </summary>
    public static void UseSafeHeaders(this WebApplication app) => app.Use((http, next) =>
    {
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            // Pages for people say themselves what they load.
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
