using System.Globalization;
using System.Text.Json;
using Roster.Access;
using Roster.Log;

namespace Roster.Tests.Server;

/// <summary>GET /api/stats, and lists of those that have or lack an e-mail address or a phone, on every engine.</summary>
public abstract class StatisticsContract(RosterHost host)
{
    private const string Path = "/api/partners";

    [Fact]
    public async Task An_empty_workspace_has_its_days_without_gaps()
    {
        var api = await host.NewWorkspaceAsync();

        var answer = (await api.GetAsync("/api/stats")).Json;

        Assert.Equal(0, answer.GetProperty("revision").GetInt64());
        Assert.Equal("""{"live":0,"deleted":0,"withEmail":0,"withPhone":0}""", answer.GetProperty("partners").GetRawText());
        Assert.Equal(0, answer.GetProperty("writes").GetArrayLength());
        var days = answer.GetProperty("days").EnumerateArray().ToList();
        var today = DateOnly.FromDateTime(host.Clock.GetUtcNow().UtcDateTime);
        Assert.Equal(
            Enumerable.Range(0, 90).Select(i => Text(today.AddDays(i - 89))), days.Select(day => day.GetProperty("day").GetString()));
        Assert.All(days, day => Assert.Equal("0 0 0 0 0 0 0", Numbers(day)));
    }

    [Theory]
    [InlineData("days=0")]
    [InlineData("days=367")]
    [InlineData("days=x")]
    public async Task Days_are_1_to_366(string query) =>
        Assert.Equal("invalid_parameter", (await (await host.NewWorkspaceAsync()).GetAsync("/api/stats?" + query)).Code);

