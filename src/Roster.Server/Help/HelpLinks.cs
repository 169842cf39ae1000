using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Roster.Server.Help;

/// <summary>Makes the links of a page's Markdown lead to what the server shows.</summary>
/// <param name="repository">
/// The address of the sources, for links to what is not in docs/; null if the build does not know it: their text stays.
/// </param>
internal sealed class HelpLinks(string? repository)
{
    public const string Ending = ".md";

    /// <summary>The folder in which the pages are, in the sources and as resources of the assembly.</summary>
    public const string Folder = "docs/";

    /// <summary>A base for paths of the repository, so that <see cref="Uri"/> resolves dots.</summary>
    private static readonly Uri Root = new("file:///");

    /// <param name="page">The page's path below docs/, without its ending.</param>
    public void Rewrite(MarkdownDocument blocks, string page)
    {
        foreach (var link in blocks.Descendants<LinkInline>().ToList())
            if (link.Url is { } url && !url.StartsWith('#') && !Uri.TryCreate(url, UriKind.Absolute, out _))
                if (Resolve(url, page) is { } resolved)
                    link.Url = resolved;
                else
                    Unlink(link);
    }

    private string? Resolve(string url, string page)
    {
        var target = new Uri(new Uri(Root, $"{Folder}{page}"), url);
        var path = target.AbsolutePath[1..];
        if (!path.StartsWith(Folder, StringComparison.Ordinal))
            return repository is null ? null : $"{repository.TrimEnd('/')}/blob/HEAD/{path}{target.Fragment}";
        var below = path[Folder.Length..].TrimEnd('/');
        return $"{HelpPages.Path}/{(below.EndsWith(Ending, StringComparison.Ordinal) ? below[..^Ending.Length] : below)}{target.Fragment}";
    }

    private static void Unlink(LinkInline link)
    {
        foreach (var part in link.ToList())
        {
            part.Remove();
            link.InsertBefore(part);
        }
        link.Remove();
    }
}
