using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Roster.Tests.Cli;

/// <summary>The pages about the command: what they type does what they show, from top to bottom.</summary>
public sealed partial class CommandPagesTests(ConsoleServer server)
{
    [GeneratedRegex(@"^```ini\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Unit();

    [Theory]
    [InlineData("reference/command-line", 7)]
    [InlineData("how-to/nightly-sync", 3)]
    [InlineData("how-to/bring-a-spreadsheet-in", 3)]
    [InlineData("how-to/undo", 5)]
    [InlineData("how-to/rotate-keys", 3)]
    [InlineData("how-to/follow-the-feed", 3)]
    [InlineData("how-to/erase-a-person", 3)]
    [InlineData("how-to/invite-people", 1)]
    [InlineData("how-to/console", 1)]
    public async Task What_the_page_types_does_what_it_shows(string page, int blocks)
    {
        var api = server.NewWorkspace();
        using var roster = new RosterCommand();
        roster.Write("key.txt", api.Key + "\n");
        // That page shows how to log in.
        if (page != "reference/command-line")
            await roster.RunAsync(api.Key + "\n", ["login", server.Address.ToString()]);
        var text = await ReadAsync(page);
        if (text.Contains("$ROSTER_KEY", StringComparison.Ordinal))
            (roster.Variables["ROSTER_URL"], roster.Variables["ROSTER_KEY"]) = (server.Address.ToString(), api.Key!);

        var found = await new PageRun(roster, server.Address, server.Folder).RunAsync(page, PageRun.Blocks(text));

        Assert.True(found >= blocks, $"{found} blocks");
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
