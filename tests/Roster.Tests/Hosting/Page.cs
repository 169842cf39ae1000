namespace Roster.Tests.Hosting;

/// <summary>A fenced block of a page, without its indentation.</summary>
/// <param name="Kind">The word after the fence.</param>
/// <param name="Line">The number of its fence's line.</param>
/// <param name="Answer">What is shown to come of it: the block of text or JSON before any other block; null if there is none.</param>
internal sealed record PageBlock(string Kind, string Text, int Line, string? Answer)
{
    /// <summary>Whether it is to be typed, or written into a file.</summary>
    public bool IsToDo => Page.ToDo.Contains(Kind);

    /// <summary>The block with something of this machine instead of what the page has.</summary>
    public PageBlock With(string shown, string here)
    {
        Assert.Contains(shown, Text, StringComparison.Ordinal);
        return this with { Text = Text.Replace(shown, here, StringComparison.Ordinal) };
    }
}

/// <summary>
/// A page whose commands and settings a test runs, one block after the other, as somebody does who follows it. PageBlocksTests
/// holds each page to such a test.
/// </summary>
internal sealed class Page
{
    /// <summary>Kinds of blocks that a reader types, or writes into a file.</summary>
    public static readonly string[] ToDo = ["sh", "sql", "ini", "cron", "csharp", "js", "python"];

    /// <summary>Kinds of blocks that show what comes of it.</summary>
    public static readonly string[] Shown = ["text", "json"];

    /// <summary>The blocks that no test runs, by their page and first line, and why not.</summary>
    public static readonly Dictionary<(string Page, string FirstLine), string> NotRun = new()
    {
        [("docs/how-to/run-in-a-container.md", "docker build -t roster .")] =
            "There is no engine. ImageTests makes the same image, and holds the Dockerfile to it.",
        [("docs/how-to/run-in-a-container.md", "docker run --detach --name roster --read-only --cap-drop ALL "
            + "--publish 127.0.0.1:5080:5080 --volume roster:/data roster")] =
            "There is no engine. ImageTests runs the image's files with the same restrictions, and looks for what is named.",
        [("docs/how-to/make-a-release.md", "packaging/release.sh /tmp/release")] =
            "It publishes everything twice, for many minutes. The tests run the scripts that it is made of.",
        [("docs/how-to/run-on-postgresql.md", "create extension citus; -- on every node")] =
            "Debian has no Citus. tests/citus sets up its cluster with these statements, to which PageBlocksTests holds it.",
        [("src/Roster.Cli/README.md", "dotnet tool install --global Roster.Cli")] =
            "It is for whoever finds the package in a registry. ToolTests installs it from a folder.",
    };

    private readonly Queue<PageBlock> _next;

    /// <param name="path">From the root of the sources.</param>
    public Page(string path)
    {
        Path = path;
        Text = File.ReadAllText(System.IO.Path.Combine(Repository.Root, path));
        Blocks = [.. Read(Text)];
        _next = new(Blocks.Where(block => block.IsToDo && !NotRun.ContainsKey((path, FirstLine(block)))));
    }

    public string Path { get; }

    public string Text { get; }

    /// <summary>All blocks, also those that only show something.</summary>
    public IReadOnlyList<PageBlock> Blocks { get; }

    public static string FirstLine(PageBlock block) => block.Text.Split('\n')[0];

    /// <summary>The next block that is to be run, which must be of this kind.</summary>
    public PageBlock Next(string kind = "sh")
    {
        Assert.True(_next.TryDequeue(out var block), $"{Path} has no more blocks to run.");
        Assert.True(block.Kind == kind, $"{Path}:{block.Line} is of the kind {block.Kind}, not {kind}.");
        return block;
    }

    /// <summary>All blocks that are left, which must be of this kind.</summary>
    public IReadOnlyList<PageBlock> Rest(string kind = "sh")
    {
        var rest = new List<PageBlock>();
        while (_next.Count > 0)
            rest.Add(Next(kind));
        return rest;
    }

    /// <summary>Each block has been run.</summary>
    public void HasEnded() => Assert.True(_next.Count == 0, $"{Path}:{_next.FirstOrDefault()?.Line} has not been run.");

    private static IEnumerable<PageBlock> Read(string text)
    {
        var fenced = Fenced(text).ToList();
        for (var i = 0; i < fenced.Count; i++)
        {
            var isAnswered = i + 1 < fenced.Count && ToDo.Contains(fenced[i].Kind) && Shown.Contains(fenced[i + 1].Kind);
            yield return fenced[i] with { Answer = isAnswered ? fenced[i + 1].Text : null };
        }
    }

    private static IEnumerable<PageBlock> Fenced(string text)
    {
        const string Fence = "```";
        var (kind, begin, indent, lines) = (default(string), 0, 0, new List<string>());
        foreach (var (index, line) in text.Split('\n').Index())
        {
            var trimmed = line.TrimStart(' ');
            if (kind is not null && trimmed == Fence)
            {
                yield return new(kind, string.Concat(lines.Select(one => one + '\n')), begin, null);
                kind = null;
            }
            else if (kind is not null)
                lines.Add(line[Math.Min(indent, line.Length - trimmed.Length)..]);
            else if (trimmed.StartsWith(Fence, StringComparison.Ordinal))
                (kind, begin, indent, lines) = (trimmed[Fence.Length..], index + 1, line.Length - trimmed.Length, []);
        }
        Assert.True(kind is null, $"A block that begins in line {begin} does not end.");
    }
}
