using System.Text;
using System.Text.Json;
using CsCheck;

namespace Roster.Tests.Server;

/// <summary>CSV as spreadsheets, CRMs and people write it, on every engine.</summary>
public abstract class CsvContract(RosterHost host)
{
    private const string Path = "/api/partners";
    private const string Csv = "text/csv";
    private const string Spreadsheet = "text/csv; profile=spreadsheet";

    /// <summary>Pieces that are known to break CSV.</summary>
    private static readonly string[] Pieces =
        ["'", "=", "+", "-", "@", "\\", "N", "\\N", "\"", ",", ";", "|", " ",
            "a", "é", "👩‍👩‍👧", "\u2028", "\u0085", "#", "sep=", "0", "null"];

    [Theory]
    [InlineData("text/csv")]
    [InlineData("text/csv; delimiter=semicolon")]
    [InlineData("text/csv; delimiter=pipe")]
    [InlineData("text/tab-separated-values")]
    [InlineData("text/csv; profile=spreadsheet")]
    [InlineData("text/csv; delimiter=semicolon; profile=spreadsheet")]
    [InlineData("application/x-ndjson")]
    public async Task Any_text_that_is_exported_comes_back_as_it_was(string type)
    {
        await Some.Of(Pieces).Array[1, 6].Select(string.Concat).Array[60].SampleAsync(async texts =>
        {
            var from = await host.NewWorkspaceAsync();
            var created = await from.PostAsync(JsonSerializer.Serialize(texts.Select((text, i) => new
            {
                name = text + "n",
                email = i % 2 == 0 ? $"p{i}@example.com" : null,
                // In plain CSV, an apostrophe before a phone number comes from a spreadsheet and is dropped.
                phone = i % 3 == 0 ? null : (type.Contains("spreadsheet", StringComparison.Ordinal) ? "" : "t") + text + "1",
                externalId = i % 5 == 0 ? null : text.Trim() + i,
            })));
            Assert.Equal(201, created.Status);

            var exported = await from.GetAsync(Path + "?sort=asc", type);
            Assert.StartsWith(type.Split(';')[0], exported.ContentHeaders.ContentType!.ToString(), StringComparison.Ordinal);
            Assert.Equal((0, 0, texts.Length), (await from.PutAsync(exported.Body, type)).Counts);

            var to = await host.NewWorkspaceAsync();
            var imported = await to.PutAsync(
                type.Contains("json", StringComparison.Ordinal) ? WithoutIds(exported.Body) : AsNew(exported.Body), type);
            Assert.Equal((texts.Length, 0, 0), imported.Counts);
            Assert.Equal(await DirectoryOf(from), await DirectoryOf(to));
        }, iter: 4, threads: 1);
    }

    [Fact]
    public async Task A_spreadsheet_guard_is_taken_off_once_and_only_where_it_is_one()
    {
        var api = await host.NewWorkspaceAsync();

        var answer = await Send(api, "name,phone\n'=1+1,'+44 20\n''tis,''+1\n'tis,\n+1,'\n'\\N,\\\\N\n", Spreadsheet);

        Assert.Equal(["=1+1", "'tis", "'tis", "+1", "'\\N"], answer.Names);
        Assert.Equal(["+44 20", "'+1", null, "'", "\\N"], answer.Items.Select(item => item.GetProperty("phone").GetString()));
    }

