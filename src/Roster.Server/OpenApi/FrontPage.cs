using Microsoft.Net.Http.Headers;
using Roster.Server.Help;
using Roster.Server.Hosting;
using Roster.Server.Http;
using Roster.Server.Pages;

namespace Roster.Server.OpenApi;

/// <summary>
/// GET /: redirects browsers to the console, or without it to the API's page; programs get 404. Both are told where the
/// pages and the API's document are (RFC 8288, 8631).
/// </summary>
internal static class FrontPage
{
    private const string Links =
        $"<{HelpPages.Path}>; rel=\"help\", </docs>; rel=\"service-doc\", <{OpenApiPages.Path}>; rel=\"service-desc\"";

    public static Task Show(HttpContext http, ServerSettings settings)
    {
        http.Response.Headers.Link = Links;
        var isBrowser = http.Request.GetTypedHeaders().Accept
            .Any(type => type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase));
        if (!isBrowser)
            return Problem.NotFound.WriteAsync(http);
        http.Response.Headers.Vary = HeaderNames.Accept;
        http.Response.Redirect(settings.IsConsoleOn ? ConsolePages.Path : "/docs");
        return Task.CompletedTask;
    }
}
