using System.Text;
using System.Text.Json;
using Roster.Access;
using Roster.Imports;

namespace Roster.Tests.Server;

/// <summary>The file of an import: how it is sent, read and forgotten, and what its columns mean.</summary>
public abstract class ImportFileContract(RosterHost host)
{
    private const string Small = "externalId,name\na,Ada\n";

    [Fact]
    public async Task A_digest_that_differs_and_a_file_that_is_no_table_are_refused_and_nothing_is_kept()
    {
        var api = await host.NewWorkspaceAsync();
        var file = Encoding.UTF8.GetBytes(Small);

        Assert.Equal(201, (await api.UploadAsync(file, digest: ImportCalls.Digest(file))).Status);
        Assert.Equal(201, (await api.UploadAsync(file, digest: "sha-512=:AAAA:")).Status);
        var changed = await api.UploadAsync(file, digest: ImportCalls.Digest([1]));
        Assert.Equal((400, "digest_differs"), (changed.Status, changed.Code));
        Assert.Equal("invalid_header", (await api.UploadAsync(file, digest: "sha-256=:AAAA:")).Code);
        var pdf = await api.UploadAsync("%PDF-1.7 and so on"u8.ToArray(), "application/octet-stream");
        Assert.Equal((400, "file_refused"), (pdf.Status, pdf.Code));
        Assert.Contains("This is a PDF", pdf.Text, StringComparison.Ordinal);
        Assert.Equal("file_refused", (await api.UploadAsync([])).Code);

        Assert.Equal(
            ["failed", "failed", "failed", "uploaded", "uploaded"],
            (await api.GetAsync("/api/imports")).Items.Select(import => import.State()).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(100)]
    public async Task The_first_bytes_of_a_workbook_are_a_damaged_workbook(int length)
    {
        var api = await host.NewWorkspaceAsync();
        byte[] start = [(byte)'P', (byte)'K', 3, 4, .. Enumerable.Repeat((byte)1, length - 4)];

        var refused = await api.UploadAsync(start, "application/octet-stream", "people.xlsx");

        Assert.Equal((400, "file_refused"), (refused.Status, refused.Code));
        Assert.Contains("The workbook is damaged or incomplete.", refused.Text, StringComparison.Ordinal);
        Assert.Equal("damaged_workbook", (await api.GetAsync("/api/imports")).Items.Single().Reason());
    }

    [Fact]
    public async Task A_file_over_the_servers_limit_is_refused()
    {
        await using var small = await host.AnotherAsync(settings => settings with { MaxImportBytes = 2 << 20 });
        var api = await small.NewWorkspaceAsync();
        var most = Encoding.UTF8.GetBytes("name\n" + string.Concat(Enumerable.Repeat("Ada\n", 1 << 19)))[..(2 << 20)];

        Assert.Equal(201, (await api.UploadAsync(most)).Status);
        var large = await api.UploadAsync([.. most, (byte)'x']);
        Assert.Equal((413, "body_too_large"), (large.Status, large.Code));
        Assert.Contains("2 MiB", large.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workspace_with_too_many_imports_deletes_some_first()
    {
        var api = await host.NewWorkspaceAsync();
        var later = Timestamp.From(host.Clock.GetUtcNow().AddDays(1));
        var stored = new Import { WorkspaceId = api.Workspace.Id, State = ImportState.Uploaded, ForgetAt = later };
        for (var i = 0; i < ImportLimits.MaxOpen; i++)
            await host.Store.AddImportAsync((stored with { Id = Guid.CreateVersion7(), Step = 1 }).ToStored(later), CancellationToken.None);

        var refused = await api.UploadAsync(Encoding.UTF8.GetBytes(Small));
        Assert.Equal((409, "too_many_imports"), (refused.Status, refused.Code));
        await api.SendAsync(HttpMethod.Delete, $"/api/imports/{(await api.GetAsync("/api/imports?take=1")).Ids[0]}");
        Assert.Equal(201, (await api.UploadAsync(Encoding.UTF8.GetBytes(Small))).Status);
    }

    [Fact]
    public async Task An_encoding_that_nothing_tells_is_asked_and_then_the_file_is_read()
    {
        var api = await host.NewWorkspaceAsync();
        var sent = await api.UploadAsync([.. "externalId,name\na,Ren"u8, 0xE9, .. "e\n"u8]);
        var id = sent.Json.GetProperty("id").GetString()!;
        Assert.Equal(JsonValueKind.Null, sent.Json.GetProperty("file").GetProperty("encoding").ValueKind);
        Assert.Contains("windows-1252", sent.Json.GetProperty("encodings").GetRawText(), StringComparison.Ordinal);
        Assert.Equal("import_not_ready", (await api.PostAsync("", $"/api/imports/{id}/plan")).Code);

        Assert.Equal(400, (await api.ChangeImportAsync(id, """{"encoding":"utf-7"}""")).Status);
        var read = await api.ChangeImportAsync(id, """{"encoding":"windows-1252"}""");
        Assert.Equal("windows-1252", read.Json.GetProperty("file").GetProperty("encoding").GetString());
        await api.PlannedAsync(id);
        await api.AppliedAsync(id);
        Assert.Equal(["Renée"], (await api.GetAsync("/api/partners")).Names);
    }

    [Fact]
    public async Task A_divider_or_a_header_that_was_found_wrong_is_set()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.NewImportAsync("List of 2026,,\nexternalId,name,note\na,Ada;x,1\nb,Bob;y,2\n");

        var set = await api.ChangeImportAsync(id, """{"headerRow":2}""");
        Assert.Equal(["externalId", "name", "note"], ColumnsOf(set.Json));
        Assert.Equal("2 0 0 0 0 0", (await api.PlannedAsync(id)).Counts());
        var divided = await api.ChangeImportAsync(id, """{"delimiter":"semicolon","headerRow":null}""");
        Assert.Equal(2, ColumnsOf(divided.Json).Count);
        Assert.Equal("semicolon", divided.Json.GetProperty("file").GetProperty("delimiter").GetString());
        foreach (var wrong in new[]
        {
            """{"delimiter":"x"}""", """{"headerRow":0}""", """{"headerRow":900}""", """{"sheet":"x"}""", """{"rows":1}""", "[]",
            """{"mode":"x"}""", """{"matchOn":"name"}""", """{"maxDeletes":5}""", """{"withoutKey":"x"}""",
            """{"mode":"update","mode":"create"}""",
        })
            Assert.Equal(400, (await api.ChangeImportAsync(id, wrong)).Status);
    }

    [Fact]
    public async Task Rows_that_were_mended_in_one_table_are_not_mended_in_another_one()
    {
        var api = await host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync("externalId,name\na,Ada\nb,Bob\n");
        Assert.Equal("1 0 0 0 0 1", (await api.MendedAsync(id, """[{"line":2,"skip":true}]""")).Counts());

        var other = await api.ChangeImportAsync(id, """{"headerRow":null}""");
        Assert.Equal(0, other.Json.GetProperty("edits").GetInt32());
        var first = ColumnsOf(other.Json)[1];
        await api.ChangeImportAsync(id, $$"""{"mapping":{"columns":[{"column":"{{first}}","target":"name"}]} }""");

        Assert.Equal("3 0 0 0 0 0", (await api.PlannedAsync(id)).Counts());
    }

    [Fact]
    public async Task A_mapping_is_remembered_for_the_same_header_until_it_is_reset()
    {
        var api = await host.NewWorkspaceAsync();
        const string File = "Key,Label\na,Ada\n";
        var first = await api.NewImportAsync(File);
        await api.ChangeImportAsync(first, """
            {"mapping":{"columns":[{"column":"Key","target":"externalId"},{"column":"Label","target":"name"}]} }
            """);
        Assert.Equal(["externalId", "name"], TargetsOf(await api.ImportAsync(first)));
        await api.PlannedAsync(first);

        var second = await api.ImportAsync(await api.NewImportAsync("KEY,label\nb,Bob\n"));
        Assert.Equal("remembered", second.GetProperty("mappingFrom").GetString());
        Assert.Equal(["externalId", "name"], TargetsOf(second));
        var other = await host.NewWorkspaceAsync();
        Assert.Equal("suggested", (await other.ImportAsync(await other.NewImportAsync(File))).GetProperty("mappingFrom").GetString());

        var reset = await api.ChangeImportAsync(second.GetProperty("id").GetString()!, """{"mapping":"suggested"}""");
        Assert.Equal("suggested", reset.Json.GetProperty("mappingFrom").GetString());
        Assert.Equal("suggested", (await api.ImportAsync(await api.NewImportAsync(File))).GetProperty("mappingFrom").GetString());
    }

    [Fact]
    public async Task A_mapping_with_a_name_is_stored_read_used_and_deleted()
    {
        var api = await host.NewWorkspaceAsync();
        const string Mapping = """{"columns":[{"column":"Key","target":"externalId"},{"column":"Label","target":"name"}]}""";
        Assert.Equal(404, (await api.GetAsync("/api/import-mappings/crm")).Status);
        Assert.Equal(200, (await PutAsync("crm", Mapping)).Status);
        Assert.Contains("\"externalId\"", (await api.GetAsync("/api/import-mappings/crm")).Text, StringComparison.Ordinal);

        var id = await api.NewImportAsync("Label,Key,Other\nAda,a,1\n", """{"mapping":"crm"}""");
        var import = await api.ImportAsync(id);
        Assert.Equal("named", import.GetProperty("mappingFrom").GetString());
        Assert.Equal(["name", "externalId", "-"], TargetsOf(import));
        Assert.Equal(400, (await api.ChangeImportAsync(id, """{"mapping":"none"}""")).Status);
        Assert.Equal(400, (await PutAsync("crm", """{"columns":[{"column":"Key","target":"nothing"}]}""")).Status);
        Assert.Equal(400, (await PutAsync("%23x", Mapping)).Status);
        Assert.Equal(400, (await api.ChangeImportAsync(id, """{"mapping":{"columns":[{"column":"Gone","target":"name"}]} }""")).Status);

        var other = await host.NewWorkspaceAsync();
        Assert.Equal(404, (await other.GetAsync("/api/import-mappings/crm")).Status);
        Assert.Equal(404, (await other.SendAsync(HttpMethod.Delete, "/api/import-mappings/crm")).Status);
        Assert.Equal(204, (await api.SendAsync(HttpMethod.Delete, "/api/import-mappings/crm")).Status);
        Assert.Equal(404, (await api.SendAsync(HttpMethod.Delete, "/api/import-mappings/crm")).Status);

        Task<Answer> PutAsync(string name, string json) => api.PutAsync(Encoding.UTF8.GetBytes(json), path: "/api/import-mappings/" + name);
    }

    [Fact]
    public async Task A_mapping_of_a_thousand_columns_is_stored_read_back_and_used()
    {
        var api = await host.NewWorkspaceAsync();
        var columns = Enumerable.Range(1, 1_000).Select(i => $"property_{i:0000}").ToList();
        // What is stored says more of each column than what is sent.
        var mapped = columns.Select(column => new { column, target = column.EndsWith("0001", StringComparison.Ordinal) ? "name" : null });
        var sent = await api.PutAsync(JsonSerializer.SerializeToUtf8Bytes(new { columns = mapped }), path: "/api/import-mappings/wide");
        Assert.Equal(200, sent.Status);

        Assert.Equal(1_000, (await api.GetAsync("/api/import-mappings/wide")).Json.GetProperty("columns").GetArrayLength());
        var id = await api.NewImportAsync(string.Join(',', columns) + "\nAda" + new string(',', 999) + "\n", """{"mapping":"wide"}""");
        Assert.Equal("1 0 0 0 0 0", (await api.PlannedAsync(id)).Counts());
    }

    [Theory]
    [InlineData("\\u0000")]
    [InlineData("crm\\u0000")]
    [InlineData("crm\\n")]
    [InlineData("")]
    public async Task A_name_that_no_mapping_can_have_is_one_of_which_there_is_none(string name)
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.NewImportAsync("Key,Who\na,Ada\n");

        var answer = await api.ChangeImportAsync(id, $$"""{"mapping":"{{name}}"}""");

        Assert.Equal((400, "invalid_body"), (answer.Status, answer.Code));
        Assert.Contains("There is no stored mapping with this name.", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("north/2026", "north%2F2026")]
    [InlineData("50% off", "50%25%20off")]
    [InlineData("a%2Fb", "a%252Fb")]
    public async Task A_mappings_name_may_have_any_sign(string name, string escaped)
    {
        var api = await host.NewWorkspaceAsync();
        var path = "/api/import-mappings/" + escaped;
        Assert.Equal(200, (await api.PutAsync("""{"columns":[{"column":"Key","target":"externalId"}]}"""u8.ToArray(), path: path)).Status);

        Assert.Equal(name, (await api.GetAsync("/api/import-mappings")).Items.Single().GetProperty("name").GetString());
        var import = await api.NewImportAsync("Key,Who\na,Ada\n", JsonSerializer.Serialize(new { mapping = name }));
        Assert.Equal("named", (await api.ImportAsync(import)).GetProperty("mappingFrom").GetString());
        Assert.Equal(200, (await api.GetAsync(path)).Status);
        Assert.Equal(204, (await api.SendAsync(HttpMethod.Delete, path + "/")).Status);
    }

    [Fact]
    public async Task Mappings_with_names_are_listed_in_order_without_those_that_are_remembered_for_headers()
    {
        var api = await host.NewWorkspaceAsync();
        Assert.Empty((await api.GetAsync("/api/import-mappings")).Items);
        await api.NewPlanAsync("externalId,name\na,Ada\n");
        foreach (var name in new[] { "öl", "crm", "A", "!", "crm" })
            Assert.Equal(200, (await api.PutAsync(
                """{"columns":[{"column":"Key","target":"externalId"}]}"""u8.ToArray(), path: "/api/import-mappings/" + name)).Status);

        var listed = await api.GetAsync("/api/import-mappings");

        Assert.Equal(["!", "A", "crm", "öl"], listed.Items.Select(one => one.GetProperty("name").GetString()!));
        var stored = listed.Items.Select(one => one.GetProperty("updatedAt").GetDateTimeOffset()).ToList();
        Assert.Equal(stored[2], stored.Max());
        Assert.Empty((await api.SendAsync(HttpMethod.Head, "/api/import-mappings")).Body);
        Assert.Equal(400, (await api.GetAsync("/api/import-mappings?take=1")).Status);
        Assert.Equal(204, (await api.SendAsync(HttpMethod.Delete, "/api/import-mappings/A")).Status);
        Assert.Equal(3, (await api.GetAsync("/api/import-mappings")).Items.Count);
        Assert.Empty((await (await host.NewWorkspaceAsync()).GetAsync("/api/import-mappings")).Items);
        var reader = await host.NewKeyAsync(api.Workspace, Scopes.PartnersRead);
        Assert.Equal("missing_scope", (await reader.GetAsync("/api/import-mappings")).Code);
    }

    [Fact]
    public async Task A_call_waits_for_the_next_step_and_events_resume_after_the_last_one()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.NewImportAsync(ImportCalls.Many(0, 3_000));
        var step = (await api.ImportAsync(id)).GetProperty("step").GetInt64();
        Assert.Equal(step, (await api.GetAsync($"/api/imports/{id}?after={step}&wait=0")).Json.GetProperty("step").GetInt64());
        Assert.Equal(400, (await api.GetAsync($"/api/imports/{id}?wait=1")).Status);

        var waiting = api.GetAsync($"/api/imports/{id}?after={step}&wait=30");
        Assert.Equal(202, (await api.PostAsync("", $"/api/imports/{id}/plan")).Status);
        Assert.True((await waiting).Json.GetProperty("step").GetInt64() > step);

        // The stream ends when nothing is left to do.
        var events = await api.GetAsync($"/api/imports/{id}/events");
        Assert.Equal("text/event-stream", events.ContentHeaders.ContentType!.MediaType);
        var steps = StepsOf(events);
        Assert.Equal(steps.Order(), steps);
        Assert.Contains("\"state\":\"planned\"", events.Text, StringComparison.Ordinal);
        var planned = await api.ImportAsync(id);
        Assert.Equal(planned.GetProperty("step").GetInt64(), steps[^1]);

        Assert.Equal([steps[^1]], StepsOf(await api.SendAsync(
            HttpMethod.Get, $"/api/imports/{id}/events", headers: [("Last-Event-ID", $"{steps[^1] - 1}")])));
        Assert.Empty(StepsOf(await api.SendAsync(
            HttpMethod.Get, $"/api/imports/{id}/events", headers: [("Last-Event-ID", $"{steps[^1]}")])));
        Assert.Equal("invalid_header", (await api.SendAsync(
            HttpMethod.Get, $"/api/imports/{id}/events", headers: [("Last-Event-ID", "x")])).Code);
    }

    [Fact]
    public async Task A_forgotten_import_is_a_receipt_without_file_and_rows_and_its_change_sets_stay()
    {
        var api = await host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync("externalId,name\na,Secret\n");
        await api.AppliedAsync(id);

        Assert.Equal(204, (await api.SendAsync(HttpMethod.Delete, $"/api/imports/{id}")).Status);

        var import = await api.ImportAsync(id);
        Assert.Equal(("applied", "1 0 0 0 0 0", 1), (import.State(), import.Counts(), import.Revisions().Single()));
        Assert.DoesNotContain("Secret", import.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, import.GetProperty("expiresAt").ValueKind);
        foreach (var path in new[] { "rows", "rows?faulty=true" })
            Assert.Equal("import_not_ready", (await api.GetAsync($"/api/imports/{id}/{path}")).Code);
        Assert.Equal(409, (await api.PostAsync("", $"/api/imports/{id}/plan")).Status);
        Assert.Equal(409, (await api.MendAsync(id, """[{"line":2,"skip":true}]""")).Status);
        Assert.Equal(204, (await api.SendAsync(HttpMethod.Delete, $"/api/imports/{id}")).Status);

        Assert.Equal("undone", (await api.UndoneAsync(id)).State());
        Assert.Empty((await api.GetAsync("/api/partners")).Items);
    }

    [Fact]
    public async Task An_import_is_forgotten_when_its_time_is_over_and_not_before()
    {
        await using var own = await host.AnotherAsync(settings => settings with { ImportsKept = TimeSpan.FromDays(2) }, alone: true);
        var api = await own.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync(Small);

        own.Clock.Move(TimeSpan.FromDays(1.9));
        await Task.Delay(1_500);
        Assert.Equal(["2 created"], await api.RowsAsync(id));
        await api.AppliedAsync(id);
        own.Clock.Move(TimeSpan.FromDays(1.9));
        await Task.Delay(1_500);
        // The time begins with each state.
        Assert.Single(await api.RowsAsync(id));
        own.Clock.Move(TimeSpan.FromDays(0.2));

        for (var i = 0; (await api.ImportAsync(id)).GetProperty("expiresAt").ValueKind != JsonValueKind.Null; i++)
        {
            Assert.InRange(i, 0, 100);
            await Task.Delay(100);
        }
        Assert.Equal("import_not_ready", (await api.GetAsync($"/api/imports/{id}/rows")).Code);
        Assert.Equal("applied", (await api.ImportAsync(id)).State());
    }

    [Fact]
    public async Task NDJSON_and_JSON_are_imported_too()
    {
        var api = await host.NewWorkspaceAsync();
        foreach (var (type, file) in new[]
        {
            ("application/x-ndjson", "{\"externalId\":\"a\",\"name\":\"Ada\"}\n{\"externalId\":\"b\",\"name\":\"Bob\"}\n"),
            ("application/json", """[{"externalId":"c","name":"Cid"},{"externalId":"d","name":"Dan"}]"""),
        })
        {
            var sent = await api.UploadAsync(Encoding.UTF8.GetBytes(file), type, "people");
            Assert.True(sent.Status == 201, sent.Text);
            var id = sent.Json.GetProperty("id").GetString()!;
            Assert.Equal("2 0 0 0 0 0", (await api.PlannedAsync(id)).Counts());
            await api.AppliedAsync(id);
        }
        Assert.Equal(["Ada", "Bob", "Cid", "Dan"], (await api.GetAsync("/api/partners?sort=name")).Names);
    }

    [Theory]
    [InlineData("text/csv")]
    [InlineData("text/csv; profile=spreadsheet")]
    [InlineData("text/csv; delimiter=pipe")]
    [InlineData("application/x-ndjson")]
    [InlineData("application/json")]
    public async Task One_tag_with_a_comma_in_it_is_unchanged_when_an_export_is_sent_back(string type)
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync("""
            [{"name":"Ada","tags":["Smith, John"]},{"name":"Bob","tags":["R&D; Berlin"]},{"name":"Cid","tags":["\"quoted\""]},
             {"name":"Dan","tags":["a ::: b"]},{"name":"Eve","tags":["x","a, b"]},{"name":"Fay","tags":["plain"]}]
            """);
        var export = await api.GetAsync("/api/partners?include=tags", type);

        var put = await api.PutAsync(export.Body, type);
        var sent = await api.UploadAsync(export.Body, type, "partners");

        Assert.Equal((200, 6L), (put.Status, put.Count("Roster-Unchanged")));
        Assert.Equal("0 0 6 0 0 0", (await api.PlannedAsync(sent.Json.GetProperty("id").GetString()!)).Counts());
    }

