using System.Text;
using System.Text.Json;
using Roster.Imports;

namespace Roster.Tests.Server;

/// <summary>Requests that meet others, or a server's work, on one import.</summary>
public abstract class ImportRaceContract(RosterHost host)
{
    private const string File = "externalId,name,note\na,Ada,x\nb,Bob,y\n";
    private const string MendsAda = """[{"line":2,"cells":{"name":"Lovelace"}}]""";
    private const string MendsBob = """[{"line":3,"cells":{"name":"Robert"}}]""";

    [Fact]
    public async Task Of_two_requests_that_mend_rows_at_once_the_refused_one_changes_nothing_and_the_other_counts()
    {
        await using var own = await HeldServer.StartAsync(host);
        var api = await own.Host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync(File);
        Answer? faster = null;
        own.Calls.BeforeReplace = async () => faster = await api.MendAsync(id, MendsBob);
        // The new plan of the faster one is still being made.
        using var held = own.Hold();

        var slower = await api.MendAsync(id, MendsAda);

        Assert.Equal((202, 409, "import_not_ready"), (faster?.Status, slower.Status, slower.Code));
        held.Dispose();
        Assert.Equal(1, (await api.SettledAsync(id)).GetProperty("edits").GetInt32());
        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
        Assert.Equal(["Ada", "Robert"], (await api.GetAsync("/api/partners?sort=name")).Names);
    }

    [Fact]
    public async Task Of_two_requests_that_mend_rows_at_once_both_count_where_the_plan_of_one_has_ended_before_the_other_is_stored()
    {
        await using var own = await HeldServer.StartAsync(host);
        var api = await own.Host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync(File);
        own.Calls.BeforeReplace = () => api.MendedAsync(id, MendsBob);

        Assert.Equal(2, (await api.MendedAsync(id, MendsAda)).GetProperty("edits").GetInt32());

        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
        Assert.Equal(["Lovelace", "Robert"], (await api.GetAsync("/api/partners?sort=name")).Names);
    }

