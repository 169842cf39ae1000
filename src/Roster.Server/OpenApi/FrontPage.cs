using Microsoft.Net.Http.Headers;
using Roster.Server.Http;

namespace Roster.Server.OpenApi;

/// <summary>GET /: redirects browsers to the API's page; programs get 404.</summary>
internal static class FrontPage
{
    public static Task Show(HttpContext http)
    {
        var isBrowser = http.Request.GetTypedHeaders().Accept
            .Any(type => type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase));
        if (!isBrowser)
            return Problem.NotFound.WriteAsync(http);
        http.Response.Headers.Vary = HeaderNames.Accept;
        http.Response.Redirect("/docs");
        return Task.CompletedTask;
    }
}