    [Fact]
    public async Task In_a_spreadsheet_an_empty_cell_keeps_and_backslash_N_clears()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"a","email":"a@example.com","phone":"1"}""");

        var item = (await Send(api, $"id,email,phone\n{id},,\\N\n", Spreadsheet)).Items[0];

        Assert.Equal(("a@example.com", null), (item.GetProperty("email").GetString(), item.GetProperty("phone").GetString()));
    }

    [Fact]
    public async Task A_guarded_phone_in_plain_CSV_is_a_fault_that_names_the_profile()
    {
        var answer = await Send(await host.NewWorkspaceAsync(), "name,phone\nAda,'+44 20 7946 0000\n");

        Assert.Equal(["0 phone invalid_phone"], answer.Faults);
        Assert.Contains("text/csv; profile=spreadsheet", answer.Text, StringComparison.Ordinal);
        Assert.Equal([(2, 2)], Places(answer));
    }

    [Theory]
    [InlineData("name,email\r\nJosé,a@b.example\r\n", 2, 4)]
    [InlineData("name\rAda\rJosé\r", 3, 4)]
    [InlineData("name\nAda\n\n\"two\r\nlines\rin é\"\n", 6, 4)]
    [InlineData("é,email\n", 1, 1)]
    [InlineData("name\nAda\né", 3, 1)]
    public async Task CSV_that_is_not_UTF8_says_so_with_the_line_and_the_byte(string windows1252, int line, int at)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync(Encoding.Latin1.GetBytes(windows1252), Csv);

        Assert.Equal((400, "invalid_body"), (answer.Status, answer.Code));
        Assert.Contains($"line {line}, byte {at}. This is not UTF-8.", answer.Text, StringComparison.Ordinal);
        Assert.Contains("CSV UTF-8", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-16", true)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", false)]
    public async Task UTF16_is_recognized_with_and_without_its_mark(string encoding, bool hasMark)
    {
        var encoder = Encoding.GetEncoding(encoding);
        var answer = await (await host.NewWorkspaceAsync())
            .PutAsync([.. hasMark ? encoder.Preamble : [], .. encoder.GetBytes("name\nAda\n")], Csv);

        Assert.Equal("invalid_body", answer.Code);
        Assert.Contains("UTF-16", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name;email\r\nAda;ada@example.com\r\n", "semicolon")]
    [InlineData("name\temail\nAda\tada@example.com\n", "tab")]
    [InlineData("name|email\nAda|ada@example.com\n", "pipe")]
    [InlineData("\"name\";\"email\"\n\"Ada\";\"ada@example.com\"\n", "semicolon")]
    [InlineData("sep=;\nname;email\nAda;ada@example.com\n", "semicolon")]
    public async Task Another_divider_than_the_comma_is_named_and_read_where_it_is_said(string body, string delimiter)
    {
        var api = await host.NewWorkspaceAsync();

        var refused = await Send(api, body);
        Assert.Equal("invalid_body", refused.Code);
        Assert.Contains($"text/csv; delimiter={delimiter}", refused.Text, StringComparison.Ordinal);
        Assert.Equal(["Ada"], (await Send(api, body, $"text/csv; delimiter={delimiter}")).Names);
        if (delimiter == "tab")
            Assert.Equal(["Ada"], (await Send(api, body, "text/tab-separated-values; charset=utf8")).Names);
    }

    [Fact]
    public async Task Commas_are_named_where_another_divider_was_promised()
    {
        var answer = await Send(await host.NewWorkspaceAsync(), "name,email\nAda,\n", "text/csv; delimiter=semicolon");

        Assert.Contains("delimiter=comma", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_delimiter_that_is_not_known_is_refused()
    {
        var answer = await Send(await host.NewWorkspaceAsync(), "name\nAda\n", "text/csv; delimiter=caret");

        Assert.Equal((415, "unsupported_media_type"), (answer.Status, answer.Code));
        Assert.Contains("comma, semicolon, tab, pipe", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sep=,\r\nname,email\r\n", Csv)]
    [InlineData("\uFEFFSEP=,\r\n\uFEFFname,email\r\n", Csv)]
    [InlineData("\"sep=,\"\r\nname,email\r\n", Csv)]
    [InlineData("sep=;\r\nname;email\r\n", "text/csv; delimiter=semicolon")]
    [InlineData("sep=\t\rname\temail\r", "text/csv; delimiter=tab")]
    public async Task A_line_that_names_the_divider_is_passed_over_and_counted(string start, string type)
    {
        var answer = await Send(await host.NewWorkspaceAsync(), start + "Ada\r\n\"\"\"B\"\"\"\n\"\tC\"\n", type);

        Assert.Equal(["2 name invalid_text"], answer.Faults);
        Assert.Equal([(5, 1)], Places(answer));
    }

    [Theory]
    [InlineData("Name,Email,Phone,External ID")]
    [InlineData(" name , e-mail,PHONE,External_Id")]
    [InlineData("\uFEFFname,\"E_Mail\",Phone\u00a0,external id\u200b")]
    [InlineData("\"Name\",EMAIL,pho-ne,externalid")]
    public async Task A_header_means_fields_whatever_its_case_spaces_hyphens_and_underscores(string header)
    {
        var item = (await Send(await host.NewWorkspaceAsync(), header + "\r\nAda,ada@example.com,1,crm-1\r\n")).Items[0];

        Assert.Equal(("Ada", "ada@example.com", "1", "crm-1"), (
            item.GetProperty("name").GetString(), item.GetProperty("email").GetString(),
            item.GetProperty("phone").GetString(), item.GetProperty("externalId").GetString()));
    }

    [Fact]
    public async Task Every_column_that_is_wrong_is_named_with_what_may_be_meant()
    {
        var api = await host.NewWorkspaceAsync();
        var body = $"Nmae,E-Mail Address,email,E-MAIL,Colour,,{new string('x', 5_000)},\\N,name\nAda,a,b,c,d,,e,f,g\n";

        var answer = await Send(api, body);

        Assert.Equal((400, "invalid_body"), (answer.Status, answer.Code));
        Assert.Equal([(1, 1), (1, 2), (1, 4), (1, 5), (1, 7), (1, 8)], Places(answer));
        var details = answer.Json.GetProperty("details").EnumerateArray().ToArray();
        Assert.Equal(
            ["unknown_field", "unknown_field", "duplicate_field", "unknown_field", "unknown_field", "unknown_field"],
            details.Select(one => one.GetProperty("code").GetString()));
        Assert.Equal(["Nmae", "E-Mail Address", "E-MAIL", "Colour", new string('x', 63) + "…", "\\N"],
            details.Select(one => one.GetProperty("field").GetString()));
        Assert.EndsWith("did you mean name?", details[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.EndsWith("did you mean email?", details[1].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("Columns 3 and 4 are both email", details[2].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("the fields are id, name,", details[3].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Columns_that_are_no_field_are_passed_over_and_counted_where_that_is_asked_for()
    {
        var api = await host.NewWorkspaceAsync();
        const string Body = "Nmae,name,Colour,,\nx,Ada,red,,\ny,Bob,,blue,\n";

        var answer = await api.PutAsync(Encoding.UTF8.GetBytes(Body), Csv, path: Path + "?ignoreColumns=true");

        Assert.Equal(["Ada", "Bob"], answer.Names);
        Assert.Equal(3, answer.Count("Roster-Ignored-Columns"));
        foreach (var query in new[] { "", "&dryRun=true" })
            Assert.Equal(3, (await api.SendAsync(HttpMethod.Post, Path + "?ignoreColumns=true" + query, CsvContent(Body)))
                .Count("Roster-Ignored-Columns"));
        Assert.Equal("invalid_body", (await Send(api, Body)).Code);
        Assert.Equal("invalid_body",
            (await api.PutAsync("colour,size\nred,1\n"u8.ToArray(), Csv, path: Path + "?ignoreColumns=true")).Code);
        Assert.Equal("invalid_parameter", (await api.PutAsync("[]"u8.ToArray(), path: Path + "?ignoreColumns=true")).Code);
        Assert.Equal("invalid_body", (await api.PutAsync("name,Name\na,b\n"u8.ToArray(), Csv, path: Path + "?ignoreColumns=true")).Code);
    }

    [Theory]
    [InlineData("name,email,,\r\nAda,ada@example.com,,\r\n")]
    [InlineData("name,email\r\nAda,ada@example.com\r\n,\r\n,\r\n")]
    [InlineData("name,email\r\n,\r\nAda,ada@example.com,,,\r\n")]
    [InlineData(",,\r\nname,email,phone\r\nAda,ada@example.com\r\n")]
    [InlineData(" ,name,\u00a0,email\r\n,Ada,,ada@example.com,\r\n\"\",\"\"\r\n")]
    [InlineData("name,email\rAda,ada@example.com\r")]
    [InlineData("name,email\rAda,ada@example.com")]
    [InlineData("\uFEFF\uFEFFname,email\nAda,ada@example.com\n")]
    public async Task Empty_columns_and_rows_and_missing_cells_are_no_fault(string body)
    {
        var answer = await Send(await host.NewWorkspaceAsync(), body);

        Assert.Equal((1, 0, 0), answer.Counts);
        Assert.Equal(("Ada", "ada@example.com"), (answer.Names[0], answer.Items[0].GetProperty("email").GetString()));
    }

    [Fact]
    public async Task Lines_stay_true_across_empty_rows_and_short_rows_clear_nothing()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync();

        Assert.Equal((0, 0, 1), (await Send(api, $"id,name,email,phone\n{id}\n")).Counts);
        var answer = await Send(api, "name,email\r\n,\r\n\r\nAda,bad\r\r\n,,,\n\"a\rb\r\nc\n\",d@e.example\n,f@g.example\n");
        Assert.Equal(["0 email invalid_email", "1 name invalid_text", "2 name name_required"], answer.Faults);
        Assert.Equal([(4, 2), (7, 1), (11, 0)], Places(answer));
    }

    [Fact]
    public async Task Values_without_a_column_are_a_fault_where_they_stand()
    {
        var answer = await Send(await host.NewWorkspaceAsync(), "name,,email\nAda,,\nBob,x,\nCarl,,c@d.example,,more\n");

        Assert.Equal(["1 - invalid_record", "2 - invalid_record"], answer.Faults);
        Assert.Equal([(3, 2), (4, 5)], Places(answer));
    }

    [Theory]
    [InlineData("name,email\nA,a@example.com\n\"B,b@example.com\nC,c@example.com\nD,d@example.com\n", 3, 1)]
    [InlineData("name,email\n\"A\nB\r\nC\rD\",\"b@example.com\n", 5, 2)]
    [InlineData("name,email\nA,\"", 2, 2)]
    public async Task A_quotation_mark_that_is_not_closed_is_named_where_it_opens(string body, int line, int column)
    {
        var answer = await Send(await host.NewWorkspaceAsync(), body);

        Assert.Equal([(line, column)], Places(answer));
        Assert.Contains("never closed", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"name\na\n", 1, 1)]
    [InlineData("name,e\"mail\n", 1, 2)]
    [InlineData("name,\"email\"x\n", 1, 2)]
    public async Task A_misplaced_quotation_mark_in_the_header_is_named(string body, int line, int column)
    {
        var answer = await Send(await host.NewWorkspaceAsync(), body);

        Assert.Equal("invalid_body", answer.Code);
        Assert.Equal([(line, column)], Places(answer));
    }

    [Fact]
    public async Task A_header_alone_is_an_empty_batch_and_blank_rows_alone_an_empty_body()
    {
        var api = await host.NewWorkspaceAsync();

        Assert.Equal("empty_batch", (await Send(api, "name,email")).Code);
        Assert.Equal("empty_batch", (await Send(api, "name,email\r\n,,\r\n\r\n")).Code);
        Assert.Equal("invalid_body", (await Send(api, ",,\n,\n")).Code);
        Assert.Equal("invalid_body", (await Send(api, "sep=,\n")).Code);
    }

    [Fact]
    public async Task A_header_may_have_line_breaks_in_quotes_which_count()
    {
        var answer = await Send(await host.NewWorkspaceAsync(), "\"e\r\nmail\",name\nbad,Ada\n");

        Assert.Equal([(3, 1)], Places(answer));
    }

    [Fact]
    public async Task NUL_in_a_cell_is_a_fault_of_that_cell()
    {
        var answer = await Send(await host.NewWorkspaceAsync(), "name\nA\0a\n");

        Assert.Equal(["0 name invalid_text"], answer.Faults);
    }

    [Fact]
    public async Task A_million_columns_and_a_cell_of_31_MiB_are_refused()
    {
        var api = await host.NewWorkspaceAsync();
        var commas = new string(',', 1_000_000);

        Assert.Contains("more than 1000 columns", (await Send(api, $"name{commas}\nAda{commas}\n")).Text, StringComparison.Ordinal);
        Assert.Equal((1, 0, 0), (await Send(api, $"name\nAda{commas}\n")).Counts);
        Assert.Equal(["0 - invalid_record"], (await Send(api, $"name\nAda{commas}x\n")).Faults);
        Assert.Equal(["0 name too_long"], (await Send(api, $"name\n{new string('x', 31 << 20)}\n")).Faults);
        Assert.Equal((1, 0, 0), (await Send(api, $"name,createdAt\nAda,{new string('x', 31 << 20)}\n")).Counts);
    }

    [Theory]
    [InlineData("[{\"name\":\"Ada\"}]", "application/json")]
    [InlineData("{\"name\":\"Ada\"}\n", "application/x-ndjson")]
    [InlineData("<html></html>", "HTML")]
    [InlineData("PK\u0003\u0004aaaa", "xlsx")]
    [InlineData("\u001f\u008b\u0008\0", "Content-Encoding: gzip")]
    public async Task What_is_no_CSV_at_all_is_recognized(string latin1, string what)
    {
        var answer = await (await host.NewWorkspaceAsync()).PutAsync(Encoding.Latin1.GetBytes(latin1), Csv);

        Assert.Equal("invalid_body", answer.Code);
        Assert.Contains(what, answer.Text, StringComparison.Ordinal);
    }

    private static StringContent CsvContent(string body) => new(body, Encoding.UTF8, Csv);

    private static Task<Answer> Send(RosterClient api, string body, string type = Csv) => api.PutAsync(Encoding.UTF8.GetBytes(body), type);

    private static IEnumerable<(int Line, int Column)> Places(Answer answer) => answer.Json.GetProperty("details").EnumerateArray()
        .Select(fault => (fault.GetProperty("line").GetInt32(), fault.TryGetProperty("column", out var column) ? column.GetInt32() : 0));

    private static byte[] WithoutIds(byte[] ndjson) => Encoding.UTF8.GetBytes(System.Text.RegularExpressions.Regex.Replace(
        Encoding.UTF8.GetString(ndjson), "^\\{\"id\":\"[^\"]*\",", "{", System.Text.RegularExpressions.RegexOptions.Multiline));

    /// <summary>
    /// Another workspace has no partner with these ids. Their column becomes "revision", which is ignored; other cells stay.
    /// </summary>
    private static byte[] AsNew(byte[] csv) => Encoding.UTF8.GetBytes(System.Text.RegularExpressions.Regex.Replace(
        Encoding.UTF8.GetString(csv), "^(\uFEFF?)id|^[0-9a-f]{8}-[0-9a-f-]{27}",
        match => match.Value.EndsWith("id", StringComparison.Ordinal) ? "revision" : "1",
        System.Text.RegularExpressions.RegexOptions.Multiline));

    private static async Task<IEnumerable<string>> DirectoryOf(RosterClient api) =>
        (await api.GetAsync(Path + "?sort=asc&take=1000")).Items.Select(partner => JsonSerializer.Serialize(
            partner.EnumerateObject().Where(field => field.Name is "name" or "email" or "phone" or "externalId")
                .ToDictionary(field => field.Name, field => field.Value)));
}

public sealed class CsvOnSqlite(SqliteHost host) : CsvContract(host);

public sealed class CsvOnPostgres(PostgresHost host) : CsvContract(host);
