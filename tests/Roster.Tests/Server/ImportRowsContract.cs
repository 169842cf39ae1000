using System.Text;
using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>The rows of an import: how they are listed, mended and left out, and how two about one partner are found.</summary>
public abstract class ImportRowsContract(RosterHost host)
{
    private const string Faulty = "externalId,name,email\na,Ada,ada@example.com\nb,Bob,nobody\nc,,c@example.com\n";

    [Fact]
    public async Task White_space_around_a_value_stays_where_the_mapping_says_so()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.NewImportAsync(
            "name,phone\n Ada , 1 \n",
            """{"mapping":{"columns":[{"column":"name","target":"name","trim":false},{"column":"phone","target":"phone"}]}}""");

        await api.PlannedAsync(id);
        await api.AppliedAsync(id);

        var ada = (await api.GetAsync("/api/partners")).Items.Single();
        Assert.Equal((" Ada ", "1"), (ada.GetProperty("name").GetString(), ada.GetProperty("phone").GetString()));
    }

    [Fact]
    public async Task Faulty_rows_are_mended_in_the_import_and_the_file_stays_as_it_was_sent()
    {
        var api = await host.NewWorkspaceAsync();
        var (id, planned) = await api.NewPlanAsync(Faulty);
        var hash = planned.GetProperty("file").GetProperty("sha256").GetString();
        Assert.Equal("1 0 0 0 2 0", planned.Counts());
        Assert.Equal(["3 faulty invalid_email", "4 faulty name_required"], await api.RowsAsync(id, "?faulty=true"));
        var fault = (await api.GetAsync($"/api/imports/{id}/rows?faulty=true")).Json[0].GetProperty("faults")[0];
        Assert.Equal(("email", "email"), (fault.GetProperty("field").GetString(), fault.GetProperty("column").GetString()));

        planned = await api.MendedAsync(id, """[{"line":3,"cells":{"email":"bob@example.com"}}]""");
        Assert.Equal("2 0 0 0 1 0", planned.Counts());
        planned = await api.MendedAsync(id, """[{"line":4,"skip":true},{"line":3,"cells":{"name":"Bobby"}}]""");

        Assert.Equal(("2 0 0 0 0 1", 2), (planned.Counts(), planned.GetProperty("edits").GetInt32()));
        Assert.Equal(hash, planned.GetProperty("file").GetProperty("sha256").GetString());
        Assert.Equal(["4 skipped"], await api.RowsAsync(id, "?change=skipped"));
        var mended = (await api.GetAsync($"/api/imports/{id}/rows")).Json[1].GetProperty("cells");
        Assert.Equal("""{"externalId":"b","name":"Bobby","email":"bob@example.com"}""", mended.GetRawText());
        await api.AppliedAsync(id);
        Assert.Equal(["Ada", "Bobby"], (await api.GetAsync("/api/partners?sort=name")).Names);
    }

    [Theory]
    [InlineData("", """{"\ud800":1}""")]
    [InlineData("", """{"mapping":{"\ud800":1}}""")]
    [InlineData("/rows", """[{"line":2,"\ud800":1}]""")]
    [InlineData("/rows", """[{"line":2,"cells":{"\ud800":"x"}}]""")]
    [InlineData("/apply", """{"\ud800":1}""")]
    public async Task A_name_that_is_no_text_is_refused_in_each_body(string path, string body)
    {
        var api = await host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync(Faulty);

        var answer = await api.SendAsync(
            path == "/apply" ? HttpMethod.Post : HttpMethod.Patch, $"/api/imports/{id}{path}",
            new StringContent(body, System.Text.Encoding.UTF8, "application/json"));

        Assert.Equal(400, answer.Status);
    }

    [Fact]
    public async Task A_row_that_was_left_out_is_taken_in_again()
    {
        var api = await host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync(Faulty);
        Assert.Equal("0 0 0 0 2 1", (await api.MendedAsync(id, """[{"line":2,"skip":true}]""")).Counts());

        var planned = await api.MendedAsync(id, """[{"line":2,"skip":false}]""");

        Assert.Equal(("1 0 0 0 2 0", 0), (planned.Counts(), planned.GetProperty("edits").GetInt32()));
    }

    [Theory]
    [InlineData("""[{"cells":{}}]""")]
    [InlineData("""[{"line":0,"skip":true}]""")]
    [InlineData("""[{"line":2,"cells":{"None":"x"}}]""")]
    [InlineData("""[{"line":2,"cells":{"name":1}}]""")]
    [InlineData("""[{"line":2,"delete":true}]""")]
    [InlineData("""{"line":2}""")]
    [InlineData("""["x"]""")]
    [InlineData("""[{"line":2,"cells":{"name":"\ud800"}}]""")]
    [InlineData("nothing")]
    public async Task What_is_no_mended_row_is_refused_and_the_plan_stays(string body)
    {
        var api = await host.NewWorkspaceAsync();
        var (id, planned) = await api.NewPlanAsync(Faulty);

        var answer = await api.MendAsync(id, body);

        Assert.Equal((400, "invalid_body"), (answer.Status, answer.Code));
        Assert.Equal(planned.GetProperty("step").GetInt64(), (await api.ImportAsync(id)).GetProperty("step").GetInt64());
    }

    [Theory]
    [InlineData("externalId,name\na,Ada\nb,Bob\na,Ann\n", null)]
    [InlineData("email,name\nADA@example.com,Ada\nb@example.com,Bob\nada@example.com,Ann\n", null)]
    [InlineData("email,externalId,name\na@example.com,x,Ada\nb@example.com,y,Bob\nc@example.com,x,Ann\n", """{"matchOn":"email"}""")]
    public async Task Two_rows_about_one_partner_name_both_lines_and_leaving_out_either_leaves_the_other(string file, string? settings)
    {
        var api = await host.NewWorkspaceAsync();
        var (id, planned) = await api.NewPlanAsync(file, settings);
        Assert.Equal("2 0 0 0 1 0", planned.Counts());
        var row = (await api.GetAsync($"/api/imports/{id}/rows?faulty=true")).Json[0];
        Assert.Equal((4, 2), (row.GetProperty("line").GetInt32(), row.GetProperty("faults")[0].GetProperty("otherLine").GetInt32()));
        Assert.StartsWith("Lines 2 and 4 ", row.GetProperty("faults")[0].GetProperty("message").GetString(), StringComparison.Ordinal);

        Assert.Equal("2 0 0 0 0 1", (await api.MendedAsync(id, """[{"line":2,"skip":true}]""")).Counts());
        Assert.Equal(["2 skipped", "3 created", "4 created"], await api.RowsAsync(id));
        Assert.Equal(
            "2 0 0 0 0 1", (await api.MendedAsync(id, """[{"line":2,"skip":false},{"line":4,"skip":true}]""")).Counts());
    }

    [Fact]
    public async Task Two_rows_with_one_id_name_both_lines_and_leaving_out_the_first_leaves_the_other()
    {
        var api = await host.NewWorkspaceAsync();
        var ada = await api.CreateAsync();
        var (id, planned) = await api.NewPlanAsync($"id,name\n{ada},A\n{ada},B\n");
        Assert.Equal("0 1 0 0 1 0", planned.Counts());
        var message = (await api.GetAsync($"/api/imports/{id}/rows?faulty=true")).Json[0].GetProperty("faults")[0];
        Assert.StartsWith("Lines 2 and 3 ", message.GetProperty("message").GetString(), StringComparison.Ordinal);

        Assert.Equal("0 1 0 0 0 1", (await api.MendedAsync(id, """[{"line":2,"skip":true}]""")).Counts());
        await api.AppliedAsync(id);
        Assert.Equal(["B"], (await api.GetAsync("/api/partners")).Names);
    }

    [Fact]
    public async Task Two_rows_about_one_partner_are_found_across_ten_thousand_others()
    {
        var api = await host.NewWorkspaceAsync();
        var ada = await api.CreateAsync("""{"name":"Ada","externalId":"x5","email":"ada@example.com"}""");
        var (id, planned) = await api.NewPlanAsync(ImportCalls.Many(1, 10_050) + "x7,Again,2\n");
        Assert.Equal("10049 1 0 0 1 0", planned.Counts());
        var fault = (await api.GetAsync($"/api/imports/{id}/rows?faulty=true")).Json[0].GetProperty("faults")[0];
        Assert.Equal(
            ("duplicate_match", 8, "Lines 8 and 10052 are about the same partner; keep one of them."),
            (fault.GetProperty("code").GetString(), fault.GetProperty("otherLine").GetInt32(), fault.GetProperty("message").GetString()));

        // One row by the partner's id, another by its external id.
        var file = "id,externalId,name\n" + $"{ada},,A\n"
            + string.Concat(Enumerable.Range(100, 10_000).Select(i => $",x{i},N\n")) + ",x5,B\n";
        var (twice, plan) = await api.NewPlanAsync(file, """{"matchOn":"externalId"}""");
        Assert.Equal("10000 1 0 0 1 0", plan.Counts());
        Assert.Equal(["10003 faulty duplicate_match"], await api.RowsAsync(twice, "?faulty=true"));
    }

    [Theory]
    [InlineData("externalId", "new", "duplicate_external_id")]
    [InlineData("email", "new@example.com", "duplicate_match")]
    public async Task Two_rows_that_would_leave_two_partners_with_one_key_are_found_across_ten_thousand_others(
        string field, string key, string code)
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PostAsync("""[{"name":"Ada"},{"name":"Bob"}]""")).Ids;
        var others = string.Concat(Enumerable.Range(0, 10_000).Select(i => $",{(field == "email" ? $"x{i}@example.com" : $"x{i}")},N\n"));
        foreach (var (first, last) in new[] { (ids[0], ids[1]), (ids[0], ""), ("", ids[1]) })
        {
            var file = $"id,{field},name\n{first},{key},A\n{others}{last},{key},B\n";

            var (id, plan) = await api.NewPlanAsync(file, $$"""{"matchOn":"{{field}}"}""");

            Assert.Equal(1, plan.GetProperty("counts").GetProperty("faulty").GetInt32());
            Assert.Equal([$"10003 faulty {code}"], await api.RowsAsync(id, "?faulty=true"));
            var fault = (await api.GetAsync($"/api/imports/{id}/rows?faulty=true")).Json[0].GetProperty("faults")[0];
            Assert.Equal(2, fault.GetProperty("otherLine").GetInt32());
        }
    }

    [Fact]
    public async Task Each_row_of_a_file_with_three_faults_a_row_is_faulty()
    {
        var api = await host.NewWorkspaceAsync();
        // Nothing that can be seen, an address that is not composed, and a number that a spreadsheet has rounded.
        var (id, plan) = await api.NewPlanAsync(
            "externalId,name,email,phone\n"
            + string.Concat(Enumerable.Range(0, 10_000).Select(i => $"k{i},\u3164,e\u0301{i}@example.com,4.47E+11\n")));

        Assert.Equal("0 0 0 0 10000 0", plan.Counts());
        Assert.Equal("10001 faulty", (await api.RowsAsync(id, "?q=k9999"))[0][..12]);
    }

    [Fact]
    public async Task Rows_are_listed_by_change_by_faults_and_by_text_page_by_page_over_many_blocks()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync("""[{"externalId":"x1","name":"Name 1","phone":"1"},{"externalId":"x2","name":"old"}]""");
        var (id, planned) = await api.NewPlanAsync(ImportCalls.Many(1, 1_700) + "y,,1\n");
        Assert.Equal("1698 1 1 0 1 0", planned.Counts());

        Assert.Equal(["3 updated"], await api.RowsAsync(id, "?change=updated"));
        Assert.Equal(["2 unchanged"], await api.RowsAsync(id, "?change=unchanged"));
        Assert.Equal(["1702 faulty name_required"], await api.RowsAsync(id, "?change=faulty"));
        Assert.Equal(["1702 faulty name_required"], await api.RowsAsync(id, "?faulty=true"));
        Assert.Empty(await api.RowsAsync(id, "?change=deleted"));
        Assert.Equal(11, (await api.RowsAsync(id, "?q=name%20159")).Count);

        var lines = new List<int>();
        for (var path = $"/api/imports/{id}/rows?take=333"; path is not null;)
        {
            var page = await api.GetAsync(path);
            lines.AddRange(page.Json.EnumerateArray().Select(row => row.GetProperty("line").GetInt32()));
            path = page.Next;
        }
        Assert.Equal(Enumerable.Range(2, 1_701), lines);
        foreach (var wrong in new[] { "?cursor=x", "?change=gone", "?faulty=1", "?take=1001", "?take=0", "?some=1" })
            Assert.Equal(400, (await api.GetAsync($"/api/imports/{id}/rows{wrong}")).Status);
    }

    [Fact]
    public async Task Rows_as_CSV_tell_which_partners_a_mirror_deletes()
    {
        var api = await host.NewWorkspaceAsync();
        var gone = await api.CreateAsync("""{"name":"Bob","externalId":"b","metadata":{"region":"north"}}""");
        var (id, _) = await api.NewPlanAsync("Ref,Who,Note,Key,Region\n,Ada,n,a,south\n", """
            {"mode":"mirror","mapping":{"columns":[{"column":"Ref","target":"id"},{"column":"Who","target":"name"},
             {"column":"Key","target":"externalId"},{"column":"Region","target":"metadata.region"}]} }
            """);

        var deleted = await api.GetAsync($"/api/imports/{id}/rows?change=deleted", "text/csv");

        Assert.Equal($"Ref,Who,Note,Key,Region,roster_change,roster_faults\r\n{gone},Bob,,b,north,deleted,\r\n", deleted.Text);
    }

    [Fact]
    public async Task Cells_for_a_row_that_cannot_be_read_count_for_nothing_and_it_can_be_left_out()
    {
        var api = await host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync("name,email\nAda,a@b.example\nBob,b@b.example,more\n");

        await api.MendAsync(id, """[{"line":3,"cells":{"name":"Robert"}}]""");
        var mended = await api.SettledAsync(id);
        await api.MendAsync(id, """[{"line":3,"skip":true}]""");
        var leftOut = await api.SettledAsync(id);

        Assert.Equal(("1 0 0 0 1 0", 0), (mended.Counts(), mended.GetProperty("edits").GetInt32()));
        Assert.Equal(("1 0 0 0 0 1", 1), (leftOut.Counts(), leftOut.GetProperty("edits").GetInt32()));
    }

    [Fact]
    public async Task Rows_as_CSV_are_in_the_files_own_columns_and_two_more()
    {
        var api = await host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync("Key;Who;Note\na;\"Ada; Countess\";=1+1\nb;;\n", """
            {"mapping":{"columns":[{"column":"Key","target":"externalId"},{"column":"Who","target":"name"}]} }
            """);

        var all = await api.GetAsync($"/api/imports/{id}/rows", "text/csv");
        Assert.Equal(
            "Key,Who,Note,roster_change,roster_faults\r\na,Ada; Countess,=1+1,created,\r\n",
            all.Text[..all.Text.IndexOf("b,,", StringComparison.Ordinal)]);
        Assert.Contains("\r\nb,,,faulty,", all.Text, StringComparison.Ordinal);
        var some = await api.GetAsync($"/api/imports/{id}/rows?change=created", "text/csv;profile=spreadsheet");
        Assert.Contains("'=1+1", some.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\nb,", some.Text, StringComparison.Ordinal);
        Assert.Equal(406, (await api.GetAsync($"/api/imports/{id}/rows", "application/x-ndjson")).Status);
    }

    [Fact]
    public async Task Faulty_rows_for_spreadsheets_are_imported_as_the_file_would_have_been_when_they_are_corrected()
    {
        var api = await host.NewWorkspaceAsync();
        await api.CreateAsync("""{"externalId":"b","name":"Bob","phone":"1"}""");
        var (id, _) = await api.NewPlanAsync(
            "externalId,name,phone,email\na,'=Ada,'+44 1,wrong\nb,Bob,\\N,wrong\nc,+Cyd,+44 3,wrong\n");
        var faulty = await api.GetAsync($"/api/imports/{id}/rows?faulty=true", "text/csv; profile=spreadsheet");

        var (again, plan) = await api.NewPlanAsync(faulty.Text.Replace(",wrong,", ",,", StringComparison.Ordinal));
        await api.AppliedAsync(again);

        Assert.Equal("2 1 0 0 0 0", plan.Counts());
        Assert.Equal(
            ["+Cyd: +44 3", "=Ada: +44 1", "Bob: "],
            (await api.GetAsync("/api/partners")).Items
                .Select(partner => $"{partner.GetProperty("name")}: {partner.GetProperty("phone")}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task There_are_no_rows_before_a_plan_and_after_a_change_of_what_it_was_made_on()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.NewImportAsync(Faulty);
        Assert.Equal("import_not_ready", (await api.GetAsync($"/api/imports/{id}/rows")).Code);
        await api.PlannedAsync(id);

        var changed = await api.ChangeImportAsync(id, """{"mode":"update"}""");

        Assert.Equal(("uploaded", JsonValueKind.Null), (changed.Json.State(), changed.Json.GetProperty("counts").ValueKind));
        Assert.Equal("import_not_ready", (await api.GetAsync($"/api/imports/{id}/rows")).Code);
        Assert.Equal(409, (await api.PostAsync("""{"created":1}""", $"/api/imports/{id}/apply")).Status);
    }

    [Fact]
    public async Task An_erasure_that_is_refused_leaves_imports_as_they_are()
    {
        var api = await host.NewWorkspaceAsync();
        var ada = await api.CreateAsync("""{"externalId":"a","name":"Ada"}""");
        var uploaded = await api.NewImportAsync("name\nBob\n");
        var (planned, _) = await api.NewPlanAsync("externalId,name\na,Ada Lovelace\n");

        var refused = await api.PostAsync($"""["{ada}","{Guid.NewGuid()}"]""", "/api/partners/erase");
        Assert.Equal(["1 - partner_not_found"], refused.Faults);
        var late = await api.SendAsync(
            HttpMethod.Post, "/api/partners/erase", new StringContent($"""["{ada}"]""", Encoding.UTF8, "application/json"),
            headers: [("If-Revision", "7"), ("Idempotency-Key", "erase")]);
        Assert.Equal((412, "revision_changed"), (late.Status, late.Code));

        Assert.Equal("planned", (await api.PlannedAsync(uploaded)).State());
        Assert.Equal("applied", (await api.AppliedAsync(planned)).State());
        Assert.Equal("Ada Lovelace", (await api.ReadAsync(ada)).GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("?change=created")]
    [InlineData("?change=updated")]
    [InlineData("?change=unchanged")]
    public async Task An_erasure_reaches_into_the_rows_and_the_file(string row)
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync("""[{"externalId":"b","name":"Bob","phone":"5550"},{"externalId":"c","name":"Secret","phone":"5551"}]""");
        var (id, planned) = await api.NewPlanAsync("externalId,name,phone\na,Secret,5551\nb,Secret,5551\nc,Secret,5551\n");
        Assert.Equal("1 1 1 0 0 0", planned.Counts());
        await api.AppliedAsync(id);
        var erased = (await api.GetAsync($"/api/imports/{id}/rows{row}")).Json[0].GetProperty("id").GetString();

        Assert.InRange((await api.PostAsync($"""["{erased}"]""", "/api/partners/erase")).Status, 200, 204);

        var rows = (await api.GetAsync($"/api/imports/{id}/rows")).Json.EnumerateArray().ToList();
        foreach (var one in rows)
        {
            var isErased = one.GetProperty("id").GetString() == erased;
            Assert.Equal(isErased, one.GetProperty("cells").GetRawText() == "{}");
            Assert.True(!isErased || one.GetProperty("fields").GetRawText() == "{}");
        }
        var import = await api.ImportAsync(id);
        Assert.NotEqual(JsonValueKind.Null, import.GetProperty("file").GetProperty("gone").ValueKind);
        Assert.DoesNotContain("Secret", import.GetProperty("columns").GetRawText(), StringComparison.Ordinal);
        Assert.Equal(409, (await api.PostAsync("", $"/api/imports/{id}/plan")).Status);
        Assert.Equal("1 1 1 0 0 0", import.Counts());
    }

    [Fact]
    public async Task An_erasure_reaches_rows_that_were_refused_since_the_partner_exists()
    {
        var api = await host.NewWorkspaceAsync();
        var bob = await api.CreateAsync("""{"externalId":"b","name":"Bob"}""");
        var (id, planned) = await api.NewPlanAsync("externalId,name\na,Ada\nb,Secret\n", """{"mode":"create"}""");
        Assert.Equal("1 0 0 0 1 0", planned.Counts());

        await api.PostAsync($"""["{bob}"]""", "/api/partners/erase");

        Assert.DoesNotContain("Secret", (await api.GetAsync($"/api/imports/{id}/rows")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_erasure_reaches_all_rows_about_the_partner_also_those_that_were_refused_as_the_second()
    {
        var api = await host.NewWorkspaceAsync();
        var ada = await api.CreateAsync("""{"externalId":"a","name":"Ada"}""");
        // Rows are stored in blocks of 500: the second row about her is in another one.
        var others = string.Concat(Enumerable.Range(0, 600).Select(i => $"x{i},Other\n"));
        var (id, planned) = await api.NewPlanAsync($"externalId,name\na,Secret 1\n{others}a,Secret 2\nx1,Kept\n");
        Assert.Equal("600 1 0 0 2 0", planned.Counts());

        await api.PostAsync($"""["{ada}"]""", "/api/partners/erase");

        Assert.Equal("[]", (await api.GetAsync($"/api/imports/{id}/rows?q=secret")).Text);
        Assert.Equal(["603 faulty duplicate_match", "604 faulty duplicate_match"], await api.RowsAsync(id, "?faulty=true"));
        Assert.Single(await api.RowsAsync(id, "?q=kept"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?onConflict=skip")]
    public async Task An_erasure_reaches_a_row_that_was_in_conflict_with_the_partner(string how)
    {
        var api = await host.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync("externalId,name\na,Secret\nb,Bob\n");
        var ada = await api.CreateAsync("""{"externalId":"a","name":"Ada"}""");
        await api.AppliedAsync(id, how);
        Assert.Equal(["2 created changed_since"], await api.RowsAsync(id, "?faulty=true"));

        await api.PostAsync($"""["{ada}"]""", "/api/partners/erase");

        Assert.Equal("[]", (await api.GetAsync($"/api/imports/{id}/rows?q=secret")).Text);
        if (how.Length == 0)
            Assert.Equal("applied", (await api.AppliedAsync(id, "?onConflict=skip")).State());
        Assert.Equal(["Bob"], (await api.GetAsync("/api/partners?sort=name")).Names);
    }

    [Fact]
    public async Task An_erasure_between_plan_and_apply_makes_its_row_a_conflict_and_the_others_can_be_applied()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"externalId":"a","name":"Ada"},{"externalId":"b","name":"Bob"}]""")).Ids;
        var (id, _) = await api.NewPlanAsync("externalId,name\na,Ann\nb,Ben\nc,Cid\n");
        await api.PostAsync($"""["{ids[0]}"]""", "/api/partners/erase");

        Assert.Equal("stopped", (await api.AppliedAsync(id)).State());
        Assert.Equal(["2 updated changed_since"], await api.RowsAsync(id, "?faulty=true"));
        Assert.Equal("applied", (await api.AppliedAsync(id, "?onConflict=skip")).State());
        Assert.Equal(["Ben", "Cid"], (await api.GetAsync("/api/partners?sort=name")).Names);
    }

    [Fact]
    public async Task Rows_with_very_much_text_are_planned_and_shown_some_at_a_time()
    {
        const int Rows = 80;
        var api = await host.NewWorkspaceAsync();
        var (id, planned) = await api.NewPlanAsync(WideHeader + WideRows(0, Rows));
        Assert.Equal($"{Rows} 0 0 0 0 0", planned.Counts());

        var (pages, rows) = (0, 0);
        for (var next = $"/api/imports/{id}/rows?take=1000"; next is not null; pages++)
        {
            var page = await api.GetAsync(next);
            rows += page.Items.Count;
            next = page.Next;
        }
        Assert.Equal((4, Rows), (pages, rows));
        Assert.Equal("applied", (await api.AppliedAsync(id)).State());
    }

    [Fact]
    public async Task Rows_that_have_too_much_text_to_be_written_together_are_refused_when_they_are_planned()
    {
        var api = await host.NewWorkspaceAsync();

        // All rows are one part; or of three parts, only the second one has too much.
        await FailsAsync(WideHeader + WideRows(0, 90));
        await FailsAsync(WideHeader + ShortRows(0, 5_000) + WideRows(5_000, 90) + ShortRows(5_090, 5_000));

        async Task FailsAsync(string csv)
        {
            var id = await api.NewImportAsync(csv);
            Assert.Equal(202, (await api.PostAsync("", $"/api/imports/{id}/plan")).Status);
            var failed = await api.SettledAsync(id);
            Assert.Equal(("failed", "too_much_text"), (failed.State(), failed.Reason()));
            Assert.Equal(409, (await api.PostAsync("""{"created":90}""", $"/api/imports/{id}/apply")).Status);
            Assert.Equal(0, (await api.GetAsync("/api/partners?count=true&take=1")).Count("Roster-Total"));
        }
    }

    [Fact]
    public async Task Rows_whose_partners_have_too_much_text_to_be_changed_together_are_refused_when_they_are_planned()
    {
        const int Together = 750;
        var api = await host.NewWorkspaceAsync();
        // The largest metadata there is: a backslash is one byte of the limit, and two characters of what is stored.
        var metadata = Enumerable.Range(0, 16).ToDictionary(i => $"k{i:00}", _ => new string('\\', 500));
        for (var from = 0; from < 3 * Together; from += Together)
            await api.PostAsync(JsonSerializer.Serialize(
                Enumerable.Range(from, Together).Select(i => new { externalId = $"x{i}", name = "n", metadata })));

        // The wide rows divide what is planned together, and all of it is one part.
        var id = await api.NewImportAsync(
            WideHeader + ShortRows(0, 3 * Together / 2) + WideRows(3 * Together, 21) + ShortRows(3 * Together / 2, 3 * Together / 2));
        await api.PostAsync("", $"/api/imports/{id}/plan");

        var failed = await api.SettledAsync(id);
        Assert.Equal(("failed", "too_much_text"), (failed.State(), failed.Reason()));
    }

    private static readonly string WideHeader =
        "externalId,name" + string.Concat(Enumerable.Range(0, WideColumns).Select(i => $",c{i}")) + "\n";

    private const int WideColumns = 100;

    /// <summary>Rows of 400,000 characters.</summary>
    private static string WideRows(int from, int count)
    {
        var wide = string.Concat(Enumerable.Repeat("," + new string('x', 4_000), WideColumns));
        return string.Concat(Enumerable.Range(from, count).Select(i => $"x{i},N{wide}\n"));
    }

    private static string ShortRows(int from, int count) => string.Concat(Enumerable.Range(from, count).Select(i => $"x{i},N\n"));
}

public sealed class ImportRowsOnSqlite(SqliteHost host) : ImportRowsContract(host);

public sealed class ImportRowsOnPostgres(PostgresHost host) : ImportRowsContract(host);
