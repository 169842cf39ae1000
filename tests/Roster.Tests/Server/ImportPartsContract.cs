using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>Imports of more than 10,000 changed rows: several change sets, which go on, stop and are undone as one.</summary>
public abstract class ImportPartsContract(RosterHost host)
{
    private const int Rows = 20_500;

    [Fact]
    public async Task More_than_ten_thousand_changed_rows_are_several_change_sets_and_one_undo()
    {
        var api = await host.NewWorkspaceAsync();
        var (id, planned) = await api.NewPlanAsync(ImportCalls.Many(0, Rows));
        Assert.Equal($"{Rows} 0 0 0 0 0", planned.Counts());

        var applied = await api.AppliedAsync(id);

        Assert.Equal(("applied", 5), (applied.State(), applied.GetProperty("parts").GetInt32()));
        Assert.Equal([1, 2, 3, 4, 5], applied.Revisions());
        Assert.Equal(
            [500, 5_000, 5_000, 5_000, 5_000],
            (await api.GetAsync("/api/changesets")).Items.Select(one => one.GetProperty("created").GetInt32()));
        Assert.Equal(
            Enumerable.Range(1, 5).Select(part => $$"""{"id":"{{id}}","part":{{part}},"parts":5}""").Reverse(),
            (await api.GetAsync("/api/changesets")).Items.Select(one => one.GetProperty("import").GetRawText()));
        Assert.Equal(Rows, await TotalAsync(api));

        var tried = await api.UndoneAsync(id, "?dryRun=true");
        Assert.Equal(("applied", 0, Rows), (tried.State(), tried.GetProperty("conflicts").GetInt32(), await TotalAsync(api)));
        Assert.Equal("undone", (await api.UndoneAsync(id)).State());
        Assert.Equal(0, await TotalAsync(api));
        Assert.Equal(
            [1, 2, 3, 4, 5], (await api.GetAsync("/api/changesets?take=5")).Items.Select(one => one.GetProperty("undoes").GetInt32()));
    }

    [Fact]
    public async Task A_conflict_in_a_later_part_is_found_before_the_first_is_written_or_stops_it_there_and_it_goes_on()
    {
        var api = await host.NewWorkspaceAsync();
        var late = await api.CreateAsync($$"""{"externalId":"x{{Rows - 1}}","name":"Late"}""");
        var (id, _) = await api.NewPlanAsync(ImportCalls.Many(0, Rows));
        await api.PutAsync($$"""[{"id":"{{late}}","phone":"9"}]""");
        var stopped = await api.AppliedAsync(id);
        Assert.Equal(("stopped", 0, 1), (stopped.State(), stopped.Revisions().Count, await TotalAsync(api)));
        Assert.Contains(". Plan again, or ", stopped.GetProperty("reason").GetProperty("message").GetString(), StringComparison.Ordinal);

        // Now it is changed after the first part is written.
        await api.PlannedAsync(id);
        await WhileApplyingAsync(api, id, 1, () => api.PutAsync($$"""[{"id":"{{late}}","phone":"8"}]"""));
        stopped = await api.SettledAsync(id);
        Assert.Equal(("stopped", "changed_since", 4), (stopped.State(), stopped.Reason(), stopped.Revisions().Count));
        Assert.Equal([$"{Rows + 1} updated changed_since"], await api.RowsAsync(id, "?faulty=true"));
        Assert.Equal(20_001, await TotalAsync(api));
        // It can go on or be undone, but not be planned anew: its parts are written.
        Assert.Equal(409, (await api.PostAsync("", $"/api/imports/{id}/plan")).Status);
        Assert.Equal(409, (await api.ChangeImportAsync(id, """{"mode":"update"}""")).Status);
        stopped = await api.AppliedAsync(id);
        Assert.Equal("stopped", stopped.State());
        Assert.Contains(". Apply again with ", stopped.GetProperty("reason").GetProperty("message").GetString(), StringComparison.Ordinal);

        // An undo that is refused says so, and leaves why it stopped.
        var first = (await api.GetAsync("/api/partners?externalId=x0")).Items[0].GetProperty("id").GetString();
        await api.PutAsync($$"""[{"id":"{{first}}","phone":"7"}]""");
        var refused = await api.UndoneAsync(id);
        Assert.Equal(("stopped", 1), (refused.State(), refused.GetProperty("undoConflicts").GetArrayLength()));
        Assert.True(refused.GetProperty("undoRefused").GetBoolean());
        Assert.Equal(stopped.GetProperty("reason").GetRawText(), refused.GetProperty("reason").GetRawText());

        var applied = await api.AppliedAsync(id, "?onConflict=skip");
        Assert.Equal(("applied", 5, 1), (applied.State(), applied.Revisions().Count, applied.GetProperty("conflicts").GetInt32()));
        Assert.False(applied.GetProperty("undoRefused").GetBoolean());
        Assert.Empty(applied.GetProperty("undoConflicts").EnumerateArray());
        Assert.Equal(Rows, await TotalAsync(api));
        Assert.Equal("Late", (await api.ReadAsync(late)).GetProperty("name").GetString());
        Assert.Equal("undone", (await api.UndoneAsync(id, "?onConflict=skip")).State());
        Assert.Equal(2, await TotalAsync(api));
    }

