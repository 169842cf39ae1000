using System.Security.Cryptography;
using System.Text;
using Markdig;
using Roster.Server.Http;

namespace Roster.Server.Hosting;

/// <summary>GET /errors: docs/reference/errors.md as HTML. The <c>type</c> of each problem points there.</summary>
internal static class ErrorPage
{
    private const string Style =
        "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem} :target{background:#ff9}";

    /// <summary>The page may load its own style only.</summary>
    private static readonly string Policy =
        $"{SafeHeaders.Nothing}; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.ASCII.GetBytes(Style)))}'";

    private static readonly Lazy<string> Html = new(Render);

    public static IResult Show(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        return TypedResults.Content(Html.Value, "text/html; charset=utf-8");
    }

    private static string Render()
    {
        using var stream = typeof(ErrorPage).Assembly.GetManifestResourceStream("docs/reference/errors.md")!;
        using var reader = new StreamReader(stream);
        var pipeline = new MarkdownPipelineBuilder().UseAutoIdentifiers().UsePipeTables().Build();
        return $$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Roster: errors</title>
            <style>{{Style}}</style>
            </head><body>
            {{Markdown.ToHtml(reader.ReadToEnd(), pipeline)}}
            </body></html>
            """;
    }
}
