using System.Text;

namespace Roster.Tests.Server;

/// <summary>Requests of a hostile or broken client: each with its exact status, and never a 5xx.</summary>
public abstract class HostileContract(RosterHost host)
{
    private static readonly string[] Values =
        ["0", "-1", "1.5", "1e400", "123456789012345678901234567890", "true", "false", "{}", "[]", "[[]]", "{\"a\":1}", "[\"a\"]"];

    private static readonly string[] TextFields = ["name", "email", "phone", "externalId"];

    private static readonly string[] IgnoredFields = ["createdAt", "updatedAt", "deletedAt", "revision"];

    private static List<(string What, string Body, int Status)> Bodies()
    {
        var cases = new List<(string, string, int)>();
        foreach (var value in Values)
        {
            cases.Add(("a value that is no array of partners", value, 400));
            cases.Add(("an item", $"[{value}]", 400));
            cases.Add(("an id", $$"""[{"name":"n","id":{{value}} }]""", 400));
            foreach (var field in TextFields)
                cases.Add((field, $"[{{{(field == "name" ? "" : "\"name\":\"n\",")}\"{field}\":{value}}}]", 400));
            foreach (var field in IgnoredFields)
                cases.Add((field, $$"""[{"name":"n","{{field}}":{{value}} }]""", 200));
        }
        foreach (var field in TextFields.Concat(IgnoredFields).Append("id"))
        {
            cases.Add(("capitals", $$"""[{"name":"n","{{field.ToUpperInvariant()}}":"x"}]""", 400));
            cases.Add(("twice", $$"""[{"{{field}}":null,"{{field}}":null}]""", 400));
            cases.Add(("a lone surrogate in the name", $$"""[{"name":"n","{{field}}\ud800":"x"}]""", 400));
        }
        foreach (var vector in JsonVectors.Accepted)
        {
            cases.Add(("accepted by RFC 8259, as body", vector, 400));
            cases.Add(("accepted by RFC 8259, as ignored value", $$"""[{"name":"n","createdAt":{{vector}} }]""", 200));
            cases.Add(("accepted by RFC 8259, as unknown value", $$"""[{"name":"n","x":{{vector}} }]""", 400));
        }
        foreach (var vector in JsonVectors.Rejected)
        {
            cases.Add(("rejected by RFC 8259, as body", vector, 400));
            cases.Add(("rejected by RFC 8259, as ignored value", $$"""[{"name":"n","createdAt":{{vector}} }]""", 400));
        }
        foreach (var depth in new[] { 60, 61, 62, 63, 64, 65, 1_000, 100_000 })
            cases.Add(($"depth {depth}", $$"""[{"name":"n","createdAt":{{new string('[', depth)}}{{new string(']', depth)}} }]""",
                depth <= 62 ? 200 : 400));
        return cases;
    }

    [Fact]
    public async Task Every_hostile_body_gets_its_exact_status()
    {
        var api = await host.NewWorkspaceAsync();
        var wrong = new List<string>();
        var bodies = Bodies();
        foreach (var (what, body, status) in bodies)
        {
            var answer = await api.PutAsync(Encoding.Latin1.GetBytes(body));
            if (answer.Status != status)
                wrong.Add($"{what}: {answer.Status} instead of {status} for {(body.Length > 200 ? body[..200] : body)}");
        }
        Assert.Empty(wrong);
        Assert.InRange(bodies.Count, 800, int.MaxValue);
    }

    [Fact]
    public async Task What_RFC_8259_rejects_is_said_to_be_malformed_and_what_it_accepts_is_not()
    {
        var api = await host.NewWorkspaceAsync();
        foreach (var vector in JsonVectors.Rejected)
            Assert.Equal("invalid_body", (await api.PutAsync(Encoding.Latin1.GetBytes($$"""[{"name":"n","x":{{vector}} }]"""))).Code);
        foreach (var vector in JsonVectors.Accepted)
            Assert.Equal("validation_failed", (await api.PutAsync(Encoding.Latin1.GetBytes($$"""[{"name":"n","x":{{vector}} }]"""))).Code);
    }

    [Theory]
    [InlineData("[{\"name\": \"a\"},]", "line 1, byte 16", "comma before a closing")]
    [InlineData("[{\"name\": \"a\",}]", "line 1, byte 15", "comma before a closing")]
    [InlineData("[{\"name\": \"a\"}\n{\"name\": \"b\"}]", "line 2, byte 1", "A comma or a closing ]")]
    [InlineData("[{\"name\": \"a\" \"email\": null}]", "line 1, byte 15", "A comma or a closing }")]
    [InlineData("[{\"name\" \"a\"}]", "line 1, byte 10", "A colon")]
    [InlineData("[{name: \"a\"}]", "line 1, byte 3", "name of a field was expected, in double")]
    [InlineData("[{'name': 'a'}]", "line 1, byte 3", "double quotation marks")]
    [InlineData("[{\"name\": \u201ca\u201d}]", "line 1, byte 11", "double quotation marks")]
    [InlineData("[{\"name\": 'a'}]", "line 1, byte 11", "double quotation marks")]
    [InlineData("[{\"name\": a}]", "line 1, byte 11", "A value was expected")]
    [InlineData("[{\"name\": }]", "line 1, byte 11", "A value was expected")]
    [InlineData("[{\"name\": True}]", "line 1, byte 11", "small letters")]
    [InlineData("[{\"name\": None}]", "line 1, byte 11", "None, undefined")]
    [InlineData("[{\"name\": 012}]", "line 1, byte 12", "not a number")]
    [InlineData("[{\"name\": +1}]", "line 1, byte 11", "not a number")]
    [InlineData("[{\"name\": \"a\nb\"}]", "line 1, byte 13", "A line break in a text")]
    [InlineData("[{\"name\": \"a\tb\"}]", "line 1, byte 13", "control character")]
    [InlineData("[{\"name\": \"C:\\dir\"}]", "line 1, byte 15", "After a backslash")]
    [InlineData("[{\"name\": \"a\"}", "line 1, byte 15", "cut off")]
    [InlineData("[{\"name\": \"a", "line 1", "cut off")]
    [InlineData("[{\"name\": \"a\"}] // all", "line 1, byte 17", "no comments")]
    [InlineData("[{\"name\": \"a\"}][]", "line 1, byte 16", "second JSON value")]
    [InlineData("[{\"name\": \"a\"}]]", "line 1, byte 16", "after the end")]
    [InlineData("[{\"name\": \"a\"},,{}]", "line 1, byte 16", "nothing before it")]
    [InlineData("[{\"name\":\u00a0\"a\"}]", "line 1, byte 10", "no-break space")]
    [InlineData("\uFEFF\uFEFF[]", "line 1, byte 1", "byte order mark")]
    [InlineData("[\0]", "line 1, byte 2", "control character")]
    [InlineData("hello", "line 1, byte 1", "A value was expected")]
    [InlineData("{\"name\": \"a\"}\n{\"name\": \"b\"}", "", "application/x-ndjson")]
    [InlineData("name,email\nAda,ada@example.com\n", "", "looks like CSV")]
    [InlineData("\"Name\";\"E-Mail\"\n", "", "looks like CSV")]
    [InlineData("<?xml version='1.0'?>", "", "HTML or XML")]
    public async Task JSON_that_is_not_valid_says_where_and_what_was_expected(string body, string place, string reason)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync(body);

        Assert.Equal((400, "invalid_body"), (answer.Status, answer.Code));
        var error = answer.Json.GetProperty("error");
        Assert.Contains(place, error.GetProperty("en").GetString(), StringComparison.Ordinal);
        Assert.Contains(reason, error.GetProperty("en").GetString(), StringComparison.Ordinal);
        Assert.Matches("[\u0600-\u06FF]{3}", error.GetProperty("ar").GetString());
    }

    [Fact]
    public async Task Each_text_that_RFC_8259_rejects_is_told_why()
    {
        var api = await host.NewWorkspaceAsync();
        var untold = new List<string>();
        foreach (var vector in JsonVectors.Rejected)
        {
            var answer = await api.PutAsync(Encoding.Latin1.GetBytes($$"""[{"name":"n","x":{{vector}} }]"""));
            if (answer.Json.GetProperty("error").GetProperty("en").GetString()!.Contains("This is not JSON", StringComparison.Ordinal))
                untold.Add(vector);
        }
        Assert.Empty(untold);
    }

    [Theory]
    [InlineData("{\"name\": \"a\"} {\"name\": \"b\"}", "second JSON value")]
    [InlineData("{\"name\": \"a\",}", "comma before a closing")]
    [InlineData("{\"name\": \"a", "cut off")]
    [InlineData("{name: 1}", "double quotation marks")]
    [InlineData("[{\"name\": \"a\"}]", "Content-Type: application/json")]
    [InlineData("name,email", "looks like CSV")]
    public async Task A_line_of_NDJSON_that_is_not_valid_says_what_was_expected(string line, string reason)
    {
        var answer = await (await host.NewWorkspaceAsync())
            .PutAsync(Encoding.UTF8.GetBytes(line + "\n{\"name\":\"b\"}\n"), "application/x-ndjson");

        Assert.Equal(400, answer.Status);
        Assert.Contains(reason, answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/x-ndjson")]
    public async Task Text_of_another_encoding_in_JSON_is_said_to_be_no_UTF8(string type)
    {
        var api = await host.NewWorkspaceAsync();
        var item = type == "application/json" ? "[{\"name\":\"Jos\u00e9\"}]" : "{\"name\":\"Jos\u00e9\"}";

        var answer = await api.PutAsync(Encoding.Latin1.GetBytes(item), type);
        Assert.Equal(["0 name invalid_text"], answer.Faults);
        Assert.Contains("name is not UTF-8", answer.Text, StringComparison.Ordinal);
        foreach (var (encoding, name) in new[]
        {
            (Encoding.Unicode, "UTF-16"), (Encoding.BigEndianUnicode, "UTF-16"), (Encoding.UTF32, "UTF-32"),
        })
            Assert.Contains(name, (await api.PutAsync([.. encoding.GetPreamble(), .. encoding.GetBytes(item)], type)).Text,
                StringComparison.Ordinal);
        Assert.Contains("UTF-16", (await api.PutAsync(Encoding.Unicode.GetBytes(item), type)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_compressed_body_whose_header_does_not_say_so_is_recognized()
    {
        var api = await host.NewWorkspaceAsync();
        var gzip = new MemoryStream();
        using (var stream = new System.IO.Compression.GZipStream(gzip, System.IO.Compression.CompressionLevel.Fastest))
            stream.Write("[{\"name\":\"a\"}]"u8);

        var answer = await api.PutAsync(gzip.ToArray());
        Assert.Equal((400, "invalid_body"), (answer.Status, answer.Code));
        Assert.Contains("Content-Encoding: gzip", answer.Text, StringComparison.Ordinal);
        Assert.Equal(200, (await api.PutAsync(gzip.ToArray(), contentEncoding: "gzip")).Status);
        Assert.Contains("zstd", (await api.PutAsync([0x28, 0xB5, 0x2F, 0xFD, 0, 0])).Text, StringComparison.Ordinal);
    }
}

public sealed class HostileOnSqlite(SqliteHost host) : HostileContract(host);

public sealed class HostileOnPostgres(PostgresHost host) : HostileContract(host);