    [Fact]
    public async Task Two_requests_that_change_an_import_at_once_are_both_kept()
    {
        await using var own = await HeldServer.StartAsync(host);
        var api = await own.Host.NewWorkspaceAsync();
        var id = await api.NewImportAsync(File);
        own.Calls.BeforeReplace = async () => Assert.Equal(
            200, (await api.ChangeImportAsync(id, """{"mapping":{"columns":[{"column":"note","target":"metadata.note"}]}}""")).Status);

        Assert.Equal(200, (await api.ChangeImportAsync(id, """{"mode":"update"}""")).Status);

        var import = await api.ImportAsync(id);
        Assert.Contains("\"mode\":\"update\"", import.ToString(), StringComparison.Ordinal);
        Assert.Contains("metadata.note", import.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("erase")]
    public async Task A_file_that_was_deleted_while_it_came_in_is_refused_and_leaves_nothing(string how)
    {
        await using var own = await HeldServer.StartAsync(host);
        var api = await own.Host.NewWorkspaceAsync();
        var ada = await api.CreateAsync("""{"name":"Ada"}""");
        var id = "";
        // The last change of an upload stores what was read of the file.
        own.Calls.BeforeReplace = async () =>
        {
            id = (await api.GetAsync(ImportCalls.Path)).Json[0].GetProperty("id").GetString()!;
            var deleted = how == "delete" ? await api.SendAsync(HttpMethod.Delete, $"{ImportCalls.Path}/{id}", null)
                : await api.PostAsync($"[\"{ada}\"]", "/api/partners/erase");
            Assert.InRange(deleted.Status, 200, 204);
        };

        var sent = await api.UploadAsync(Encoding.UTF8.GetBytes(File));

        Assert.Equal((409, "import_not_ready"), (sent.Status, sent.Code));
        await AssertForgottenAsync(own, api, id);
    }

    [Fact]
    public async Task Files_that_come_in_slowly_keep_their_own_workspace_waiting_but_no_other_one()
    {
        await using var own = await HeldServer.StartAsync(host);
        var (slow, other) = (await own.Host.NewWorkspaceAsync(), await own.Host.NewWorkspaceAsync());
        var files = Enumerable.Range(0, 3).Select(_ => SlowFile()).ToList();
        var sent = files.ConvertAll(file => slow.SendAsync(HttpMethod.Post, ImportCalls.Path, file));
        await ListsAsync(slow, files.Count);

        // Four may wait for a place; the fifth one is told to come again.
        var waiting = Enumerable.Range(0, 5).Select(_ => slow.UploadAsync(Encoding.UTF8.GetBytes(File))).ToList();
        var refused = await await Task.WhenAny(waiting);
        Assert.Equal((503, "overloaded"), (refused.Status, refused.Code));
        Assert.Equal(201, (await other.UploadAsync(Encoding.UTF8.GetBytes(File))).Status);
        Assert.Equal(files.Count, (await slow.GetAsync(ImportCalls.Path)).Json.GetArrayLength());

        files.ForEach(file => file.End());
        Assert.All(await Task.WhenAll(sent), answer => Assert.Equal(201, answer.Status));
        Assert.Equal([201, 201, 201, 201, 503], (await Task.WhenAll(waiting)).Select(answer => answer.Status).Order());
    }

    [Fact]
    public async Task A_file_may_take_an_hour_to_come_in()
    {
        await using var own = await HeldServer.StartAsync(host);
        var api = await own.Host.NewWorkspaceAsync();
        var file = SlowFile();
        var sent = api.SendAsync(HttpMethod.Post, ImportCalls.Path, file);
        await ListsAsync(api, 1);

        own.Host.Clock.Move(ImportLimits.UploadTime + TimeSpan.FromSeconds(1));
        file.End();

        var refused = await sent;
        Assert.Equal((408, "request_timeout"), (refused.Status, refused.Code));
        var import = (await api.GetAsync(ImportCalls.Path)).Json[0];
        Assert.Equal(("failed", "upload_broken_off"), (import.State(), import.Reason()));
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("erase")]
    public async Task An_import_that_is_deleted_while_it_is_planned_leaves_nothing(string how)
    {
        await using var own = await HeldServer.StartAsync(host);
        var api = await own.Host.NewWorkspaceAsync();
        var ada = await api.CreateAsync("""{"name":"Ada"}""");
        var id = await api.NewImportAsync(File);
        // The plan is held where it has read the directory, before it stores its rows.
        using var held = own.Hold();
        Assert.Equal(202, (await api.PostAsync("", $"{ImportCalls.Path}/{id}/plan")).Status);
        await HeldServer.HaveBegunAsync(2, own);
        if (how == "delete")
        {
            Assert.Equal(200, (await api.PostAsync("", $"{ImportCalls.Path}/{id}/cancel")).Status);
            Assert.Equal(204, (await api.SendAsync(HttpMethod.Delete, $"{ImportCalls.Path}/{id}", null)).Status);
        }
        else
            Assert.Equal(200, (await api.PostAsync($"[\"{ada}\"]", "/api/partners/erase")).Status);

        held.Dispose();

        while (own.Host.ImportWorker.AtWork > 0)
            await Task.Delay(10);
        await AssertForgottenAsync(own, api, id);
    }

    private static async Task AssertForgottenAsync(HeldServer own, RosterClient api, string id)
    {
        var import = await api.ImportAsync(id);
        Assert.Equal(JsonValueKind.Null, import.GetProperty("expiresAt").ValueKind);
        Assert.DoesNotContain("Ada", import.ToString(), StringComparison.Ordinal);
        foreach (var kind in Enum.GetValues<ImportBlockKind>())
            Assert.Empty(await own.Host.Store.ListImportBlocksAsync(api.Workspace.Id, Guid.Parse(id), kind, 0, 10, CancellationToken.None));
    }

    private static async Task ListsAsync(RosterClient api, int imports)
    {
        while ((await api.GetAsync(ImportCalls.Path)).Json.GetArrayLength() < imports)
            await Task.Delay(10);
    }

    /// <summary>A file that comes in at 50 KiB a second until it may end.</summary>
    private static SlowBody SlowFile() =>
        new("text/csv", "externalId,name,note\n", $",{new string('x', 1_000)},\n", "");
}

public sealed class ImportRacesOnSqlite(SqliteHost host) : ImportRaceContract(host);

public sealed class ImportRacesOnPostgres(PostgresHost host) : ImportRaceContract(host);
