using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Roster.Access;

namespace Roster.Tests.Server;

/// <summary>Dry runs, receipts, the past and undo, on every engine.</summary>
public abstract class ChangeSetContract(RosterHost host)
{
    private const string Path = "/api/partners";

    [Fact]
    public async Task A_dry_run_answers_as_the_write_would_and_writes_nothing()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"a"}""");

        var dry = await PutAsync(api, $$"""[{"id":"{{id}}","name":"b"},{"name":"new"}]""", "?dryRun=true");

        Assert.Equal((200, (1, 1, 0), 1), (dry.Status, dry.Counts, dry.Revision));
        Assert.Equal([id, Guid.Empty.ToString()], dry.Ids);
        Assert.Equal(["b", "new"], dry.Names);
        Assert.Equal(["a"], (await api.GetAsync(Path)).Names);
        Assert.Equal(2, (await api.PutAsync("""[{"name":"c"}]""")).Revision);
        Assert.Equal(200, (await SendAsync(api, HttpMethod.Post, Path + "?dryRun=true", """[{"name":"x"}]""")).Status);
        Assert.Equal(1, (await SendAsync(api, HttpMethod.Delete, Path + "?dryRun=true", $"[\"{id}\"]")).Count("Roster-Deleted"));
        var refused = await SendAsync(api, HttpMethod.Post, Path + "/restore?dryRun=true", $"[\"{id}\"]");
        Assert.Equal(["0 - not_deleted"], refused.Faults);
        Assert.Equal([$"0 {id} This partner is not deleted."], refused.Said);
        Assert.Equal(["0 name name_required"], (await PutAsync(api, """[{"name":""}]""", "?dryRun=true")).Faults);
        Assert.Equal(["c", "a"], (await api.GetAsync(Path)).Names);
        // An existing partner keeps its id, even if the newest change set has just created it.
        var newest = (await api.PutAsync("""[{"name":"newest"}]""")).Ids[0];
        Assert.Equal([newest], (await PutAsync(api, $$"""[{"id":"{{newest}}"}]""", "?dryRun=true")).Ids);
    }

    [Fact]
    public async Task Prefer_return_changes_answers_with_old_and_new_values()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a","email":"a@b.example"},{"name":"b"}]""")).Ids;
        var items = $$"""[{"id":"{{ids[1]}}"},{"id":"{{ids[0]}}","name":"z","email":null},{"name":"n"}]""";

        var dry = await PutAsync(api, items, "?dryRun=true", ("Prefer", "return=changes"));
        var real = await PutAsync(api, items, "", ("Prefer", "respond-async, return=changes"));

        var changes = real.Json.EnumerateArray().ToList();
        Assert.Equal("return=changes", real.Headers.GetValues("Preference-Applied").Single());
        Assert.All([dry, real],
            answer => Assert.Equal("application/vnd.roster.changes+json", answer.ContentHeaders.ContentType!.MediaType));
        Assert.Equal(["0 unchanged", "1 updated", "2 created"],
            changes.Select(change => $"{change.GetProperty("index")} {change.GetProperty("change")}"));
        Assert.Equal("""{"name":{"old":"a","new":"z"},"email":{"old":"a@b.example","new":null}}""",
            changes[1].GetProperty("fields").GetRawText());
        Assert.Equal(JsonValueKind.Null, dry.Json[2].GetProperty("id").ValueKind);
        Assert.Equal(real.Text.Replace($"\"{changes[2].GetProperty("id").GetString()}\"", "null", StringComparison.Ordinal), dry.Text);
        var deleted = await SendAsync(api, HttpMethod.Delete, Path, $"[\"{ids[0]}\"]", ("Prefer", "return=changes"));
        Assert.Equal("deleted", deleted.Json[0].GetProperty("change").GetString());
        var restored = await SendAsync(api, HttpMethod.Post, Path + "/restore", $"[\"{ids[0]}\"]", ("Prefer", "return=changes"));
        Assert.Equal("restored", restored.Json[0].GetProperty("change").GetString());
    }

    [Fact]
    public async Task A_write_for_another_revision_than_the_newest_is_refused_and_a_preview_is_applied_as_seen()
    {
        var api = await host.NewWorkspaceAsync();
        await api.CreateAsync();
        var preview = await PutAsync(api, """[{"name":"b"}]""", "?dryRun=true");

        Assert.Equal(200, (await PutAsync(api, """[{"name":"b"}]""", "", ("If-Revision", $"{preview.Revision}"))).Status);
        var refused = await PutAsync(api, """[{"name":"b"}]""", "", ("If-Revision", $"{preview.Revision}"));

        Assert.Equal((412, "revision_changed", 2), (refused.Status, refused.Code, refused.Json.GetProperty("currentRevision").GetInt64()));
        Assert.Equal(2, (await api.GetAsync(Path)).Items.Count);
        foreach (var wrong in new[] { "", "-1", "x", "1,2" })
            Assert.Equal("invalid_header", (await PutAsync(api, """[{"name":"b"}]""", "", ("If-Revision", wrong))).Code);
    }

    [Fact]
    public async Task An_item_can_insist_on_what_it_has_seen_and_is_told_what_is_there_instead()
    {
        var api = await host.NewWorkspaceAsync();
        var first = (await api.PutAsync("""[{"name":"a","externalId":"x"}]""")).Items[0];
        var (id, seen) = (first.GetProperty("id").GetString(), first.GetProperty("updatedAt").GetString());

        var second = await api.PutAsync($$"""[{"id":"{{id}}","name":"b","ifUpdatedAt":"{{seen}}"}]""");
        var refused = await api.PutAsync($$"""[{"name":"new"},{"id":"{{id}}","name":"c","ifUpdatedAt":"{{seen}}"}]""");

        Assert.Equal((0, 1, 0), second.Counts);
        Assert.Equal(["1 ifUpdatedAt changed_since"], refused.Faults);
        Assert.Equal("b", refused.Json.GetProperty("details")[0].GetProperty("current").GetProperty("name").GetString());
        Assert.Equal(["0 ifUpdatedAt invalid_time"], (await api.PutAsync($$"""[{"id":"{{id}}","ifUpdatedAt":"soon"}]""")).Faults);
        Assert.Equal(["0 ifUpdatedAt changed_since"], (await api.PutAsync($$"""[{"name":"n","ifUpdatedAt":"{{seen}}"}]""")).Faults);
        var csv = await SendAsync(api, HttpMethod.Put, Path + "?matchOn=externalId",
            $"externalId,name,ifUpdatedAt\nx,d,{seen}\n", ("Content-Type", "text/csv"));
        Assert.Equal(["0 ifUpdatedAt changed_since"], csv.Faults);
    }

    [Fact]
    public async Task A_retry_with_the_same_key_gets_the_first_answer_byte_for_byte_and_changes_nothing()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a"},{"name":"b"},{"name":"c"}]""")).Ids;
        var calls = new (HttpMethod Method, string Path, string Body)[]
        {
            (HttpMethod.Put, Path, $$"""[{"name":"new"},{"id":"{{ids[0]}}"},{"id":"{{ids[1]}}","name":"bb"}]"""),
            (HttpMethod.Put, Path + "?include=revision", $$"""[{"id":"{{ids[0]}}"}]"""),
            (HttpMethod.Post, Path, """[{"name":"posted"}]"""),
            (HttpMethod.Delete, Path, $"[\"{ids[2]}\"]"),
            (HttpMethod.Post, Path + "/restore", $"[\"{ids[2]}\"]"),
            (HttpMethod.Post, "/api/changesets/{undone}/undo?onConflict=skip", ""),
            (HttpMethod.Put, Path + "?mode=mirror&matchOn=email&maxDeletes=100",
                $$"""[{"id":"{{ids[0]}}"},{"id":"{{ids[1]}}","phone":"1"},{"id":"{{ids[2]}}"}]"""),
        };
        foreach (var (prefer, undone) in new[] { ("return=representation", "2"), ("return=changes", "3") })
            foreach (var (method, template, body) in calls)
            {
                var path = template.Replace("{undone}", undone, StringComparison.Ordinal);
                var key = Guid.NewGuid().ToString();
                var first = await SendAsync(api, method, path, body, ("Idempotency-Key", key), ("Prefer", prefer));
                Assert.True(first.Status is 200 or 201, first.Text);
                // Later changes must not show in the answers.
                await api.PutAsync($$"""[{"id":"{{ids[0]}}","name":"{{key}}"},{"name":"{{key}}"}]""");
                var end = (await api.PutAsync($$"""[{"id":"{{ids[1]}}","name":"{{key}}"}]""")).Revision;

                var again = await SendAsync(api, method, path, body, ("Idempotency-Key", key), ("Prefer", prefer));

                Assert.True(first.Text == again.Text, $"{path} {prefer}\n{first.Text}\n{again.Text}");
                Assert.Equal(first.Status, again.Status);
                Assert.Equal("true", again.Headers.GetValues("Idempotent-Replayed").Single());
                Assert.Equal(Headers(first), Headers(again));
                Assert.Equal(end + 1, (await api.PutAsync("""[{"name":"end"}]""")).Revision);
                var receipt = (await api.GetAsync($"/api/changesets/by-key/{key}")).Json;
                Assert.Equal(("committed", first.Revision),
                    (receipt.GetProperty("state").GetString(), receipt.GetProperty("revision").GetInt64()));
            }

        static IEnumerable<string> Headers(Answer answer) => answer.Headers
            .Where(header => header.Key.StartsWith("Roster-", StringComparison.Ordinal) && header.Key != "Roster-Request-Id")
            .Select(header => $"{header.Key}: {header.Value.Single()}").Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_key_is_for_one_request_and_a_refused_request_does_not_spend_it()
    {
        var api = await host.NewWorkspaceAsync();
        Assert.Equal(400, (await PutAsync(api, """[{"name":""}]""", "", ("Idempotency-Key", "k"))).Status);
        Assert.Equal(400, (await PutAsync(api, $$"""[{"id":"{{Guid.NewGuid()}}"}]""", "", ("Idempotency-Key", "k"))).Status);
        Assert.Equal(412, (await PutAsync(api, """[{"name":"a"}]""", "", ("Idempotency-Key", "k"), ("If-Revision", "7"))).Status);
        Assert.Equal(200, (await PutAsync(api, """[{"name":"a"}]""", "?dryRun=true", ("Idempotency-Key", "k"))).Status);
        Assert.Equal("unseen", (await api.GetAsync("/api/changesets/by-key/k")).Json.GetProperty("state").GetString());

        Assert.Equal(200, (await PutAsync(api, """[{"name":"a"}]""", "", ("Idempotency-Key", "k"))).Status);

        foreach (var (path, body) in new[] { ("", """[{"name":"b"}]"""), ("?include=revision", """[{"name":"a"}]""") })
            Assert.Equal("idempotency_mismatch", (await PutAsync(api, body, path, ("Idempotency-Key", "k"))).Code);
        foreach (var wrong in new[] { "", new string('k', 256) })
            Assert.Equal("invalid_header", (await PutAsync(api, """[{"name":"a"}]""", "", ("Idempotency-Key", wrong))).Code);
        Assert.Equal(200, (await PutAsync(api, """[{"name":"a"}]""", "", ("Idempotency-Key", new string('k', 255)))).Status);
        // Idempotency keys of another workspace are separate.
        Assert.Equal(200, (await PutAsync(await host.NewWorkspaceAsync(), """[{"name":"b"}]""", "", ("Idempotency-Key", "k"))).Status);
        foreach (var strange in new[] { "%41", "a/b?c#d", "%2F", "what ever" })
        {
            Assert.Equal(200, (await PutAsync(api, """[{"name":"a"}]""", "", ("Idempotency-Key", strange))).Status);
            Assert.Equal("committed", (await api.GetAsync("/api/changesets/by-key/" + Uri.EscapeDataString(strange))).Json
                .GetProperty("state").GetString());
        }
        Assert.Equal("unseen", (await api.GetAsync("/api/changesets/by-key/A")).Json.GetProperty("state").GetString());
    }

    [Fact]
    public async Task Of_many_requests_with_one_key_at_the_same_time_one_is_carried_out()
    {
        var api = await host.NewWorkspaceAsync();
        var body = "[" + string.Join(',', Enumerable.Range(0, 500).Select(i => $$"""{"name":"n{{i}}"}""")) + "]";

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Task.Run(async () =>
        {
            Answer answer;
            do
                answer = await PutAsync(api, body, "", ("Idempotency-Key", "one"));
            while (answer.Status == 409);
            return answer;
        })));

        Assert.All(answers, answer => Assert.Equal((200, answers[0].Text), (answer.Status, answer.Text)));
        Assert.Equal(500, (await api.GetAsync(Path + "?count=true&take=1")).Count("Roster-Total"));
    }

    [Fact]
    public async Task Answers_are_kept_for_as_long_as_the_operator_says()
    {
        await using var own = await host.AnotherAsync(settings => settings with { IdempotencyRemembered = TimeSpan.FromHours(2) });
        var api = await own.NewWorkspaceAsync();
        await PutAsync(api, """[{"name":"a"}]""", "", ("Idempotency-Key", "k"));

        own.Clock.Move(TimeSpan.FromMinutes(119));
        Assert.True((await PutAsync(api, """[{"name":"a"}]""", "", ("Idempotency-Key", "k"))).Headers.Contains("Idempotent-Replayed"));
        own.Clock.Move(TimeSpan.FromMinutes(2));

        Assert.Equal(2, (await PutAsync(api, """[{"name":"other"}]""", "", ("Idempotency-Key", "k"))).Revision);
    }

    [Fact]
    public async Task Cut_off_at_any_byte_and_retried_with_its_key_every_create_happens_once()
    {
        var api = await host.NewWorkspaceAsync();
        var random = new Random(4);
        var expected = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            expected.Add($"create {i}");
            var body = $$"""[{"name":"create {{i}}"}]""";
            var request = Encoding.ASCII.GetBytes(
                $"PUT {Path} HTTP/1.1\r\nHost: h\r\nAuthorization: {api.Key}\r\nContent-Type: application/json\r\n"
                + $"Idempotency-Key: t{i}\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            // Cut before, within and right after the body; before, within and after the answer.
            var sent = i % 3 == 0 ? request.Length : random.Next(request.Length + 1);
            using (var socket = new TcpClient(host.Address.Host, host.Address.Port))
            {
                await socket.GetStream().WriteAsync(request.AsMemory(0, sent));
                if (i % 6 == 3)
                    await socket.GetStream().ReadAtLeastAsync(new byte[1 << 14], random.Next(1, 60), throwOnEndOfStream: false);
                socket.LingerState = new LingerOption(true, 0);
            }
            Answer answer;
            do
                answer = await PutAsync(api, body, "", ("Idempotency-Key", $"t{i}"));
            while (answer.Status == 409);
            Assert.Equal(200, answer.Status);
        }

        Assert.Equal(expected, (await api.GetAsync(Path + "?sort=asc&take=1000")).Names);
    }

    [Fact]
    public async Task The_log_is_listed_newest_first_with_who_and_what()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a"},{"name":"b"}]""")).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","name":"c"},{"id":"{{ids[1]}}"}]""");
        await api.DeleteAsync(ids[0]);
        await api.RestoreAsync(ids[0]);
        await api.PostAsync("""[{"name":"d"}]""");
        var other = await host.NewKeyAsync(api.Workspace, Scopes.All);
        await other.PutAsync("""[{"name":"e"}]""");

        var all = (await api.GetAsync("/api/changesets")).Items;

        Assert.Equal(["6 upsert", "5 create", "4 restore", "3 delete", "2 upsert", "1 upsert"],
            all.Select(one => $"{one.GetProperty("revision")} {one.GetProperty("kind")}"));
        Assert.Equal([(0, 1, 1), (2, 0, 0)],
            all.TakeLast(2).Select(one => (Number(one, "created"), Number(one, "updated"), Number(one, "unchanged"))));
        var actor = all[0].GetProperty("keyId").GetString();
        Assert.Equal([6], Revisions(await api.GetAsync($"/api/changesets?actor={actor}")));
        Assert.Equal([6, 2, 1], Revisions(await api.GetAsync("/api/changesets?kind=upsert")));
        Assert.Equal([6, 5], Revisions(await api.GetAsync($"/api/changesets?since={all[1].GetProperty("at").GetString()}")));
        var page = await api.GetAsync("/api/changesets?take=4");
        Assert.Equal([6, 5, 4, 3], Revisions(page));
        Assert.Equal([2, 1], Revisions(await api.GetAsync(page.Next!)));
        Assert.Equal(all[3].GetRawText(), (await api.GetAsync("/api/changesets/3")).Text);
        foreach (var none in new[] { "7", "0", "-1", "x", "9223372036854775807", "99999999999999999999" })
            Assert.Equal(404, (await api.GetAsync($"/api/changesets/{none}")).Status);
        var changes = await api.GetAsync("/api/changesets/1/changes?take=1");
        Assert.Equal("""{"name":{"old":null,"new":"a"}}""", changes.Json[0].GetProperty("fields").GetRawText());
        Assert.Equal(ids[1], (await api.GetAsync(changes.Next!)).Json[0].GetProperty("id").GetString());

        static int Number(JsonElement one, string name) => one.GetProperty(name).GetInt32();

        static IEnumerable<long> Revisions(Answer answer) => answer.Items.Select(one => one.GetProperty("revision").GetInt64());
    }

    [Fact]
    public async Task A_partners_history_leads_back_to_its_creation()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"v0"}""");
        for (var i = 1; i <= 5; i++)
            await api.PutAsync($$"""[{"id":"{{id}}","name":"v{{i}}"},{"name":"other"}]""");
        await api.DeleteAsync(id);

        var steps = new List<JsonElement>();
        for (var next = $"{Path}/{id}/history?take=3"; next is not null;)
        {
            var page = await api.GetAsync(next);
            steps.AddRange(page.Items);
            next = page.Next;
        }

        Assert.Equal(["deleted", .. Enumerable.Repeat("updated", 5), "created"],
            steps.Select(step => step.GetProperty("change").GetString()));
        Assert.Equal([7, 6, 5, 4, 3, 2, 1], steps.Select(step => step.GetProperty("revision").GetInt64()));
        Assert.Equal("""{"name":{"old":"v1","new":"v2"}}""", steps[4].GetProperty("fields").GetRawText());
        Assert.Equal(404, (await api.GetAsync($"{Path}/{Guid.NewGuid()}/history")).Status);
    }

    [Fact]
    public async Task The_directory_as_it_was_can_be_listed_exported_and_read()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a"},{"name":"b"},{"name":"c"}]""")).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","name":"a2"},{"name":"d"}]""");
        await api.DeleteAsync(ids[1]);

        Assert.Equal([], (await api.GetAsync(Path + "?asOf=0")).Items);
        Assert.Equal(["a", "b", "c"], (await api.GetAsync(Path + "?asOf=1&sort=asc")).Names);
        Assert.Equal(["d", "c", "b", "a2"], (await api.GetAsync(Path + "?asOf=2")).Names);
        Assert.Equal(["a2", "c", "d"], (await api.GetAsync(Path + "?asOf=3&sort=asc")).Names);
        Assert.Equal(["b"], (await api.GetAsync(Path + "?asOf=3&deleted=only")).Names);
        var page = await api.GetAsync(Path + "?asOf=1&sort=asc&take=2");
        Assert.Equal(["a", "b"], page.Names);
        Assert.Equal(["c"], (await api.GetAsync(page.Next!)).Names);
        Assert.Equal(3, (await api.GetAsync(Path + "?asOf=1", accept: "application/x-ndjson")).Text
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal("a", (await api.GetAsync($"{Path}/{ids[0]}?asOf=1")).Json.GetProperty("name").GetString());
        Assert.Equal(404, (await api.GetAsync($"{Path}/{ids[0]}?asOf=0")).Status);
        Assert.Equal(404, (await api.GetAsync($"{Path}/{ids[1]}?asOf=3")).Status);
        Assert.Equal("invalid_parameter", (await api.GetAsync($"{Path}/{ids[0]}?asOf=4")).Code);
        foreach (var wrong in new[] { "asOf=9", "asOf=-1", "asOf=1&q=a", "asOf=1&sort=name", "asOf=1&skip=1", "asOf=1&count=true" })
            Assert.Equal("invalid_parameter", (await api.GetAsync($"{Path}?{wrong}")).Code);
    }

    [Fact]
    public async Task An_undo_puts_back_what_a_change_set_changed_and_can_be_undone()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a","email":"a@b.example","externalId":"x"},{"name":"b"},{"name":"c"}]""")).Ids;
        await api.DeleteAsync(ids[2]);
        var before = (await api.GetAsync(Path + "?deleted=true&sort=asc")).Names;
        await api.PutAsync($$"""
            [{"id":"{{ids[0]}}","name":"wrong","email":null,"externalId":null},
             {"name":"wrong too"},
             {"id":"{{ids[1]}}","externalId":"x"}]
            """);

        var dry = await UndoAsync(api, 3, "?dryRun=true");
        var undone = await UndoAsync(api, 3);

        Assert.Equal((200, 4), (undone.Status, undone.Revision));
        Assert.Equal((0, 2, 1), (undone.Count("Roster-Created"), undone.Count("Roster-Updated"), undone.Count("Roster-Deleted")));
        Assert.Equal(3, dry.Revision);
        Assert.Equal(["a", "b"], (await api.GetAsync(Path + "?sort=asc")).Names);
        Assert.Equal("a@b.example", (await api.GetAsync($"{Path}/{ids[0]}")).Json.GetProperty("email").GetString());
        Assert.Equal(ids[0], (await api.GetAsync(Path + "?externalId=x")).Ids.Single());
        var changeSet = (await api.GetAsync("/api/changesets/4")).Json;
        Assert.Equal(("undo", 3), (changeSet.GetProperty("kind").GetString(), changeSet.GetProperty("undoes").GetInt64()));
        Assert.Equal(4, (await api.GetAsync("/api/changesets/3")).Json.GetProperty("undoneBy").GetInt64());

        Assert.Equal(5, (await UndoAsync(api, 4)).Revision);
        Assert.Equal(["wrong", "b", "wrong too"], (await api.GetAsync(Path + "?sort=asc")).Names);
        Assert.Equal(5, (await api.GetAsync("/api/changesets/4")).Json.GetProperty("undoneBy").GetInt64());
        // Deletes and restores can be undone, too.
        Assert.Equal(200, (await UndoAsync(api, 5)).Status);
        Assert.Equal(1, (await UndoAsync(api, 2)).Count("Roster-Restored"));
        Assert.Equal(before, (await api.GetAsync(Path + "?sort=asc")).Names);
        Assert.Equal(404, (await UndoAsync(api, 99)).Status);
    }

    [Fact]
    public async Task Partners_changed_since_are_conflicts_of_an_undo_that_fails_or_keeps_them()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a","externalId":"x"},{"name":"b"},{"name":"c"}]""")).Ids;
        await api.PutAsync($$"""
            [{"id":"{{ids[0]}}","name":"a2","externalId":null},
             {"id":"{{ids[1]}}","name":"b2"},
             {"id":"{{ids[2]}}","name":"c2"}]
            """);
        var taken = await api.PutAsync($$"""[{"id":"{{ids[1]}}","phone":"1"},{"name":"has it now","externalId":"x"}]""");

        var refused = await UndoAsync(api, 2);
        var kept = await SkipAsync();
        var again = await SkipAsync();

        Assert.Equal(["0 externalId external_id_taken", "1 - changed_since"], refused.Faults);
        Assert.Equal($"1 {ids[1]} This partner was changed since; look at current.", refused.Said.Last());
        Assert.Equal("b2", refused.Json.GetProperty("details")[1].GetProperty("current").GetProperty("name").GetString());
        Assert.Equal((200, 4), (kept.Status, kept.Revision));
        Assert.Equal(["0 external_id_taken", "1 changed_since"], kept.Json.GetProperty("kept").EnumerateArray()
            .Select(one => $"{one.GetProperty("index")} {one.GetProperty("code").GetString()}"));
        Assert.Equal(taken.Ids[1], kept.Json.GetProperty("kept")[0].GetProperty("candidates")[0].GetString());
        Assert.Equal((200, kept.Text), (again.Status, again.Text));
        Assert.Equal(2, kept.Json.GetProperty("changes")[0].GetProperty("index").GetInt32());
        Assert.Equal(["a2", "b2", "c", "has it now"], (await api.GetAsync(Path + "?sort=asc")).Names);
        Assert.Equal(412, (await SendAsync(api, HttpMethod.Post, "/api/changesets/4/undo", "", ("If-Revision", "1"))).Status);
        Assert.Equal("invalid_parameter", (await UndoAsync(api, 4, "?onConflict=perhaps")).Code);

        Task<Answer> SkipAsync() =>
            SendAsync(api, HttpMethod.Post, "/api/changesets/2/undo?onConflict=skip", "", ("Idempotency-Key", "once"));
    }

    [Fact]
    public async Task Once_the_later_change_sets_are_undone_a_change_set_can_be_undone()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a","phone":"1"},{"name":"b"},{"name":"c"}]""")).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","name":"a2"},{"id":"{{ids[1]}}","name":"b2"},{"id":"{{ids[2]}}","name":"c2"}]""");
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"2"},{"id":"{{ids[1]}}","name":"b3"}]""");
        await api.DeleteAsync(ids[0]);

        Assert.Equal(["0 - changed_since"], (await UndoAsync(api, 3)).Faults);
        Assert.Equal((200, 5), Outcome(await UndoAsync(api, 4)));
        Assert.Equal(["0 - changed_since", "1 - changed_since"], (await UndoAsync(api, 2)).Faults);
        Assert.Equal((200, 6), Outcome(await UndoAsync(api, 3)));
        Assert.Equal((200, 7), Outcome(await UndoAsync(api, 2)));
        Assert.Equal(["a", "b", "c"], (await api.GetAsync(Path + "?sort=asc")).Names);
        Assert.Equal("1", (await api.GetAsync($"{Path}/{ids[0]}")).Json.GetProperty("phone").GetString());

        // The undos are undone in their order backwards, too; a later change stays a conflict.
        Assert.Equal((200, 8), Outcome(await UndoAsync(api, 7)));
        await api.PutAsync($$"""[{"id":"{{ids[1]}}","phone":"3"}]""");
        Assert.Equal(["1 - changed_since"], (await UndoAsync(api, 6)).Faults);
        Assert.Equal((200, 10), Outcome(await UndoAsync(api, 9)));
        Assert.Equal((200, 11), Outcome(await UndoAsync(api, 6)));
        Assert.Equal(["a2", "b3", "c2"], (await api.GetAsync(Path + "?sort=asc")).Names);

        static (int, long) Outcome(Answer answer) => (answer.Status, answer.Revision);
    }

    [Fact]
    public async Task A_mirror_that_follows_the_feed_beside_writers_ends_equal_to_the_directory()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync(
            "[" + string.Join(',', Enumerable.Range(0, 300).Select(i => $$"""{"name":"n{{i}}"}""")) + "]")).Ids.ToArray();
        var writing = Enumerable.Range(0, 3).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            for (var i = 0; i < 40; i++)
            {
                await api.PutAsync("[" + string.Join(',', random.GetItems(ids, 20).Distinct()
                    .Select(id => $$"""{"id":"{{id}}","phone":"{{writer}}-{{i}}"}""")) + ",{\"name\":\"new\"}]");
                if (i % 10 == 0)
                    await api.DeleteAsync((await api.GetAsync(Path + "?take=1")).Ids.Take(1));
            }
        })).ToArray();
        var mirror = new Dictionary<string, string>();
        var position = "";

        var finished = Task.WhenAll(writing);
        for (var isLast = false; ;)
        {
            var page = await api.GetAsync($"{Path}/changes?take=37&{(position.Length == 0 ? "full=true" : $"after={position}")}");
            foreach (var partner in page.Json.GetProperty("partners").EnumerateArray())
                if (partner.TryGetProperty("deletedAt", out _))
                    mirror.Remove(partner.GetProperty("id").GetString()!);
                else
                    mirror[partner.GetProperty("id").GetString()!] = partner.GetRawText();
            position = page.Json.GetProperty("next").GetString()!;
            if (page.Json.GetProperty("more").GetBoolean())
                continue;
            if (isLast)
                break;
            isLast = finished.IsCompleted;
        }
        await finished;

        var directory = (await api.GetAsync(Path + "?take=10000")).Items
            .ToDictionary(partner => partner.GetProperty("id").GetString()!, partner => partner.GetRawText());
        Assert.Equal(directory.OrderBy(one => one.Key), mirror.OrderBy(one => one.Key));
    }

    [Fact]
    public async Task The_feed_has_each_changed_partner_once_and_waits_for_the_next_change()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a"},{"name":"b"},{"name":"c"}]""")).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","name":"a2"}]""");
        await api.DeleteAsync(ids[1]);

        var all = await api.GetAsync(Path + "/changes?after=0");
        Assert.Equal(["c", "a2", "b"], all.Json.GetProperty("partners").EnumerateArray()
            .Select(partner => partner.GetProperty("name").GetString()));
        Assert.False(all.Json.GetProperty("more").GetBoolean());
        Assert.Equal([ids[1]], Deleted(all));
        Assert.Equal(["b"], (await api.GetAsync(Path + "/changes?after=2")).Json
            .GetProperty("partners").EnumerateArray().Select(partner => partner.GetProperty("name").GetString()));

        var waiting = api.GetAsync(Path + "/changes?after=3&wait=30");
        await api.PutAsync("""[{"name":"at last"}]""");
        Assert.Equal("at last", (await waiting).Json.GetProperty("partners")[0].GetProperty("name").GetString());
        foreach (var wrong in new[]
        {
            "after=4-1", "after=x", "after=-1", "after=1-2-3", "after=full-1", "after=9223372036854775807-1",
            "after=9223372036854775807", "after=1&full=true", "wait=31", "take=0", "full=yes",
        })
            Assert.Equal("invalid_parameter", (await api.GetAsync($"{Path}/changes?{wrong}")).Code);

        static IEnumerable<string?> Deleted(Answer answer) => answer.Json.GetProperty("partners").EnumerateArray()
            .Where(partner => partner.TryGetProperty("deletedAt", out _)).Select(partner => partner.GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_mirror_batch_is_the_whole_truth_within_limits()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync("[" + string.Join(
            ',', Enumerable.Range(0, 40).Select(i => $$"""{"name":"n{{i}}","externalId":"{{i}}"}""")) + "]");
        string Batch(int from, int to) => "[" + string.Join(
            ',', Enumerable.Range(from, to - from).Select(i => $$"""{"externalId":"{{i}}","name":"n{{i}}"}""")) + "]";

        var tooMany = await PutAsync(api, Batch(3, 41), "?mode=mirror&matchOn=externalId");
        var dry = await PutAsync(api, Batch(3, 41), "?mode=mirror&matchOn=externalId&dryRun=true");
        Assert.Equal((400, "too_many_deletes", 3), (tooMany.Status, tooMany.Code, tooMany.Json.GetProperty("details").GetArrayLength()));
        Assert.All(tooMany.Said, said => Assert.Matches("^- [0-9a-f-]{36} No item names this partner, so it would be deleted\\.$", said));
        Assert.Equal(tooMany.Json.GetProperty("details").GetRawText(), dry.Json.GetProperty("details").GetRawText());

        var done = await PutAsync(api, Batch(2, 41), "?mode=mirror&matchOn=externalId", ("Prefer", "return=changes"));
        Assert.Equal((200, 2, (1, 0, 38), 2), (done.Status, done.Revision, done.Counts, done.Count("Roster-Deleted")));
        Assert.Equal(["deleted", "deleted"],
            done.Json.EnumerateArray().TakeLast(2).Select(change => change.GetProperty("change").GetString()));
        Assert.Equal(39, (await api.GetAsync(Path + "?take=1&count=true")).Count("Roster-Total"));
        Assert.Equal(2, (await UndoAsync(api, 2)).Count("Roster-Restored"));
        Assert.Equal(36, (await PutAsync(api, Batch(0, 4), "?mode=mirror&matchOn=externalId&maxDeletes=36")).Count("Roster-Deleted"));
        Assert.Equal(0, (await PutAsync(api, Batch(0, 4), "?mode=mirror&matchOn=externalId")).Count("Roster-Deleted"));
        foreach (var wrong in new[]
        {
            "mode=mirror", "mode=mirror&matchOn=email&maxDeletes=x", "mode=mirror&matchOn=email&maxDeletes=101%25",
            "maxDeletes=1", "mode=copy",
        })
            Assert.Equal("invalid_parameter", (await PutAsync(api, Batch(0, 1), "?" + wrong)).Code);
    }

    [Fact]
    public async Task A_mirror_batch_that_names_a_partner_more_often_than_there_are_partners_is_told_so()
    {
        var api = await host.NewWorkspaceAsync();
        var id = (await api.PutAsync("""[{"name":"a"}]""")).Ids.Single();

        var byId = await PutAsync(api, $$"""[{"id":"{{id}}"},{"id":"{{id}}"},{"id":"{{id}}"}]""", "?mode=mirror&matchOn=email");

        Assert.Equal((400, "validation_failed"), (byId.Status, byId.Code));
        Assert.Equal(["1 id duplicate_id", "2 id duplicate_id"], byId.Faults);
    }

    [Fact]
    public async Task Erased_partners_are_gone_from_everything_but_that_they_were_erased()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync(
            """[{"name":"Erasmus Secret","email":"erasmus@secret.example","externalId":"x"},{"name":"stays"}]""")).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","name":"Erasmus Hidden"},{"id":"{{ids[1]}}","phone":"1"}]""");
        await PutAsync(api, $$"""[{"id":"{{ids[0]}}","phone":"+1 555"}]""", "", ("Idempotency-Key", "k"));
        Assert.Single((await api.GetAsync(Path + "?q=erasmus")).Items);

        var erased = await SendAsync(api, HttpMethod.Post, Path + "/erase", $"[\"{ids[0]}\"]", ("Idempotency-Key", "e"));

        Assert.Equal((200, $$"""{"erasedIds":["{{ids[0]}}"]}"""), (erased.Status, erased.Text));
        var again = await SendAsync(api, HttpMethod.Post, Path + "/erase", $"[\"{ids[0]}\"]", ("Idempotency-Key", "e"));
        Assert.Equal((erased.Text, erased.Counts, 1), (again.Text, again.Counts, again.Count("Roster-Deleted")));
        Assert.Equal(404, (await api.GetAsync($"{Path}/{ids[0]}?deleted=true")).Status);
        Assert.Equal(404, (await api.GetAsync($"{Path}/{ids[0]}/history")).Status);
        Assert.Empty((await api.GetAsync(Path + "?q=erasmus&deleted=true")).Items);
        Assert.Empty((await api.GetAsync(Path + "?email=erasmus@secret.example")).Items);
        Assert.Equal(["stays"], (await api.GetAsync(Path + "?asOf=1")).Names);
        Assert.Equal(1, (await api.GetAsync(Path + "?count=true")).Count("Roster-Total"));
        foreach (var revision in new[] { 1, 2, 3 })
        {
            var change = (await api.GetAsync($"/api/changesets/{revision}/changes")).Json[0];
            Assert.Equal(("erased", true), (change.GetProperty("change").GetString(), change.GetProperty("gone").GetBoolean()));
        }
        var refused = await UndoAsync(api, 2);
        Assert.Equal(["0 - history_gone"], refused.Faults);
        Assert.Equal([$"0 {ids[0]} This partner was erased."], refused.Said);
        Assert.Equal(200, (await UndoAsync(api, 2, "?onConflict=skip")).Status);
        Assert.Equal("answer_gone",
            (await PutAsync(api, $$"""[{"id":"{{ids[0]}}","phone":"+1 555"}]""", "", ("Idempotency-Key", "k"))).Code);
        var tombstone = (await api.GetAsync(Path + "/changes?after=3")).Json.GetProperty("partners")[0];
        Assert.Equal((ids[0], true), (tombstone.GetProperty("id").GetString(), tombstone.TryGetProperty("deletedAt", out _)));
        Assert.Equal(["0 - partner_not_found"], (await SendAsync(api, HttpMethod.Post, Path + "/erase", $"[\"{ids[0]}\"]")).Faults);
        Assert.Equal(200, (await api.PutAsync("""[{"name":"the id is free","externalId":"x"}]""")).Status);
    }

    [Fact]
    public async Task Old_values_are_forgotten_after_the_time_that_the_operator_sets()
    {
        await using var own = await host.AnotherAsync(settings => settings with { OldValuesKept = TimeSpan.FromDays(30) });
        var api = await own.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"first"}""");
        await api.PutAsync($$"""[{"id":"{{id}}","name":"second"}]""");
        own.Clock.Move(TimeSpan.FromDays(31));
        await api.PutAsync($$"""[{"id":"{{id}}","name":"third"}]""");

        while ((await own.Store.ForgetValuesAsync(api.Workspace.Id,
            Timestamp.From(own.Clock.GetUtcNow() - TimeSpan.FromDays(30)), CancellationToken.None)).HasMore)
        {
        }

        Assert.Equal(["third"], (await api.GetAsync(Path)).Names);
        Assert.Equal("second", (await api.GetAsync($"{Path}/{id}?asOf=2")).Json.GetProperty("name").GetString());
        var gone = (await api.GetAsync($"{Path}/{id}?asOf=1")).Json;
        Assert.Equal((JsonValueKind.Null, true), (gone.GetProperty("name").ValueKind, gone.GetProperty("gone").GetBoolean()));
        Assert.Equal(200, (await UndoAsync(api, 3)).Status);
        var refused = await UndoAsync(api, 2);
        Assert.Equal(["0 - history_gone"], refused.Faults);
        Assert.Equal([$"0 {id} What this partner was before is not kept any more."], refused.Said);
        var steps = (await api.GetAsync($"{Path}/{id}/history")).Items;
        Assert.Equal([false, false, true, true], steps.Select(step => step.TryGetProperty("gone", out _)));
    }

    private static Task<Answer> PutAsync(RosterClient api, string body, string query, params (string, string?)[] headers) =>
        SendAsync(api, HttpMethod.Put, Path + query, body, headers);

    private static Task<Answer> UndoAsync(RosterClient api, long revision, string query = "") =>
        SendAsync(api, HttpMethod.Post, $"/api/changesets/{revision}/undo{query}", "");

    private static Task<Answer> SendAsync(
        RosterClient api, HttpMethod method, string path, string body, params (string Name, string? Value)[] headers)
    {
        var content = body.Length == 0 ? null : new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content?.Headers.TryAddWithoutValidation(
            "Content-Type", headers.FirstOrDefault(header => header.Name == "Content-Type").Value ?? "application/json");
        return api.SendAsync(method, path, content, headers: [.. headers.Where(header => header.Name != "Content-Type")]);
    }
}

public sealed class ChangeSetOnSqlite(SqliteHost host) : ChangeSetContract(host);

public sealed class ChangeSetOnPostgres(PostgresHost host) : ChangeSetContract(host);
