using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>The history, repeated undo, and the feed, on every engine.</summary>
public abstract class PastContract(RosterHost host)
{
    protected const string Path = "/api/partners";

    [Fact]
    public async Task A_long_history_is_read_in_pages_that_each_begin_where_the_one_before_ended()
    {
        await using var own = await CountedServer.StartAsync(host);
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"v0"}""");
        for (var i = 1; i < 30; i++)
            await api.PutAsync($$"""[{"id":"{{id}}","name":"v{{i}}"},{"name":"other"}]""");

        var revisions = new List<long>();
        var visits = new List<int>();
        for (var next = $"{Path}/{id}/history?take=7"; next is not null;)
        {
            var before = own.Count.Of(nameof(IRosterStore.VisitLogAsync));
            var page = await own.Client(api).GetAsync(next);
            revisions.AddRange(page.Items.Select(step => step.GetProperty("revision").GetInt64()));
            visits.Add(own.Count.Of(nameof(IRosterStore.VisitLogAsync)) - before);
            next = page.Next;
        }

        Assert.Equal(Enumerable.Range(1, 30).Reverse().Select(revision => (long)revision), revisions);
        // Seven changes, and the state before them: the last page reads no more of the log than the second.
        Assert.Equal([7, 8, 8, 8, 3], visits);
        foreach (var wrong in new[] { "cursor=31", "cursor=0", "cursor=x" })
            Assert.Equal("invalid_parameter", (await api.GetAsync($"{Path}/{id}/history?{wrong}")).Code);
    }

    [Fact]
    public async Task A_list_of_the_past_reads_each_change_set_once_however_many_partners_it_changed()
    {
        await using var own = await CountedServer.StartAsync(host);
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("[" + string.Join(',', Enumerable.Range(0, 50).Select(i => $$"""{"name":"n{{i}}"}""")) + "]")).Ids;
        for (var i = 0; i < 20; i++)
            await api.PutAsync("[" + string.Join(',', ids.Select((id, at) => $$"""{"id":"{{id}}","phone":"{{at % (i + 1)}}"}""")) + "]");

        var then = await own.Client(api).GetAsync(Path + "?asOf=1&take=1000&sort=asc");

        Assert.Equal(ids, then.Ids);
        Assert.All(then.Items, partner => Assert.Equal(JsonValueKind.Null, partner.GetProperty("phone").ValueKind));
        // One visit for all that is known at the beginning, and more for what is found on the way.
        Assert.InRange(own.Count.Of(nameof(IRosterStore.VisitLogAsync)), 1, 20);
    }

    [Fact]
    public async Task A_list_of_the_past_passes_over_what_came_later_and_leads_on()
    {
        var api = await host.NewWorkspaceAsync();
        var first = (await api.PutAsync("[" + string.Join(',', Enumerable.Range(0, 5).Select(i => $$"""{"name":"old{{i}}"}""")) + "]")).Ids;
        for (var i = 0; i < 3; i++)
            await api.PutAsync("[" + string.Join(',', Enumerable.Range(0, 700).Select(i => $$"""{"name":"new{{i}}"}""")) + "]");

        var found = new List<string>();
        for (var next = Path + "?asOf=1&take=2"; next is not null;)
        {
            var page = await api.GetAsync(next);
            Assert.InRange(page.Items.Count, 0, 2);
            found.AddRange(page.Ids);
            next = page.Next;
        }

        Assert.Equal(first.Reverse(), found);
        Assert.Equal(6, (await api.GetAsync(Path + "?asOf=1", accept: "text/csv")).Text
            .Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task What_is_undone_already_is_said_to_be_so_with_the_revision_that_did_it()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a"},{"name":"b"}]""")).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","name":"a2"},{"id":"{{ids[1]}}","name":"b2"}]""");
        var first = await UndoAsync(api, 2, "", ("Idempotency-Key", "u"));
        Assert.Equal(3, first.Revision);

        foreach (var query in new[] { "", "?dryRun=true", "?onConflict=skip", "?onConflict=skip&dryRun=true" })
        {
            var again = await UndoAsync(api, 2, query, ("Idempotency-Key", "another"));
            Assert.Equal((409, "already_undone", 3), (again.Status, again.Code, again.Json.GetProperty("undoneBy").GetInt64()));
        }

        // A retry of the first undo is not a second one. A refused undo does not use up its key.
        Assert.Equal(first.Text, (await UndoAsync(api, 2, "", ("Idempotency-Key", "u"))).Text);
        Assert.Equal("unseen", (await api.GetAsync("/api/changesets/by-key/another")).Json.GetProperty("state").GetString());
        // Undoing the undo puts the change into effect again; it can then be undone again.
        Assert.Equal(4, (await UndoAsync(api, 3)).Revision);
        Assert.Equal(["a2", "b2"], (await api.GetAsync(Path + "?sort=asc")).Names);
        Assert.Equal(200, (await UndoAsync(api, 2, "?dryRun=true")).Status);
        Assert.Equal(5, (await UndoAsync(api, 2)).Revision);
        Assert.Equal(["a", "b"], (await api.GetAsync(Path + "?sort=asc")).Names);
        Assert.Equal(5, (await UndoAsync(api, 2)).Json.GetProperty("undoneBy").GetInt64());
        Assert.Equal(5, (await api.GetAsync("/api/changesets/2")).Json.GetProperty("undoneBy").GetInt64());
    }

    [Fact]
    public async Task What_an_undo_had_to_leave_can_be_undone_when_nothing_is_in_the_way_any_more()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a"},{"name":"b","externalId":"x"}]""")).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","name":"a2"},{"id":"{{ids[1]}}","name":"b2","externalId":null}]""");
        var holder = (await api.PutAsync("""[{"name":"has x","externalId":"x"}]""")).Ids[0];
        Assert.Equal(4, (await UndoAsync(api, 2, "?onConflict=skip")).Revision);
        await api.DeleteAsync(holder);

        Assert.Equal("already_undone", (await UndoAsync(api, 2)).Code);
        Assert.Equal(6, (await UndoAsync(api, 2, "?onConflict=skip")).Revision);

        Assert.Equal(["a", "b"], (await api.GetAsync(Path + "?sort=asc")).Names);
        Assert.Equal(6, (await UndoAsync(api, 2, "?onConflict=skip")).Json.GetProperty("undoneBy").GetInt64());
    }

    [Fact]
    public async Task Of_undos_at_the_same_time_one_is_carried_out_and_the_others_are_told_by_which()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync("[" + string.Join(',', Enumerable.Range(0, 300).Select(i => $$"""{"name":"n{{i}}"}""")) + "]");

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => UndoAsync(api, 1))));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.All(answers.Where(answer => answer.Status != 200), answer =>
            Assert.Equal((409, "already_undone", 2), (answer.Status, answer.Code, answer.Json.GetProperty("undoneBy").GetInt64())));
    }

    [Fact]
    public async Task A_receipt_is_found_however_its_path_and_its_key_are_written()
    {
        var api = await host.NewWorkspaceAsync();
        foreach (var key in new[] { "k", "by-key/k", "a/b", ".", "a%2Fb", "~x" })
        {
            await api.SendAsync(HttpMethod.Put, Path, new StringContent(
                """[{"name":"a"}]""", Encoding.UTF8, "application/json"), headers: [("Idempotency-Key", key)]);
            var escaped = Uri.EscapeDataString(key).Replace(".", "%2E", StringComparison.Ordinal);
            var everyByte = string.Concat(Encoding.ASCII.GetBytes(key).Select(one => $"%{one:x2}"));
            foreach (var target in new[]
            {
                $"/api/changesets/by-key/{escaped}", $"/api/changesets/by-key/{everyByte}", $"/api/changesets/by%2Dkey/{escaped}",
                $"/%61pi/changesets/%62y-%6Bey/{escaped}?", $"/API/changeSets/By-Key/{escaped}",
                $"/api/./x/../changesets/by-key/{everyByte}",
                $"http://h/api/changesets/by-key/{escaped}", $"http://h/api/changesets/by%2dkey/{everyByte}?",
            })
                Assert.True((await RawAsync(api, target)).Contains("\"state\":\"committed\"", StringComparison.Ordinal), $"{key} {target}");
        }
        Assert.Contains("\"state\":\"unseen\"", await RawAsync(api, "/api/changesets/by-key/by-key/x"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_feeds_position_is_good_for_the_log_that_it_was_read_from_and_no_other()
    {
        var api = await host.NewWorkspaceAsync();
        var other = await host.NewWorkspaceAsync();
        foreach (var one in new[] { api, other })
            for (var i = 0; i < 4; i++)
                await one.PutAsync($$"""[{"name":"n{{i}}"},{"name":"m{{i}}"}]""");

        var positions = new List<string>();
        foreach (var begin in new[] { "after=0&take=3", "after=2", "full=true&take=3", "full=true" })
            positions.Add((await api.GetAsync($"{Path}/changes?{begin}")).Json.GetProperty("next").GetString()!);

        foreach (var position in positions)
        {
            Assert.Equal(200, (await api.GetAsync($"{Path}/changes?after={position}")).Status);
            var gone = await other.GetAsync($"{Path}/changes?after={position}");
            Assert.Equal((410, "feed_gone"), (gone.Status, gone.Code));
            Assert.Contains("full=true", gone.Text, StringComparison.Ordinal);
        }
        // Refused: positions beyond the log. A revision alone is accepted if the log has it.
        Assert.Equal("feed_gone", (await api.GetAsync(Path + "/changes?after=5")).Code);
        Assert.Equal("feed_gone", (await api.GetAsync(Path + "/changes?after=9223372036854775806")).Code);
        Assert.Equal(2, (await api.GetAsync(Path + "/changes?after=3")).Json.GetProperty("partners").GetArrayLength());
        // A position in an empty log is always valid: nothing can be lost.
        var empty = (await (await host.NewWorkspaceAsync()).GetAsync(Path + "/changes?full=true")).Json.GetProperty("next").GetString();
        Assert.Equal(8, (await api.GetAsync($"{Path}/changes?after={empty}")).Json.GetProperty("partners").GetArrayLength());
    }

    [Fact]
    public async Task Small_pages_of_the_feed_have_everything_once_and_look_up_no_more_than_they_must()
    {
        await using var own = await CountedServer.StartAsync(host);
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("[" + string.Join(',', Enumerable.Range(0, 900).Select(i => $$"""{"name":"n{{i}}"}""")) + "]")).Ids;
        await api.PutAsync("[" + string.Join(',', ids.Take(450).Select(id => $$"""{"id":"{{id}}","phone":"1"}""")) + "]");

        var seen = new List<string>();
        var more = true;
        for (var after = "0"; more;)
        {
            var page = (await own.Client(api).GetAsync($"{Path}/changes?take=100&after={after}")).Json;
            seen.AddRange(page.GetProperty("partners").EnumerateArray().Select(partner => partner.GetProperty("id").GetString()!));
            (after, more) = (page.GetProperty("next").GetString()!, page.GetProperty("more").GetBoolean());
        }

        Assert.Equal(ids.Skip(450).Concat(ids.Take(450)), seen);
        Assert.InRange(own.Count.Of(nameof(IRosterStore.FindAsync)), 1, 24);
    }

    [Fact]
    public async Task Whoever_waits_is_woken_by_a_write_and_asks_the_database_nothing_meanwhile()
    {
        await using var own = await CountedServer.StartAsync(host);
        var api = await host.NewWorkspaceAsync();
        await api.CreateAsync();
        var client = own.Client(api);
        var begun = TimeProvider.System.GetTimestamp();

        var nothing = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => client.GetAsync(Path + "/changes?after=1&wait=1")));

        Assert.All(nothing, answer => Assert.Equal(0, answer.Json.GetProperty("partners").GetArrayLength()));
        // Each client reads once at the start and once at the end of its time. On a shared database, the server also
        // polls, once for all of them.
        Assert.Equal(80, own.Count.Of(nameof(IRosterStore.ReadChangedAfterAsync)));
        var ticks = host.Store.IsShared ? (int)(TimeProvider.System.GetElapsedTime(begun) / TimeSpan.FromMilliseconds(200)) + 1 : 0;
        Assert.InRange(own.Count.Of(nameof(IRosterStore.FindEndAsync)), 0, ticks);

        var waiting = Enumerable.Range(0, 40).Select(_ => client.GetAsync(Path + "/changes?after=1&wait=30")).ToList();
        while (own.Count.Of(nameof(IRosterStore.ReadChangedAfterAsync)) < 120)
            await Task.Yield();
        await client.PutAsync("""[{"name":"at last"}]""");
        foreach (var answer in await Task.WhenAll(waiting))
            Assert.Equal("at last", answer.Json.GetProperty("partners")[0].GetProperty("name").GetString());
        // One that read its first time when the write was there already needed no second.
        Assert.InRange(own.Count.Of(nameof(IRosterStore.ReadChangedAfterAsync)), 120, 160);
    }

    [Fact]
    public async Task Only_so_many_wait_for_a_workspace_and_the_next_one_is_told_so()
    {
        await using var own = await CountedServer.StartAsync(host);
        var api = await host.NewWorkspaceAsync();
        var client = own.Client(api);
        var waiting = Enumerable.Range(0, Roster.Server.Writes.LogWatch.MaxWaitingForOne)
            .Select(_ => client.GetAsync(Path + "/changes?wait=30")).ToList();
        while (own.Count.Of(nameof(IRosterStore.ReadChangedAfterAsync)) < waiting.Count)
            await Task.Yield();

        var refused = await client.GetAsync(Path + "/changes?wait=30");

        Assert.Equal((429, "too_many_waiting", true), (refused.Status, refused.Code, refused.Headers.RetryAfter is not null));
        Assert.Equal(200, (await client.GetAsync(Path + "/changes")).Status);
        await client.PutAsync("""[{"name":"a"}]""");
        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(200, (await client.GetAsync(Path + "/changes?wait=30")).Status);
    }

    private static Task<Answer> UndoAsync(RosterClient api, long revision, string query = "", params (string, string?)[] headers) =>
        api.SendAsync(HttpMethod.Post, $"/api/changesets/{revision}/undo{query}", headers: headers);

    /// <summary>Sends the target unchanged; an HTTP library would rewrite it.</summary>
    private async Task<string> RawAsync(RosterClient api, string target)
    {
        using var socket = new TcpClient(host.Address.Host, host.Address.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {target} HTTP/1.1\r\nHost: h\r\nAuthorization: {api.Key}\r\nConnection: close\r\n\r\n"));
        return await new StreamReader(socket.GetStream()).ReadToEndAsync();
    }
}

public sealed class PastOnSqlite(SqliteHost host) : PastContract(host);

public sealed class PastOnPostgres(PostgresHost host) : PastContract(host)
{
    private readonly PostgresHost _host = host;

    [Fact]
    public async Task What_another_server_writes_wakes_those_who_wait_here()
    {
        await using var own = await CountedServer.StartAsync(_host);
        var api = await _host.NewWorkspaceAsync();

        var waiting = own.Client(api).GetAsync(Path + "/changes?after=0&wait=30");
        while (own.Count.Of(nameof(IRosterStore.ReadChangedAfterAsync)) == 0)
            await Task.Yield();
        await api.PutAsync("""[{"name":"from elsewhere"}]""");

        Assert.Equal("from elsewhere", (await waiting).Json.GetProperty("partners")[0].GetProperty("name").GetString());
    }
}
