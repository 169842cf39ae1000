using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Roster.Tests.Server;

/// <summary>PUT /api/partners, on every engine. Each decision of the contract has a test that names it.</summary>
public abstract partial class UpsertContract(RosterHost host)
{
    private const string UnknownId = "019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10";

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")]
    private static partial Regex Rfc3339Milliseconds();

    [Fact]
    public async Task An_item_without_id_creates_a_partner_and_answers_with_exactly_six_keys()
    {
        var api = await host.NewWorkspaceAsync();

        var answer = await api.PutAsync("""[{"name":"Ada Lovelace","email":"ada@example.com"}]""");

        Assert.Equal(200, answer.Status);
        Assert.Equal("application/json", answer.ContentHeaders.ContentType!.MediaType);
        var partner = Assert.Single(answer.Items);
        Assert.Equal(["id", "name", "email", "phone", "createdAt", "updatedAt"], partner.EnumerateObject().Select(field => field.Name));
        Assert.Equal(7, Guid.Parse(partner.GetProperty("id").GetString()!).Version);
        Assert.Equal("Ada Lovelace", partner.GetProperty("name").GetString());
        Assert.Equal("ada@example.com", partner.GetProperty("email").GetString());
        Assert.Equal(JsonValueKind.Null, partner.GetProperty("phone").ValueKind);
        Assert.Matches(Rfc3339Milliseconds(), partner.GetProperty("createdAt").GetString());
        Assert.Equal(partner.GetProperty("createdAt").GetString(), partner.GetProperty("updatedAt").GetString());
    }

