using System.Text;
using System.Text.Json;
using Npgsql;
using Roster.Changes;
using Roster.Storage;
using Roster.Storage.Postgres;
using Roster.Storage.Postgres.Search;

namespace Roster.Tests.Storage;

/// <summary>PostgreSQL's own search index: many passes, the segments that they leave, and merging them.</summary>
public sealed class PostgresSearchTests(PostgresHost host)
{
    private const string Path = "/api/partners";

    [Fact]
    public async Task Searches_find_what_is_there_however_many_passes_wrote_and_rewrote_it()
    {
        var api = await host.NewWorkspaceAsync();
        var names = new Dictionary<string, string>();
        var random = new Random(1);
        for (var round = 0; round < 40; round++)
        {
            foreach (var id in (await api.PostAsync($$"""[{"name":"{{Word()}}"},{"name":"{{Word()}}"}]""")).Items)
                names.Add(id.GetProperty("id").GetString()!, id.GetProperty("name").GetString()!);
            var renamed = random.GetItems(names.Keys.ToArray(), 3).Distinct().ToArray();
            foreach (var id in renamed)
                names[id] = Word();
            await api.PutAsync(JsonSerializer.Serialize(renamed.Select(id => new { id, name = names[id] })));
            if (round % 5 == 4)
            {
                var erased = random.GetItems(names.Keys.ToArray(), 1);
                Assert.Equal(200, (await api.PostAsync(JsonSerializer.Serialize(erased), Path + "/erase")).Status);
                names.Remove(erased[0]);
            }
            var q = Word()[random.Next(2)..];
            var expected = names.Where(name => name.Value.Contains(q, StringComparison.Ordinal)).Select(name => name.Key).Order(StringComparer.Ordinal).ToList();
            Assert.Equal(expected, (await api.GetAsync($"{Path}?q={q}&sort=asc")).Ids);
            Assert.Equal(expected.Count, (await api.GetAsync($"{Path}?q={q}&take=1&count=true")).Count("Roster-Total"));
            Assert.Equal(names.Values.Order(StringComparer.Ordinal), (await api.GetAsync(Path + "?sort=name&take=1000")).Names);
        }

        string Word() => string.Concat(random.GetItems("abc".ToCharArray(), 5));
    }

    [Fact]
    public async Task Nothing_stays_behind_of_what_an_erased_partner_was_found_by()
    {
        var api = await host.NewWorkspaceAsync();
        var workspaceId = api.Workspace.Id;
        var ids = (await api.PostAsync("""[{"name":"kept","email":"kept@example.com"},{"name":"before"}]""")).Ids;
        await api.GetAsync(Path + "?q=before");
        await api.PutAsync($$"""[{"id":"{{ids[1]}}","name":"after"}]""");
        await api.GetAsync(Path + "?q=after");
        await api.PostAsync($"[\"{ids[1]}\"]", Path + "/erase");
        Assert.Empty((await api.GetAsync(Path + "?q=after")).Ids);

        await using var source = NpgsqlDataSource.Create(PostgresAddress.Parse(host.Database, null, false)!.ConnectionString);
        await using var connection = await source.OpenConnectionAsync();
        while (await PostgresSearchMerge.ChooseAsync(connection, workspaceId) is { Count: > 0 } chosen)
            await PostgresSearchMerge.RunAsync(connection, workspaceId, chosen);

        Assert.Equal(1, Assert.Single(await PostgresSearchSegments.HavingAllAsync(
            connection, workspaceId, SearchKeys.Sought(new PartnerFilter(Q: "kept")), default)));
        foreach (var gone in new[] { "before", "after" })
            Assert.Empty(await PostgresSearchSegments.HavingAllAsync(connection, workspaceId, SearchKeys.Sought(new PartnerFilter(Q: gone)), default));
        var rows = $"""
            select (select count(*) from search_doc where workspace_id = {workspaceId}) + (select count(*) from search_name where workspace_id = {workspaceId})
                + (select count(*) from search_update where workspace_id = {workspaceId}) + (select count(*) from search_was where workspace_id = {workspaceId})
            """;
        Assert.Equal(3L, await PostgresCluster.RunAsync(host.Database, rows));
    }

