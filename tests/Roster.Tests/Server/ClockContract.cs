using System.Text;

namespace Roster.Tests.Server;

/// <summary>The machine's clock is set back by an hour and ahead by a day while the server runs.</summary>
public abstract class ClockContract
{
    private const string Right = "+0";
    private const string Behind = "-1h";
    private const string Ahead = "+1d";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The server's options for its database in this folder.</summary>
    protected abstract IReadOnlyList<string> Database(string folder);

    [Fact]
    public async Task However_the_clock_is_set_changes_have_one_order_in_times_revisions_lists_the_past_and_the_feed()
    {
        using var folder = new TempFolder();
        using var clock = new SetClock();
        var database = Database(folder.Path);
        var key = KillContract.FirstKey(folder, database);
        using var server = RosterProcess.Serve(folder.Path, clock.Environment, [.. database]);
        var api = server.Client(key);
        var (times, created, fed, listed) = (new List<string>(), new List<string>(), new List<string>(), new List<string>());
        var (position, page) = ("0", "/api/partners?sort=asc&take=2");

        foreach (var offset in new[] { Right, Behind, Ahead, Behind, Right })
        {
            clock.Set(offset);
            for (var i = 0; i < 3; i++)
            {
                var answer = await api.PutAsync($$"""[{"name":"{{offset}} {{i}}","externalId":"{{times.Count}}"}]""");
                Assert.Equal((200, times.Count + 1), (answer.Status, answer.Revision));
                times.Add(answer.Items[0].GetProperty("updatedAt").GetString()!);
                created.Add(answer.Ids[0]);
            }
            var feed = (await api.GetAsync($"/api/partners/changes?after={position}&wait=1")).Json;
            position = feed.GetProperty("next").GetString()!;
            fed.AddRange(feed.GetProperty("partners").EnumerateArray().Select(one => one.GetProperty("id").GetString()!));
            var list = await api.GetAsync(page);
            listed.AddRange(list.Ids);
            page = list.Next!;
        }
        for (string? next = page; next is not null;)
        {
            var list = await api.GetAsync(next);
            listed.AddRange(list.Ids);
            next = list.Next;
        }

        Assert.Equal(times.Order(StringComparer.Ordinal).Distinct(), times);
        Assert.Equal(created.Order(StringComparer.Ordinal), created);
        Assert.Equal(created, fed);
        Assert.Equal(created, listed);
        Assert.Equal(times.AsEnumerable().Reverse(),
            (await api.GetAsync("/api/changesets")).Json.EnumerateArray().Select(one => one.GetProperty("at").GetString()!));
        for (var i = 0; i < times.Count; i++)
        {
            Assert.Equal(created[..(i + 1)], (await api.GetAsync($"/api/partners?asOf={i + 1}&sort=asc")).Ids);
            Assert.Equal(created[i..], (await api.GetAsync($"/api/partners?updatedSince={times[i]}&sort=updatedAt")).Ids);
        }
    }

    [Fact]
    public async Task What_is_kept_for_a_time_is_there_when_the_clock_is_right_again_and_waits_take_no_longer()
    {
        using var folder = new TempFolder();
        using var clock = new SetClock();
        var database = Database(folder.Path);
        var key = KillContract.FirstKey(folder, database);
        using var server = RosterProcess.Serve(folder.Path, clock.Environment, [.. database, "--keep-imports", "1h"]);
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = server.Address };
        var (api, browser) = (new RosterClient(http, key, null), new RosterClient(http, null, null));
        var made = await api.PostAsync(
            $$"""{"name":"k","scopes":["partnersRead"],"expiresAt":"{{DateTime.UtcNow.AddHours(12):O}}"}""", "/api/keys");
        var today = new RosterClient(http, made.Json.GetProperty("key").GetString(), null);
        Assert.Equal(200, (await RepeatedAsync("first")).Status);
        var person = await ConsoleClient.ByKeyAsync(browser, key);
        var link = await LinkAsync();
        var (planned, _) = await api.NewPlanAsync("name\nAda\n");

        // Both wait for what does not happen.
        var waits = Task.WhenAll(
            api.GetAsync("/api/partners/changes?after=1&wait=2"),
            api.GetAsync($"/api/imports/{planned}?after={(await api.ImportAsync(planned)).GetProperty("step")}&wait=2"));
        clock.Set(Behind);
        Assert.All(await waits.WaitAsync(Patience), answer => Assert.Equal(200, answer.Status));
        var linkOfBefore = await LinkAsync();
        var (plannedBefore, _) = await api.NewPlanAsync("name\nGrace\n");
        Assert.Equal(200, (await RepeatedAsync("before")).Status);

        clock.Set(Ahead);
        Assert.Equal(401, (await today.GetAsync("/api/partners")).Status);
        foreach (var name in new[] { "first", "before" })
            Assert.Equal("true", (await RepeatedAsync(name)).Headers.GetValues("Idempotent-Replayed").Single());
        // Each of these clears away what is over: a request with a key, a sign-in, a link, and the look for imports.
        Assert.Equal(200, (await RepeatedAsync("ahead")).Status);
        await ConsoleClient.ByKeyAsync(browser, key);
        await LinkAsync();
        for (var i = 0; i < 2; i++)
            await api.NewPlanAsync("name\nKen\n");

