using System.Text.RegularExpressions;

namespace Roster.Tests.Cli;

/// <summary>
/// Types the commands of a page from top to bottom, and compares the answers with those that the page shows. Variables
/// stay from one block to the next.
/// </summary>
/// <param name="shell">Where the commands are typed; <c>roster</c> is the command.</param>
/// <param name="serverFolder">The folder in which the server runs, for <c>roster-server</c>.</param>
internal sealed partial class PageRun(RosterCommand shell, Uri server, string serverFolder)
{
    /// <summary>The server's address on the pages.</summary>
    private const string Shown = "http://localhost:5080";

    private static readonly string ServerCommand = string.Join(' ', RosterProcess.Command.Select(part => $"'{part}'"));

    private string Address => server.ToString().TrimEnd('/');

    [GeneratedRegex(@"^```sh\n(?<command>.*?)^```\n(?:(?:(?!^```)[^\n]*\n)*?^```(?:json|text)\n(?<answer>.*?)^```)?",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    /// <summary>The blocks of commands of a page, and the answer that is shown before the next block; null if there is none.</summary>
    public static List<(string Command, string? Answer)> Blocks(string text) => [.. Block().Matches(text)
        .Select(block => (block.Groups["command"].Value, block.Groups["answer"].Success ? block.Groups["answer"].Value : null))];

    /// <returns>How many blocks there were.</returns>
    public async Task<int> RunAsync(string page, IReadOnlyList<(string Command, string? Answer)> blocks)
    {
        foreach (var (command, answer) in blocks)
        {
            var ended = await shell.RunShellAsync($$"""
                set -ea; exec 2>&1
                [ ! -e "$HOME/.page" ] || . "$HOME/.page"
                curl() { command curl -sS {{(answer is null ? "--fail-with-body " : "")}}"$@"; }
                roster-server() { (cd '{{serverFolder}}' && exec {{ServerCommand}} "$@"); }
                {{command.Replace(Shown, Address, StringComparison.Ordinal)}}
                export -p > "$HOME/.page"
                """);
            Assert.True(ended.Code == 0, $"{page}: {command}\n{ended.Output}");
            // The lines of CSV end with CR LF, by RFC 4180.
            var output = ended.Output.Replace("\r", "", StringComparison.Ordinal).Replace(Address, Shown, StringComparison.Ordinal);
            if (answer is null)
                continue;
            if (command.Contains("curl ", StringComparison.Ordinal))
                PagesTests.AssertShown(page, command, answer, output);
            else
                Assert.True(
                    Regex.IsMatch(output, $"^{string.Join(".*", answer.Split('…').Select(Regex.Escape))}$"),
                    $"{page}: {command} is shown to answer\n{answer}\nand answers\n{output}");
        }
        return blocks.Count;
    }
}