    [Fact]
    public async Task Addresses_of_a_batch_are_matched_however_many_they_are()
    {
        var api = await host.NewWorkspaceAsync();
        var batch = "[" + string.Join(',', Enumerable.Range(0, 200).Select(i => $$"""{"name":"n{{i}}","email":"a{{i}}@example.com"}""")) + "]";
        await api.PutAsync(batch);

        Assert.Equal((0, 0, 200), (await api.SendAsync(HttpMethod.Put, Path + "?matchOn=email", new StringContent(batch, null, "application/json"))).Counts);
        Assert.Equal(200, (await api.GetAsync(Path + "?count=true&take=1")).Count("Roster-Total"));
    }

    [Fact]
    public async Task Indexes_with_addresses_that_were_folded_in_another_way_are_filled_again_and_no_others()
    {
        var (api, ascii) = (await host.NewWorkspaceAsync(), await host.NewWorkspaceAsync());
        await host.Store.WriteAsync(
            api.Workspace.Id, Some.Stored(Some.Row("zoe", "zoe\u0301@example.com"), Some.Row("ada", "ada@example.com")),
            new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);
        await ascii.PutAsync("""[{"name":"ada","email":"ada@example.com"}]""");
        Assert.Equal(["zoe"], (await api.GetAsync(Path + "?email=ZO%C3%89@example.com")).Names);
        Assert.Equal(["ada"], (await ascii.GetAsync(Path + "?email=ada@example.com")).Names);

        await PostgresCluster.RunAsync(
            host.Database, $"update search_doc set email = 'zoe\u0301@example.com' where workspace_id = {api.Workspace.Id} and name = 'zoe'",
            SqlText.Read("postgres/migrations/0003_search_emails.sql"));

        Assert.Equal(1L, await PostgresCluster.RunAsync(host.Database, $"select reached from search_state where workspace_id = {ascii.Workspace.Id}"));
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(["zoe"], (await api.GetAsync(Path + "?email=ZO%C3%89@example.com")).Names);
            Assert.Equal(["ada", "zoe"], (await api.GetAsync(Path + "?sort=name")).Names);
            await api.PutAsync(Encoding.UTF8.GetBytes($$"""[{"email":"zoe\u0301@example.com","phone":"{{i}}"}]"""), path: Path + "?matchOn=email");
        }
        Assert.Equal((1, 0), ((await api.GetAsync(Path + "?phone=9")).Items.Count, (await api.GetAsync(Path + "?phone=8")).Items.Count));
    }

    [Fact]
    public async Task Writes_that_come_together_are_followed_in_one_pass()
    {
        var api = await host.NewWorkspaceAsync();
        for (var i = 0; i < 100; i++)
            await api.PostAsync("""[{"name":"n"}]""");
        Assert.Equal(100, (await api.GetAsync(Path + "?q=n&count=true&take=1")).Count("Roster-Total"));

        Assert.InRange((long)(await PostgresCluster.RunAsync(
            host.Database, $"select count(*) from search_pass where workspace_id = {api.Workspace.Id}"))!, 1, 50);
    }

    [Fact]
    public async Task A_database_with_the_index_in_its_first_form_is_searched_after_an_upgrade()
    {
        var database = host.NewDatabase();
        var partner = Some.Partner(Guid.CreateVersion7());
        await PostgresCluster.RunAsync(database,
            SqlText.Read("postgres/migrations/0001_initial.sql"),
            "create table schemaversions (schemaversionsid integer generated by default as identity primary key, scriptname text not null, applied timestamp not null)",
            "insert into schemaversions (scriptname, applied) values ('0001_initial.sql', '2026-01-01')",
            "insert into workspace values (1, 'w', 1)",
            "insert into log_end values (1, 1, 1, 1)",
            "insert into search_state values (1, 1, 0)",
            $"insert into partner values (1, '{partner.Id}', '{partner.Name}', null, null, null, 1, 1, null, 1)",
            $"""
            insert into change_set values (1, 1, 'upsert', '{Guid.Empty}', '{Guid.Empty}', 1, 0, 0, 0, 0, 1, null,
                '\x{Convert.ToHexString(ChangeEncoding.Encode([new PartnerChange(null, partner)]))}')
            """);

        await using var store = await Store.Parse(database).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None);

        var page = await store.ListAsync(1, new PartnerQuery(new PartnerFilter(Q: "lovel"), PartnerSort.Name, false, 10), CancellationToken.None);
        Assert.Equal([partner.Id], page.Partners.Select(found => found.Id));
    }
}
