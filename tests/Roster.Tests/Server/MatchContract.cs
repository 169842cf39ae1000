using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>externalId and matchOn: what every engine does.</summary>
public abstract class MatchContract(RosterHost host)
{
    private const string Path = "/api/partners";

    [Fact]
    public async Task An_external_id_is_kept_answered_and_cleared()
    {
        var api = await host.NewWorkspaceAsync();
        var created = (await api.PutAsync("""[{"name":"a","externalId":"CRM 1/ä"}]""")).Items[0];
        Assert.Equal("CRM 1/ä", created.GetProperty("externalId").GetString());
        var id = created.GetProperty("id").GetString()!;

        Assert.Equal((0, 0, 1), (await api.PutAsync($$"""[{"id":"{{id}}","externalId":"CRM 1/ä"}]""")).Counts);
        Assert.Equal("CRM 1/ä", (await api.GetAsync($"{Path}/{id}")).Json.GetProperty("externalId").GetString());
        Assert.False((await api.PutAsync($$"""[{"id":"{{id}}","externalId":null}]""")).Items[0].TryGetProperty("externalId", out _));
    }

    [Theory]
    [InlineData("\"\"", "empty_value")]
    [InlineData("\" \"", "empty_value")]
    [InlineData("7", "invalid_type")]
    [InlineData("\"a\\u0000\"", "invalid_text")]
    public async Task A_bad_external_id_is_refused(string value, string code)
    {
        var api = await host.NewWorkspaceAsync();

        Assert.Equal([$"0 externalId {code}"], (await api.PutAsync($$"""[{"name":"a","externalId":{{value}}}]""")).Faults);
        Assert.Equal(200, (await api.PutAsync($$"""[{"name":"a","externalId":"{{new string('x', 255)}}"}]""")).Status);
        Assert.Equal(["0 externalId too_long"], (await api.PutAsync($$"""[{"name":"a","externalId":"{{new string('y', 256)}}"}]""")).Faults);
    }

    [Fact]
    public async Task An_external_id_is_unique_among_the_live_partners_of_a_workspace()
    {
        var api = await host.NewWorkspaceAsync();
        var first = (await api.PutAsync("""[{"name":"a","externalId":"x"}]""")).Ids[0];
        var other = await api.CreateAsync("""{"name":"b"}""");

        var taken = await api.PutAsync($$"""[{"name":"c","externalId":"x"},{"id":"{{other}}","externalId":"x"}]""");
        Assert.Equal(["0 externalId external_id_taken", "1 externalId duplicate_external_id"], taken.Faults);
        Assert.Equal(first, taken.Json.GetProperty("details")[0].GetProperty("candidates")[0].GetString());
        Assert.Equal(["0 externalId external_id_taken"], (await api.PostAsync("""[{"name":"c","externalId":"x"}]""")).Faults);
        Assert.Equal(200, (await (await host.NewWorkspaceAsync()).PutAsync("""[{"name":"c","externalId":"x"}]""")).Status);

        await api.DeleteAsync(first);
        var again = (await api.PostAsync("""[{"name":"Z","externalId":"y"}]""")).Ids[0];
        await api.DeleteAsync(again);
        await api.PostAsync("""[{"name":"A","externalId":"y"}]""");
        var sorted = await api.GetAsync(Path + "?externalId=y&deleted=true&sort=name&take=1");
        Assert.Equal(["A"], sorted.Names);
        Assert.Equal(["Z"], (await api.GetAsync(sorted.Next!)).Names);
        Assert.Equal(200, (await api.PutAsync($$"""[{"id":"{{other}}","externalId":"x"}]""")).Status);
        Assert.Equal(["0 externalId external_id_taken"], (await api.RestoreAsync(first)).Faults);
    }

