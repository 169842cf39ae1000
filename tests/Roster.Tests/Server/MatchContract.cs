using System.Text;
using System.Text.Json;
using CsCheck;
using Roster.Batches;
using Roster.Log;

namespace Roster.Tests.Server;

/// <summary>externalId and matchOn, on every engine.</summary>
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
    [InlineData("\" \"", "invalid_text")]
    [InlineData("\"crm-1 \"", "invalid_text")]
    [InlineData("\"\\u00a0crm-1\"", "invalid_text")]
    [InlineData("\"crm-1\\ufeff\"", "invalid_text")]
    [InlineData("\"\\u200b\"", "invalid_text")]
    [InlineData("7", "invalid_type")]
    [InlineData("\"a\\u0000\"", "invalid_text")]
    public async Task A_bad_external_id_is_refused(string value, string code)
    {
        var api = await host.NewWorkspaceAsync();

        Assert.Equal([$"0 externalId {code}"], (await api.PutAsync($$"""[{"name":"a","externalId":{{value}}}]""")).Faults);
        Assert.Equal(200, (await api.PutAsync($$"""[{"name":"a","externalId":"{{new string('x', 255)}}"}]""")).Status);
        Assert.Equal(["0 externalId too_long"],
            (await api.PutAsync($$"""[{"name":"a","externalId":"{{new string('y', 256)}}"}]""")).Faults);
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

        Assert.Equal((0, 2, 0), (await api.PutAsync(
            $$"""[{"id":"{{ids[0]}}","externalId":"y"},{"id":"{{ids[1]}}","externalId":"x"}]""")).Counts);
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
        var path = $"{Path}?withoutKey=create&matchOn={matchOn}";
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
        Assert.Equal([id, other], ambiguous.Json.GetProperty(
            "details")[0].GetProperty("candidates").EnumerateArray().Select(one => one.GetString()));
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
            (await Match(api, Path + "?matchOn=email",
                """[{"name":"n","email":"new@b.example"},{"name":"n","email":"NEW@b.example"}]""")).Faults);
        Assert.Equal(
            ["1 externalId duplicate_match"],
            (await Match(api, Path + "?matchOn=externalId", """[{"externalId":"x","phone":"1"},{"externalId":"x"}]""")).Faults);
    }

    [Fact]
    public async Task An_item_that_matches_nobody_needs_a_name()
    {
        var api = await host.NewWorkspaceAsync();

        Assert.Equal(["0 name name_required"], (await Match(api, Path + "?matchOn=externalId", """[{"externalId":"x"}]""")).Faults);
        Assert.Equal(["0 name name_required"],
            (await Match(api, Path + "?matchOn=externalId&withoutKey=create", """[{"email":"a@b.example"}]""")).Faults);
        Assert.Equal("invalid_parameter", (await Match(api, Path + "?matchOn=name", "[]")).Code);
        Assert.Equal("unknown_parameter", (await api.PostAsync("[]", Path + "?matchOn=email")).Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"externalId\":null")]
    [InlineData(",\"externalId\":\"\"")]
    [InlineData(",\"externalId\":\" \"")]
    [InlineData(",\"externalId\":\"\\u00a0\\u200b\"")]
    public async Task An_item_without_id_and_key_is_refused_since_it_would_be_a_new_partner_each_time(string key)
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"a"}""");
        var path = Path + "?matchOn=externalId";

        var refused = await Match(api, path, $$"""[{"name":"Kim"{{key}} },{"email":"a@b.example"{{key}} },{"externalId":"x"}]""");
        Assert.Equal(["0 externalId match_key_missing", "1 externalId match_key_missing"], refused.Faults);
        Assert.Equal(
            "The item has neither id nor externalId, so it would create a new partner each time it is sent; "
            + "give it one, or allow that with withoutKey=create.",
            refused.Json.GetProperty("details")[0].GetProperty("message").GetString());
        Assert.Equal(["0 externalId match_key_missing"],
            (await Match(api, path + "&mode=mirror&maxDeletes=100%25", $$"""[{"name":"Kim"{{key}} }]""")).Faults);

        // With an id, or with withoutKey=create, the key is a field like any other.
        var isBlank = key.Contains('"', StringComparison.Ordinal) && !key.Contains("null", StringComparison.Ordinal);
        string[] asEver = isBlank
            ? [$"0 externalId {(key.EndsWith("\"\"", StringComparison.Ordinal) ? "empty_value" : "invalid_text")}"] : [];
        foreach (var answer in new[]
        {
            await Match(api, path, $$"""[{"id":"{{id}}","name":"b"{{key}} }]"""),
            await Match(api, path + "&withoutKey=create", $$"""[{"name":"Kim"{{key}} }]"""),
        })
            if (isBlank)
                Assert.Equal(asEver, answer.Faults);
            else
                Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task Rows_of_a_file_without_its_key_are_refused_each_with_its_line()
    {
        var api = await host.NewWorkspaceAsync();

        var blank = await Csv(api, "?matchOn=externalId",
            "externalId,name,email\ncrm-1,Ada Lovelace,ada@example.com\n,Keyless Kim,kim@example.com\n");
        Assert.Equal(["1 externalId match_key_missing"], blank.Faults);
        Assert.Equal(3, blank.Json.GetProperty("details")[0].GetProperty("line").GetInt32());
        Assert.Equal(["0 externalId match_key_missing"],
            (await Csv(api, "?matchOn=externalId", "name,email\nAda Lovelace,ada@example.com\n")).Faults);
        Assert.Equal(["0 email match_key_missing"], (await Csv(api, "?matchOn=email", "name,externalId\nAda,1\n")).Faults);
        Assert.Empty((await api.GetAsync(Path)).Items);
    }

    [Theory]
    [InlineData("?withoutKey=create")]
    [InlineData("?withoutKey=yes&matchOn=email")]
    [InlineData("?withoutKey=create&matchOn=email&mode=mirror")]
    [InlineData("?withoutKey=create&matchOn=email&mode=update")]
    [InlineData("?mode=replace")]
    public async Task What_may_be_created_is_said_in_a_way_that_can_be(string query) =>
        Assert.Equal("invalid_parameter", (await Match(await host.NewWorkspaceAsync(), Path + query, """[{"name":"a"}]""")).Code);

    [Fact]
    public async Task An_update_never_creates()
    {
        var api = await host.NewWorkspaceAsync();
        var id = (await api.PutAsync("""[{"name":"a","email":"a@b.example","externalId":"x"}]""")).Ids[0];
        var unknown = Guid.NewGuid();

        foreach (var (query, key) in new[] { ("", "id"), ("&matchOn=externalId", "externalId"), ("&matchOn=email", "email") })
        {
            Assert.Equal([$"0 {key} no_match"], (await Match(api, $"{Path}?mode=update{query}", """[{"name":"n"}]""")).Faults);
            Assert.Equal((0, 1, 0), (await Match(api, $"{Path}?mode=update{query}", $$"""[{"id":"{{id}}","phone":"{{key}}"}]""")).Counts);
            Assert.Equal(["0 id partner_not_found"],
                (await Match(api, $"{Path}?mode=update{query}", $$"""[{"id":"{{unknown}}","name":"n"}]""")).Faults);
        }
        Assert.Equal(
            ["0 externalId no_match", "2 externalId no_match"],
            (await Match(api, Path + "?mode=update&matchOn=externalId",
                """[{"name":"n","externalId":"y"},{"externalId":"x"},{"externalId":"z"}]""")).Faults);
        Assert.Equal(["0 email no_match"],
            (await Match(api, Path + "?mode=update&matchOn=email", """[{"email":"c@d.example","name":"n"}]""")).Faults);
        Assert.Equal((0, 1, 0), (await Match(api, Path + "?mode=update&matchOn=email", """[{"email":"A@b.example"}]""")).Counts);
        Assert.Single((await api.GetAsync(Path)).Items);
    }

    [Fact]
    public async Task Values_that_later_rules_refuse_stay_as_they_are_where_they_are_stored()
    {
        var api = await host.NewWorkspaceAsync();
        await StoreAsync(api, Some.Row("\u200b", "e\u0301@example.com", "4.47911E+11", "crm-1 "),
            Some.Row("other", "k@example.com", null, "crm-1"));
        var old = (await api.GetAsync(Path + "?sort=asc")).Items[0];
        var id = old.GetProperty("id").GetString()!;

        // Accepted: the same value again, by id and by each key; and an edit of another field.
        Assert.Equal((0, 0, 1), (await api.PutAsync($"[{old.GetRawText()}]")).Counts);
        Assert.Equal((0, 0, 1), (await Match(
            api, Path + "?matchOn=externalId", """[{"externalId":"crm-1 ","phone":"4.47911E+11"}]""")).Counts);
        Assert.Equal((0, 0, 1),
            (await Match(api, Path + "?matchOn=email", """[{"email":"e\u0301@example.com","name":"\u200b"}]""")).Counts);
        Assert.Equal("crm-1 ", (await api.GetAsync(Path + "?externalId=crm-1%20")).Items.Single().GetProperty("externalId").GetString());
        Assert.Equal((0, 1, 0), (await api.PutAsync($$"""[{"id":"{{id}}","externalId":"crm-1 ","name":"Ada"}]""")).Counts);

        // Refused: any other value of that kind, and this value for another partner, alone or beside other faults.
        Assert.Equal(["0 externalId invalid_text"], (await api.PutAsync($$"""[{"id":"{{id}}","externalId":"crm-1  "}]""")).Faults);
        Assert.Equal(["0 name name_required"], (await api.PutAsync($$"""[{"id":"{{id}}","name":"\u200b"}]""")).Faults);
        Assert.Equal(["0 externalId invalid_text"],
            (await Match(api, Path + "?matchOn=externalId", """[{"externalId":"crm-2 ","name":"n"}]""")).Faults);
        Assert.Equal(
            ["1 email invalid_email", "2 externalId invalid_text", "2 phone invalid_phone"],
            (await api.PutAsync($$"""
                [{"id":"{{id}}","externalId":"crm-1 "},
                 {"name":"n","email":"nobody"},
                 {"name":"m","externalId":"crm-1 ","phone":"1E+9"}]
                """)).Faults);

        // Without the space it is another key. That partner can still be changed by its id.
        Assert.Equal("other", (await Match(api, Path + "?matchOn=externalId", """[{"externalId":"crm-1"}]""")).Names.Single());
        Assert.Equal((0, 1, 0), (await api.PutAsync(
            $$"""[{"id":"{{id}}","externalId":"crm-7","email":"\u00e9@example.com","phone":null}]""")).Counts);
    }

    [Fact]
    public async Task Spellings_of_one_address_never_become_two_partners()
    {
        var api = await host.NewWorkspaceAsync();
        var path = Path + "?matchOn=email";
        await StoreAsync(api, Some.Row("Zoé", "zoe\u0301@example.com"), Some.Row("Kim", "\u212aim@example.com"));

        Assert.Equal(["0 email invalid_email"], (await Match(api, path, """[{"name":"n","email":"ange\u0301@example.com"}]""")).Faults);
        Assert.Equal(["Zoé", "Kim"], (await Match(api, path, """[{"email":"ZO\u00c9@example.com"},{"email":"kim@example.com"}]""")).Names);
        foreach (var email in new[] { "zoe%CC%81@example.com", "zo%C3%A9@EXAMPLE.com", "ZO%C3%89@example.com" })
            Assert.Equal(["Zoé"], (await api.GetAsync($"{Path}?email={email}")).Names);
        Assert.Equal(["Kim"], (await api.GetAsync(Path + "?email=%E2%84%AAIM@example.com")).Names);
        Assert.Equal(
            ["1 email duplicate_match"],
            (await Match(api, path,
                """[{"email":"zo\u00e9@example.com","phone":"1"},{"email":"ZO\u00c9@example.com","phone":"2"}]""")).Faults);
        Assert.Equal(
            ["1 email duplicate_match"],
            (await Match(api, path,
                """[{"name":"n","email":"\u03c3\u03c2@example.com"},{"name":"m","email":"\u03a3\u03a3@example.com"}]""")).Faults);
        Assert.Equal(2, (await api.GetAsync(Path)).Items.Count);
    }

    [Fact]
    public async Task An_address_is_not_given_by_id_to_one_and_by_match_to_another()
    {
        var api = await host.NewWorkspaceAsync();
        var path = Path + "?matchOn=email";
        var ids = (await api.PutAsync("""[{"name":"a","email":"a@b.example"},{"name":"b","email":"b@b.example"},{"name":"c"}]""")).Ids;

        // Whether the address is new or another partner's, and whichever item comes first.
        var shared = await Match(api, path, $$"""[{"id":"{{ids[0]}}","email":"new@b.example"},{"email":"NEW@b.example","name":"Other"}]""");
        Assert.Equal(["1 email duplicate_match"], shared.Faults);
        Assert.Equal(0, shared.Json.GetProperty("details")[0].GetProperty("otherIndex").GetInt32());
        Assert.Equal(["1 email duplicate_match"], (await Match(
            api, path, $$"""[{"email":"b@b.example","name":"B"},{"id":"{{ids[0]}}","email":"b@b.example"}]""")).Faults);
        Assert.Equal(
            ["1 email duplicate_match"],
            (await Match(api, path, $$"""[{"id":"{{ids[0]}}","email":"n@b.example"},{"id":"{{ids[2]}}","email":"N@b.example"}]""")).Faults);

        // An address that another partner keeps; and one that an item matches on while another item removes it.
        var held = await Match(api, path, $$"""[{"id":"{{ids[2]}}","email":"B@b.example"}]""");
        Assert.Equal(["0 email duplicate_match"], held.Faults);
        Assert.Equal(ids[1], held.Json.GetProperty("details")[0].GetProperty("candidates")[0].GetString());
        Assert.Equal(["1 email duplicate_match"], (await Match(
            api, path, $$"""[{"id":"{{ids[0]}}","email":null},{"email":"a@b.example","name":"n"}]""")).Faults);

        // Accepted, as each address ends with one partner: a swap, a new case, one that its partner gives up or a
        // mirror deletes.
        Assert.Equal((0, 2, 0), (await Match(api, path,
            $$"""[{"id":"{{ids[0]}}","email":"b@b.example"},{"id":"{{ids[1]}}","email":"a@b.example"}]""")).Counts);
        Assert.Equal((0, 1, 0), (await Match(api, path, $$"""[{"id":"{{ids[0]}}","email":"B@b.example"}]""")).Counts);
        Assert.Equal((0, 2, 0), (await Match(
            api, path, $$"""[{"id":"{{ids[2]}}","email":"b@b.example"},{"id":"{{ids[0]}}","email":null}]""")).Counts);
        Assert.Equal((0, 1, 0), (await Match(
            api, path + "&mode=mirror&maxDeletes=2", $$"""[{"id":"{{ids[2]}}","email":"a@b.example"}]""")).Counts);

        // Without matchOn, addresses are values like any other.
        Assert.Equal((1, 0, 0), (await api.PutAsync("""[{"name":"d","email":"a@b.example"}]""")).Counts);
    }

    [Fact]
    public async Task After_any_batches_by_address_no_two_live_partners_have_one_address()
    {
        string[] emails = ["a@b.example", "A@b.example", "c@d.example", "\u00e9@d.example", "\u00c9@d.example"];
        var item = Gen.Select(Gen.Int[-1, 5], Gen.Int[-1, 4], (target, email) => (Target: target, Email: email));
        var met = 0;
        await item.Array[1, 4].Array[6].SampleAsync(async batches =>
        {
            var api = await host.NewWorkspaceAsync();
            var ids = new List<string>();
            foreach (var batch in batches)
            {
                var items = batch.Select(one => ids.Count > 0 && one.Target >= 0
                    ? new Dictionary<string, string?> { ["id"] = ids[one.Target % ids.Count], ["email"] = Email(one.Email) }
                    : new Dictionary<string, string?> { ["name"] = "n", ["email"] = Email(one.Email) });
                var answer = await Match(api, Path + "?matchOn=email&withoutKey=create", JsonSerializer.Serialize(items));
                if (answer.Status == 200)
                    ids = [.. ids.Union(answer.Ids)];
                else if (answer.Faults.Any(fault => fault.EndsWith("duplicate_match", StringComparison.Ordinal)))
                    Interlocked.Increment(ref met);
                var live = (await api.GetAsync(Path + "?take=1000")).Items
                    .Select(one => one.GetProperty("email").GetString()).OfType<string>().ToList();
                Assert.Equal(live.Count, live.Select(email => email.ToLowerInvariant()).Distinct().Count());
            }
        }, iter: 40, threads: 2);
        Assert.InRange(met, 20, int.MaxValue);

        string? Email(int index) => index < 0 ? null : emails[index];
    }

    [Fact]
    public async Task Of_many_that_match_ten_are_named()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("[" + string.Join(',', Enumerable.Repeat("""{"name":"n","email":"a@b.example"}""", 10)) + "]")).Ids;
        const string Item = """[{"email":"a@b.example"}]""";

        var ten = await Match(api, Path + "?matchOn=email", Item);
        await api.PutAsync("[" + string.Join(',', Enumerable.Repeat("""{"name":"n","email":"A@b.example"}""", 300)) + "]");
        var more = await Match(api, Path + "?matchOn=email", Item);

        foreach (var (answer, text) in new[] { (ten, "10 partners"), (more, "More than 10 partners") })
        {
            var fault = answer.Json.GetProperty("details")[0];
            Assert.Equal(ids, fault.GetProperty("candidates").EnumerateArray().Select(one => one.GetString()));
            Assert.Equal($"{text} have this email; name the one that is meant by its id.", fault.GetProperty("message").GetString());
        }
        await api.DeleteAsync(ids);
        Assert.Equal(10, (await Match(api, Path + "?matchOn=email", Item)).Json
            .GetProperty("details")[0].GetProperty("candidates").GetArrayLength());
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

    [Fact]
    public async Task A_refused_batch_says_of_each_item_what_is_wrong_and_which_partner_it_is_about()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""
            [{"name":"a","externalId":"x","email":"a@example.com"},{"name":"b","email":"b@example.com"},{"name":"c"}]
            """)).Ids;

        Assert.Equal(
            [$"0 {ids[1]} Another partner has this externalId.", "2 - Items 1 and 2 have the same externalId; it must be unique."],
            await SaidAsync("", $$"""
                [{"id":"{{ids[1]}}","externalId":"x"},{"name":"n","externalId":"y"},{"name":"n","externalId":"y"}]
                """));
        Assert.Equal(
            ["0 - No partner has this externalId, and mode=update creates none."],
            await SaidAsync("?matchOn=externalId&mode=update", """[{"externalId":"new","name":"n"}]"""));
        Assert.Equal(
            ["0 - No partner matches this item, so it would create one: name is required and cannot be null or blank."],
            await SaidAsync("?matchOn=externalId", """[{"externalId":"new"}]"""));
        Assert.Equal(
            ["1 - Items 0 and 1 are about the same partner; send each partner once."],
            await SaidAsync("?matchOn=externalId", """[{"externalId":"x","phone":"1"},{"externalId":"x","phone":"2"}]"""));
        Assert.Equal(
            [
                $"0 {ids[1]} Another partner has this email, and with matchOn=email it is one partner's.",
                $"2 {ids[2]} Items 1 and 2 would leave two partners with one email; send it once.",
            ],
            await SaidAsync("?matchOn=email", $$"""
                [{"id":"{{ids[1]}}","email":"A@example.com"},{"email":"new@example.com","name":"n"},
                 {"id":"{{ids[2]}}","email":"NEW@example.com"}]
                """));

        async Task<IEnumerable<string>> SaidAsync(string query, string json) => (await Match(api, Path + query, json)).Said;
    }

    private static Task<Answer> Csv(RosterClient api, string query, string body) =>
        api.PutAsync(Encoding.UTF8.GetBytes(body), "text/csv", path: Path + query);

    /// <summary>Stores partners as an earlier version could have.</summary>
    private Task<WrittenPlan> StoreAsync(RosterClient api, params IReadOnlyList<BatchRow> rows) =>
        host.Store.WriteAsync(api.Workspace.Id, Some.Stored(rows), new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);

    private static Task<Answer> Match(RosterClient api, string path, string json) =>
        api.PutAsync(Encoding.UTF8.GetBytes(json), path: path);
}

public sealed class MatchOnSqlite(SqliteHost host) : MatchContract(host);

public sealed class MatchOnPostgres(PostgresHost host) : MatchContract(host);

public sealed class MatchOnPgBouncer(PgBouncerHost host) : MatchContract(host);
