using Markdig;

namespace Roster.Server.Operations;

/// <summary>GET /errors: docs/errors.md, where each problem's <c>type</c> leads.</summary>
internal static class ErrorPage
{
    private static readonly Lazy<string> Html = new(Render);

    public static IResult Show() => TypedResults.Content(Html.Value, "text/html; charset=utf-8");

    private static string Render()
    {
        using var stream = typeof(ErrorPage).Assembly.GetManifestResourceStream("docs/errors.md")!;
        using var reader = new StreamReader(stream);
        var pipeline = new MarkdownPipelineBuilder().UseAutoIdentifiers().UsePipeTables().Build();
        return $$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Roster: errors</title>
            <style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem} :target{background:#ff9}</style>
            </head><body>
            {{Markdown.ToHtml(reader.ReadToEnd(), pipeline)}}
            </body></html>
            """;
    }
}