    [Fact]
    public async Task Two_partners_can_swap_their_external_ids_in_one_request()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a","externalId":"x"},{"name":"b","externalId":"y"}]""")).Ids;

        Assert.Equal((0, 2, 0), (await api.PutAsync($$"""[{"id":"{{ids[0]}}","externalId":"y"},{"id":"{{ids[1]}}","externalId":"x"}]""")).Counts);
        Assert.Equal(["b"], (await api.GetAsync(Path + "?externalId=x")).Names);
        Assert.Equal(
            ["1 externalId duplicate_external_id"],
            (await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"1"},{"id":"{{ids[1]}}","externalId":"y"}]""")).Faults);
    }

    [Theory]
    [InlineData("externalId", "\"externalId\":\"crm-1\"")]
    [InlineData("email", "\"email\":\"ada@example.com\"")]
    public async Task An_item_without_id_updates_the_one_that_matches_and_creates_where_none_does(string matchOn, string key)
    {
        var api = await host.NewWorkspaceAsync();
        var path = $"{Path}?matchOn={matchOn}";
        var first = await Match(api, path, $$"""[{"name":"Ada",{{key}}},{"name":"no key"}]""");
        Assert.Equal((2, 0, 0), first.Counts);

        var second = await Match(api, path, $$"""[{ {{key}},"phone":"1"}]""");
        Assert.Equal((0, 1, 0), second.Counts);
        Assert.Equal(first.Ids[0], second.Ids[0]);
        Assert.Equal("Ada", second.Names[0]);
        Assert.Equal((0, 0, 1), (await Match(api, path, $$"""[{ {{key}},"phone":"1"}]""")).Counts);

        await api.DeleteAsync(first.Ids[0]);
        Assert.Equal((1, 0, 0), (await Match(api, path, $$"""[{"name":"Ada",{{key}}}]""")).Counts);
    }

    [Fact]
    public async Task Without_matchOn_nothing_is_matched()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync("""[{"name":"a","email":"a@b.example"}]""");

        Assert.Equal((1, 0, 0), (await api.PutAsync("""[{"name":"a","email":"a@b.example"}]""")).Counts);
    }

    [Fact]
    public async Task Addresses_match_whatever_their_case_and_several_are_ambiguous()
    {
        var api = await host.NewWorkspaceAsync();
        var path = Path + "?matchOn=email";
        var id = (await api.PutAsync("""[{"name":"a","email":"Ada@Example.com"}]""")).Ids[0];

        var matched = await Match(api, path, """[{"email":"ADA@example.COM"}]""");
        Assert.Equal((id, "ADA@example.COM"), (matched.Ids[0], matched.Items[0].GetProperty("email").GetString()));

        var other = (await api.PutAsync("""[{"name":"b","email":"ada@example.com"}]""")).Ids[0];
        var ambiguous = await Match(api, path, """[{"name":"c","email":"ada@example.com"}]""");
        Assert.Equal(["0 email ambiguous_match"], ambiguous.Faults);
        Assert.Equal([id, other], ambiguous.Json.GetProperty("details")[0].GetProperty("candidates").EnumerateArray().Select(one => one.GetString()));
    }

    [Fact]
    public async Task Two_items_about_the_same_partner_are_refused()
    {
        var api = await host.NewWorkspaceAsync();
        var id = (await api.PutAsync("""[{"name":"a","email":"a@b.example","externalId":"x"}]""")).Ids[0];

        Assert.Equal(
            ["1 email duplicate_match"],
            (await Match(api, Path + "?matchOn=email", """[{"email":"a@b.example"},{"email":"A@b.example","phone":"1"}]""")).Faults);
        Assert.Equal(
            ["0 email duplicate_match"],
            (await Match(api, Path + "?matchOn=email", $$"""[{"email":"a@b.example"},{"id":"{{id}}","phone":"1"}]""")).Faults);
        Assert.Equal(
            ["1 email duplicate_match"],
            (await Match(api, Path + "?matchOn=email", """[{"name":"n","email":"new@b.example"},{"name":"n","email":"NEW@b.example"}]""")).Faults);
        Assert.Equal(
            ["1 externalId duplicate_match"],
            (await Match(api, Path + "?matchOn=externalId", """[{"externalId":"x","phone":"1"},{"externalId":"x"}]""")).Faults);
    }

    [Fact]
    public async Task An_item_that_matches_nobody_needs_a_name()
    {
        var api = await host.NewWorkspaceAsync();

        Assert.Equal(["0 name name_required"], (await Match(api, Path + "?matchOn=externalId", """[{"externalId":"x"}]""")).Faults);
        Assert.Equal(["0 name name_required"], (await Match(api, Path + "?matchOn=externalId", """[{"email":"a@b.example"}]""")).Faults);
        Assert.Equal("invalid_parameter", (await Match(api, Path + "?matchOn=name", "[]")).Code);
        Assert.Equal("unknown_parameter", (await api.PostAsync("[]", Path + "?matchOn=email")).Code);
    }

    [Fact]
    public async Task Matching_by_address_sees_all_that_was_acknowledged_even_from_many_clients()
    {
        var api = await host.NewWorkspaceAsync();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(client => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++)
                Assert.Equal(200, (await Match(api, Path + "?matchOn=email", JsonSerializer.Serialize(
                    new[] { new { name = $"c{client}", email = $"p{i}@example.com" } }))).Status);
        })));

        Assert.Equal(10, (await api.GetAsync(Path + "?take=100")).Items.Count);
    }

    private static Task<Answer> Match(RosterClient api, string path, string json) =>
        api.PutAsync(System.Text.Encoding.UTF8.GetBytes(json), path: path);
}

public sealed class MatchOnSqlite(SqliteHost host) : MatchContract(host);

public sealed class MatchOnPostgres(PostgresHost host) : MatchContract(host);

public sealed class MatchOnPgBouncer(PgBouncerHost host) : MatchContract(host);
