using System.Text;
using System.Text.Json;

namespace Roster.Tests.Cli;

/// <summary>The exit code of each end that a command can have, and what it leaves behind.</summary>
public sealed class ExitCodeTests(ConsoleServer server)
{
    private const string Three = "externalId,name,email\na1,Ada Lovelace,ada@example.com\na2,Grace Hopper,\na3,شركة النور,\n";

    [Fact]
    public async Task Zero_is_done_or_nothing_to_do()
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Write("three.csv", Three);

        var first = await roster.RunAsync("sync", "three.csv", "--match", "externalId", "--yes");
        var second = await roster.RunAsync("sync", "three.csv", "--match", "externalId", "--yes");

        Assert.True(first.Code == 0, first.Errors);
        Assert.Contains("Undo: roster undo 1", first.Errors, StringComparison.Ordinal);
        Assert.Contains("created\t3", first.Output, StringComparison.Ordinal);
        Assert.Equal((0, true), (second.Code, second.Errors.Contains("Nothing to change.", StringComparison.Ordinal)));
        Assert.Equal(3, (await api.GetAsync("/api/partners")).Items.Count);
    }

    [Fact]
    public async Task One_is_failed_and_says_why()
    {
        var (_, roster) = Open();
        using var _1 = roster;

        var missing = await roster.RunAsync("get", Guid.NewGuid().ToString());
        var unread = await roster.RunAsync("sync", "nowhere.csv");
        roster.Variables["ROSTER_KEY"] = "roster_wrong";
        var refused = await roster.RunAsync("list");

        Assert.Equal((1, 1, 1), (missing.Code, unread.Code, refused.Code));
        Assert.Contains("There is no partner", missing.Errors, StringComparison.Ordinal);
        Assert.Contains("nowhere.csv", unread.Errors, StringComparison.Ordinal);
        Assert.Contains("The key is from ROSTER_KEY.", refused.Errors, StringComparison.Ordinal);
        Assert.Equal("", missing.Output + unread.Output + refused.Output);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("sync")]
    [InlineData("list --output xml")]
    [InlineData("list --sort size")]
    [InlineData("list --take -1")]
    [InlineData("list --take many")]
    [InlineData("get somebody")]
    [InlineData("undo yesterday")]
    [InlineData("sync three.csv --mirror --update-only")]
    [InlineData("sync three.csv --max-deletes 5")]
    [InlineData("delete not-an-id --yes")]
    [InlineData("undo")]
    [InlineData("keys create --name k --scopes partnersRead --expires soon")]
    [InlineData("login ftp://roster.example")]
    [InlineData("export --output json")]
    [InlineData("export partners.json")]
    [InlineData("list --metadata region=emea --metadata region=apac")]
    [InlineData("list --updated-since 05/11/2026")]
    [InlineData("list --updated-since yesterday")]
    // An empty argument each, as of a shell's variable that is not set.
    [InlineData("sync ")]
    [InlineData("plan ")]
    [InlineData("apply ")]
    [InlineData("export ")]
    [InlineData("list --key-file ")]
    [InlineData("sync three.csv --faults ")]
    [InlineData("plan three.csv -o ")]
    public async Task Two_is_wrong_usage(string arguments)
    {
        var (_, roster) = Open();
        using var _1 = roster;
        roster.Write("three.csv", Three);

        var ended = await roster.RunAsync(arguments.Split(' '));

        Assert.Equal((2, ""), (ended.Code, ended.Output));
        Assert.NotEqual("", ended.Errors);
        Assert.DoesNotContain("System.", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_is_also_a_question_where_nobody_is_there_and_names_yes()
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Write("three.csv", Three);
        var id = (await api.PutAsync("""[{"name":"Ada"}]""")).Ids[0];

        foreach (var arguments in (string[][])[["sync", "three.csv"], ["delete", id], ["erase", id], ["undo", "1"]])
        {
            var ended = await roster.RunAsync(arguments);
            Assert.Equal(2, ended.Code);
            Assert.Contains("--yes", ended.Errors, StringComparison.Ordinal);
        }
        Assert.Single((await api.GetAsync("/api/changesets")).Items);
    }

    [Fact]
    public async Task Two_is_also_a_mapping_with_a_member_that_is_misspelt()
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Write("one.csv", "ref,full name,e\na1, Ada Lovelace ,ada@example.com\n");
        const string Right = """
            {"columns":[{"column":"ref","target":"externalId"},{"column":"full name","target":"name"},{"column":"e","target":"email"}]}
            """;
        roster.Write("right.json", "\uFEFF" + Right);
        roster.Write("misspelt.json", Right.Replace("\"target\":\"email\"", "\"traget\":\"email\"", StringComparison.Ordinal));
        roster.Write("capital.json", Right.Replace("\"target\":\"email\"", "\"Target\":\"email\"", StringComparison.Ordinal));

        var misspelt = await roster.RunAsync("sync", "one.csv", "--match", "externalId", "--mapping", "misspelt.json", "--yes");
        var capital = await roster.RunAsync("sync", "one.csv", "--match", "externalId", "--mapping", "capital.json", "--yes");
        Assert.Empty((await api.GetAsync("/api/partners")).Items);
        var right = await roster.RunAsync("sync", "one.csv", "--match", "externalId", "--mapping", "right.json", "--yes");

        Assert.Equal((2, 2), (misspelt.Code, capital.Code));
        Assert.Contains("'traget'", misspelt.Errors, StringComparison.Ordinal);
        Assert.Contains("'Target'", capital.Errors, StringComparison.Ordinal);
        Assert.True(right.Code == 0, right.Errors);
        // A member that is left out has the server's own value.
        Assert.Equal(["Ada Lovelace"], (await api.GetAsync("/api/partners?email=ada@example.com")).Names);
    }

    [Fact]
    public async Task Three_is_faults_which_are_named_by_line_and_column_and_written_into_a_file()
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Write("wrong.csv", Three + "a4,Joan Clarke,not an address\n");

        var ended = await roster.RunAsync("sync", "wrong.csv", "--match", "externalId", "--yes", "--faults", "faults.csv");

        Assert.Equal(3, ended.Code);
        Assert.Contains("wrong.csv:5:3: email: ", ended.Errors, StringComparison.Ordinal);
        Assert.Empty((await api.GetAsync("/api/partners")).Items);
        var faults = await File.ReadAllLinesAsync(roster.File("faults.csv"), TestContext.Current.CancellationToken);
        Assert.Equal("externalId,name,email,roster_change,roster_faults", faults[0].TrimStart('\uFEFF'));
        Assert.StartsWith("a4,Joan Clarke,not an address,faulty,", faults[1], StringComparison.Ordinal);
        Assert.Equal(0, (await roster.RunAsync("sync", "wrong.csv", "--match", "externalId", "--yes", "--skip-faulty")).Code);
        Assert.Equal(3, (await api.GetAsync("/api/partners")).Items.Count);
    }

    [Fact]
    public async Task Faulty_rows_are_a_file_for_a_spreadsheet_that_is_synced_when_it_is_corrected()
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Write("wrong.csv", "externalId,name,phone,email\na1,=Müller,'+44 1,not an address\n");
        await roster.RunAsync("sync", "wrong.csv", "--match", "externalId", "--faults", "faults.csv");
        var faults = await File.ReadAllBytesAsync(roster.File("faults.csv"), TestContext.Current.CancellationToken);
        var text = Encoding.UTF8.GetString(faults);

        roster.Write("right.csv", text.Replace("not an address,", "a@example.com,", StringComparison.Ordinal));
        var right = await roster.RunAsync("sync", "right.csv", "--match", "externalId", "--yes");

        Assert.StartsWith("EFBBBF", Convert.ToHexString(faults), StringComparison.Ordinal);
        Assert.Contains("\r\na1,'=Müller,'+44 1,not an address,faulty,", text, StringComparison.Ordinal);
        Assert.True(right.Code == 0, right.Errors);
        var partner = (await api.GetAsync("/api/partners")).Items.Single();
        Assert.Equal(("=Müller", "+44 1"), (partner.GetProperty("name").GetString(), partner.GetProperty("phone").GetString()));
    }

    [Fact]
    public async Task Four_is_too_many_deletes_which_yes_does_not_cover()
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Write("three.csv", Three);
        roster.Write("one.csv", "externalId,name\na1,Ada Lovelace\n");
        await roster.RunAsync("sync", "three.csv", "--match", "externalId", "--yes");

        var refused = await roster.RunAsync("sync", "one.csv", "--match", "externalId", "--mirror", "--yes");
        Assert.Equal(4, refused.Code);
        Assert.Contains("--max-deletes", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(3, (await api.GetAsync("/api/partners")).Items.Count);

        var allowed = await roster.RunAsync("sync", "one.csv", "--match", "externalId", "--mirror", "--max-deletes", "2", "--yes");
        Assert.Equal((0, true), (allowed.Code, allowed.Output.Contains("deleted\t2", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Four_is_also_a_mirror_that_would_delete_too_many_by_the_time_it_is_applied()
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Write("four.csv", Three + "a4,Joan Clarke,\n");
        roster.Write("two.csv", "externalId,name\na1,Ada Lovelace\na2,Grace Hopper\n");
        await roster.RunAsync("sync", "four.csv", "--match", "externalId", "--yes");
        string[] plan = ["plan", "two.csv", "--match", "externalId", "--mirror", "--max-deletes", "50%", "-o", "plan.json"];
        Assert.Equal(0, (await roster.RunAsync(plan)).Code);
        await roster.RunAsync("delete", (await api.GetAsync("/api/partners?externalId=a1")).Ids[0], "--yes");

        var ended = await roster.RunAsync("apply", "plan.json");

        Assert.Equal(4, ended.Code);
        Assert.Contains("too_many_deletes", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("Nothing was written.", ended.Errors, StringComparison.Ordinal);
        Assert.Equal(3, (await api.GetAsync("/api/partners")).Items.Count);
    }

    [Fact]
    public async Task Four_is_a_plan_whose_partners_others_changed_and_says_which_and_who()
    {
        var (api, roster) = Open();
        using var _ = roster;
        await PlanLaterAsync(roster);
        var id = (await api.GetAsync("/api/partners?externalId=a1")).Ids[0];
        await api.PutAsync($$"""[{"id":"{{id}}","phone":"1"}]""");

        var ended = await roster.RunAsync("apply", "plan.json");

        Assert.Equal(4, ended.Code);
        Assert.Contains("line 2: ", ended.Errors, StringComparison.Ordinal);
        Assert.Contains($"{id} was updated by test at ", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("--skip-conflicts", ended.Errors, StringComparison.Ordinal);
        Assert.Equal("Grace Hopper", (await api.GetAsync("/api/partners?externalId=a2")).Names[0]);

        var others = await roster.RunAsync("apply", "plan.json", "--skip-conflicts");

        Assert.True(others.Code == 0, others.Errors);
        Assert.Equal("Ada Lovelace", (await api.GetAsync("/api/partners?externalId=a1")).Names[0]);
        Assert.Equal("Grace Murray Hopper", (await api.GetAsync("/api/partners?externalId=a2")).Names[0]);
    }

    [Fact]
    public async Task Four_is_also_a_plan_of_whose_partners_one_was_erased()
    {
        var (api, roster) = Open();
        using var _ = roster;
        await PlanLaterAsync(roster);
        var id = (await api.GetAsync("/api/partners?externalId=a1")).Ids[0];
        Assert.Equal(0, (await roster.RunAsync("erase", id, "--yes")).Code);

        var ended = await roster.RunAsync("apply", "plan.json");

        Assert.Equal(4, ended.Code);
        Assert.Contains("line 2: This partner was erased since the plan.", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("Nothing was written.", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("not_found", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_that_was_saved_can_be_applied_after_the_same_file_was_planned_again()
    {
        var (api, roster) = Open();
        using var _ = roster;
        await PlanLaterAsync(roster);
        Assert.Equal(0, (await roster.RunAsync("plan", "later.csv", "--match", "externalId")).Code);
        Assert.Equal(0, (await roster.RunAsync("plan", "later.csv", "--match", "externalId", "-o", "other.json")).Code);

        var ended = await roster.RunAsync("apply", "plan.json");

        Assert.True(ended.Code == 0, ended.Errors);
        Assert.Equal("Ada King", (await api.GetAsync("/api/partners?externalId=a1")).Names[0]);
    }

    [Fact]
    public async Task Four_is_a_plan_that_somebody_has_made_anew()
    {
        var (api, roster) = Open();
        using var _ = roster;
        await PlanLaterAsync(roster);
        var import = (await api.GetAsync("/api/imports")).Items[0].GetProperty("id").GetString()!;
        await api.ChangeImportAsync(import, """{"mode":"update"}""");
        await api.PlannedAsync(import);

        var ended = await roster.RunAsync("apply", "plan.json");

        Assert.Equal(4, ended.Code);
        Assert.Contains("The plan was changed since", ended.Errors, StringComparison.Ordinal);
        Assert.Single((await api.GetAsync("/api/changesets")).Items);
    }

    [Fact]
    public async Task Four_is_an_undo_of_partners_that_others_changed()
    {
        var (api, roster) = Open();
        using var _ = roster;
        var id = (await api.PutAsync("""[{"name":"Ada"}]""")).Ids[0];
        await api.PutAsync($$"""[{"id":"{{id}}","name":"Ada King"}]""");

        var ended = await roster.RunAsync("undo", "1", "--yes");

        Assert.Equal(4, ended.Code);
        Assert.Contains(id, ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ten_is_a_plan_with_something_to_apply_and_apply_does_exactly_that_once()
    {
        var (api, roster) = Open();
        using var _ = roster;
        roster.Write("three.csv", Three);

        var plan = await roster.RunAsync("plan", "three.csv", "--match", "externalId", "-o", "plan.json", "--exit-code");
        Assert.Equal(10, plan.Code);
        Assert.Empty((await api.GetAsync("/api/partners")).Items);
        var written = JsonDocument.Parse(await File.ReadAllTextAsync(roster.File("plan.json"), TestContext.Current.CancellationToken));
        Assert.Equal(3, written.RootElement.GetProperty("created").GetInt32());
        Assert.DoesNotContain(api.Key!, written.RootElement.GetRawText(), StringComparison.Ordinal);

        Assert.Equal(0, (await roster.RunAsync("apply", "plan.json")).Code);
        var again = await roster.RunAsync("apply", "plan.json");
        Assert.Equal((0, true), (again.Code, again.Errors.Contains("applied before", StringComparison.Ordinal)));
        Assert.Equal(0, (await roster.RunAsync("plan", "three.csv", "--match", "externalId", "--exit-code")).Code);
        Assert.Single((await api.GetAsync("/api/changesets")).Items);
    }

    /// <summary>Brings three partners in, and plans new names of two of them.</summary>
    private static async Task PlanLaterAsync(RosterCommand roster)
    {
        roster.Write("three.csv", Three);
        roster.Write("later.csv", Three.Replace("Ada Lovelace", "Ada King", StringComparison.Ordinal)
            .Replace("Grace Hopper", "Grace Murray Hopper", StringComparison.Ordinal));
        await roster.RunAsync("sync", "three.csv", "--match", "externalId", "--yes");
        Assert.Equal(0, (await roster.RunAsync("plan", "later.csv", "--match", "externalId", "-o", "plan.json")).Code);
    }

    private (RosterClient Api, RosterCommand Roster) Open()
    {
        var api = server.NewWorkspace();
        return (api, new RosterCommand(server.Address, api.Key));
    }
}