    [Fact]
    public async Task Each_day_says_what_was_written_and_how_many_there_were_at_its_end()
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var ids = (await api.PutAsync(
            """[{"name":"a","email":"a@x.example"},{"name":"b","phone":"+44 1"},{"name":"c"},{"name":"d"}]""")).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"+44 2"},{"name":"e"}]""");
        own.Clock.Move(TimeSpan.FromDays(2));
        await api.DeleteAsync(ids[0], ids[1]);
        await api.RestoreAsync(ids[1]);
        await api.PostAsync("""[{"name":"f","email":"f@x.example"}]""");
        var erased = await api.PostAsync(JsonSerializer.Serialize(new[] { ids[0], ids[2] }), "/api/partners/erase");
        Assert.Equal(200, erased.Status);
        await api.PutAsync($$"""[{"id":"{{ids[3]}}"}]""");

        var answer = (await api.GetAsync("/api/stats?days=4")).Json;

        // Created, updated, deleted, restored, erased, change sets, live.
        Assert.Equal(
            ["0 0 0 0 0 0 0", "5 1 0 0 0 2 5", "0 0 0 0 0 0 5", "1 0 3 1 2 4 4"],
            answer.GetProperty("days").EnumerateArray().Select(Numbers));
        Assert.Equal("""{"live":4,"deleted":0,"withEmail":1,"withPhone":1}""", answer.GetProperty("partners").GetRawText());
        Assert.Equal(6, answer.GetProperty("revision").GetInt64());
        var key = (await api.GetAsync("/api/keys")).Items.Single();
        Assert.Equal(
            ["upsert 2 6", "create 1 1", "delete 1 2", "erase 1 2", "restore 1 1"],
            answer.GetProperty("writes").EnumerateArray().Select(
                one => $"{one.GetProperty("kind").GetString()} {one.GetProperty("changeSets")} {one.GetProperty("changes")}"));
        Assert.All(answer.GetProperty("writes").EnumerateArray(), one => Assert.Equal(
            $$"""{"id":"{{key.GetProperty("id").GetString()}}","name":"test","kind":"key"}""", one.GetProperty("actor").GetRawText()));
        Assert.Equal(
            "1 0 3 1 2 4 4", Numbers((await api.GetAsync("/api/stats?days=1")).Json.GetProperty("days").EnumerateArray().Single()));
    }

    [Fact]
    public async Task Of_a_day_fifty_pairs_of_kind_and_key_are_told_apart_and_the_others_are_summed_up_for_each_kind()
    {
        var api = await host.NewWorkspaceAsync();
        for (var i = 0; i < 60; i++)
            await (await host.NewKeyAsync(api.Workspace, Scopes.All)).CreateAsync();
        await api.CreateAsync("""{"name":"n"}""");
        await api.PostAsync("""[{"name":"n"}]""");

        var writes = (await api.GetAsync("/api/stats?days=1")).Json.GetProperty("writes").EnumerateArray().ToList();

        var shared = writes.Where(one => one.GetProperty("actor").ValueKind == JsonValueKind.Null)
            .Select(one => $"{one.GetProperty("kind").GetString()} {one.GetProperty("changeSets")}").ToList();
        Assert.Equal(50, writes.Count - shared.Count);
        Assert.Equal(62, writes.Sum(one => one.GetProperty("changeSets").GetInt64()));
        Assert.True(shared.Count is 1 or 2, string.Join(", ", shared));
    }

    [Fact]
    public async Task Days_are_counted_once_however_often_the_index_is_lost_or_made_anew()
    {
        var api = await host.NewWorkspaceAsync();
        var none = CancellationToken.None;
        var random = new Random(3);
        for (var round = 0; round < 12; round++)
        {
            await api.PutAsync("""[{"name":"a"},{"name":"b"}]""");
            var ids = (await api.GetAsync(Path + "?take=4")).Ids;
            if (random.Next(2) == 0)
                await api.DeleteAsync(ids[0]);
            if (round % 3 == 1)
                await api.PostAsync(JsonSerializer.Serialize(new[] { ids[^1] }), "/api/partners/erase");
            if (round % 4 == 2)
            {
                await LoseIndexAsync(api.Workspace.Id);
                await api.CreateAsync("""{"name":"c"}""");
            }

            var found = await host.Store.ReadStatisticsAsync(api.Workspace.Id, 0, none);

            var log = await host.Store.ListChangeSetsAsync(api.Workspace.Id, new ChangeSetQuery(1_000), none);
            Assert.Equal(log[0].Revision.Number, found.Revision);
            Assert.Equal(
                log.GroupBy(one => one.Kind).OrderBy(kind => kind.Key, StringComparer.Ordinal)
                    .Select(kind => $"{kind.Key} {kind.Count()} {kind.Sum(one => one.Counts.Changed)}"),
                found.Days.GroupBy(one => one.Kind).OrderBy(kind => kind.Key, StringComparer.Ordinal)
                    .Select(kind => $"{kind.Key} {kind.Sum(one => one.ChangeSets)} {kind.Sum(one => one.Changed)}"));
            Assert.Equal(
                found.Partners.Live, found.Days.Sum(one => one.Created + one.Restored - one.Deleted));
        }
    }

    [Fact]
    public async Task Lists_find_those_that_have_an_address_or_a_phone_and_those_that_have_none()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync(
            """
            [{"name":"both","email":"both@x.example","phone":"+44 1","tags":["t"]},{"name":"mail","email":"mail@x.example"},
             {"name":"phone","phone":"+44 2","tags":["t"]},{"name":"neither"},{"name":"gone","email":"gone@x.example"}]
            """)).Ids;
        await api.DeleteAsync(ids[4]);

        await FindsAsync("email=*", "mail both");
        await FindsAsync("email=", "neither phone");
        await FindsAsync("phone=*", "phone both");
        await FindsAsync("phone=", "neither mail");
        await FindsAsync("email=*&phone=", "mail");
        await FindsAsync("email=&phone=", "neither");
        await FindsAsync("email=*&deleted=true", "gone mail both");
        await FindsAsync("email=*&deleted=only", "gone");
        await FindsAsync("email=&deleted=only", "");
        await FindsAsync("email=*&tag=t", "both");
        await FindsAsync("phone=*&sort=name", "both phone");
        await FindsAsync("email=&sort=-name", "phone neither");
        await FindsAsync("q=bot&phone=*", "both");
        await FindsAsync("email=both@x.example&phone=*", "both");
        await FindsAsync($"id={ids[1]}&phone=*", "");
        await api.PutAsync($$"""[{"id":"{{ids[3]}}","email":"new@x.example"},{"id":"{{ids[1]}}","email":null}]""");
        await FindsAsync("email=*", "neither both");
        await FindsAsync("email=", "phone mail");

        var first = await api.GetAsync($"{Path}?email=&take=1&count=true");
        Assert.Equal(("phone", 2), (first.Names.Single(), first.Count("Roster-Total")));
        Assert.Equal(["mail"], (await api.GetAsync(first.Next!)).Names);

        async Task FindsAsync(string query, string names)
        {
            var answer = await api.GetAsync($"{Path}?{query}&count=true");
            Assert.Equal(names, string.Join(' ', answer.Names));
            Assert.Equal(answer.Names.Count, answer.Count("Roster-Total"));
        }
    }

    [Theory]
    [InlineData("email=*&asOf=1")]
    [InlineData("phone=&asOf=1")]
    [InlineData("email=*&email=")]
    [InlineData("phone=**")]
    public async Task What_cannot_be_asked_is_refused(string query) =>
        Assert.Equal("invalid_parameter", (await (await host.NewWorkspaceAsync()).GetAsync($"{Path}?{query}")).Code);

    [Fact]
    public async Task The_status_names_the_database_and_says_how_far_searches_are()
    {
        var api = await host.NewWorkspaceAsync();
        await api.CreateAsync();
        await api.GetAsync(Path + "?q=ada");

        var status = (await api.GetAsync("/api/status")).Json;

        Assert.Matches(@"^(SQLite 3\.\d+\.\d+|PostgreSQL \d+(\.\d+)?)$", status.GetProperty("engine").GetString()!);
        Assert.Equal((1, 1, 0), (Number("revision"), Number("searchRevision"), Number("searchLag")));
        var isCitus = host is PostgresHost && PostgresHost.IsCitus;
        Assert.True(isCitus ? Number("databaseBytes") is null : Number("databaseBytes") > 10_000);
        Assert.Equal(host is SqliteHost, Number("diskFreeBytes") > 0);
        Assert.True(
            DateTimeOffset.Parse(status.GetProperty("startedAt").GetString()!, CultureInfo.InvariantCulture) <= host.Clock.GetUtcNow());
        Assert.Equal(JsonValueKind.Null, status.GetProperty("backupAt").ValueKind);
        Assert.Equal(403, (await (await host.NewKeyAsync(api.Workspace, Scopes.PartnersRead)).GetAsync("/api/status")).Status);

        long? Number(string name) => status.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : null;
    }

    /// <summary>Makes the server fill the workspace's index anew.</summary>
    protected abstract Task LoseIndexAsync(long workspaceId);

    private static string Numbers(JsonElement day) =>
        string.Join(' ', day.EnumerateObject().Skip(1).Select(number => number.Value.GetInt64()));

    private static string Text(DateOnly day) => day.ToString("O", CultureInfo.InvariantCulture);
}

public sealed class StatisticsOnSqlite(SqliteHost host) : StatisticsContract(host)
{
    private readonly SqliteHost _host = host;

    protected override Task LoseIndexAsync(long workspaceId)
    {
        File.Delete($"{_host.File}.search/{workspaceId}.db");
        return Task.CompletedTask;
    }
}

public sealed class StatisticsOnPostgres(PostgresHost host) : StatisticsContract(host)
{
    private readonly PostgresHost _host = host;

    protected override Task LoseIndexAsync(long workspaceId) => PostgresCluster.RunAsync(
        _host.Database,
        $"update search_state set reached = 0, filling = null, filled = null, counted = 0 where workspace_id = {workspaceId}");
}
