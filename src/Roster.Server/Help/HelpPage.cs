using System.Text;
using System.Text.RegularExpressions;
using Markdig;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Roster.Server.Help;

/// <summary>A page of docs/.</summary>
internal sealed partial class HelpPage
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        // The anchors that GitHub gives: the pages' links work in both places.
        .UseAutoIdentifiers(Markdig.Extensions.AutoIdentifiers.AutoIdentifierOptions.GitHub).UsePipeTables().Build();

    private readonly string _text;

    /// <param name="path">Below docs/, such as <c>how-to/console.md</c>.</param>
    /// <param name="text">Markdown. It begins with the page's only heading of the first level.</param>
    public HelpPage(string path, string text)
    {
        (Path, _text) = (path[..^HelpLinks.Ending.Length], text);
        var blocks = Parse();
        var headings = blocks.Descendants<HeadingBlock>().ToList();
        Title = PlainText(headings.FirstOrDefault(heading => heading.Level == 1)?.Inline);
        Summary = FirstSentence().Match(PlainText(blocks.OfType<ParagraphBlock>().FirstOrDefault()?.Inline)).Value;
        Sections = [.. headings.Where(heading => heading.Level == 2)
            .Select(heading => new HelpSection(heading.GetAttributes().Id!, PlainText(heading.Inline)))];
    }

    /// <summary>Below /help/, such as <c>how-to/console</c>.</summary>
    public string Path { get; }

    /// <summary>The folder, such as <c>how-to</c>.</summary>
    public string Folder => Path.Split('/')[0];

    public string Title { get; }

    /// <summary>The first sentence.</summary>
    public string Summary { get; }

    /// <summary>The headings of the second level.</summary>
    public IReadOnlyList<HelpSection> Sections { get; }

    /// <summary>The page's content as HTML. Each heading is a link to itself.</summary>
    public string Render(HelpLinks links)
    {
        var blocks = Parse();
        links.Rewrite(blocks, Path);
        foreach (var heading in blocks.Descendants<HeadingBlock>().Where(heading => heading.Level > 1))
            LinkToItself(heading);
        var html = new StringWriter();
        var renderer = new HtmlRenderer(html);
        Pipeline.Setup(renderer);
        renderer.Render(blocks);
        // A wide table is scrolled by itself, also by keyboard. A cell without words is no header.
        return html.ToString()
            .Replace("<th></th>", "<td></td>", StringComparison.Ordinal)
            .Replace("<table>", "<div class=\"wide\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table>", StringComparison.Ordinal)
            .Replace("</table>", "</table></div>", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^.*?[.!?:](?=\s|$)|^.+$", RegexOptions.Singleline)]
    private static partial Regex FirstSentence();

    private static void LinkToItself(HeadingBlock heading)
    {
        var link = new LinkInline("#" + heading.GetAttributes().Id, "");
        foreach (var part in heading.Inline!.ToList())
        {
            part.Remove();
            link.AppendChild(part);
        }
        heading.Inline!.AppendChild(link);
    }

    private static string PlainText(ContainerInline? inline)
    {
        var text = new StringBuilder();
        foreach (var part in inline?.Descendants<LeafInline>() ?? [])
            text.Append(part switch
            {
                LiteralInline literal => literal.Content.ToString(),
                CodeInline code => code.Content,
                LineBreakInline => " ",
                _ => "",
            });
        return text.ToString();
    }

    private MarkdownDocument Parse() => Markdown.Parse(_text, Pipeline);
}

/// <summary>A section of a page.</summary>
/// <param name="Id">The anchor.</param>
internal sealed record HelpSection(string Id, string Title);
