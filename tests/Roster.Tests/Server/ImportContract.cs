using System.Text;
using System.Text.Json;
using Roster.Access;
using Roster.Imports;
using Roster.Server.Imports;

namespace Roster.Tests.Server;

/// <summary>Imports from the file to the undo: what is planned, what is written, and what refuses it.</summary>
public abstract class ImportContract(RosterHost host)
{
    private const string Two = "externalId,name,email\na1,Ada Lovelace,ada@example.com\nb2,Grace Hopper,grace@example.com\n";

    [Fact]
    public async Task A_file_is_seen_before_it_is_applied_and_undone_if_it_was_wrong()
    {
        var api = await host.NewWorkspaceAsync();

        var sent = await api.UploadAsync(Encoding.UTF8.GetBytes(Two));
        var id = sent.Json.GetProperty("id").GetString()!;
        Assert.Equal((201, $"/api/imports/{id}", "uploaded"), (sent.Status, $"{sent.Headers.Location}", sent.Json.State()));
        Assert.Equal(
            ["externalId", "name", "email"],
            sent.Json.GetProperty("columns").EnumerateArray().Select(column => column.GetProperty("target").GetString()!));
        Assert.Equal("externalId", sent.Json.GetProperty("matchOn").GetString());

        var planned = await api.PlannedAsync(id);
        Assert.Equal("2 0 0 0 0 0", planned.Counts());
        Assert.Equal(["2 created", "3 created"], await api.RowsAsync(id));
        Assert.Empty((await api.GetAsync("/api/partners")).Items);
        Assert.Empty((await api.GetAsync("/api/changesets")).Items);

        var applied = await api.AppliedAsync(id);
        Assert.Equal(("applied", 1), (applied.State(), applied.Revisions().Single()));
        Assert.Equal(["Ada Lovelace", "Grace Hopper"], (await api.GetAsync("/api/partners?sort=name")).Names);
        var changeSet = (await api.GetAsync("/api/changesets/1")).Json;
        Assert.Equal("import", changeSet.GetProperty("kind").GetString());
        Assert.Equal($$"""{"id":"{{id}}","part":1,"parts":1}""", changeSet.GetProperty("import").GetRawText());

        var undone = await api.UndoneAsync(id);
        Assert.Equal("undone", undone.State());
        Assert.Empty((await api.GetAsync("/api/partners")).Items);
        Assert.Equal(
            ["applied", "applying", "planned", "undone", "uploaded"],
            undone.GetProperty("times").EnumerateObject().Select(time => time.Name).Order(StringComparer.Ordinal));
        Assert.Equal(409, (await api.ApplyAsync(id)).Status);
        Assert.Equal(409, (await api.PostAsync("", $"/api/imports/{id}/undo")).Status);
    }

    [Fact]
    public async Task Readers_the_feed_and_the_history_agree_with_what_an_import_wrote()
    {
        var api = await host.NewWorkspaceAsync();
        var ada = await api.CreateAsync("""{"name":"Ada","externalId":"a1"}""");
        var (id, _) = await api.NewPlanAsync(Two);
        var rows = (await api.GetAsync($"/api/imports/{id}/rows")).Json;
        Assert.Equal(
            """{"name":{"old":"Ada","new":"Ada Lovelace"},"email":{"old":null,"new":"ada@example.com"}}""",
            Compact(rows[0].GetProperty("fields")));

        await api.AppliedAsync(id);

        var fed = (await api.GetAsync("/api/partners/changes?after=1")).Json.GetProperty("partners").EnumerateArray().ToList();
        Assert.Equal(["Ada Lovelace", "Grace Hopper"], fed.Select(partner => partner.GetProperty("name").GetString()!));
        Assert.Equal(["import", "upsert"], (await api.GetAsync($"/api/partners/{ada}/history")).Items
            .Select(step => step.GetProperty("kind").GetString()!));
        Assert.Equal("Ada", (await api.GetAsync($"/api/partners/{ada}?asOf=1")).Json.GetProperty("name").GetString());
        var shown = (await api.GetAsync($"/api/imports/{id}/rows?change=created")).Json[0];
        Assert.Equal(fed[1].GetProperty("id").GetString(), shown.GetProperty("id").GetString());

        await api.UndoneAsync(id);
        var left = (await api.GetAsync("/api/partners")).Items;
        Assert.Equal(("Ada", JsonValueKind.Null), (left.Single().GetProperty("name").GetString(), left[0].GetProperty("email").ValueKind));
    }