    [Fact]
    public async Task The_only_text_of_an_array_is_one_tag_and_another_text_may_be_several()
    {
        var api = await host.NewWorkspaceAsync();
        var sent = await api.UploadAsync("""
            [{"externalId":"1","name":"Ada","tags":["Smith, John"]},{"externalId":"2","name":"Bob","tags":"Smith, John"},
             {"externalId":"3","name":"Cid","tags":["x",null,"a, b"]},{"externalId":"4","name":["Dan, of Kent"],"tags":[]}]
            """u8.ToArray(), "application/json", "people.json");
        var id = sent.Json.GetProperty("id").GetString()!;

        await api.PlannedAsync(id);
        await api.AppliedAsync(id);

        Assert.Equal(
            ["""Ada ["Smith, John"]""", """Bob ["John","Smith"]""", """Cid ["a, b","x"]""", "Dan, of Kent "],
            (await api.GetAsync("/api/partners?sort=name")).Items.Select(partner =>
                $"{partner.GetProperty("name")} {(partner.TryGetProperty("tags", out var tags) ? tags.GetRawText() : "")}"));
        var cells = (await api.GetAsync($"/api/imports/{id}/rows")).Json[0].GetProperty("cells");
        Assert.Equal("Smith, John|", cells.GetProperty("tags").GetString());
    }

    private static List<long> StepsOf(Answer events) => [.. events.Text.Split('\n')
        .Where(line => line.StartsWith("id: ", StringComparison.Ordinal))
        .Select(line => long.Parse(line[4..], System.Globalization.CultureInfo.InvariantCulture))];

    private static IReadOnlyList<string> ColumnsOf(JsonElement import) =>
        [.. import.GetProperty("columns").EnumerateArray().Select(column => column.GetProperty("column").GetString()!)];

    private static IReadOnlyList<string> TargetsOf(JsonElement import) =>
        [.. import.GetProperty("columns").EnumerateArray().Select(column => column.GetProperty("target").GetString() ?? "-")];
}

public sealed class ImportFileOnSqlite(SqliteHost host) : ImportFileContract(host);

public sealed class ImportFileOnPostgres(PostgresHost host) : ImportFileContract(host);