    [Fact]
    public async Task An_update_changes_only_the_fields_that_are_present()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"Ada","email":"ada@example.com","phone":"1"}""");

        var partner = (await api.PutAsync($$"""[{"id":"{{id}}","phone":"2"}]""")).Items[0];

        Assert.Equal(("Ada", "ada@example.com", "2"), Fields(partner));
    }

    [Fact]
    public async Task A_null_email_or_phone_clears_the_stored_one()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"Ada","email":"ada@example.com","phone":"1"}""");

        var partner = (await api.PutAsync($$"""[{"id":"{{id}}","email":null,"phone":null}]""")).Items[0];

        Assert.Equal(("Ada", null, null), Fields(partner));
        Assert.Equal(("Ada", null, null), Fields(await api.ReadAsync(id)));
    }

    [Fact]
    public async Task Partners_are_answered_in_the_order_of_the_request()
    {
        var api = await host.NewWorkspaceAsync();
        var first = await api.CreateAsync("""{"name":"first"}""");
        var second = await api.CreateAsync("""{"name":"second"}""");

        var answer = await api.PutAsync(
            $$"""[{"name":"a"},{"id":"{{second}}","phone":"2"},{"name":"b"},{"id":"{{first}}"},{"name":"c"}]""");

        Assert.Equal(["a", "second", "b", "first", "c"], answer.Items.Select(partner => partner.GetProperty("name").GetString()));
        Assert.Equal((3, 1, 1), answer.Counts);
    }

    [Fact]
    public async Task Ids_of_one_batch_and_of_later_ones_sort_in_creation_order()
    {
        var api = await host.NewWorkspaceAsync();
        var batch = "[" + string.Join(',', Enumerable.Repeat("""{"name":"n"}""", 1_000)) + "]";

        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
            ids.AddRange((await api.PutAsync(batch)).Items.Select(partner => partner.GetProperty("id").GetString()!));

        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Equal(3_000, ids.Distinct().Count());
    }

    [Fact]
    public async Task Any_fault_means_that_nothing_is_written()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"before"}""");

        var answer = await api.PutAsync($$"""[{"id":"{{id}}","name":"after"},{"name":"new"},{"name":""}]""");

        Assert.Equal(400, answer.Status);
        Assert.Equal("before", (await api.ReadAsync(id)).GetProperty("name").GetString());
        Assert.Equal(1, (await api.PutAsync($$"""[{"id":"{{id}}"}]""")).Revision);
    }

    [Fact]
    public async Task All_faults_are_reported_those_of_unknown_ids_included()
    {
        var api = await host.NewWorkspaceAsync();

        var answer = await api.PutAsync($$"""
            [{"id":"{{UnknownId}}","email":"nobody"},{"name":"ok"},{"email":"a@b.example","phone":"","colour":"red"},7]
            """);

        Assert.Equal("validation_failed", answer.Code);
        Assert.Equal(
            ["0 email invalid_email", "0 id partner_not_found", "2 phone empty_value", "2 colour unknown_field",
             "2 name name_required", "3 - invalid_type"],
            answer.Faults);
        Assert.Equal(UnknownId, answer.Json.GetProperty("details")[0].GetProperty("id").GetString());
        Assert.StartsWith("3 of 4 partners are not valid", answer.Json.GetProperty("error").GetProperty("en").GetString(),
            StringComparison.Ordinal);
        Assert.NotEmpty(answer.Json.GetProperty("error").GetProperty("ar").GetString()!);
    }

    [Fact]
    public async Task An_error_has_the_whole_body_of_the_contract()
    {
        var api = await host.NewWorkspaceAsync();

        var answer = await api.PutAsync("""[{"name":null}]""");

        Assert.Equal("application/problem+json", answer.ContentHeaders.ContentType!.MediaType);
        Assert.Equal(
            ["type", "title", "status", "code", "error", "details", "truncated", "requestId"],
            answer.Json.EnumerateObject().Select(member => member.Name));
        Assert.EndsWith("/errors#validation_failed", answer.Json.GetProperty("type").GetString(), StringComparison.Ordinal);
        Assert.Equal(400, answer.Json.GetProperty("status").GetInt32());
        Assert.False(answer.Json.GetProperty("truncated").GetBoolean());
        Assert.Equal(answer.Headers.GetValues("Roster-Request-Id").Single(), answer.Json.GetProperty("requestId").GetString());
    }

    [Fact]
    public async Task At_most_1000_faults_are_listed_and_all_are_counted()
    {
        var api = await host.NewWorkspaceAsync();
        var batch = "[" + string.Join(',', Enumerable.Repeat("""{"email":""}""", 700)) + "]";

        var answer = await api.PutAsync(batch);

        Assert.Equal(1_000, answer.Faults.Count);
        Assert.True(answer.Json.GetProperty("truncated").GetBoolean());
        Assert.Equal(1_400, answer.Json.GetProperty("detailCount").GetInt32());
        Assert.Equal(["499 email empty_value", "499 name name_required"], answer.Faults.TakeLast(2));
    }

    [Theory]
    [InlineData("[]", "empty_batch")]
    [InlineData(" [ ] ", "empty_batch")]
    [InlineData("{}", "invalid_body")]
    [InlineData("""{"name":"a"}""", "invalid_body")]
    [InlineData("null", "invalid_body")]
    [InlineData("\"text\"", "invalid_body")]
    [InlineData("", "invalid_body")]
    [InlineData(" \n", "invalid_body")]
    [InlineData("[{\"name\":\"a\"}", "invalid_body")]
    [InlineData("[{\"name\":\"a\"},]", "invalid_body")]
    [InlineData("[{\"name\":\"a\"}] []", "invalid_body")]
    [InlineData("[{'name':'a'}]", "invalid_body")]
    [InlineData("[/* a */]", "invalid_body")]
    public async Task A_body_that_is_no_array_of_partners_is_refused(string body, string code)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync(body);

        Assert.Equal((400, code), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task Malformed_JSON_is_refused_with_its_line_and_byte_and_the_faults_found_so_far()
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync("[{\"name\":\"\"},\n{\"name\":tru}]");

        Assert.Equal("invalid_body", answer.Code);
        Assert.Contains("line 2, byte 12", answer.Json.GetProperty("error").GetProperty("en").GetString(), StringComparison.Ordinal);
        Assert.Equal(["0 name name_required"], answer.Faults);
    }

    [Fact]
    public async Task Exactly_10000_items_are_accepted()
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync(
            "[" + string.Join(',', Enumerable.Repeat("""{"name":"n"}""", 10_000)) + "]");

        Assert.Equal((200, 10_000L), (answer.Status, answer.Counts.Created));
    }

    [Fact]
    public async Task Text_is_answered_as_it_is_but_for_quotes_backslashes_and_control_characters()
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync("""[{"name":"\"C:\\\u002Fu\" \uD83D\uDE00 😀 é\u2028x"}]""");

        Assert.Contains("\"name\":\"\\\"C:\\\\/u\\\" 😀 😀 é\u2028x\"", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_update_that_has_a_fault_or_is_a_preview_or_comes_too_late_leaves_everything_as_it_was()
    {
        const int Count = 10_000;
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("[" + string.Join(',', Enumerable.Repeat("""{"name":"old"}""", Count)) + "]")).Ids;
        var updates = ids.Select(id => $$"""{"id":"{{id}}","name":"new"}""").ToList();
        // By id: one after all others, one among the existing ones, and the first.
        var unknown = updates[..^1].Append("""{"id":"ffffffff-ffff-7fff-bfff-ffffffffffff","name":"new"}""").ToList();
        unknown[Count / 2] = $$"""{"id":"{{ids[Count / 2][..^1]}}{{(ids[Count / 2][^1] == '0' ? '1' : '0')}}","name":"new"}""";
        var tooLate = updates[1..].Prepend($$"""{"id":"{{ids[0]}}","name":"new","ifUpdatedAt":"2020-01-01T00:00:00.000Z"}""");

        Assert.Equal([$"{Count / 2} id partner_not_found", $"{Count - 1} id partner_not_found"], (await PutAsync(unknown)).Faults);
        Assert.Equal(["0 ifUpdatedAt changed_since"], (await PutAsync(tooLate)).Faults);
        Assert.Equal((0, Count, 0), (await PutAsync(updates, "?dryRun=true")).Counts);
        Assert.Equal(412, (await PutAsync(updates, "", ("If-Revision", "0"))).Status);
        var untouched = await PutAsync(ids.Select(id => $$"""{"id":"{{id}}","name":"old"}"""));
        Assert.Equal(((0, 0, Count), 1), (untouched.Counts, untouched.Revision));

        var written = await PutAsync(updates.Append("""{"name":"created"}""").Skip(1));
        Assert.Equal(((1, Count - 1, 0), 2), (written.Counts, written.Revision));
        var asItIs = await PutAsync(updates);
        Assert.Equal((0, 1, Count - 1), asItIs.Counts);

        Task<Answer> PutAsync(IEnumerable<string> items, string query = "", params IReadOnlyList<(string, string?)> headers)
        {
            var body = new StringContent("[" + string.Join(',', items) + "]", Encoding.UTF8, "application/json");
            return api.SendAsync(HttpMethod.Put, "/api/partners" + query, body, headers: headers);
        }
    }

    [Fact]
    public async Task More_than_10000_items_are_refused_and_what_follows_is_not_read()
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync(
            "[" + string.Join(',', Enumerable.Repeat("""{"name":"n"}""", 10_001)) + ", this is not JSON");

        Assert.Equal((400, "too_many_items"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("7")]
    [InlineData("\"a\"")]
    [InlineData("true")]
    [InlineData("[{\"name\":\"a\"}]")]
    public async Task An_element_that_is_not_an_object_is_refused_with_its_index(string element)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync($$"""[{"name":"a"},{{element}},{"name":"b"}]""");

        Assert.Equal(["1 - invalid_type"], answer.Faults);
    }

    [Theory]
    [InlineData("\"\"")]
    [InlineData("\"7\"")]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("[\"019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10\"]")]
    [InlineData("\"019324e63c1d7d0aa1f53e2b5c8d9f10\"")]
    [InlineData("\"{019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10}\"")]
    [InlineData("\"019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f1g\"")]
    [InlineData("\"019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10 \"")]
    public async Task A_malformed_id_is_refused(string id)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync($$"""[{"id":{{id}},"name":"a"}]""");

        Assert.Equal(["0 id invalid_id"], answer.Faults);
    }

    [Fact]
    public async Task A_null_id_is_refused_with_the_advice_to_omit_it()
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync("""[{"id":null,"name":"a"}]""");

        Assert.Equal(["0 id invalid_id"], answer.Faults);
        Assert.Contains("omit it", answer.Json.GetProperty("details")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_in_capitals_or_escapes_names_the_same_partner()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync();

        Assert.Equal(id, (await api.ReadAsync(id.ToUpperInvariant())).GetProperty("id").GetString());
        Assert.Equal(id, (await api.ReadAsync(string.Concat(id.Select(c => $"\\u{(int)c:x4}")))).GetProperty("id").GetString());
    }

    [Fact]
    public async Task An_unknown_and_a_foreign_id_are_refused_alike()
    {
        var api = await host.NewWorkspaceAsync();
        var foreign = await (await host.NewWorkspaceAsync()).CreateAsync();

        var ofForeign = await api.PutAsync($$"""[{"id":"{{foreign}}","name":"mine"}]""");
        var ofUnknown = await api.PutAsync($$"""[{"id":"{{UnknownId}}","name":"mine"}]""");

        Assert.Equal(["0 id partner_not_found"], ofForeign.Faults);
        Assert.Equal(Neutral(ofUnknown, UnknownId), Neutral(ofForeign, foreign));

        static string Neutral(Answer answer, string id) => answer.Text.Replace(id, "ID", StringComparison.Ordinal)
            .Replace(answer.Json.GetProperty("requestId").GetString()!, "REQUEST", StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_id_twice_is_refused_naming_both_indexes()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync();

        var answer = await api.PutAsync($$"""[{"id":"{{id}}"},{"name":"a"},{"id":"{{id.ToUpperInvariant()}}","phone":"1"}]""");

        Assert.Equal(["2 id duplicate_id"], answer.Faults);
        var fault = answer.Json.GetProperty("details")[0];
        Assert.Equal(0, fault.GetProperty("otherIndex").GetInt32());
        Assert.Contains("Items 0 and 2", fault.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":null}""")]
    [InlineData("""{"name":""}""")]
    [InlineData("""{"name":" \u00a0\u2003"}""")]
    [InlineData("""{"email":"a@b.example"}""")]
    [InlineData("{}")]
    public async Task A_name_is_required_to_create(string item)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync($"[{item}]");

        Assert.Equal(["0 name name_required"], answer.Faults);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("\"\"")]
    [InlineData("\"  \"")]
    public async Task A_name_can_be_omitted_from_an_update_but_not_cleared(string name)
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync();

        Assert.Equal(["0 name name_required"], (await api.PutAsync($$"""[{"id":"{{id}}","name":{{name}}}]""")).Faults);
        Assert.Equal(200, (await api.PutAsync($$"""[{"id":"{{id}}","phone":"1"}]""")).Status);
    }

    [Theory]
    [InlineData("name", 255)]
    [InlineData("phone", 64)]
    public async Task A_text_is_accepted_at_its_limit_and_refused_beyond_counted_in_code_points(string field, int max)
    {
        var api = await host.NewWorkspaceAsync();
        foreach (var letter in new[] { "n", "é", "中", "😀" })
        {
            var atLimit = await api.PutAsync(Item(field, string.Concat(Enumerable.Repeat(letter, max))));
            var beyond = await api.PutAsync(Item(field, string.Concat(Enumerable.Repeat(letter, max + 1))));

            Assert.Equal(200, atLimit.Status);
            Assert.Equal([$"0 {field} too_long"], beyond.Faults);
        }
        Assert.Equal([$"0 {field} too_long"], (await api.PutAsync(Item(field, new string('n', 1 << 20)))).Faults);

        static string Item(string field, string text) => field == "name"
            ? $$"""[{"name":"{{text}}"}]""" : $$"""[{"name":"n","{{field}}":"{{text}}"}]""";
    }

    [Fact]
    public async Task An_email_over_254_characters_is_too_long()
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync(
            $$"""[{"name":"n","email":"a@{{string.Concat(Enumerable.Repeat("abcdefghi.", 25))}}example"}]""");

        Assert.Equal(["0 email too_long"], answer.Faults);
    }

    [Fact]
    public async Task An_email_that_is_no_address_is_refused()
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync("""[{"name":"n","email":"Ada <ada@example.com>"}]""");

        Assert.Equal(["0 email invalid_email"], answer.Faults);
    }

    [Theory]
    [InlineData("email")]
    [InlineData("phone")]
    public async Task An_empty_email_or_phone_is_refused_with_the_advice_to_send_null(string field)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync($$"""[{"name":"n","{{field}}":""}]""");

        Assert.Equal([$"0 {field} empty_value"], answer.Faults);
        Assert.Contains("send null to clear it", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\\u0000")]
    [InlineData("a\\u0000b")]
    [InlineData("a\\nb")]
    [InlineData("a\\tb")]
    [InlineData("a\\u001fb")]
    [InlineData("a\\u007fb")]
    [InlineData("a\\ud800b")]
    [InlineData("a\\udc00b")]
    [InlineData("a\\udc00\\ud800b")]
    [InlineData("a\\ud83d")]
    public async Task Control_characters_and_lone_surrogates_are_refused_in_every_text(string text)
    {
        var api = await host.NewWorkspaceAsync();
        foreach (var field in new[] { "name", "email", "phone" })
        {
            var other = field == "name" ? "phone" : "name";
            Assert.Equal(
                [$"0 {field} invalid_text"],
                (await api.PutAsync($$"""[{"{{other}}":"n","{{field}}":"{{text}}"}]""")).Faults
                    .Where(fault => !fault.EndsWith("name_required", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData("80")]
    [InlineData("C0 AF")]
    [InlineData("E2 82")]
    [InlineData("ED A0 80")]
    [InlineData("F5 80 80 80")]
    [InlineData("FF")]
    public async Task Invalid_UTF8_is_refused_wherever_it_stands(string hex)
    {
        var api = await host.NewWorkspaceAsync();
        var bad = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

        Assert.Equal(["0 name invalid_text"], (await api.PutAsync(Around("[{\"name\":\"a", "b\"}]"))).Faults);
        Assert.Equal(["0 - invalid_text"], (await api.PutAsync(Around("[{\"name\":\"a\",\"x", "\":1}]"))).Faults);
        Assert.Equal(["0 createdAt invalid_text"], (await api.PutAsync(Around("[{\"name\":\"a\",\"createdAt\":\"", "\"}]"))).Faults);
        Assert.Equal(
            ["0 x unknown_field", "0 x invalid_text"], (await api.PutAsync(Around("[{\"name\":\"a\",\"x\":{\"y\":[\"", "\"]}}]"))).Faults);

        byte[] Around(string before, string after) => [.. Encoding.ASCII.GetBytes(before), .. bad, .. Encoding.ASCII.GetBytes(after)];
    }

    [Fact]
    public async Task A_field_given_twice_is_refused()
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync(
            """[{"name":"a","name":"a"},{"name":"a","n\u0061me":"b"},{"name":"a","createdAt":1,"createdAt":1}]""");

        Assert.Equal(["0 name duplicate_field", "1 name duplicate_field", "2 createdAt duplicate_field"], answer.Faults);
    }

    [Theory]
    [InlineData("Name", "did you mean name?")]
    [InlineData("e-mail", "did you mean email?")]
    [InlineData("nmae", "did you mean name?")]
    [InlineData("colour", "the fields are id, name, email, phone")]
    [InlineData("", "There is no such field")]
    public async Task An_unknown_field_is_refused_with_its_name(string field, string advice)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync($$"""[{"name":"a","{{field}}":{"deep":[1,{"name":"x"}]} }]""");

        Assert.Equal([$"0 {field} unknown_field"], answer.Faults);
        Assert.Contains(advice, answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name")]
    [InlineData("email")]
    [InlineData("phone")]
    public async Task A_value_of_the_wrong_type_is_refused(string field)
    {
        var api = await host.NewWorkspaceAsync();
        foreach (var value in new[] { "1", "true", "{}", "[]", "{\"a\":[1]}", "1e999", "-0" })
        {
            var name = field == "name" ? "" : "\"name\":\"n\",";
            Assert.Equal([$"0 {field} invalid_type"], (await api.PutAsync("[{" + name + $"\"{field}\":{value}" + "}]")).Faults);
        }
    }

    [Fact]
    public async Task What_was_answered_can_be_edited_and_put_back()
    {
        var api = await host.NewWorkspaceAsync();
        var created = await api.PutAsync("""[{"name":"a","email":"a@b.example"},{"name":"b"}]""");

        var edited = await api.PutAsync(created.Text.Replace("\"b\"", "\"c\"", StringComparison.Ordinal));

        Assert.Equal((0, 1, 1), edited.Counts);
        Assert.Equal(created.Items[1].GetProperty("createdAt").GetString(), edited.Items[1].GetProperty("createdAt").GetString());
    }

    [Theory]
    [InlineData("\"1999-01-01T00:00:00.000Z\"")]
    [InlineData("null")]
    [InlineData("{\"a\":[1,2]}")]
    public async Task CreatedAt_and_updatedAt_are_read_only_and_ignored(string value)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync($$"""[{"name":"a","createdAt":{{value}},"updatedAt":{{value}}}]""");

        Assert.Equal(200, answer.Status);
        Assert.StartsWith("20", answer.Items[0].GetProperty("createdAt").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_equal_to_what_is_stored_is_unchanged_and_takes_no_revision()
    {
        var api = await host.NewWorkspaceAsync();
        var created = await api.PutAsync("""[{"name":"a","email":"a@b.example","phone":null}]""");

        var again = await api.PutAsync(created.Body);

        Assert.Equal((0, 0, 1), again.Counts);
        Assert.Equal(created.Revision, again.Revision);
        Assert.Equal(created.Text, again.Text);
    }

    [Theory]
    [InlineData("  spaces at both ends  ")]
    [InlineData("a\u0301 is not \u00e1")]
    [InlineData("\u202eright to left\u202c مرحبا")]
    [InlineData("👩‍👩‍👧‍👦 and \U0010FFFD")]
    [InlineData("=1+1 \\u0022quoted\\u0022 \\\\ \\/")]
    [InlineData("Medical Academy \u0093Ludwik Rydygier\u0094")]
    [InlineData("\uFEFF\uFFFD\uFFFF\u2028")]
    public async Task Text_is_kept_exactly_as_sent(string text)
    {
        var api = await host.NewWorkspaceAsync();
        var body = $$"""[{"name":"{{text}}","phone":"{{text}}"}]""";
        var sent = JsonDocument.Parse(body).RootElement[0].GetProperty("name").GetString();

        var created = (await api.PutAsync(body)).Items[0];
        var read = await api.ReadAsync(created.GetProperty("id").GetString()!);

        Assert.Equal((sent, null, sent), Fields(created));
        Assert.Equal((sent, null, sent), Fields(read));
    }

    [Fact]
    public async Task All_rows_of_one_call_have_one_timestamp_later_than_any_earlier_one_even_if_the_clock_steps_back()
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var times = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            var answer = await api.PutAsync("""[{"name":"a"},{"name":"b"}]""");
            times.Add(Assert.Single(answer.Items.SelectMany(Times).Distinct()));
            own.Clock.Set(TimeSpan.FromSeconds(i % 2 == 0 ? -3_600 : 3_600));
        }

        Assert.Equal(times.Order(StringComparer.Ordinal).Distinct(), times);

        static IEnumerable<string> Times(JsonElement partner) =>
            [partner.GetProperty("createdAt").GetString()!, partner.GetProperty("updatedAt").GetString()!];
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("text/json")]
    [InlineData("application/problem+json")]
    [InlineData("application/json; charset=iso-8859-1")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("application/json; charset=\"utf-7\"")]
    [InlineData("application/json; charset=utf-8, application/json")]
    [InlineData("application/json/x")]
    [InlineData("application/jsonp")]
    [InlineData("*/*")]
    [InlineData("nonsense")]
    public async Task A_wrong_content_type_or_charset_is_refused(string? contentType)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync("[]"u8.ToArray(), contentType);

        Assert.Equal((415, "unsupported_media_type"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("Application/JSON; charset=UTF-8")]
    [InlineData("application/json; charset=\"utf-8\"")]
    public async Task JSON_in_UTF8_is_accepted_however_the_type_is_spelled(string contentType)
    {
        Assert.Equal(200, (await (await host.NewWorkspaceAsync()).PutAsync("""[{"name":"a"}]"""u8.ToArray(), contentType)).Status);
    }

    [Fact]
    public async Task A_body_over_32_MiB_is_refused()
    {
        var api = await host.NewWorkspaceAsync();
        var body = new byte[(32 << 20) + 1];
        Array.Fill(body, (byte)' ');

        var answer = await api.PutAsync(body);

        Assert.Equal((413, "body_too_large"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task A_body_of_exactly_32_MiB_is_accepted(string? encoding)
    {
        var api = await host.NewWorkspaceAsync();
        var body = new byte[32 << 20];
        Array.Fill(body, (byte)' ');
        """[{"name":"a"}]"""u8.CopyTo(body);

        Assert.Equal(200, (await api.PutAsync(encoding is null ? body : Compress(body, encoding), contentEncoding: encoding)).Status);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task A_body_over_32_MiB_after_decompression_is_refused(string encoding)
    {
        var api = await host.NewWorkspaceAsync();
        var body = new byte[(32 << 20) + 1];
        Array.Fill(body, (byte)' ');

        var answer = await api.PutAsync(Compress(body, encoding), contentEncoding: encoding);

        Assert.Equal((413, "body_too_large"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("GZip")]
    [InlineData("br")]
    [InlineData("BR")]
    public async Task Compressed_bodies_are_accepted(string encoding)
    {
        var api = await host.NewWorkspaceAsync();
        var body = Encoding.UTF8.GetBytes("[" + string.Join(',', Enumerable.Repeat("""{"name":"n"}""", 5_000)) + "]");

        var answer = await api.PutAsync(Compress(body, encoding), contentEncoding: encoding);

        Assert.Equal((200, 5_000L), (answer.Status, answer.Counts.Created));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task A_body_that_is_cut_off_or_not_what_its_encoding_says_is_refused(string encoding)
    {
        var api = await host.NewWorkspaceAsync();
        var body = Compress("""[{"name":"Ada Lovelace"},{"name":"Grace Hopper"}]"""u8.ToArray(), encoding);

        var cut = await api.PutAsync(body[..^6], contentEncoding: encoding);
        var plain = await api.PutAsync("""[{"name":"Ada Lovelace"}]"""u8.ToArray(), contentEncoding: encoding);

        Assert.Equal(400, cut.Status);
        Assert.Equal((400, "invalid_encoding"), (plain.Status, plain.Code));
    }

    [Theory]
    [InlineData("deflate")]
    [InlineData("zstd")]
    [InlineData("gzip, gzip")]
    [InlineData("gzip, br")]
    [InlineData("gzip,")]
    [InlineData("identity, gzip")]
    [InlineData("x-gzip")]
    [InlineData("unknown")]
    public async Task An_unknown_or_stacked_content_encoding_is_refused(string encoding)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync("[]"u8.ToArray(), contentEncoding: encoding);

        Assert.Equal((415, "unsupported_encoding"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task One_byte_order_mark_at_the_start_is_accepted_and_two_are_not()
    {
        var api = await host.NewWorkspaceAsync();
        byte[] mark = [0xEF, 0xBB, 0xBF];

        Assert.Equal(200, (await api.PutAsync([.. mark, .. """[{"name":"a"}]"""u8])).Status);
        Assert.Equal("invalid_body", (await api.PutAsync([.. mark, .. mark, .. """[{"name":"a"}]"""u8])).Code);
    }

    [Fact]
    public async Task An_unknown_query_parameter_is_refused_so_that_a_typo_never_looks_like_success()
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync(
            """[{"name":"a"}]"""u8.ToArray(), path: "/api/partners?dryrun=true");

        Assert.Equal((400, "unknown_parameter"), (answer.Status, answer.Code));
        Assert.Contains("dryrun", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revisions_count_up_by_one_with_each_write_of_a_workspace()
    {
        var api = await host.NewWorkspaceAsync();

        Assert.Equal(1, (await api.PutAsync("""[{"name":"a"}]""")).Revision);
        Assert.Equal(2, (await api.PutAsync("""[{"name":"b"}]""")).Revision);
        Assert.Equal(400, (await api.PutAsync("""[{"name":""}]""")).Status);
        Assert.Equal(3, (await api.PutAsync("""[{"name":"c"}]""")).Revision);
    }

    private static (string? Name, string? Email, string? Phone) Fields(JsonElement partner) =>
        (partner.GetProperty("name").GetString(), partner.GetProperty("email").GetString(), partner.GetProperty("phone").GetString());

    private static byte[] Compress(byte[] body, string encoding)
    {
        var compressed = new MemoryStream();
        using (Stream stream = encoding is "br" or "BR"
            ? new BrotliStream(compressed, CompressionLevel.Fastest)
            : new GZipStream(compressed, CompressionLevel.Fastest))
            stream.Write(body);
        return compressed.ToArray();
    }
}

public sealed class UpsertOnSqlite(SqliteHost host) : UpsertContract(host);

public sealed class UpsertOnPostgres(PostgresHost host) : UpsertContract(host);
