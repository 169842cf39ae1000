using System.Text.RegularExpressions;

namespace Roster.Tests.Cli;

/// <summary>
/// Types the commands of a page, and compares the answers with those that the page shows. Variables stay from one block to the
/// next.
/// </summary>
/// <param name="shell">Where the commands are typed; <c>roster</c> is the command.</param>
/// <param name="serverFolder">The folder in which the server runs, for <c>roster-server</c>.</param>
internal sealed class PageRun(RosterCommand shell, Uri server, string serverFolder)
{
    /// <summary>The server's address on the pages.</summary>
    private const string Shown = "http://localhost:5080";

    private static readonly string ServerCommand = string.Join(' ', RosterProcess.Command.Select(Quoted));

    /// <summary>The folder in which they are typed.</summary>
    public string Folder { get; init; } = shell.Folder;

    /// <summary>What the page takes for granted on its reader's machine, as functions of the shell.</summary>
    public string Functions { get; init; } = "";

    /// <summary>The folder that publishing the server makes. Only some pages publish it.</summary>
    public string? PublishedServer { get; init; }

    /// <summary>The folder that publishing the command makes.</summary>
    public string PublishedCommand { get; init; } = Path.GetDirectoryName(RosterCommand.Path)!;

    private string Address => server.ToString().TrimEnd('/');

    /// <summary>A word for the shell.</summary>
    public static string Quoted(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    public async Task RunAsync(Page page, IEnumerable<PageBlock> blocks)
    {
        foreach (var block in blocks)
            await RunAsync(page, block);
    }

    /// <returns>What the commands wrote.</returns>
    public async Task<string> RunAsync(Page page, PageBlock block)
    {
        var ended = await shell.RunShellAsync(Script(block, ""));
        Assert.True(ended.Code == 0, $"{page.Path}:{block.Line}: {block.Text}\n{ended.Output}");
        // The lines of CSV end with CR LF, by RFC 4180; nobody sees that, nor a byte order mark.
        var output = ended.Output.Replace("\r", "", StringComparison.Ordinal).Replace("\uFEFF", "", StringComparison.Ordinal)
            .Replace(Address, Shown, StringComparison.Ordinal);
        if (block.Answer is not { } answer)
            return output;
        if (block.Text.Contains("curl ", StringComparison.Ordinal))
            PagesTests.AssertShown(page.Path, block.Text, answer, output);
        else
            Assert.True(
                Regex.IsMatch(output, $"^{string.Join(".*", answer.Split('…').Select(Regex.Escape))}$"),
                $"{page.Path}:{block.Line}: {block.Text} is shown to answer\n{answer}\nand answers\n{output}");
        return output;
    }

    /// <summary>What a command that starts the server gives it as arguments. The test starts it with them.</summary>
    public async Task<string[]> ArgumentsAsync(Page page, PageBlock block)
    {
        var ended = await shell.RunShellAsync(Script(block, """roster-server() { printf '%s\0' "$@"; }"""));
        Assert.True(ended.Code == 0, $"{page.Path}:{block.Line}: {block.Text}\n{ended.Output}");
        return ended.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>
    /// The block with what its reader's machine has. <c>dotnet</c> knows what the pages do with the sources: to run the server, and
    /// to publish a program, which takes minutes and was done before.
    /// </summary>
    private string Script(PageBlock block, string functions) => $$"""
        set -ea; exec 2>&1
        cd {{Quoted(Folder)}}
        [ ! -e "$HOME/.page" ] || . "$HOME/.page"
        curl() { command curl -sS {{(block.Answer is null ? "--fail-with-body " : "")}}"$@"; }
        roster-server() { (cd {{Quoted(serverFolder)}} && exec {{ServerCommand}} "$@"); }
        published() { mkdir -p "$2" && cp -r "$1/." "$2"; }
        dotnet() {
            case "$*" in
                "run -c Release --project src/Roster.Server") roster-server ;;
                "run -c Release --project src/Roster.Server -- "*) shift 6; roster-server "$@" ;;
                "publish src/Roster.Server -c Release -o "*) published {{Quoted(PublishedServer ?? "")}} "$6" ;;
                "publish src/Roster.Cli -c Release -o "*) published {{Quoted(PublishedCommand)}} "$6" ;;
                *) echo "No page has run this: dotnet $*"; return 1 ;;
            esac
        }
        {{Functions}}
        {{functions}}
        {{block.Text.Replace(Shown, Address, StringComparison.Ordinal)}}
        export -p > "$HOME/.page"
        """;
}
