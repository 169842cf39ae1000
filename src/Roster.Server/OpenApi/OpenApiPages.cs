using Scalar.AspNetCore;

namespace Roster.Server.OpenApi;

/// <summary>The OpenAPI document, written by hand in the YAML files of this folder, and the page that shows it to people.</summary>
internal static class OpenApiPages
{
    public const string Path = "/openapi/v1.json";

    private static readonly Lazy<byte[]> Text = new(Read);

    /// <summary>GET /openapi/v1.json.</summary>
    public static IResult Document() => TypedResults.Bytes(Text.Value, "application/json; charset=utf-8");

    /// <summary>GET /docs, with all that the page needs, so that it works without the internet.</summary>
    public static IEndpointConventionBuilder MapDocs(this IEndpointRouteBuilder routes) =>
        routes.MapScalarApiReference("/docs", options => options
            .WithTitle("Roster API")
            .WithOpenApiRoutePattern(Path)
            // What would ask or send something to others' servers.
            .DisableDefaultFonts()
            .DisableTelemetry()
            .DisableAgent()
            .DisableMcp()
            .HideDeveloperTools()
            .HideClientButton());

    private static byte[] Read()
    {
        using var stream = typeof(OpenApiPages).Assembly.GetManifestResourceStream("openapi/v1.json")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