    [Fact]
    public async Task A_stored_upload_is_answered_from_what_is_known()
    {
        CountedStore calls = null!;
        await using var own = await host.AnotherAsync(wrap: store => CountedStore.Around(store, out calls));
        var api = await own.NewWorkspaceAsync();
        foreach (var call in new[] { nameof(IRosterStore.NameKeysAsync), nameof(IRosterStore.ListImportPartsAsync) })
        {
            calls.Failing = call;
            var sent = await api.UploadAsync(Encoding.UTF8.GetBytes(Two));
            calls.Failing = null;

            Assert.True(sent.Status == 201, sent.Text);
            var stored = (await api.ImportAsync(sent.Json.GetProperty("id").GetString()!)).GetRawText();
            Assert.Equal(stored, sent.Json.GetRawText());
        }
    }

    [Fact]
    public async Task Work_that_is_answered_with_an_error_has_not_begun()
    {
        CountedStore calls = null!;
        await using var own = await host.AnotherAsync(wrap: store => CountedStore.Around(store, out calls));
        var api = await own.NewWorkspaceAsync();
        var id = await api.NewImportAsync(Two);
        var before = (await api.ImportAsync(id)).GetRawText();
        foreach (var call in new[] { nameof(IRosterStore.NameKeysAsync), nameof(IRosterStore.ListImportPartsAsync) })
        {
            calls.Failing = call;
            Assert.Equal("storage_unavailable", (await api.PostAsync("", $"/api/imports/{id}/plan")).Code);
            calls.Failing = null;

            Assert.Equal(before, (await api.ImportAsync(id)).GetRawText());
        }
        await api.PlannedAsync(id);
    }

    [Fact]
    public async Task Imports_that_cannot_be_written_do_not_keep_those_of_other_workspaces_from_their_turn()
    {
        CountedStore calls = null!;
        await using var own = await host.AnotherAsync(wrap: store => CountedStore.Around(store, out calls));
        var there = await own.NewWorkspaceAsync();
        var imports = new List<(RosterClient Api, string Id)>();
        while (imports.Count < ImportWorker.MaxAtWork + 1)
        {
            var api = imports.Count % ImportWorker.MaxOfWorkspace == 0 ? await own.NewWorkspaceAsync() : imports[^1].Api;
            imports.Add((api, await api.NewImportAsync(Two)));
        }
        (calls.Failing, calls.SparedWorkspace) = (nameof(IRosterStore.WriteImportBlocksAsync), there.Workspace.Id);
        foreach (var (api, id) in imports)
            Assert.Equal(202, (await api.PostAsync("", $"/api/imports/{id}/plan")).Status);

        await there.NewPlanAsync(Two);

        calls.Failing = null;
        foreach (var (api, id) in imports)
            Assert.Equal("planned", (await api.SettledAsync(id)).State());
    }

    [Fact]
    public async Task Apply_repeats_the_counts_that_were_seen_and_writes_nothing_if_they_are_others()
    {
        var api = await host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync(Two);

        foreach (var body in new[] { """{"created":1}""", "{}", """{"created":2,"deleted":1}""" })
            Assert.Equal("plan_changed", (await api.PostAsync(body, $"/api/imports/{id}/apply")).Code);
        foreach (var body in new[] { "[]", """{"created":"2"}""", """{"faulty":0}""", "", """{"created":2,"created":2}""" })
            Assert.InRange((await api.PostAsync(body, $"/api/imports/{id}/apply")).Status, 400, 400);
        Assert.Empty((await api.GetAsync("/api/partners")).Items);
        Assert.Equal("planned", (await api.ImportAsync(id)).State());

        Assert.Equal(202, (await api.PostAsync("""{"created":2}""", $"/api/imports/{id}/apply")).Status);
        Assert.Equal("applied", (await api.SettledAsync(id)).State());
        Assert.Equal(409, (await api.PostAsync("""{"created":2}""", $"/api/imports/{id}/apply")).Status);
    }