        clock.Set(Right);
        Assert.Equal(200, (await today.GetAsync("/api/partners")).Status);
        foreach (var name in new[] { "first", "before", "ahead" })
            Assert.Equal("true", (await RepeatedAsync(name)).Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(200, (await person.GetAsync("/api/partners")).Status);
        foreach (var one in new[] { link, linkOfBefore })
            Assert.Equal(201, (await ConsoleClient.OpenAsync(browser, one)).Status);
        foreach (var id in new[] { planned, plannedBefore })
            Assert.Equal(["2 created"], await api.RowsAsync(id));

        Task<Answer> RepeatedAsync(string name) => api.SendAsync(
            HttpMethod.Put, "/api/partners", new StringContent($$"""[{"name":"{{name}}"}]""", Encoding.UTF8, "application/json"),
            headers: [("Idempotency-Key", name)]);

        async Task<string> LinkAsync() =>
            (await api.PostAsync("""{"name":"Amal","role":"editor"}""", "/api/links")).Json.GetProperty("link").GetString()!;
    }

    [Fact]
    public async Task An_import_under_way_goes_on_though_the_server_is_killed_and_comes_back_with_its_clock_an_hour_behind()
    {
        using var folder = new TempFolder();
        using var clock = new SetClock();
        var database = Database(folder.Path);
        var key = KillContract.FirstKey(folder, database);
        string id;
        using (var server = RosterProcess.Serve(folder.Path, clock.Environment, Options()))
        {
            var api = server.Client(key);
            id = await api.NewImportAsync("name\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"Name {i}\n")));
            Assert.Equal(202, (await api.PostAsync("", $"/api/imports/{id}/plan")).Status);
            while ((await api.ImportAsync(id)).GetProperty("progress").GetProperty("done").GetInt64() == 0)
                await Task.Yield();
            server.Kill();
        }
        clock.Set(Behind);

        using var next = RosterProcess.Serve(folder.Path, clock.Environment, Options());
        var import = await next.Client(key).SettledAsync(id);

        Assert.Equal(("planned", "20000 0 0 0 0 0"), (import.State(), import.Counts()));

        string[] Options() => [.. database, "--import-lease-seconds", "1"];
    }
}

public sealed class ClockOnSqlite : ClockContract
{
    protected override IReadOnlyList<string> Database(string folder) => ["--database", "sqlite:" + Path.Combine(folder, "roster.db")];
}

public sealed class ClockOnPostgres(PostgresHost host) : ClockContract
{
    protected override IReadOnlyList<string> Database(string folder) => ["--database", host.NewDatabase()];

    [Fact]
    public async Task Two_servers_whose_clocks_differ_by_an_hour_make_one_order_and_carry_out_each_request_once()
    {
        using var folder = new TempFolder();
        using var clock = new SetClock();
        using var lateClock = new SetClock();
        lateClock.Set("-1h");
        string[] options = [.. Database(folder.Path), "--import-lease-seconds", "1"];
        var key = KillContract.FirstKey(folder, options[..2]);
        using var right = RosterProcess.Serve(folder.Path, clock.Environment, options);
        using var late = RosterProcess.Serve(folder.Path, lateClock.Environment, options);
        RosterClient[] servers = [late.Client(key), right.Client(key)];
        var (times, ids, fed, position) = (new List<string>(), new List<string>(), new List<string>(), "0");

        for (var i = 0; i < 12; i++)
        {
            // The same request at one server after the other.
            foreach (var isRepeated in new[] { false, true })
            {
                var answer = await servers[(i + (isRepeated ? 1 : 0)) % 2].SendAsync(
                    HttpMethod.Put, "/api/partners", new StringContent($$"""[{"name":"n{{i}}"}]""", Encoding.UTF8, "application/json"),
                    headers: [("Idempotency-Key", $"k{i}")]);
                Assert.Equal((200, i + 1, isRepeated),
                    (answer.Status, answer.Revision, answer.Headers.Contains("Idempotent-Replayed")));
                if (isRepeated)
                    continue;
                times.Add(answer.Items[0].GetProperty("updatedAt").GetString()!);
                ids.Add(answer.Ids[0]);
            }
            var feed = (await servers[i % 2].GetAsync($"/api/partners/changes?after={position}&wait=5")).Json;
            position = feed.GetProperty("next").GetString()!;
            fed.AddRange(feed.GetProperty("partners").EnumerateArray().Select(one => one.GetProperty("id").GetString()!));
        }
        Assert.Equal(times.Order(StringComparer.Ordinal).Distinct(), times);
        Assert.Equal(ids, fed);
        foreach (var server in servers)
            Assert.Equal(ids, (await server.GetAsync("/api/partners?sort=asc")).Ids);

        // The one that is behind goes on with an import of the other.
        var id = await servers[1].NewImportAsync("name\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"Name {i}\n")));
        Assert.Equal(202, (await servers[1].PostAsync("", $"/api/imports/{id}/plan")).Status);
        right.Kill();
        Assert.Equal("planned", (await servers[0].SettledAsync(id)).State());
    }
}
