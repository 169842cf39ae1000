namespace Roster.Tests.Cli;

/// <summary>The command in a terminal: tables, questions, progress, colours, and a narrow one.</summary>
public sealed class TerminalTests(ConsoleServer server)
{
    private const string Two = "externalId,name\na1,Ada Lovelace\na2,Grace Hopper\n";

    [Fact]
    public async Task A_sync_is_shown_asked_about_saved_and_applied()
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Write("two.csv", Two);
        using var terminal = new Tmux(roster, 110, 40);

        terminal.Type("roster sync two.csv --match externalId");
        var plan = await terminal.SeesAsync("Apply? [y]es, [n]o, show [c]hanges, [s]ave plan");
        Assert.Contains("two.csv  2 rows, CSV, UTF-8, comma", plan, StringComparison.Ordinal);
        Assert.Matches(@"create\s+2\b", plan);
        terminal.Type("c");
        await terminal.SeesAsync("name:  → Grace Hopper");
        terminal.Type("s");
        await terminal.SeesAsync("Saved. Apply it: roster apply two.plan.json");
        Assert.Empty((await api.GetAsync("/api/partners")).Items);

        terminal.Type("echo be''gun; roster sync two.csv --match externalId");
        await terminal.SeesAsync("begun");
        terminal.Type("maybe");
        terminal.Type("y");
        await terminal.SeesAsync("Undo: roster undo 1");
        Assert.Equal(2, (await api.GetAsync("/api/partners")).Items.Count);
        terminal.Type("roster undo 1");
        await terminal.SeesAsync("It would: 2 deleted.");
        terminal.Type("y");
        await terminal.SeesAsync("Done, revision 2: 2 deleted.");
    }

    [Fact]
    public async Task A_key_that_is_typed_is_not_seen()
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Variables.Clear();
        using var terminal = new Tmux(roster, 110, 40);

        terminal.Type($"roster login {server.Address}");
        await terminal.SeesAsync("API key for");
        terminal.Type(api.Key!);
        var seen = await terminal.SeesAsync("Stored as the default profile.");

        Assert.DoesNotContain(api.Key!, seen, StringComparison.Ordinal);
        terminal.Type("roster whoami");
        await terminal.SeesAsync("profile default");
    }

    [Theory]
    [InlineData("roster sync two.csv --match externalId", "[s]ave plan")]
    [InlineData("roster undo 1", "Undo? [y]es, [n]o")]
    [InlineData("ROSTER_KEY= roster login $ROSTER_URL", "API key for")]
    public async Task Ctrl_C_at_a_question_ends_the_command_which_says_so(string command, string question)
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Write("two.csv", Two);
        await api.CreateAsync();
        using var terminal = new Tmux(roster, 110, 40);

        terminal.Type($"{command}; echo ended $?");
        await terminal.SeesAsync(question);
        terminal.Press("C-c");

        // A command that does not notice is ended by force after ten seconds, and says nothing.
        var ended = await terminal.SeesAsync("ended 130");
        Assert.Contains("Interrupted.", ended, StringComparison.Ordinal);
        Assert.Single((await api.GetAsync("/api/partners")).Items);
    }

    [Fact]
    public async Task A_list_is_a_table_and_in_a_narrow_terminal_a_block_for_each_partner()
    {
        var (api, roster) = Open();
        using var _ = roster;
        await api.PutAsync("""[{"name":"Ada Lovelace","email":"ada@example.com"},{"name":"turned \u202Ename","phone":"1"}]""");
        using var wide = new Tmux(roster, 150, 40);
        using var narrow = new Tmux(roster, 50, 40);

        wide.Type("roster list");
        narrow.Type("roster list");

        var table = await wide.SeesAsync("ada@example.com");
        Assert.Matches(@"id +name +email +phone +externalId +tags", table);
        Assert.Contains("turned \u25A1name", table, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^name +Ada Lovelace *$", await narrow.SeesAsync("ada@example.com"));
    }

    [Fact]
    public async Task Lists_of_the_servers_own_commands_look_the_same()
    {
        using var roster = new RosterCommand();
        using var terminal = new Tmux(roster, 150, 40);
        var command = string.Join(' ', RosterProcess.Command);

        terminal.Type($"{command} migrate && {command} workspaces create 大学 && {command} workspaces list");

        var table = await terminal.SeesAsync("Revision");
        Assert.Matches("(?m)^Name +Revision +Created *$", table);
        Assert.Matches("(?m)^大学 +0 +20", table);
        terminal.Type($"{command} workspaces list | head -n 1 | tr '\\t' '|'");
        await terminal.SeesAsync("Name|Revision|Created");
    }

    [Fact]
    public async Task Colours_are_used_on_a_terminal_unless_they_are_not_wanted()
    {
        var (_, roster) = Open();
        using var _1 = roster;
        roster.Write("wrong.csv", "name,email\nAda,nothing\n");
        using var terminal = new Tmux(roster, 110, 60);

        terminal.Type("roster sync wrong.csv; echo ended $?");
        await terminal.SeesAsync("ended 3");
        Assert.Contains("\e[33m", terminal.Text(withColours: true), StringComparison.Ordinal);

        string[] ways = ["NO_COLOR=1 roster sync wrong.csv", "TERM=dumb roster sync wrong.csv", "roster sync wrong.csv --no-color"];
        foreach (var how in ways)
        {
            terminal.Type("clear; tmux clear-history");
            terminal.Type(how + "; echo ended $?");
            await terminal.SeesAsync("ended 3");
            Assert.DoesNotContain("\e[33m", terminal.Text(withColours: true).Split("ended")[^2], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("zsh -f", "autoload -Uz compinit; compinit -u; source <(roster completion zsh)")]
    [InlineData("fish", "roster completion fish | source")]
    public async Task Other_shells_complete_commands_too(string shell, string setUp)
    {
        using var roster = new RosterCommand();
        using var terminal = new Tmux(roster, 110, 40);
        terminal.Type(shell);
        terminal.Type("echo be''gun");
        await terminal.SeesAsync("begun");
        terminal.Type($"{setUp}; echo rea''dy");
        await terminal.SeesAsync("ready");

        terminal.Write("roster keys ro");
        terminal.Press("Tab");

        await terminal.SeesAsync("roster keys rotate");
    }

    private (RosterClient Api, RosterCommand Roster) Open()
    {
        var api = server.NewWorkspace();
        return (api, new RosterCommand(server.Address, api.Key));
    }
}