    [Theory]
    [InlineData("externalId", "externalId,name\na1,New\n")]
    [InlineData("email", "email,name\nADA@example.com,New\n")]
    [InlineData("id", "id,name\n{id},New\n")]
    public async Task Rows_find_their_partners_by_external_id_or_address_or_id(string by, string file)
    {
        var api = await host.NewWorkspaceAsync();
        var ada = await api.CreateAsync("""{"name":"Ada","externalId":"a1","email":"ada@example.com"}""");
        var id = await api.NewImportAsync(file.Replace("{id}", ada, StringComparison.Ordinal));
        Assert.Equal(by == "id" ? null : by, (await api.ImportAsync(id)).GetProperty("matchOn").GetString());

        Assert.Equal("0 1 0 0 0 0", (await api.PlannedAsync(id)).Counts());
        await api.AppliedAsync(id);

        Assert.Equal(("New", 2), (await api.ReadAsync(ada) is var now ? now.GetProperty("name").GetString() : "",
            (await api.GetAsync("/api/changesets")).Items.Count));
        // Again, it changes nothing.
        var (again, plan) = await api.NewPlanAsync(file.Replace("{id}", ada, StringComparison.Ordinal));
        Assert.Equal("0 0 1 0 0 0", plan.Counts());
        Assert.Equal(("applied", 0), (await api.AppliedAsync(again) is var done ? done.State() : "", done.Revisions().Count));
    }

    [Theory]
    [InlineData("upsert", "1 1 1 0 0 0", "2 created;3 updated;4 unchanged")]
    [InlineData("update", "0 1 1 0 1 0", "2 faulty no_match;3 updated;4 unchanged")]
    [InlineData("create", "1 0 0 0 2 0", "2 created;3 faulty partner_exists;4 faulty partner_exists")]
    public async Task A_mode_says_which_rows_may_create_and_which_may_update(string mode, string counts, string rows)
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync("""[{"name":"Bob","externalId":"b"},{"name":"Cid","externalId":"c"}]""");

        var (id, planned) = await api.NewPlanAsync("externalId,name\na,Ada\nb,Bobby\nc,Cid\n", $$"""{"mode":"{{mode}}"}""");

