using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Roster.Server.Hosting;
using Roster.Server.Http;
using Roster.Server.Pages;

namespace Roster.Server.Help;

/// <summary>The HTML around a page: the list of all pages, by what the reader wants. No page has a script.</summary>
internal sealed class HelpFrame
{
    public const string Decisions = "decisions";

    /// <summary>Folders of docs/, and what their readers want. Decisions are listed below the last one.</summary>
    private static readonly (string Folder, string Name, string Purpose)[] Kinds =
    [
        ("tutorial", "Tutorial", "Learn it: from nothing to a directory in step with its source."),
        ("how-to", "How-to", "Do one thing, step by step."),
        ("reference", "Reference", "Look something up."),
        ("explanation", "Explanation", "Understand how it works, and why it is so."),
    ];

    private static readonly string Style = ReadStyle();

    private readonly IReadOnlyList<HelpPage> _pages;
    private readonly bool _isConsoleOn;

    /// <param name="pages">In the order of the list.</param>
    public HelpFrame(IReadOnlyList<HelpPage> pages, bool isConsoleOn) => (_pages, _isConsoleOn) = (pages, isConsoleOn);

    /// <summary>The pages may use their own style, and pictures of this server.</summary>
    public static string Policy { get; } = $"{SafeHeaders.Nothing}; img-src 'self'; style-src 'sha256-{HashOf(Style)}'";

    /// <summary>/help: all pages with their first sentences.</summary>
    public string Index()
    {
        var html = new StringBuilder("<h1>Help</h1>\n");
        foreach (var (folder, name, purpose) in Kinds)
        {
            html.Append(CultureInfo.InvariantCulture, $"<h2 id=\"{folder}\">{name}</h2>\n<p>{purpose}</p>\n");
            AppendSummaries(html, folder);
        }
        html.Append("<h2 id=\"decisions\">Decisions</h2>\n<p>What was decided when there was a choice, and why.</p>\n");
        AppendSummaries(html, Decisions);
        return Around("Help", html.ToString(), null);
    }

    /// <summary>/help/decisions, where links to the folder lead.</summary>
    public string IndexOfDecisions()
    {
        var html = new StringBuilder("<h1>Decisions</h1>\n<p>What was decided when there was a choice, and why.</p>\n");
        AppendSummaries(html, Decisions);
        return Around("Decisions", html.ToString(), null);
    }

    public string NotFound() => Around(
        "No such page", "<h1>There is no such page</h1>\n<p>The list has all pages of this version.</p>\n", null);

    /// <param name="page">The one that is shown; null for one that is not in the list.</param>
    public string Around(string title, string content, HelpPage? page) => $"""
        <!doctype html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <title>{Encode(title)} · Roster</title>
        <style>{Style}</style>
        </head>
        <body>
        <a class="skip" href="#page">Skip to the page</a>
        <header><a class="brand" href="{HelpPages.Path}">Roster {Encode(ServerVersion.Text)}</a>
        <a class="to-list" href="#list">All pages</a>
        {(_isConsoleOn ? $"<a href=\"{ConsolePages.Path}\">Console</a>" : "")}<a href="/docs">Try the API</a></header>
        <div class="columns">
        <nav id="list" aria-label="All pages">
        {List(page)}</nav>
        <main id="page" tabindex="-1">
        {content}</main>
        </div>
        </body>
        </html>

        """;

    private string List(HelpPage? current)
    {
        var html = new StringBuilder();
        foreach (var (folder, name, _) in Kinds)
        {
            html.Append(CultureInfo.InvariantCulture, $"<h2>{name}</h2>\n<ul>\n");
            foreach (var page in Of(folder))
                AppendLink(html, page, page == current);
            html.Append("</ul>\n");
        }
        var open = current?.Folder == Decisions ? " open" : "";
        html.Append(CultureInfo.InvariantCulture, $"<details{open}><summary>Decisions</summary>\n<ul>\n");
        foreach (var page in Of(Decisions))
            AppendLink(html, page, page == current);
        return html.Append("</ul>\n</details>\n").ToString();
    }

    private static void AppendLink(StringBuilder html, HelpPage page, bool isCurrent)
    {
        var mark = isCurrent ? " aria-current=\"page\"" : "";
        html.Append(CultureInfo.InvariantCulture, $"<li><a href=\"{HelpPages.Path}/{page.Path}\"{mark}>{Encode(page.Title)}</a>");
        if (isCurrent && page.Folder != Decisions && page.Sections.Count > 0)
        {
            html.Append("\n<ul>\n");
            foreach (var section in page.Sections)
                html.Append(CultureInfo.InvariantCulture, $"<li><a href=\"#{section.Id}\">{Encode(section.Title)}</a></li>\n");
            html.Append("</ul>\n");
        }
        html.Append("</li>\n");
    }

    private void AppendSummaries(StringBuilder html, string folder)
    {
        html.Append("<ul>\n");
        foreach (var page in Of(folder))
            html.Append(CultureInfo.InvariantCulture, $"<li><a href=\"{HelpPages.Path}/{page.Path}\">{Encode(page.Title)}</a>"
                + $"{(folder == Decisions ? "" : $"<br>{Encode(page.Summary)}")}</li>\n");
        html.Append("</ul>\n");
    }

    private IEnumerable<HelpPage> Of(string folder) => _pages.Where(page => page.Folder == folder);

    private static string Encode(string text) => WebUtility.HtmlEncode(text);

    private static string HashOf(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string ReadStyle()
    {
        using var reader = new StreamReader(typeof(HelpFrame).Assembly.GetManifestResourceStream("help.css")!);
        return reader.ReadToEnd();
    }
}