    [Fact]
    public async Task Conflicts_that_are_left_out_are_counted_once_however_often_their_part_is_tried()
    {
        CountedStore calls = null!;
        await using var own = await host.AnotherAsync(wrap: store => CountedStore.Around(store, out calls));
        var api = await own.NewWorkspaceAsync();
        await api.AppliedAsync((await api.NewPlanAsync(ImportCalls.Many(0, 5_000))).Id);
        var (id, planned) = await api.NewPlanAsync(ImportCalls.Many(0, 10_001, phone: "2"));
        Assert.Equal("5001 5000 0 0 0 0", planned.Counts());
        // All partners of the first part, and one key of the last one.
        await api.AppliedAsync((await api.NewPlanAsync(ImportCalls.Many(0, 5_000, phone: "3"))).Id);
        await api.CreateAsync("""{"externalId":"x10000","name":"Else"}""");

        await FailingAsync(calls, () => api.ApplyAsync(id, "?onConflict=skip"));

        var applied = await api.SettledAsync(id);
        Assert.Equal(("applied", 5_001, 1), (applied.State(), applied.GetProperty("conflicts").GetInt32(), applied.Revisions().Count));
        Assert.Equal(
            ["10002 created changed_since", "2 updated changed_since"],
            [.. await api.RowsAsync(id, "?faulty=true&q=x10000"), .. await api.RowsAsync(id, "?faulty=true&take=1")]);
        Assert.Equal(10_001, await TotalAsync(api));
    }

    [Fact]
    public async Task What_became_of_rows_is_shown_though_the_server_failed_after_it_had_written_them()
    {
        CountedStore calls = null!;
        await using var own = await host.AnotherAsync(wrap: store => CountedStore.Around(store, out calls));
        var api = await own.NewWorkspaceAsync();
        await api.PutAsync("""[{"externalId":"a","name":"A"},{"externalId":"c","name":"C"}]""");
        var (id, _) = await api.NewPlanAsync("externalId,name\nd,D\nc,C2\nb,B\na,A2\n");
        await api.PutAsync("""[{"externalId":"c","phone":"9"}]"""u8.ToArray(), path: "/api/partners?matchOn=externalId");

        await FailingAsync(calls, () => api.ApplyAsync(id, "?onConflict=skip"));

        var applied = await api.SettledAsync(id);
        Assert.Equal(("applied", 1, 1), (applied.State(), applied.GetProperty("conflicts").GetInt32(), applied.Revisions().Count));
        Assert.Equal(["3 updated changed_since"], await api.RowsAsync(id, "?faulty=true"));
        var rows = (await api.GetAsync($"/api/imports/{id}/rows")).Items;
        foreach (var row in rows)
            Assert.Equal(
                row.GetProperty("cells").GetProperty("externalId").GetString(),
                (await api.ReadAsync(row.GetProperty("id").GetString()!)).GetProperty("externalId").GetString());
        Assert.Equal(["A2", "B", "C", "D"], (await api.GetAsync("/api/partners?sort=name")).Names);
    }

    [Fact]
    public async Task An_import_that_is_cancelled_between_parts_goes_on_when_it_is_asked_to()
    {
        var api = await host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync(ImportCalls.Many(0, Rows));
        await WhileApplyingAsync(api, id, 1, () => api.PostAsync("", $"/api/imports/{id}/cancel"));

        var cancelled = await api.SettledAsync(id);

        Assert.Equal("cancelled", cancelled.State());
        var parts = cancelled.Revisions().Count;
        Assert.InRange(parts, 1, 4);
        Assert.Equal(parts * 5_000, await TotalAsync(api));
        Assert.Equal(409, (await api.PostAsync("", $"/api/imports/{id}/cancel")).Status);
        Assert.Equal(409, (await api.PostAsync("", $"/api/imports/{id}/plan")).Status);
        var applied = await api.AppliedAsync(id);
        Assert.Equal(("applied", 5, Rows), (applied.State(), applied.Revisions().Count, await TotalAsync(api)));
    }