        Assert.Equal((counts, rows), (planned.Counts(), string.Join(';', await api.RowsAsync(id))));
        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
        Assert.Equal(mode == "create" ? "Bob" : "Bobby", (await api.GetAsync("/api/partners?externalId=b")).Names.Single());
    }

    [Fact]
    public async Task A_mirror_deletes_who_is_not_in_the_file_but_no_more_than_allowed()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync(Partners(0, 6));
        const string File = "externalId,name\nx0,Name 0\nx1,Changed\nx9,New\n";

        var (id, planned) = await api.NewPlanAsync(File, """{"mode":"mirror","maxDeletes":"3"}""");
        Assert.Equal(("1 1 1 4 0 0", 3), (planned.Counts(), planned.GetProperty("counts").GetProperty("allowedDeletes").GetInt32()));
        Assert.Equal("too_many_deletes", (await api.ApplyAsync(id)).Code);
        Assert.Equal(4, (await api.RowsAsync(id, "?change=deleted")).Count(row => row == "- deleted"));

        Assert.Equal(200, (await api.ChangeImportAsync(id, """{"maxDeletes":"100%"}""")).Status);
        await api.PlannedAsync(id);
        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
        Assert.Equal(["Changed", "Name 0", "New"], (await api.GetAsync("/api/partners?sort=name")).Names);
        Assert.Single((await api.ImportAsync(id)).Revisions());

        await api.UndoneAsync(id);
        Assert.Equal(6, (await api.GetAsync("/api/partners?count=true")).Count("Roster-Total"));
    }

    [Fact]
    public async Task A_mirror_with_faulty_rows_is_refused_until_they_are_mended_or_left_out_and_keeps_those_partners()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync(Partners(0, 3));
        var (id, planned) = await api.NewPlanAsync(
            "externalId,name,email\nx0,Name 0,\nx1,Name 1,nobody\nx2,Name 2,nobody\n", """{"mode":"mirror","maxDeletes":"100%"}""");
        Assert.Equal("0 0 1 2 2 0", planned.Counts());
        Assert.Equal("rows_faulty", (await api.ApplyAsync(id)).Code);

        planned = await api.MendedAsync(id, """[{"line":3,"skip":true},{"line":4,"cells":{"email":null}}]""");

        Assert.Equal("0 0 2 0 0 1", planned.Counts());
        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
        Assert.Equal(3, (await api.GetAsync("/api/partners?count=true")).Count("Roster-Total"));
    }

    [Fact]
    public async Task A_mirror_keeps_the_partners_of_rows_that_were_left_out_whatever_else_is_wrong_with_them()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"P1"},{"name":"P2","externalId":"K"},{"name":"P3"},{"name":"P4"}]""")).Ids;
        var (id, planned) = await api.NewPlanAsync(
            $"id,externalId,name\n{ids[0]},K,P1\n{ids[1]},K,P2\n{ids[2]},,P3\n", """{"mode":"mirror","maxDeletes":"100%"}""");
        Assert.Equal("0 0 1 3 2 0", planned.Counts());

        planned = await api.MendedAsync(id, """[{"line":2,"skip":true},{"line":3,"skip":true}]""");

        Assert.Equal("0 0 1 1 0 2", planned.Counts());
        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
        Assert.Equal(["P1", "P2", "P3"], (await api.GetAsync("/api/partners?sort=name")).Names);
    }

    [Fact]
    public async Task A_mirror_keeps_all_partners_with_the_address_of_a_row_that_was_left_out()
    {
        var api = await host.NewWorkspaceAsync();
        var shared = Enumerable.Range(0, 12).Select(i => $$"""{"name":"{{i}}","email":"Shared@example.com"}""");
        await api.PutAsync($"[{string.Join(',', shared)}]");
        await api.PutAsync("""[{"name":"Gone","email":"gone@example.com"}]""");
        var (id, planned) = await api.NewPlanAsync(
            "email,name\nshared@example.com,Shared\n", """{"mode":"mirror","maxDeletes":"100%"}""");
        Assert.Equal("2 faulty ambiguous_match", (await api.RowsAsync(id))[0]);

        planned = await api.MendedAsync(id, """[{"line":2,"skip":true}]""");

        Assert.Equal("0 0 0 1 0 1", planned.Counts());
    }

    [Fact]
    public async Task A_mirror_leaves_out_no_row_whose_partner_nobody_can_tell()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync(Partners(0, 3));
        await api.PutAsync("""[{"name":"Mail","email":"mail@example.com"}]""");
        var (id, _) = await api.NewPlanAsync(
            "externalId,name\nx0,Name 0\nx1,Name \"the\" 1\n", """{"mode":"mirror","maxDeletes":"100%"}""");
        var planned = await api.MendedAsync(id, """[{"line":3,"skip":true}]""");
        Assert.Equal(("0 0 1 3 1 0", "3 faulty invalid_record"), (planned.Counts(), (await api.RowsAsync(id))[1]));
        Assert.Equal("rows_faulty", (await api.ApplyAsync(id)).Code);

        (id, _) = await api.NewPlanAsync("email,name\nmail@,Mail\n", """{"mode":"mirror","maxDeletes":"100%"}""");
        planned = await api.MendedAsync(id, """[{"line":2,"skip":true}]""");
        Assert.Equal(("0 0 0 4 1 0", "2 faulty invalid_record"), (planned.Counts(), (await api.RowsAsync(id))[0]));

        // Who says that the row is about nobody may leave it out.
        planned = await api.MendedAsync(id, """[{"line":2,"skip":true,"cells":{"email":null}}]""");
        Assert.Equal("0 0 0 4 0 1", planned.Counts());
    }

    [Fact]
    public async Task A_row_without_a_key_is_a_fault_unless_it_may_create()
    {
        var api = await host.NewWorkspaceAsync();
        const string File = "externalId,name\na,Ada\n,Bob\n";

        var (id, planned) = await api.NewPlanAsync(File);
        Assert.Equal(("1 0 0 0 1 0", "3 faulty match_key_missing"), (planned.Counts(), (await api.RowsAsync(id))[1]));

        await api.ChangeImportAsync(id, """{"withoutKey":"create"}""");
        Assert.Equal("2 0 0 0 0 0", (await api.PlannedAsync(id)).Counts());
        await api.AppliedAsync(id);
        Assert.Equal(["Ada", "Bob"], (await api.GetAsync("/api/partners?sort=name")).Names);
    }

    [Fact]
    public async Task A_column_that_is_not_imported_and_an_empty_cell_keep_and_a_column_may_clear()
    {
        var api = await host.NewWorkspaceAsync();
        var ada = await api.CreateAsync(
            """{"name":"Ada","externalId":"a","email":"ada@example.com","phone":"1","tags":["vip"],"metadata":{"region":"emea"} }""");
        const string File = "Key,Who,Mail,Tel,Region\na,Ada,,,\n";
        string Mapping(string empty) => $$"""
            {"mapping":{"columns":[{"column":"Key","target":"externalId"},{"column":"Who","target":"name"},
            {"column":"Mail","target":"email","empty":"{{empty}}"},{"column":"Region","target":"metadata.region","empty":"{{empty}}"}]} }
            """;

        var (id, planned) = await api.NewPlanAsync(File, Mapping("keep"));
        Assert.Equal("0 0 1 0 0 0", planned.Counts());

        Assert.Equal(200, (await api.ChangeImportAsync(id, Mapping("clear"))).Status);
        Assert.Equal("0 1 0 0 0 0", (await api.PlannedAsync(id)).Counts());
        await api.AppliedAsync(id);
        var now = await api.ReadAsync(ada);
        Assert.Equal(
            (JsonValueKind.Null, "1", false),
            (now.GetProperty("email").ValueKind, now.GetProperty("phone").GetString(), now.TryGetProperty("metadata", out _)));
        Assert.Equal("""["vip"]""", now.GetProperty("tags").GetRawText());
    }

    [Fact]
    public async Task Rows_whose_partners_changed_since_the_plan_stop_it_before_anything_is_written()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync(Partners(0, 3))).Ids;
        const string File = "externalId,name\nx0,A\nx1,B\nx2,C\nx3,D\nx4,E\n,F\n";
        var (id, _) = await api.NewPlanAsync(File);
        await api.PutAsync($$"""[{"id":"{{ids[1]}}","phone":"7"},{"name":"Else","externalId":"x4"}]""");
        await api.DeleteAsync(ids[2]);

        var stopped = await api.AppliedAsync(id);

        Assert.Equal(
            ("stopped", "changed_since", 3, 0),
            (stopped.State(), stopped.Reason(), stopped.GetProperty("conflicts").GetInt32(), stopped.Revisions().Count));
        string[] conflicts = ["3 updated changed_since", "4 updated changed_since", "6 created changed_since"];
        Assert.Equal([.. conflicts, "7 faulty match_key_missing"], await api.RowsAsync(id, "?faulty=true"));
        Assert.Equal(conflicts, await api.RowsAsync(id, "?conflict=true"));
        Assert.Equal(["Else", "Name 0", "Name 1"], (await api.GetAsync("/api/partners?sort=name")).Names);

        var applied = await api.AppliedAsync(id, "?onConflict=skip");
        Assert.Equal(("applied", 3), (applied.State(), applied.GetProperty("conflicts").GetInt32()));
        Assert.Equal(["A", "D", "Else", "Name 1"], (await api.GetAsync("/api/partners?sort=name")).Names);
        // Only looking for what an undo would not put back changes nothing of what is said of the import.
        Assert.True((await api.PostAsync("", $"/api/imports/{id}/undo?dryRun=true")).Json.GetProperty("undoDryRun").GetBoolean());
        var tried = await api.SettledAsync(id);
        Assert.Equal(("applied", 3), (tried.State(), tried.GetProperty("leftOut").GetInt32()));
        Assert.Null(tried.Reason());
        Assert.False(tried.GetProperty("undoDryRun").GetBoolean());
        Assert.False(tried.GetProperty("undoBegun").GetBoolean());
        Assert.True((await api.UndoneAsync(id)).GetProperty("undoBegun").GetBoolean());
        Assert.Equal(["Else", "Name 0", "Name 1"], (await api.GetAsync("/api/partners?sort=name")).Names);
    }

    [Fact]
    public async Task A_plan_made_anew_after_a_conflict_is_applied()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync(Partners(0, 2))).Ids;
        var (id, _) = await api.NewPlanAsync("externalId,name\nx0,A\nx1,B\n");
        await api.PutAsync($$"""[{"id":"{{ids[1]}}","phone":"7"}]""");
        Assert.Equal("stopped", (await api.AppliedAsync(id)).State());

        Assert.Equal("0 2 0 0 0 0", (await api.PlannedAsync(id)).Counts());
        Assert.Empty(await api.RowsAsync(id, "?faulty=true"));
        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
        Assert.Equal(["A", "B"], (await api.GetAsync("/api/partners?sort=name")).Names);
    }

    [Fact]
    public async Task Two_partners_swap_their_external_ids()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync(Partners(0, 2))).Ids;
        var (id, planned) = await api.NewPlanAsync($"id,externalId\n{ids[0]},x1\n{ids[1]},x0\n", """{"matchOn":null}""");
        Assert.Equal("0 2 0 0 0 0", planned.Counts());

        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
        Assert.Equal("Name 1", (await api.GetAsync("/api/partners?externalId=x0")).Names.Single());
    }

    [Fact]
    public async Task An_import_whose_rows_are_lost_says_so_and_is_planned_anew()
    {
        var api = await host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync(Two);
        await host.Store.DeleteImportBlocksAsync(
            api.Workspace.Id, Guid.Parse(id), ImportBlockKind.Rows, 0, CancellationToken.None);

        var stopped = await api.AppliedAsync(id);

        Assert.Equal(("stopped", "rows_gone"), (stopped.State(), stopped.Reason()));
        await api.PlannedAsync(id);
        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
        Assert.Equal(2, (await api.GetAsync("/api/partners")).Items.Count);
    }

    [Fact]
    public async Task What_others_changed_meanwhile_is_no_conflict_if_no_row_is_about_it()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync(Partners(0, 2))).Ids;
        var (id, _) = await api.NewPlanAsync("externalId,name\nx0,A\n");
        await api.PutAsync($$"""[{"id":"{{ids[1]}}","phone":"7"}]""");

        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
    }

    [Fact]
    public async Task Other_workspaces_see_nothing_and_keys_without_the_scope_do_nothing()
    {
        var api = await host.NewWorkspaceAsync();
        var other = await host.NewWorkspaceAsync();
        var reader = await host.NewKeyAsync(api.Workspace, Scopes.PartnersRead);
        var writer = await host.NewKeyAsync(api.Workspace, Scopes.LinksWrite);
        var (id, _) = await api.NewPlanAsync(Two);
        (HttpMethod Method, string Path, bool Reads)[] calls =
        [
            (HttpMethod.Get, "", true), (HttpMethod.Get, "/rows", true), (HttpMethod.Get, "/events", true),
            (HttpMethod.Patch, "", false), (HttpMethod.Patch, "/rows", false), (HttpMethod.Post, "/plan", false),
            (HttpMethod.Post, "/apply", false), (HttpMethod.Post, "/cancel", false), (HttpMethod.Post, "/undo", false),
            (HttpMethod.Delete, "", false),
        ];
        foreach (var (method, path, reads) in calls)
        {
            Assert.Equal("not_found", (await SendAsync(other, method, path)).Code);
            Assert.Equal("missing_scope", (await SendAsync(reads ? writer : reader, method, path)).Code);
        }
        Assert.Empty((await other.GetAsync("/api/imports")).Items);
        Assert.Equal("missing_scope", (await reader.UploadAsync("name\nA\n"u8.ToArray())).Code);
        Assert.Equal("missing_scope", (await writer.GetAsync("/api/imports")).Code);
        Assert.Equal(200, (await reader.GetAsync($"/api/imports/{id}")).Status);
        Assert.Equal("planned", (await api.ImportAsync(id)).State());
        foreach (var unknown in new[] { Guid.NewGuid().ToString(), "x" })
            Assert.Equal("not_found", (await api.GetAsync($"/api/imports/{unknown}")).Code);

        Task<Answer> SendAsync(RosterClient client, HttpMethod method, string path) => client.SendAsync(
            method, $"/api/imports/{id}{path}",
            method == HttpMethod.Get ? null : new StringContent("{}", Encoding.UTF8, "application/json"));
    }

    [Fact]
    public async Task Imports_are_listed_newest_first_page_by_page_and_HEAD_answers_as_GET_without_a_body()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Insert(0, await api.NewImportAsync(Two));
            await Task.Delay(2);
        }
        await api.PlannedAsync(ids[0]);

        var first = await api.GetAsync("/api/imports?take=2");
        Assert.Equal(ids[..2], first.Ids);
        Assert.Equal(ids[2..], (await api.GetAsync(first.Next!)).Ids);
        Assert.Null((await api.GetAsync("/api/imports?take=20")).Next);
        foreach (var path in new[] { "", $"/{ids[0]}", $"/{ids[0]}/rows", $"/{ids[0]}/events" })
        {
            var head = await api.SendAsync(HttpMethod.Head, "/api/imports" + path);
            Assert.Equal((200, 0), (head.Status, head.Body.Length));
        }
        var csv = await api.SendAsync(HttpMethod.Head, $"/api/imports/{ids[0]}/rows", accept: "text/csv");
        Assert.Equal((200, "text/csv", 0), (csv.Status, csv.ContentHeaders.ContentType!.MediaType, csv.Body.Length));
    }

    /// <summary>Items of partners with the external ids x0, x1 and so on.</summary>
    private static string Partners(int from, int count) => JsonSerializer.Serialize(
        Enumerable.Range(from, count).Select(i => new { externalId = $"x{i}", name = $"Name {i}" }));

    private static string Compact(JsonElement json) => JsonSerializer.Serialize(json);
}

public sealed class ImportOnSqlite(SqliteHost host) : ImportContract(host);

public sealed class ImportOnPostgres(PostgresHost host) : ImportContract(host);
