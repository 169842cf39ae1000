using System.Text;
using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>Tags and metadata in every place where a partner's fields are, on every engine.</summary>
public abstract class TagAndMetadataContract(RosterHost host)
{
    private const string Path = "/api/partners";
    private const string Csv = "text/csv";

    [Fact]
    public async Task A_partner_without_any_is_still_the_six_published_keys()
    {
        var api = await host.NewWorkspaceAsync();

        var answer = await api.PutAsync("""[{"name":"Ada","tags":[],"metadata":{} }]""");

        Assert.Equal(
            ["id", "name", "email", "phone", "createdAt", "updatedAt"],
            answer.Items[0].EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task Tags_are_answered_in_folded_order_each_once_and_as_first_written()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync(
            """{"name":"Ada","tags":["silver","Gold","gold"," EMEA"]}""".Replace("\" E", "\"E", StringComparison.Ordinal));
        Assert.Equal("""["EMEA","Gold","silver"]""", await TagsAsync(api, id));

        Assert.Equal((0, 0, 1), (await api.PutAsync($$"""[{"id":"{{id}}","tags":["GOLD","emea","Silver"]}]""")).Counts);
        Assert.Equal(
            (0, 1, 0),
            (await api.PutAsync($$"""[{"id":"{{id}}","addTags":["new","gold"],"removeTags":["SILVER","none"]}]""")).Counts);
        Assert.Equal("""["EMEA","Gold","new"]""", await TagsAsync(api, id));
        Assert.Equal((0, 0, 1), (await api.PutAsync($$"""[{"id":"{{id}}","addTags":null,"removeTags":[]}]""")).Counts);
        Assert.Equal((0, 1, 0), (await api.PutAsync($$"""[{"id":"{{id}}","tags":null}]""")).Counts);
        Assert.Equal("-", await TagsAsync(api, id));
        await api.PutAsync($$"""[{"id":"{{id}}","addTags":["Gold"]},{"name":"Bob","addTags":["x"]}]""");
        Assert.Equal("""["Gold"]""", await TagsAsync(api, id));
    }

    [Fact]
    public async Task Keys_of_metadata_are_set_and_removed_one_by_one_and_the_others_stay()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"Ada","metadata":{"region":"emea","_tier.1-x":"a \"b\" \\ é"}}""");
        Assert.Equal("""{"_tier.1-x":"a \"b\" \\ é","region":"emea"}""", await MetadataAsync(api, id));

        Assert.Equal((0, 0, 1), (await api.PutAsync($$"""[{"id":"{{id}}","metadata":{"region":"emea","none":null} }]""")).Counts);
        Assert.Equal((0, 1, 0), (await api.PutAsync($$"""[{"id":"{{id}}","metadata":{"region":null,"Region":"apac"} }]""")).Counts);
        Assert.Equal("""{"Region":"apac","_tier.1-x":"a \"b\" \\ é"}""", await MetadataAsync(api, id));
        Assert.Equal((0, 1, 0), (await api.PutAsync($$"""[{"id":"{{id}}","metadata":null}]""")).Counts);
        Assert.Equal("-", await MetadataAsync(api, id));
    }

    [Theory]
    [InlineData("""{"tags":"gold"}""", "0 tags invalid_type")]
    [InlineData("""{"tags":["a",1,{"b":["c"]},"d"]}""", "0 tags invalid_type|0 tags invalid_type")]
    [InlineData("""{"tags":["a|b"]}""", "0 tags invalid_text")]
    [InlineData("""{"tags":["a\nb"]}""", "0 tags invalid_text")]
    [InlineData("""{"tags":["\ud800"]}""", "0 tags invalid_text")]
    [InlineData("""{"tags":[" a"]}""", "0 tags invalid_text")]
    [InlineData("""{"addTags":["","\u200b"]}""", "0 addTags empty_value|0 addTags empty_value")]
    [InlineData("""{"tags":[],"addTags":["a"]}""", "0 tags conflicting_fields")]
    [InlineData("""{"addTags":["a"],"removeTags":["A"]}""", "0 removeTags conflicting_fields")]
    [InlineData("""{"metadata":[]}""", "0 metadata invalid_type")]
    [InlineData("""{"metadata":{"region":1,"ok":true,"x":{"y":1},"z":["1"],"w":"1"}}""",
        "0 metadata.region invalid_type|0 metadata.ok invalid_type|0 metadata.x invalid_type|0 metadata.z invalid_type")]
    [InlineData("""{"metadata":{"a b":"1"}}""", "0 metadata invalid_text")]
    [InlineData("""{"metadata":{"":"1"}}""", "0 metadata invalid_text")]
    [InlineData("""{"metadata":{"a":"1","a":"2"}}""", "0 metadata.a duplicate_field")]
    [InlineData("""{"metadata":{"a":""}}""", "0 metadata.a empty_value")]
    [InlineData("""{"metadata":{"a":"1\t2"}}""", "0 metadata.a invalid_text")]
    [InlineData("""{"metadata":{"a":"\udc00"}}""", "0 metadata.a invalid_text")]
    [InlineData("""{"metadata":{},"metadata":{}}""", "0 metadata duplicate_field")]
    public async Task What_is_no_tag_and_no_metadata_is_named(string item, string faults)
    {
        var api = await host.NewWorkspaceAsync();

        var answer = await api.PutAsync($"[{item.Insert(1, "\"name\":\"Ada\",")},{{\"name\":\"Bob\"}}]");

        Assert.Equal(faults.Split('|'), answer.Faults);
    }

    [Fact]
    public async Task What_is_longer_or_more_than_may_be_is_refused_and_what_just_fits_is_kept()
    {
        var api = await host.NewWorkspaceAsync();
        var fits = new
        {
            name = "Ada",
            tags = Enumerable.Range(0, 50).Select(i => string.Concat(Enumerable.Repeat("𝒯", 48)) + $"{i:00}"),
            metadata = Enumerable.Range(0, 50).ToDictionary(i => $"{new string('k', 38)}{i:00}", i => new string('v', i == 0 ? 500 : 113)),
        };
        var id = await api.CreateAsync(JsonSerializer.Serialize(fits));
        Assert.Equal(50, (await api.ReadAsync(id)).GetProperty("tags").GetArrayLength());
        Assert.Equal(50, (await api.ReadAsync(id)).GetProperty("metadata").EnumerateObject().Count());

        Assert.Equal(["0 tags too_many_values"], await FaultsAsync(new { id, addTags = new[] { "one more" } }));
        Assert.Equal(["0 tags too_long"], await FaultsAsync(new { id, tags = new[] { new string('t', 51) } }));
        Assert.Equal(["0 tags too_long"], await FaultsAsync(new { id, tags = new[] { new string('t', 5_100) } }));
        Assert.Equal(["0 tags too_many_values"], await FaultsAsync(new { id, tags = Enumerable.Range(0, 60).Select(i => $"t{i}") }));
        Assert.Equal(["0 metadata too_many_values"], await FaultsAsync(new { id, metadata = new { more = "x" } }));
        Assert.Equal(["0 metadata.a too_long"], await FaultsAsync(new { id, metadata = new { a = new string('v', 501) } }));
        Assert.Equal(["0 metadata.a too_long"], await FaultsAsync(new { id, metadata = new { a = new string('v', 50_100) } }));
        Assert.Equal(
            ["0 metadata too_many_values"],
            await FaultsAsync(new { id, metadata = Enumerable.Range(0, 200).ToDictionary(i => $"n{i}", _ => (string?)null) }));
        Assert.Equal(
            ["0 metadata invalid_text"],
            await FaultsAsync(new { id, metadata = new Dictionary<string, string> { [new string('k', 41)] = "x" } }));
        Assert.Equal(
            ["0 metadata too_long"],
            await FaultsAsync(new { id, metadata = new Dictionary<string, string> { [$"{new string('k', 38)}01"] = new('v', 314) } }));
        Assert.Equal(200, (await api.PutAsync(JsonSerializer.Serialize(new[] { new { id, name = "Ada L", fits.tags } }))).Status);

        async Task<IReadOnlyList<string>> FaultsAsync<T>(T item) => (await api.PutAsync(JsonSerializer.Serialize(new[] { item }))).Faults;
    }

    [Fact]
    public async Task Changes_name_each_key_and_all_tags_before_and_after_and_an_undo_brings_them_back()
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"Ada","tags":["gold"],"metadata":{"region":"emea","tier":"1"}}""");

        var answer = await api.SendAsync(
            HttpMethod.Put, Path, new StringContent(
                $$"""[{"id":"{{id}}","addTags":["new"],"metadata":{"region":"apac","tier":null,"owner":"Bob"} }]""",
                Encoding.UTF8, "application/json"),
            headers: [("Prefer", "return=changes")]);

        const string Changes =
            """{"tags":{"old":["gold"],"new":["gold","new"]},"metadata.owner":{"old":null,"new":"Bob"},"metadata.region":""" +
            """{"old":"emea","new":"apac"},"metadata.tier":{"old":"1","new":null}}""";
        Assert.Equal(Changes, answer.Json[0].GetProperty("fields").GetRawText());
        Assert.Equal(Changes, (await api.GetAsync("/api/changesets/2/changes")).Items[0].GetProperty("fields").GetRawText());
        Assert.Equal(Changes, (await api.GetAsync($"{Path}/{id}/history")).Items[0].GetProperty("fields").GetRawText());
        var then = (await api.GetAsync($"{Path}/{id}?asOf=1")).Json;
        Assert.Equal(
            """["gold"] {"region":"emea","tier":"1"}""",
            $"{then.GetProperty("tags").GetRawText()} {then.GetProperty("metadata").GetRawText()}");

        Assert.Equal(200, (await api.PostAsync("", "/api/changesets/2/undo")).Status);
        Assert.Equal("""["gold"]""", await TagsAsync(api, id));
        Assert.Equal("""{"region":"emea","tier":"1"}""", await MetadataAsync(api, id));
        var fed = (await api.GetAsync(Path + "/changes?after=0")).Json.GetProperty("partners")[0];
        Assert.Equal("""["gold"]""", fed.GetProperty("tags").GetRawText());
    }

    [Fact]
    public async Task Csv_gives_tags_in_one_cell_and_each_key_a_column()
    {
        var api = await host.NewWorkspaceAsync();

        var answer = await api.PutAsync(Encoding.UTF8.GetBytes(
            "name,Tags,metadata.region, Metadata.tier\nAda,\"Gold | new ||\",emea,\nBob,,,\"1,5\"\n"), Csv);

        Assert.Equal("""["Gold","new"]""", answer.Items[0].GetProperty("tags").GetRawText());
        Assert.Equal("""{"region":"emea"}""", answer.Items[0].GetProperty("metadata").GetRawText());
        Assert.Equal("""{"tier":"1,5"}""", answer.Items[1].GetProperty("metadata").GetRawText());
        var (ada, bob) = (answer.Ids[0], answer.Ids[1]);
        Assert.Equal(
            "id,name,email,phone,externalId,createdAt,updatedAt\r\n"
            + $"{ada},Ada,\\N,\\N,\\N,{Times(answer.Items[0])}\r\n"
            + $"{bob},Bob,\\N,\\N,\\N,{Times(answer.Items[1])}\r\n",
            (await api.GetAsync(Path + "?sort=asc", Csv)).Text);
        var exported = await api.GetAsync(Path + "?sort=asc&include=tags,metadata", Csv);
        Assert.Equal(
            $"id,name,email,phone,externalId,createdAt,updatedAt,tags,metadata.region,metadata.tier\r\n"
            + $"{ada},Ada,\\N,\\N,\\N,{Times(answer.Items[0])},Gold|new,emea,\\N\r\n"
            + $"{bob},Bob,\\N,\\N,\\N,{Times(answer.Items[1])},\\N,\\N,\"1,5\"\r\n",
            exported.Text);
        Assert.Equal((0, 0, 2), (await api.PutAsync(exported.Body, Csv)).Counts);

        await api.PutAsync(Encoding.UTF8.GetBytes($"id,addTags,removeTags,metadata.region\n{ada},late,gold,\\N\n{bob},x|y,,\n"), Csv);
        Assert.Equal("""["late","new"] -""", $"{await TagsAsync(api, ada)} {await MetadataAsync(api, ada)}");
        Assert.Equal("""["x","y"]""", await TagsAsync(api, bob));
        await api.PutAsync(Encoding.UTF8.GetBytes($"id,tags\n{ada},\\N\n{bob},\n"), Csv);
        Assert.Equal("""- ["x","y"]""", $"{await TagsAsync(api, ada)} {await TagsAsync(api, bob)}");

        static string Times(JsonElement partner) =>
            $"{partner.GetProperty("createdAt").GetString()},{partner.GetProperty("updatedAt").GetString()}";
    }

    [Theory]
    [InlineData("name,metadata\nAda,1\n", "unknown_field metadata")]
    [InlineData("name,metadata.a b\nAda,1\n", "invalid_text metadata.a b")]
    [InlineData("name,metadata.a,METADATA.a\nAda,1,2\n", "duplicate_field METADATA.a")]
    public async Task A_column_of_metadata_without_a_good_key_is_refused(string csv, string fault)
    {
        var api = await host.NewWorkspaceAsync();

        var answer = await api.PutAsync(Encoding.UTF8.GetBytes(csv), Csv);

        var detail = Assert.Single(answer.Json.GetProperty("details").EnumerateArray());
        Assert.Equal(fault, $"{detail.GetProperty("code").GetString()} {detail.GetProperty("field").GetString()}");
    }

    [Fact]
    public async Task Lists_are_filtered_by_tags_and_metadata()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync("""
            [{"name":"A","tags":["Gold","new"],"metadata":{"region":"emea","tier":"1"}},
             {"name":"B","tags":["gold"],"metadata":{"region":"apac"}},
             {"name":"C","tags":["new"]},{"name":"D"}]
            """);

        foreach (var (query, names) in new[]
        {
            ("tag=gold", "AB"), ("tag=GOLD&tag=new", "A"), ("tag=none", ""), ("metadata.region=emea", "A"), ("metadata.region=EMEA", ""),
            ("metadata.region=*", "AB"), ("metadata.region=", "CD"),
            ("metadata.region=*&metadata.tier=", "B"), ("metadata.region=*&metadata.Region=", "AB"), ("tag=new&metadata.region=", "C"),
            ("q=gold", "AB"), ("q=emea", ""), ("tag=gold&q=a", "A"), ("tag=gold&deleted=only", ""),
        })
        {
            Assert.Equal(names, string.Concat((await api.GetAsync($"{Path}?sort=asc&{query}")).Names));
            Assert.Equal(names, string.Concat((await api.GetAsync($"{Path}?sort=name&{query}")).Names));
            Assert.Equal(names.Length, (await api.GetAsync($"{Path}?take=1&count=true&{query}")).Count("Roster-Total"));
        }
        var first = await api.GetAsync(Path + "?sort=asc&take=1&tag=gold");
        Assert.Equal(["B"], (await api.GetAsync(first.Next!)).Names);
        Assert.Equal(400, (await api.GetAsync(first.Next!.Replace("gold", "new", StringComparison.Ordinal))).Status);
        foreach (var wrong in new[]
        {
            "tag=", "tag=a&tag=b&tag=c&tag=d&tag=e&tag=f", "metadata.=1", "metadata.a%20b=1", "metadata.a=1&metadata.a=2",
        })
        {
            Assert.Equal(400, (await api.GetAsync($"{Path}?{wrong}")).Status);
        }
    }

    [Fact]
    public async Task Tags_and_keys_are_counted_over_the_partners_that_have_them_now()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""
            [{"name":"A","tags":["Gold","new"],"metadata":{"region":"emea"}},
             {"name":"B","tags":["gold"],"metadata":{"region":"apac","tier":"1"}}]
            """)).Ids;
        Assert.Equal("""[{"tag":"Gold","partners":2},{"tag":"new","partners":1}]""", (await api.GetAsync("/api/tags")).Text);
        Assert.Equal("""[{"key":"region","partners":2},{"key":"tier","partners":1}]""", (await api.GetAsync("/api/metadata-keys")).Text);

        await api.PutAsync($$"""[{"id":"{{ids[0]}}","removeTags":["gold"],"metadata":{"region":null} }]""");
        await api.DeleteAsync(ids[1]);
        Assert.Equal("""[{"tag":"new","partners":1}]""", (await api.GetAsync("/api/tags")).Text);
        Assert.Equal("[]", (await api.GetAsync("/api/metadata-keys")).Text);
        await api.RestoreAsync(ids[1]);
        var first = await api.GetAsync("/api/tags?take=1");
        Assert.Equal("gold", first.Json[0].GetProperty("tag").GetString()!.ToLowerInvariant());
        Assert.Equal("""[{"tag":"new","partners":1}]""", (await api.GetAsync(first.Next!)).Text);
    }

    [Theory]
    [InlineData(" ")]
    [InlineData("|")]
    [InlineData(" | ")]
    public async Task A_cell_of_tags_without_any_tag_keeps_those_that_are_there(string cell)
    {
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync("""{"name":"Ada","tags":["a","b"]}""");

        foreach (var column in new[] { "tags", "addTags", "removeTags" })
        {
            var answer = await api.PutAsync(Encoding.UTF8.GetBytes($"id,{column}\n{id},{cell}\n"), Csv);
            Assert.Equal((200, (0L, 0L, 1L)), (answer.Status, answer.Counts));
        }
        Assert.Equal("""["a","b"]""", (await api.ReadAsync(id)).GetProperty("tags").GetRawText());
    }

    [Fact]
    public async Task What_the_largest_partner_was_is_read_back_undone_and_erased()
    {
        var api = await host.NewWorkspaceAsync();
        // Characters and escapes that take most bytes in the log.
        string Text(int length) => string.Concat(Enumerable.Repeat("𝒯", length));
        var largest = new
        {
            name = Text(255),
            email = $"{new string('a', 64)}@{string.Concat(Enumerable.Repeat("abcdefghi.", 18))}example12",
            phone = Text(64),
            externalId = Text(255),
            tags = Enumerable.Range(0, 50).Select(i => $"{Text(48)}{i:00}"),
            metadata = Enumerable.Range(0, 16).ToDictionary(i => $"k{i:00}", i => new string(i % 2 == 0 ? '\\' : '"', 500)),
        };
        var id = await api.CreateAsync(JsonSerializer.Serialize(largest));
        var first = (await api.ReadAsync(id)).ToString();
        var small = JsonSerializer.Serialize(new[]
        {
            new { id, name = "n", email = (string?)null, phone = (string?)null, externalId = (string?)null, tags = (string[]?)null },
        });
        var updated = await api.PutAsync(small[..^2] + ""","metadata":null}]""");
        Assert.Equal(200, updated.Status);
        Assert.Equal(200, (await api.DeleteAsync(id)).Status);

        foreach (var after in new[] { 0, updated.Revision - 1 })
            Assert.Equal(200, (await api.GetAsync($"/api/partners/changes?after={after}")).Status);
        Assert.Equal(first, (await api.GetAsync($"{Path}/{id}?asOf={updated.Revision - 1}")).Json.ToString());
        Assert.Equal(3, (await api.GetAsync($"{Path}/{id}/history")).Json.GetArrayLength());
        Assert.Equal(200, (await api.PostAsync("", $"/api/changesets/{updated.Revision + 1}/undo")).Status);
        Assert.Equal(200, (await api.PostAsync("", $"/api/changesets/{updated.Revision}/undo")).Status);
        Assert.Equal(largest.name, (await api.ReadAsync(id)).GetProperty("name").GetString());
        Assert.Equal(200, (await api.PostAsync($"[\"{id}\"]", "/api/partners/erase")).Status);
    }

    [Fact]
    public async Task More_text_than_one_request_may_read_is_refused_and_lists_end_their_pages_earlier()
    {
        var api = await host.NewWorkspaceAsync();
        // The largest metadata there is: a backslash is one byte of the limit, and two characters of what is stored.
        var metadata = Enumerable.Range(0, 16).ToDictionary(i => $"k{i:00}", _ => new string('\\', 500));
        var items = JsonSerializer.Serialize(Enumerable.Repeat(new { name = "n", metadata }, 750));
        var ids = new List<string>();
        for (var batch = 0; batch < 3; batch++)
            ids.AddRange((await api.PostAsync(items)).Ids);

        var refused = await api.PutAsync(JsonSerializer.Serialize(ids.Select(id => new { id, phone = "1" })));
        Assert.Equal((400, "too_much_text"), (refused.Status, refused.Code));
        Assert.Equal(200, (await api.PutAsync(JsonSerializer.Serialize(ids[..500].Select(id => new { id, phone = "1" })))).Status);
        Assert.Equal((400, "too_much_text"), await CodeAsync("/api/partners/changes?after=0&take=10000"));
        foreach (var sort in new[] { "asc", "name" })
        {
            var listed = new List<string>();
            for (var next = $"{Path}?take=10000&sort={sort}"; next is not null;)
            {
                var page = await api.GetAsync(next);
                Assert.InRange(page.Ids.Count, 1, 2_000);
                listed.AddRange(page.Ids);
                next = page.Next;
            }
            Assert.Equal(ids, listed);
        }
        var exported = (await api.GetAsync(Path + "?sort=asc", "application/x-ndjson")).Text.TrimEnd('\n').Split('\n');
        Assert.Equal(ids, exported.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetString()!));

        async Task<(int, string)> CodeAsync(string path)
        {
            var answer = await api.GetAsync(path);
            return (answer.Status, answer.Code);
        }
    }

    private static async Task<string> TagsAsync(RosterClient api, string id) =>
        (await api.ReadAsync(id)).TryGetProperty("tags", out var tags) ? tags.GetRawText() : "-";

    private static async Task<string> MetadataAsync(RosterClient api, string id) =>
        (await api.ReadAsync(id)).TryGetProperty("metadata", out var metadata) ? metadata.GetRawText() : "-";
}

public sealed class TagAndMetadataOnSqlite(SqliteHost host) : TagAndMetadataContract(host);

public sealed class TagAndMetadataOnPostgres(PostgresHost host) : TagAndMetadataContract(host);
