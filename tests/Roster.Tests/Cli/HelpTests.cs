using System.Text.RegularExpressions;

namespace Roster.Tests.Cli;

/// <summary>Help, examples, completion and the manual page, which are made from one tree.</summary>
public sealed partial class HelpTests(ConsoleServer server)
{
    [GeneratedRegex(@"\.RS\n(.*?)\n\.RE", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"^\.SS roster (.*)$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [Fact]
    public async Task Each_example_of_the_help_does_what_it_says()
    {
        var api = server.NewWorkspace();
        using var roster = new RosterCommand(server.Address, api.Key);
        var manual = (await roster.RunAsync("man")).Output.Replace("\\-", "-", StringComparison.Ordinal);
        var examples = Example().Matches(manual).SelectMany(match => match.Groups[1].Value.Split('\n')).ToList();
        Assert.True(examples.Count >= 20, $"{examples.Count} examples");
        roster.Write("key.txt", api.Key + "\n");

        foreach (var example in examples)
        {
            // Each in the state that it is about.
            var ids = (await api.PutAsync("""[{"name":"Ada Lovelace"},{"name":"Grace Hopper"}]""")).Ids;
            roster.Variables["ID"] = ids[0];
            roster.Variables["KEY_ID"] = (await api.PostAsync("""{"name":"k","scopes":["partnersRead"]}""", "/api/keys"))
                .Json.GetProperty("id").GetString()!;
            if (example.StartsWith("roster restore", StringComparison.Ordinal))
                await api.DeleteAsync(ids[0]);
            roster.Write("partners.csv", $"externalId,name\nx{Guid.NewGuid():N},Joan Clarke\n");
            var plan = await roster.RunAsync("plan", "partners.csv", "--match", "externalId", "-o", "plan.json");
            roster.Variables["IMPORT_ID"] = plan.Output.Split('\n')[0].Split('\t')[1];
            Directory.CreateDirectory(roster.File(".local/share/bash-completion/completions"));
            roster.Variables["ROSTER_URL"] = server.Address.ToString();

            var ended = await roster.RunShellAsync(example.Replace("http://localhost:5080", "$ROSTER_URL", StringComparison.Ordinal));

            Assert.True(ended.Code == 0, $"{example}\n{ended.Errors}");
        }
    }

    [Fact]
    public async Task The_manual_page_has_every_command_and_each_command_has_help_with_its_example()
    {
        using var roster = new RosterCommand();
        var manual = (await roster.RunAsync("man")).Output;

        var commands = Section().Matches(manual)
            .Select(match => match.Groups[1].Value.Replace("\\-", "-", StringComparison.Ordinal).Split(' ')
                .TakeWhile(word => !word.Any(char.IsUpper)).ToArray()).ToList();

        foreach (var name in (string[])
            ["login", "whoami", "list", "get", "export", "sync", "import list", "plan", "apply", "undo", "changes", "history",
                "delete", "restore", "erase", "keys list", "completion"])
            Assert.Contains(commands, words => string.Join(' ', words) == name);
        foreach (var words in commands)
        {
            var help = await roster.RunAsync([.. words, "--help"]);
            Assert.Equal(0, help.Code);
            var examples = help.Output[help.Output.LastIndexOf("Example", StringComparison.Ordinal)..];
            Assert.Contains("roster " + string.Join(' ', words), examples, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("roster sy", "sync")]
    [InlineData("roster sync f.csv --mir", "--mirror")]
    [InlineData("roster keys ro", "rotate")]
    [InlineData("roster list --output nd", "ndjson")]
    public async Task Bash_completes_commands_options_and_values(string typed, string completed)
    {
        using var roster = new RosterCommand();
        var words = typed.Split(' ');

        var ended = await roster.RunShellAsync(
            $"source <(roster completion bash); COMP_LINE='{typed}' COMP_POINT={typed.Length} COMP_CWORD={words.Length - 1}; "
            + $"COMP_WORDS=({typed}); _roster; echo \"${{COMPREPLY[@]}}\"");

        Assert.Equal(completed, ended.Output.Trim());
    }
}
