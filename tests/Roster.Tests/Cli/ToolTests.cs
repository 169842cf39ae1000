using System.Text;
using System.Text.Json;

namespace Roster.Tests.Cli;

/// <summary>A new user: installs the .NET tool from its package, and brings a directory in.</summary>
public sealed class ToolTests(ConsoleServer server)
{
    [Fact]
    public async Task A_new_user_installs_the_tool_and_syncs_plans_applies_and_undoes_the_universities()
    {
        var api = server.NewWorkspace();
        using var roster = new RosterCommand();
        // As the page says, but with a home of its own, and without building again.
        var commands = new Page("docs/reference/command-line.md").Next().Text;
        var installed = await roster.RunShellAsync($$"""
            set -e; exec 2>&1
            dotnet() (
                if [ "$1" = pack ]; then
                    set -- "${@:1:$#-1}" "$PWD/${@: -1}" --no-build -v q --nologo
                    cd {{PageRun.Quoted(Repository.Root)}}
                fi
                export DOTNET_CLI_HOME=$HOME DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1
                HOME={{PageRun.Quoted(Environment.GetEnvironmentVariable("HOME")!)}} command dotnet "$@"
            )
            {{commands}}
            """);
        Assert.True(installed.Code == 0, installed.Output);
        var tool = roster.File(".dotnet/tools/roster");
        WriteUniversities(roster, "uni.csv", renamed: 0);
        WriteUniversities(roster, "later.csv", renamed: 10);
        roster.Write("key.txt", api.Key + "\n");

        await RunAsync($"login {server.Address} < key.txt");
        await RunAsync("sync uni.csv --match externalId --yes");
        Assert.Contains("updated\t10\n", await RunAsync("plan later.csv --match externalId -o plan.json"), StringComparison.Ordinal);
        var revision = (await RunAsync("apply plan.json --output json"));
        var last = JsonDocument.Parse(revision).RootElement.GetProperty("revisions")[0].GetInt64();
        Assert.Equal(10, (await api.GetAsync("/api/partners?q=renamed&take=100")).Items.Count);
        await RunAsync($"undo {last} --yes");

        Assert.Empty((await api.GetAsync("/api/partners?q=renamed")).Items);
        Assert.Equal("10251", (await api.GetAsync("/api/partners?take=1&count=true")).Headers.GetValues("Roster-Total").Single());

        async Task<string> RunAsync(string arguments)
        {
            var ended = await roster.RunShellAsync($"{tool} {arguments}");
            Assert.True(ended.Code == 0, $"roster {arguments}\n{ended.Errors}");
            return ended.Output;
        }
    }

    private static void WriteUniversities(RosterCommand roster, string name, int renamed)
    {
        var names = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "data/universities.json"))).RootElement;
        var text = new StringBuilder("externalId,name\n");
        var at = 0;
        foreach (var university in names.EnumerateArray())
        {
            var title = university.GetProperty("name").GetString()!.Replace("\"", "\"\"", StringComparison.Ordinal);
            text.Append(null, $"u{at},\"{title}{(at < renamed ? " (renamed)" : "")}\"\n");
            at++;
        }
        roster.Write(name, text.ToString());
    }
}
