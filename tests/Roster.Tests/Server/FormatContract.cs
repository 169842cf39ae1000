using System.Text;
using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>NDJSON and CSV, in and out, on every engine.</summary>
public abstract class FormatContract(RosterHost host)
{
    private const string Path = "/api/partners";
    private const string Ndjson = "application/x-ndjson";
    private const string Csv = "text/csv";

    /// <summary>Texts that are known to break formats.</summary>
    private static readonly string[] Nasty =
    [
        "plain", "comma, semicolon; tab-free", "\"quoted\"", "a \"\" b", "'apostrophe",
        "=1+1", "+1", "-1", "@cmd", "\\N", "\\\\N", "\\", "N",
        "مرحبا\u202e\u200f", "👩‍👩‍👧‍👦", "e\u0301 \u00e9", "  spaces  ",
        "\u2028line\u2029separators", "\u0085next line", "\u0093c1\u0094",
        "null", "{}", "[1]", "#comment", "a\u00a0b", "\uFEFFmark", "日本語", "0123", "1e5", "TRUE",
    ];

    [Fact]
    public async Task NDJSON_is_read_line_by_line()
    {
        var api = await host.NewWorkspaceAsync();

        var answer = await Send(api, Ndjson, "\uFEFF{\"name\":\"a\"}\r\n\n  {\"name\":\"b\",\"email\":null}\n{\"name\":\"c\"}");

        Assert.Equal((200, (3, 0, 0)), (answer.Status, answer.Counts));
        Assert.Equal(["a", "b", "c"], answer.Names);
    }

    [Theory]
    [InlineData("application/ndjson")]
    [InlineData("application/jsonl")]
    [InlineData("application/jsonlines; charset=utf8")]
    [InlineData("Application/X-JsonLines; charset=\"UTF-8\"")]
    [InlineData("application/json-seq")]
    public async Task NDJSON_goes_by_many_names(string type)
    {
        var answer = await Send(await host.NewWorkspaceAsync(), type, "{\"name\":\"a\"}\n{\"name\":\"b\"}\n");

        Assert.Equal(["a", "b"], answer.Names);
    }

    [Fact]
    public async Task JSON_texts_after_record_separators_are_read_whatever_their_lines()
    {
        const string Type = "application/json-seq";
        var api = await host.NewWorkspaceAsync();

        Assert.Equal(["a", "b"], (await Send(api, Type, "\u001e{\"name\":\"a\"}\n\u001e\n\u001e{\n\"name\":\n\"b\"}\n")).Names);
        var answer = await Send(api, Type, "\u001e{\n\"name\":\"\"}\n\u001e{\n\"name\": x}\n\u001e{\"phone\":\"1\"}");
        Assert.Equal(["0 name name_required", "1 - invalid_record", "2 name name_required"], answer.Faults);
        Assert.Equal([1, 4, 5], answer.Json.GetProperty("details").EnumerateArray().Select(fault => fault.GetProperty("line").GetInt32()));
    }

    [Fact]
    public async Task Faults_in_NDJSON_name_the_line_and_a_broken_line_does_not_hide_the_next()
    {
        var answer = await Send(await host.NewWorkspaceAsync(), Ndjson,
            "{\"name\":\"a\"}\n\n{\"name\":\n{\"name\":\"\"}\n{\"name\":\"b\"} {}\n[1]\n");

        Assert.Equal(
            ["1 - invalid_record", "2 name name_required", "3 - invalid_record", "4 - invalid_type"], answer.Faults);
        Assert.Equal([3, 4, 5, 6], answer.Json.GetProperty("details")
            .EnumerateArray().Select(fault => fault.GetProperty("line").GetInt32()));
    }

