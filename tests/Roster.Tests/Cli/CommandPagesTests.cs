using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Roster.Tests.Cli;

/// <summary>The pages about the command: what they type does what they show, from top to bottom.</summary>
public sealed partial class CommandPagesTests(ConsoleServer server)
{
    [GeneratedRegex(@"^```sh\n(?<command>.*?)^```\n(?:(?:(?!^```)[^\n]*\n)*?^```text\n(?<answer>.*?)^```)?",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^```ini\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Unit();

    [Theory]
    [InlineData("reference/command-line", 7)]
    [InlineData("how-to/nightly-sync", 3)]
    public async Task What_the_page_types_does_what_it_shows(string page, int blocks)
    {
        var api = server.NewWorkspace();
        using var roster = new RosterCommand();
        roster.Write("key.txt", api.Key + "\n");
        if (page == "how-to/nightly-sync")
            await roster.RunAsync(api.Key + "\n", ["login", server.Address.ToString()]);
        var found = Block().Matches(await ReadAsync(page));
        Assert.True(found.Count >= blocks, $"{found.Count} blocks");
        var address = server.Address.ToString().TrimEnd('/');

        foreach (Match block in found)
        {
            var command = block.Groups["command"].Value.Replace("http://localhost:5080", address, StringComparison.Ordinal);
            var ended = await roster.RunShellAsync($"set -e; exec 2>&1\n{command}");

            Assert.True(ended.Code == 0, $"{command}\n{ended.Output}");
            // The lines of CSV end with CR LF, by RFC 4180.
            var output = ended.Output.Replace("\r", "", StringComparison.Ordinal);
            var shown = block.Groups["answer"].Value.Replace("http://localhost:5080", address, StringComparison.Ordinal);
            var pattern = string.Join(".*", shown.Split('…').Select(Regex.Escape));
            Assert.True(
                !block.Groups["answer"].Success || Regex.IsMatch(output, $"^{pattern}$"),
                $"{command} is shown to answer\n{shown}\nand answers\n{output}");
        }
    }

    [Fact]
    public async Task The_service_and_the_timer_of_the_page_are_valid()
    {
        using var folder = new TempFolder();
        var units = Unit().Matches(await ReadAsync("how-to/nightly-sync")).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(2, units.Count);
        // The program of the page is not on this machine.
        await File.WriteAllTextAsync(
            folder.File("roster-sync.service"), units[0].Replace("/usr/local/bin/nightly-sync", "/bin/true", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder.File("roster-sync.timer"), units[1], TestContext.Current.CancellationToken);

        using var process = Process.Start(new ProcessStartInfo(
            "systemd-analyze", ["verify", folder.File("roster-sync.service"), folder.File("roster-sync.timer")])
        {
            RedirectStandardError = true,
        })!;
        var said = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.DoesNotContain("roster-sync", said, StringComparison.Ordinal);
    }

    private static Task<string> ReadAsync(string page) => File.ReadAllTextAsync(
        Path.Combine(Repository.Root, "docs", page + ".md"), TestContext.Current.CancellationToken);
}