    [Fact]
    public async Task An_erasure_between_parts_leaves_the_rows_of_others_to_be_applied()
    {
        var api = await host.NewWorkspaceAsync();
        await api.AppliedAsync((await api.NewPlanAsync(ImportCalls.Many(0, 5_000))).Id);
        var other = await api.CreateAsync("""{"name":"Other"}""");
        // Its first part creates nobody.
        var (id, planned) = await api.NewPlanAsync(ImportCalls.Many(0, Rows, phone: "2"));
        Assert.Equal("15500 5000 0 0 0 0", planned.Counts());
        await WhileApplyingAsync(api, id, 1, () => api.PostAsync("", $"/api/imports/{id}/cancel"));
        Assert.Equal("cancelled", (await api.SettledAsync(id)).State());

        Assert.Equal(200, (await api.PostAsync($"[\"{other}\"]", "/api/partners/erase")).Status);

        Assert.Equal(JsonValueKind.Null, (await api.ImportAsync(id)).GetProperty("file").GetProperty("gone").ValueKind);
        Assert.Equal(("applied", Rows), ((await api.AppliedAsync(id)).State(), await TotalAsync(api)));
    }

    [Fact]
    public async Task The_conflicts_of_all_parts_are_listed_before_an_undo_writes_and_can_be_left_as_they_are()
    {
        var api = await host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync(ImportCalls.Many(0, Rows));
        await api.AppliedAsync(id);
        var early = (await api.GetAsync("/api/partners?externalId=x5")).Ids.Single();
        var late = (await api.GetAsync($"/api/partners?externalId=x{Rows - 1}")).Ids.Single();
        await api.PutAsync($$"""[{"id":"{{early}}","phone":"9"},{"id":"{{late}}","phone":"9"}]""");

        foreach (var (query, reason) in new (string, string?)[] { ("?dryRun=true", null), ("", "changed_since") })
        {
            var refused = await api.UndoneAsync(id, query);
            Assert.Equal(("applied", reason, 2), (refused.State(), refused.Reason(), refused.GetProperty("conflicts").GetInt32()));
            Assert.Equal(
                [late, early],
                refused.GetProperty("undoConflicts").EnumerateArray().Select(one => one.GetProperty("id").GetString()!));
            Assert.Equal(Rows, await TotalAsync(api));
        }
        Assert.Equal("undone", (await api.UndoneAsync(id, "?onConflict=skip")).State());
        Assert.Equal([early, late], (await api.GetAsync("/api/partners?sort=asc")).Ids);
    }

    [Fact]
    public async Task What_changed_partners_of_an_import_since_can_be_undone_first_and_is_no_conflict_any_more()
    {
        var api = await host.NewWorkspaceAsync();
        var (first, _) = await api.NewPlanAsync(ImportCalls.Many(0, Rows));
        await api.AppliedAsync(first);
        var (second, _) = await api.NewPlanAsync(ImportCalls.Many(0, Rows, "9"));
        Assert.Equal(5, (await api.AppliedAsync(second)).Revisions().Count);

        Assert.Equal(Rows, (await api.UndoneAsync(first)).GetProperty("conflicts").GetInt32());
        Assert.Equal("undone", (await api.UndoneAsync(second)).State());
        Assert.Equal("undone", (await api.UndoneAsync(first)).State());

        Assert.Equal(0, await TotalAsync(api));
    }

    /// <summary>The two may be in different change sets.</summary>
    [Fact]
    public async Task In_a_large_file_no_row_takes_an_external_id_that_another_one_gives_up()
    {
        const int Count = 10_001;
        var api = await host.NewWorkspaceAsync();
        var (first, _) = await api.NewPlanAsync(ImportCalls.Many(0, Count));
        await api.AppliedAsync(first);
        var ids = (await api.GetAsync("/api/partners?sort=asc", "application/x-ndjson")).Text
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()!).ToList();
        Assert.Equal(Count, ids.Count);

