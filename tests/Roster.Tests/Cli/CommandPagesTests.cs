namespace Roster.Tests.Cli;

/// <summary>The pages about the command: what they type does what they show, from top to bottom.</summary>
public sealed class CommandPagesTests(ConsoleServer server)
{
    private const string Reference = "docs/reference/command-line.md";
    private const string Nightly = "docs/how-to/nightly-sync.md";

    [Theory]
    [InlineData(Reference)]
    [InlineData("docs/reference/commands.md")]
    [InlineData("docs/how-to/bring-a-spreadsheet-in.md")]
    [InlineData("docs/how-to/undo.md")]
    [InlineData("docs/how-to/rotate-keys.md")]
    [InlineData("docs/how-to/follow-the-feed.md")]
    [InlineData("docs/how-to/erase-a-person.md")]
    [InlineData("docs/how-to/invite-people.md")]
    [InlineData("docs/how-to/console.md")]
    public async Task What_the_page_types_does_what_it_shows(string path)
    {
        var page = new Page(path);
        var (api, roster) = await BeginAsync(page);
        using (roster)
        {
            // Its first block installs the command: ToolTests.
            if (path == Reference)
                page.Next();
            if (page.Text.Contains("$ROSTER_KEY", StringComparison.Ordinal))
                (roster.Variables["ROSTER_URL"], roster.Variables["ROSTER_KEY"]) = (server.Address.ToString(), api.Key!);

            await RunOf(roster).RunAsync(page, page.Rest());
        }
    }

    [Fact]
    public async Task What_the_page_does_each_night_is_done_by_hand_and_by_cron_and_systemd_finds_its_units_valid()
    {
        var page = new Page(Nightly);
        var (api, roster) = await BeginAsync(page);
        using (roster)
        {
            await RunOf(roster).RunAsync(page, [page.Next(), page.Next(), page.Next()]);

            // Its lines are variables of the command, but for the last one: minute, hour, day, month, weekday, user, command.
            var lines = page.Next("cron").Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            var words = lines[^1].Split(' ', 7);
            Assert.Equal(["15", "2", "*", "*", "*", "roster"], words[..6]);
            await api.CreateAsync();
            var ended = await roster.RunShellAsync(string.Join('\n', [.. lines[..^1].Select(line => "export " + line), words[6]])
                .Replace("https://roster.example", server.Address.ToString(), StringComparison.Ordinal)
                .Replace("/etc/roster/nightly.key", roster.File("nightly.key"), StringComparison.Ordinal)
                .Replace("/usr/local/bin/nightly-sync", roster.File("nightly-sync"), StringComparison.Ordinal)
                .Replace("/srv/exports/partners.csv", roster.File("export.csv"), StringComparison.Ordinal));
            // 2 % of three partners are none.
            Assert.True(ended.Code == 4, ended.Errors);
            Assert.Equal("", ended.Output);
            Assert.Contains("--max-deletes", ended.Errors, StringComparison.Ordinal);

            // The program that the service runs is not on this machine.
            roster.Write("roster-sync.service", page.Next("ini").With("/usr/local/bin/nightly-sync", "/bin/true").Text);
            roster.Write("roster-sync.timer", page.Next("ini").Text);
            var verified = await roster.RunShellAsync("systemd-analyze verify ./roster-sync.service ./roster-sync.timer");
            Assert.DoesNotContain("roster-sync", verified.Output + verified.Errors, StringComparison.Ordinal);
            page.HasEnded();
        }
    }

    private PageRun RunOf(RosterCommand roster) => new(roster, server.Address, server.Folder);

    /// <summary>A new workspace, and the command, which is logged in unless the page shows how.</summary>
    private async Task<(RosterClient Api, RosterCommand Roster)> BeginAsync(Page page)
    {
        var api = server.NewWorkspace();
        var roster = new RosterCommand();
        roster.Write("key.txt", api.Key + "\n");
        if (page.Path != Reference)
            await roster.RunAsync(api.Key + "\n", ["login", server.Address.ToString()]);
        return (api, roster);
    }
}
