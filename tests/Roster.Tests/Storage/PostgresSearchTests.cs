using System.Text.Json;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage;
using Roster.Storage.Postgres.Search;

namespace Roster.Tests.Storage;

/// <summary>PostgreSQL's search index: many steps along the log, and filling it anew.</summary>
public sealed class PostgresSearchTests(PostgresHost host)
{
    private const string Path = "/api/partners";

    [Theory]
    [InlineData(1, 3_999, false)]
    [InlineData(1, 4_000, true)]
    [InlineData(1, 4_001, false)]
    [InlineData(5_000, 5_000, true)]
    [InlineData(10_000, 15_999, false)]
    [InlineData(10_000, 16_000, true)]
    [InlineData(10_000, 70_000, true)]
    [InlineData(5_000, 70_000, false)]
    public void A_workspace_has_grown_when_it_reaches_4_000_partners_or_four_times_as_many(long more, long total, bool hasGrown) =>
        Assert.Equal(hasGrown, PostgresSearchStep.HasGrown(more, total));

    [Fact]
    public async Task Searches_find_what_is_there_however_many_steps_wrote_and_rewrote_it()
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
            var expected = names.Where(name => name.Value.Contains(q, StringComparison.Ordinal))
                .Select(name => name.Key).Order(StringComparer.Ordinal).ToList();
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

        Assert.Equal(1L, await PostgresCluster.RunAsync(
            host.Database, $"select count(*) from partner_search where workspace_id = {workspaceId}"));
    }

    [Fact]
    public async Task Addresses_of_a_batch_are_matched_however_many_they_are()
    {
        var api = await host.NewWorkspaceAsync();
        var batch = "[" + string.Join(
            ',', Enumerable.Range(0, 200).Select(i => $$"""{"name":"n{{i}}","email":"a{{i}}@example.com"}""")) + "]";
        await api.PutAsync(batch);

        Assert.Equal((0, 0, 200), (await api.SendAsync(
            HttpMethod.Put, Path + "?matchOn=email", new StringContent(batch, null, "application/json"))).Counts);
        Assert.Equal(200, (await api.GetAsync(Path + "?count=true&take=1")).Count("Roster-Total"));
    }

    [Fact]
    public async Task An_index_whose_filling_was_broken_off_is_filled_to_its_end_and_has_nothing_of_the_one_before()
    {
        const int Many = 10_500;
        var api = await host.NewWorkspaceAsync();
        var workspaceId = api.Workspace.Id;
        for (var i = 0; i < Many; i += Many / 3)
            await api.PostAsync(
                "[" + string.Join(',', Enumerable.Range(i, Many / 3).Select(n => $$"""{"name":"n{{n:00000}}","tags":["all"]}""")) + "]");
        var ids = (await api.GetAsync($"{Path}?q=n0&take=3&sort=asc")).Ids;

        // An interrupted filling: its first step copied the partners as of revision 2. The others are still older, and
        // one of those was erased since.
        await PostgresCluster.RunAsync(
            host.Database,
            $"update search_term set live = 10000, total = 10000 where workspace_id = {workspaceId}",
            $"update partner_search set text = 'old' where workspace_id = {workspaceId} and name >= 'n10000'",
            $"""
            insert into partner_search
            values ({workspaceId}, '{Guid.AllBitsSet}', 1, 'nobody', 'nobody', 'nobody', null, null, 1, false)
            """,
            // Last: from here on a server goes on with the filling, on a shared database perhaps that of another test.
            $"""
            update search_state set reached = 0, filling = 2,
                filled = (select id from partner where workspace_id = {workspaceId} order by id offset 9999 limit 1)
            where workspace_id = {workspaceId}
            """);
        await api.PutAsync($$"""[{"id":"{{ids[1]}}","name":"renamed"}]""");

        Assert.Equal([ids[1]], (await api.GetAsync(Path + "?q=renamed")).Ids);
        Assert.Equal($$"""[{"tag":"all","partners":{{Many}}}]""", (await api.GetAsync("/api/tags")).Text);
        Assert.Equal(["n10499"], (await api.GetAsync(Path + "?q=n10499")).Names);
        Assert.Equal(Many - 1, (await api.GetAsync(Path + "?q=n1&count=true&take=1")).Count("Roster-Total")
            + (await api.GetAsync(Path + "?q=n0&count=true&take=1")).Count("Roster-Total"));
        Assert.Empty((await api.GetAsync(Path + "?q=nobody")).Ids);
    }

    [Fact]
    public async Task Terms_are_counted_from_nothing_where_the_log_does_not_tell_what_was_changed()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PostAsync("""[{"name":"n","tags":["a"]}]""");
        await api.PostAsync("""[{"name":"n","tags":["a","b"]}]""");
        await api.GetAsync("/api/tags");
        await PostgresCluster.RunAsync(
            host.Database,
            $"update change_set set changes = '\\x00' where workspace_id = {api.Workspace.Id} and revision = 2",
            $"update search_term set live = 7, total = 9 where workspace_id = {api.Workspace.Id}",
            $"update search_state set reached = 1 where workspace_id = {api.Workspace.Id}");
        await api.PostAsync("""[{"name":"n","tags":["b"]}]""");

        Assert.Equal("""[{"tag":"a","partners":2},{"tag":"b","partners":2}]""", (await api.GetAsync("/api/tags")).Text);
    }

    [Fact]
    public async Task Writes_that_come_together_are_followed_in_one_step()
    {
        var api = await host.NewWorkspaceAsync();
        for (var i = 0; i < 100; i++)
            await api.PostAsync("""[{"name":"n"}]""");
        Assert.Equal(100, (await api.GetAsync(Path + "?q=n&count=true&take=1")).Count("Roster-Total"));

        Assert.InRange((long)(await PostgresCluster.RunAsync(
            host.Database, $"select count(distinct xmin::text) from partner_search where workspace_id = {api.Workspace.Id}"))!, 1, 50);
    }

    [Fact]
    public async Task Statistics_that_cannot_be_counted_are_refused_as_soon_as_that_fails()
    {
        await using var own = await PostgresHost.OnAsync(host.NewDatabase());
        var api = await own.NewWorkspaceAsync();
        await api.CreateAsync();
        Assert.Equal(200, (await api.GetAsync("/api/stats")).Status);
        await PostgresCluster.RunAsync(
            own.Database, "alter table day_count add constraint broken check (change_sets < 0) not valid",
            "update search_state set counted = 0");

        var start = TimeProvider.System.GetTimestamp();
        var refused = await api.GetAsync("/api/stats");

        Assert.Equal((503, "search_behind"), (refused.Status, refused.Code));
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, LogFollower.Patience / 2);
        await PostgresCluster.RunAsync(own.Database, "alter table day_count drop constraint broken");
        Answer counted;
        do
            counted = await api.GetAsync("/api/stats");
        while (counted.Status == 503);
        Assert.Equal(200, counted.Status);
    }

    [Fact]
    public async Task A_database_with_the_index_in_its_first_form_is_searched_after_an_upgrade()
    {
        var database = host.NewDatabase();
        var partner = Some.Partner(Guid.CreateVersion7());
        await PostgresCluster.RunAsync(database,
            SqlText.Read("postgres/migrations/0001_initial.sql"),
            """
            create table schemaversions (schemaversionsid integer generated by default as identity primary key,
                scriptname text not null, applied timestamp not null)
            """,
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

        var page = await store.ListAsync(
            1, new PartnerQuery(new PartnerFilter(Q: "lovel"), PartnerSort.Name, false, 10), CancellationToken.None);
        Assert.Equal([partner.Id], page.Partners.Select(found => found.Id));
    }
}