        var (id, planned) = await api.NewPlanAsync(
            "id,externalId,phone\n" + string.Concat(ids.Select((one, i) => $"{one},{i switch { 7 => "x8", 8 => "x7", _ => $"x{i}" }},2\n")),
            """{"matchOn":null}""");

        Assert.Equal($"0 {Count - 2} 0 0 2 0", planned.Counts());
        Assert.Equal(["9 faulty external_id_taken", "10 faulty external_id_taken"], await api.RowsAsync(id, "?faulty=true"));
        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
    }

    [Fact]
    public async Task While_a_server_works_on_an_import_it_cannot_be_changed_and_cancelling_a_plan_ends_it()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.NewImportAsync(ImportCalls.Many(0, 60_000));
        Assert.Equal(202, (await api.PostAsync("", $"/api/imports/{id}/plan")).Status);

        Assert.Equal("import_not_ready", (await api.ChangeImportAsync(id, """{"mode":"update"}""")).Code);
        Assert.Equal("import_not_ready", (await api.MendAsync(id, """[{"line":2,"skip":true}]""")).Code);
        Assert.Equal("import_not_ready", (await api.PostAsync("", $"/api/imports/{id}/plan")).Code);
        Assert.Equal("import_not_ready", (await api.SendAsync(HttpMethod.Delete, $"/api/imports/{id}")).Code);
        Assert.Equal("import_not_ready", (await api.PostAsync("", $"/api/imports/{id}/undo")).Code);
        var cancelled = await api.PostAsync("", $"/api/imports/{id}/cancel");
        Assert.Equal((200, "cancelled"), (cancelled.Status, cancelled.Json.State()));

        Assert.Equal(200, (await api.ChangeImportAsync(id, """{"mode":"update"}""")).Status);
        Assert.Equal("0 0 0 0 60000 0", (await api.PlannedAsync(id)).Counts());
    }

    [Fact]
    public async Task A_mirror_of_many_deletes_last_in_parts_of_their_own()
    {
        var api = await host.NewWorkspaceAsync();
        var (first, _) = await api.NewPlanAsync(ImportCalls.Many(0, 3_000));
        await api.AppliedAsync(first);
        var (id, planned) = await api.NewPlanAsync(ImportCalls.Many(2_000, 11_500), """{"mode":"mirror","maxDeletes":"80%"}""");
        Assert.Equal("10500 0 1000 2000 0 0", planned.Counts());

        var applied = await api.AppliedAsync(id);

        Assert.Equal([2, 3, 4, 5], applied.Revisions());
        Assert.Equal(
            [(0, 2_000), (500, 0), (5_000, 0), (5_000, 0)],
            (await api.GetAsync("/api/changesets?take=4")).Items
                .Select(one => (one.GetProperty("created").GetInt32(), one.GetProperty("deleted").GetInt32())));
        Assert.Equal(11_500, await TotalAsync(api));
        await api.UndoneAsync(id);
        Assert.Equal(3_000, await TotalAsync(api));
    }

    /// <summary>Begins work whose rows cannot be stored, and ends that when it was tried twice.</summary>
    private static async Task FailingAsync(CountedStore calls, Func<Task<Answer>> begin)
    {
        const string Call = nameof(IRosterStore.WriteImportBlocksAsync);
        var before = calls.Of(Call);
        calls.Failing = Call;
        Assert.Equal(202, (await begin()).Status);
        while (calls.Of(Call) < before + 2)
            await Task.Delay(10);
        calls.Failing = null;
    }

    /// <summary>Applies, and does something as soon as that many parts are written.</summary>
    private static async Task WhileApplyingAsync(RosterClient api, string id, int parts, Func<Task<Answer>> act)
    {
        Assert.Equal(202, (await api.ApplyAsync(id)).Status);
        while (true)
        {
            var import = await api.ImportAsync(id);
            Assert.NotEqual(JsonValueKind.Null, import.GetProperty("work").ValueKind);
            if (import.Revisions().Count >= parts)
                break;
        }
        Assert.Equal(200, (await act()).Status);
    }

    private static async Task<long> TotalAsync(RosterClient api) =>
        (await api.GetAsync("/api/partners?take=1&count=true")).Count("Roster-Total");
}

public sealed class ImportPartsOnSqlite(SqliteHost host) : ImportPartsContract(host);

public sealed class ImportPartsOnPostgres(PostgresHost host) : ImportPartsContract(host);
