using Roster.Tests.Client;

namespace Roster.Tests.Cli;

/// <summary>A write whose answer was lost, and the command after that.</summary>
public sealed class RepeatedWriteTests(ConsoleServer server)
{
    /// <summary>The name of a header that writes have, and dry runs do not.</summary>
    private const string OfWrite = "Idempotency-Key";

    [Fact]
    public async Task An_undo_goes_on_without_a_question_but_not_in_another_workspace()
    {
        using var proxy = new CuttingProxy(server.Address);
        var (api, other) = (server.NewWorkspace(), server.NewWorkspace());
        using var roster = new RosterCommand(proxy.Address, api.Key);
        await api.PutAsync("""[{"name":"Ada"}]""");
        await other.PutAsync("""[{"name":"Grace"}]""");
        await LoseAsync(proxy, roster, "undo", "1", "--yes");

        roster.Variables["ROSTER_KEY"] = other.Key!;
        var elsewhere = await roster.RunAsync("undo", "1");
        roster.Variables["ROSTER_KEY"] = api.Key!;
        var again = await roster.RunAsync("undo", "1");

        Assert.Equal(2, elsewhere.Code);
        Assert.Contains("--yes", elsewhere.Errors, StringComparison.Ordinal);
        Assert.Single((await other.GetAsync("/api/partners")).Items);
        Assert.True(again.Code == 0, again.Errors);
        Assert.Equal(2, (await api.GetAsync("/api/changesets")).Items.Count);
    }

    [Fact]
    public async Task A_delete_of_more_than_a_day_ago_asks_again()
    {
        using var proxy = new CuttingProxy(server.Address);
        var api = server.NewWorkspace();
        using var roster = new RosterCommand(proxy.Address, api.Key);
        var id = (await api.PutAsync("""[{"name":"Ada"}]""")).Ids[0];
        await LoseAsync(proxy, roster, "delete", id, "--yes");
        await roster.RunAsync("restore", id);
        var runFile = Directory.GetFiles(roster.File(".local/state/roster/runs")).Single();
        File.SetLastWriteTimeUtc(runFile, DateTime.UtcNow - TimeSpan.FromHours(25));

        var ended = await roster.RunAsync("delete", id);

        Assert.Equal(2, ended.Code);
        Assert.Contains("--yes", ended.Errors, StringComparison.Ordinal);
        Assert.Single((await api.GetAsync("/api/partners")).Items);
    }

    /// <summary>Runs a command whose write is carried out, and whose answer is lost.</summary>
    private static async Task LoseAsync(CuttingProxy proxy, RosterCommand roster, params string[] arguments)
    {
        proxy.CutAnswersFrom(OfWrite);
        var lost = await roster.RunAsync(arguments);
        proxy.CutAnswers(0);
        Assert.Equal(1, lost.Code);
        Assert.Contains("no_answer", lost.Errors, StringComparison.Ordinal);
    }
}
