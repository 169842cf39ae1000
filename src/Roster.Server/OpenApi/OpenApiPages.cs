using Roster.Server.Http;
using Scalar.AspNetCore;

namespace Roster.Server.OpenApi;

/// <summary>The OpenAPI document, written by hand in this folder's YAML files, and the page that shows it.</summary>
internal static class OpenApiPages
{
    public const string Path = "/openapi/v1.json";

    private static readonly Lazy<byte[]> Text = new(Read);

    /// <summary>GET /openapi/v1.json.</summary>
    public static IResult Document() => TypedResults.Bytes(Text.Value, "application/json; charset=utf-8");

    /// <summary>GET /docs, with all files of the page, so that it works without the internet.</summary>
    public static IEndpointConventionBuilder MapDocs(this IEndpointRouteBuilder routes)
    {
        var docs = routes.MapScalarApiReference("/docs", options => options
            .WithTitle("Roster API")
            .WithOpenApiRoutePattern(Path)
            .WithNonce()
            // Features that would contact other servers.
            .DisableDefaultFonts()
            .DisableTelemetry()
            .DisableAgent()
            .DisableMcp()
            .HideDeveloperTools()
            .HideClientButton());
        docs.Finally(endpoint => endpoint.RequestDelegate = WithPolicy(endpoint.RequestDelegate!));
        return docs;
    }

    /// <summary>The page runs its own scripts, talks to this server only, and is shown in no frame.</summary>
    private static RequestDelegate WithPolicy(RequestDelegate answer) => http =>
    {
        http.Response.OnStarting(() =>
        {
            var nonce = http.Items[ScalarOptions.NonceHttpContextItemKey];
            http.Response.Headers.ContentSecurityPolicy =
                $"{SafeHeaders.Nothing}; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
                + "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'";
            return Task.CompletedTask;
        });
        return answer(http);
    };

    private static byte[] Read()
    {
        using var stream = typeof(OpenApiPages).Assembly.GetManifestResourceStream("openapi/v1.json")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
