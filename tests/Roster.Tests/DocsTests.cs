using System.Text.RegularExpressions;

namespace Roster.Tests;

/// <summary>How the pages hang together.</summary>
public sealed partial class DocsTests
{
    private static readonly string[] Kinds = ["tutorial", "how-to", "reference", "explanation", "decisions"];

    /// <summary>First words of titles that name a thing. A tutorial or a how-to page says what the reader wants to do.</summary>
    private static readonly string[] NotToDo = ["A", "An", "The", "Roster", "How", "Using", "Working", "About"];

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("(?ms)^ *```.*?^ *```")]
    private static partial Regex Code();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"^(#+) (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex NotOfAnAnchor();

    /// <summary>All pages of the repository, relative to its root.</summary>
    private static List<string> Pages =>
    [
        .. Directory.GetFiles(Repository.Root, "*.md"),
        .. new[] { "docs", "bench", "tests", "src" }.SelectMany(
            folder => Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.md", SearchOption.AllDirectories)),
    ];

    [Fact]
    public void Each_link_between_pages_leads_to_a_file_and_to_an_anchor_in_it()
    {
        var broken = new List<string>();
        foreach (var page in Pages.Where(IsOurs))
            foreach (var link in Link().Matches(Prose(page)).Select(link => link.Groups[1].Value))
            {
                if (link.Contains("://", StringComparison.Ordinal) || link.StartsWith("mailto:", StringComparison.Ordinal))
                    continue;
                var parts = link.Split('#');
                var file = parts[0].Length == 0 ? page : Path.GetFullPath(parts[0], Path.GetDirectoryName(page)!);
                var hasAnchors = parts.Length > 1 && file.EndsWith(".md", StringComparison.Ordinal);
                if (!Path.Exists(file) || (hasAnchors && !Anchors(file).Contains(parts[1])))
                    broken.Add($"{Path.GetRelativePath(Repository.Root, page)}: {link}");
            }
        Assert.Empty(broken);
    }

    [Fact]
    public void Each_page_is_of_one_kind_and_begins_with_its_only_title()
    {
        var titles = new List<string>();
        foreach (var page in Pages.Where(page => Below(page).StartsWith("docs/", StringComparison.Ordinal)))
        {
            Assert.True(Kinds.Contains(Below(page).Split('/')[1]), $"{Below(page)} is of no kind");
            var levels = Heading().Matches(Code().Replace(File.ReadAllText(page), "")).ToList();
            Assert.True(levels.Count > 0 && levels[0].Index == 0, $"{Below(page)} does not begin with its title");
            Assert.True(levels.Count(heading => heading.Groups[1].Length == 1) == 1, $"{Below(page)} has two titles");
            var title = levels[0].Groups[2].Value.Trim();
            titles.Add(title);
            if (Below(page).Split('/')[1] is "tutorial" or "how-to")
                Assert.False(NotToDo.Contains(title.Split(' ')[0]), $"{Below(page)}: \"{title}\" does not say what the reader wants to do");
        }
        Assert.Equal(titles.Count, titles.Distinct().Count());
    }

    [Fact]
    public void Each_option_and_each_command_of_the_server_is_in_the_reference()
    {
        var help = RosterProcess.Run(Path.GetTempPath(), "--help").Output;
        var settings = File.ReadAllText(Path.Combine(Repository.Root, "docs/reference/settings.md"));
        var commands = File.ReadAllText(Path.Combine(Repository.Root, "docs/reference/commands.md"));
        var listed = help[help.IndexOf("Commands:", StringComparison.Ordinal)..];

        var options = Regex.Matches(help, "(?m)^ +(--[a-z-]+)").Select(option => option.Groups[1].Value)
            .Except(["--help", "--version"]).ToList();
        var names = Regex.Matches(listed, "(?m)^ +([a-z]+)").Select(name => name.Groups[1].Value).ToList();

        Assert.InRange(options.Count, 20, int.MaxValue);
        Assert.InRange(names.Count, 5, int.MaxValue);
        Assert.DoesNotContain(options, option => !settings.Contains($"`{option}`", StringComparison.Ordinal));
        Assert.DoesNotContain(names, name => !Regex.IsMatch(commands, $"(?m)^\\|.*`{name}[ `]"));
    }

    private static bool IsOurs(string page) =>
        !Below(page).Split('/').Any(folder => folder is "node_modules" or "bin" or "obj");

    private static string Below(string page) => Path.GetRelativePath(Repository.Root, page).Replace('\\', '/');

    private static string Prose(string page) => InlineCode().Replace(Code().Replace(File.ReadAllText(page), ""), "");

    /// <summary>The anchors that GitHub gives to headings.</summary>
    private static HashSet<string> Anchors(string page)
    {
        var anchors = new HashSet<string>();
        foreach (Match heading in Heading().Matches(Code().Replace(File.ReadAllText(page), "")))
        {
            var anchor = NotOfAnAnchor().Replace(heading.Groups[2].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-');
            for (var (i, free) = (1, anchor); !anchors.Add(anchor); i++)
                anchor = $"{free}-{i}";
        }
        return anchors;
    }
}