    [Fact]
    public async Task CSV_has_a_header_in_any_order_empty_cells_are_omitted_and_backslash_N_is_null()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"kept","email":"kept@example.com","phone":"cleared"}""");

        var answer = await Send(api, Csv, $"phone,name,id,email\r\n\\N,,{id},\r\n\"1, 2\",\"say \"\"hi\"\"\",,a@b.example\r\n");

        Assert.Equal((1, 1, 0), answer.Counts);
        Assert.Equal(("kept", "kept@example.com", null), Fields(answer.Items[0]));
        Assert.Equal(("say \"hi\"", "a@b.example", "1, 2"), Fields(answer.Items[1]));
    }

    [Fact]
    public async Task Faults_in_CSV_name_the_line_and_the_column()
    {
        var answer = await Send(await host.NewWorkspaceAsync(), Csv,
            "name,email\n\"two\nlines\",a@b.example\nb,nobody\nc\nd,e@f.example,more\n\"e\"f,a@b.example\n,g@h.example\n\\N,\n");

        Assert.Equal(
            ["0 name invalid_text", "1 email invalid_email", "3 - invalid_record", "4 - invalid_record",
                "5 name name_required", "6 name name_required"],
            answer.Faults);
        var places = answer.Json.GetProperty("details").EnumerateArray()
            .Select(fault => (
                fault.GetProperty("line").GetInt32(), fault.TryGetProperty("column", out var column) ? column.GetInt32() : 0));
        Assert.Equal([(2, 1), (4, 2), (6, 3), (7, 1), (8, 0), (9, 1)], places);
    }

    [Fact]
    public async Task Blank_lines_in_CSV_are_passed_over_and_counted()
    {
        var answer = await Send(await host.NewWorkspaceAsync(), Csv, "name,email\n\n\nAda,bad\n\r\n\"a\nb\",\n");

        Assert.Equal([4, 6], answer.Json.GetProperty("details").EnumerateArray().Select(fault => fault.GetProperty("line").GetInt32()));
    }

    [Theory]
    [InlineData(Csv, "name\na\nb")]
    [InlineData(Ndjson, "{\"name\":\"a\"}\n{\"name\":\"b")]
    public async Task Invalid_UTF8_names_its_line(string type, string before)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync([.. Encoding.UTF8.GetBytes(before), 0xFF, .. "\"}\n"u8], type);

        Assert.Equal(400, answer.Status);
        Assert.Contains(type == Csv ? "line 3" : "\"line\": 2", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Ndjson)]
    [InlineData(Csv)]
    public async Task More_than_10000_items_are_refused_in_every_format(string type)
    {
        var line = type == Csv ? "n\n" : "{\"name\":\"n\"}\n";
        var body = (type == Csv ? "name\n" : "") + string.Concat(Enumerable.Repeat(line, 10_001));

        Assert.Equal("too_many_items", (await Send(await host.NewWorkspaceAsync(), type, body)).Code);
    }

    [Theory]
    [InlineData("application/json", "application/json")]
    [InlineData("*/*", "application/json")]
    [InlineData("text/html, application/xhtml+xml, */*;q=0.8", "application/json")]
    [InlineData("application/x-ndjson", "application/x-ndjson")]
    [InlineData("application/jsonl", "application/x-ndjson")]
    [InlineData("application/jsonlines", "application/x-ndjson")]
    [InlineData("application/x-jsonlines", "application/x-ndjson")]
    [InlineData("application/ndjson", "application/x-ndjson")]
    [InlineData("application/json-seq", "application/x-ndjson")]
    [InlineData("text/tab-separated-values", "text/tab-separated-values")]
    [InlineData("text/csv; delimiter=caret, application/json;q=0.1", "application/json")]
    [InlineData("application/json;q=0.5, text/csv", "text/csv")]
    [InlineData("text/csv; profile=spreadsheet", "text/csv")]
    public async Task Accept_chooses_the_format(string accept, string type)
    {
        var api = await host.NewWorkspaceAsync();
        await api.CreateAsync();

        var answer = await api.GetAsync(Path, accept);

        Assert.Equal((200, type), (answer.Status, answer.ContentHeaders.ContentType!.MediaType));
    }

    [Theory]
    [InlineData("application/xml")]
    [InlineData("application/json;q=0")]
    [InlineData("nonsense")]
    public async Task A_format_that_cannot_be_had_is_refused(string accept)
    {
        var answer = await (await host.NewWorkspaceAsync()).GetAsync(Path, accept);

        Assert.Equal((406, "not_acceptable"), (answer.Status, answer.Code));
    }

    [Theory]
    [InlineData(Ndjson)]
    [InlineData(Csv)]
    public async Task What_is_exported_and_imported_into_an_empty_workspace_is_the_same_directory(string type)
    {
        var from = await host.NewWorkspaceAsync();
        await from.PostAsync(JsonSerializer.Serialize(Nasty.Select((text, i) => new
        {
            name = text,
            email = i % 2 == 0 ? $"p{i}@example.com" : null,
            phone = i % 3 == 0 ? text : null,
            externalId = i % 4 == 0 ? text.TrimStart(' ', '\u2028', '\uFEFF') + i : null,
        })));

        var exported = await from.GetAsync(Path + "?sort=asc", type);
        var to = await host.NewWorkspaceAsync();
        var imported = await Send(to, type, WithoutIds(type, exported.Text));

        Assert.Equal((200, Nasty.Length), (imported.Status, imported.Items.Count));
        Assert.Equal(await DirectoryOf(from), await DirectoryOf(to));
        Assert.Equal((0, 0, Nasty.Length), (await Send(from, type, exported.Text)).Counts);
    }

    [Theory]
    [InlineData(Ndjson)]
    [InlineData(Csv)]
    public async Task An_export_has_all_partners_unless_told_otherwise(string type)
    {
        var api = await host.NewWorkspaceAsync();
        await api.PostAsync("[" + string.Join(',', Enumerable.Range(0, 2_500).Select(i => $$"""{"name":"n{{i:0000}}"}""")) + "]");
        var header = type == Csv ? 1 : 0;

        var all = Lines(await api.GetAsync(Path + "?sort=name", type));
        Assert.Equal(2_500 + header, all.Length);
        var before = type == Csv ? ",n" : "name\":\"n";
        Assert.Equal(Enumerable.Range(0, 2_500), all.Skip(header)
            .Select(line => int.Parse(line[(line.IndexOf(before, StringComparison.Ordinal) + before.Length)..][..4], null)));
        Assert.Equal(1_500 + header, Lines(await api.GetAsync(Path + "?take=1500&skip=100", type)).Length);
        Assert.Equal(100 + header, Lines(await api.GetAsync(Path + "?take=20000&skip=2400", type)).Length);
        Assert.Equal("invalid_parameter", (await api.GetAsync(Path + "?take=0", type)).Code);

        static string[] Lines(Answer answer) => answer.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public async Task A_long_CSV_keeps_letters_of_two_code_units_whole()
    {
        var api = await host.NewWorkspaceAsync();
        var names = Enumerable.Range(0, 400).Select(i => new string('x', 1 + i % 7) + string.Concat(Enumerable.Repeat("🎓", 60))).ToArray();
        await api.PostAsync(JsonSerializer.Serialize(names.Select(name => new { name })));

        var answer = await api.GetAsync(Path + "?sort=asc", Csv);

        Assert.Equal(names, answer.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(',')[1]));
    }

    [Fact]
    public async Task CSV_for_spreadsheets_guards_formulas_and_begins_with_a_byte_order_mark()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PostAsync("""[{"name":"=1+1","phone":"+44 20"},{"name":"@x"},{"name":"-1"},{"name":"a=b"}]""");

        var answer = await api.GetAsync(Path + "?sort=asc", "text/csv; profile=spreadsheet");

        Assert.Equal([0xEF, 0xBB, 0xBF], answer.Body[..3]);
        var names = Encoding.UTF8.GetString(answer.Body[3..]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(line => string.Join('|', line.Split(',')[1..5]));
        Assert.Equal(["name|email|phone|externalId", "'=1+1||'+44 20|", "'@x|||", "'-1|||", "a=b|||"], names);
    }

    [Fact]
    public async Task CSV_names_the_included_columns()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"a"}""");

        var answer = await api.GetAsync(Path + "?include=revision,deletedAt", Csv);

        Assert.StartsWith($"id,name,email,phone,externalId,createdAt,updatedAt,revision,deletedAt\r\n{id},a,\\N,\\N,\\N,",
            answer.Text, StringComparison.Ordinal);
        Assert.Equal((0, 0, 1), (await Send(api, Csv, answer.Text)).Counts);
    }

    private static Task<Answer> Send(RosterClient api, string type, string body) => api.PutAsync(Encoding.UTF8.GetBytes(body), type);

    private static string WithoutIds(string type, string exported) =>
        string.Concat(exported.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => type == Csv
            ? line[(line.IndexOf(',', StringComparison.Ordinal) + 1)..] + "\n"
            : System.Text.RegularExpressions.Regex.Replace(line, "^\\{\"id\":\"[^\"]*\",", "{") + "\n"));

    private static async Task<IEnumerable<string>> DirectoryOf(RosterClient api) =>
        (await api.GetAsync(Path + "?sort=asc&take=1000")).Items.Select(partner => JsonSerializer.Serialize(
            partner.EnumerateObject().Where(field => field.Name is "name" or "email" or "phone" or "externalId")
                .ToDictionary(field => field.Name, field => field.Value)));

    private static (string? Name, string? Email, string? Phone) Fields(JsonElement partner) =>
        (partner.GetProperty("name").GetString(), partner.GetProperty("email").GetString(), partner.GetProperty("phone").GetString());
}

public sealed class FormatOnSqlite(SqliteHost host) : FormatContract(host);

public sealed class FormatOnPostgres(PostgresHost host) : FormatContract(host);
