using System.Text.Json;

namespace Roster.Tests.Server;

/// <summary>GET /api/partners and /api/partners/{id}, on every engine.</summary>
public abstract class ReadContract(RosterHost host)
{
    private const string UnknownId = "019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10";
    private const string Path = "/api/partners";

    [Fact]
    public async Task A_list_is_a_bare_array_newest_first_of_at_most_50()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PostAsync("[" + string.Join(',', Enumerable.Range(0, 60).Select(i => $$"""{"name":"n{{i}}"}""")) + "]");

        var answer = await api.GetAsync(Path);

        Assert.Equal(JsonValueKind.Array, answer.Json.ValueKind);
        Assert.Equal(Enumerable.Range(10, 50).Reverse().Select(i => $"n{i}"), answer.Names);
        Assert.Equal(["id", "name", "email", "phone", "createdAt", "updatedAt"],
            answer.Items[0].EnumerateObject().Select(field => field.Name));
    }

    [Fact]
    public async Task Take_skip_and_sort_choose_the_page()
    {
        var api = await Letters("a", "b", "c", "d", "e");

        Assert.Equal(["e", "d"], (await api.GetAsync(Path + "?take=2")).Names);
        Assert.Equal(["c", "b"], (await api.GetAsync(Path + "?take=2&skip=2")).Names);
        Assert.Equal(["a", "b"], (await api.GetAsync(Path + "?take=2&sort=asc")).Names);
        Assert.Equal(["e"], (await api.GetAsync(Path + "?skip=4&sort=asc")).Names);
        Assert.Empty((await api.GetAsync(Path + "?skip=5")).Names);
    }

    [Fact]
    public async Task The_id_filter_finds_one_or_none()
    {
        var api = await Letters("a", "b");
        var id = (await api.GetAsync(Path)).Ids[0];

        Assert.Equal(["b"], (await api.GetAsync($"{Path}?id={id}")).Names);
        Assert.Empty((await api.GetAsync($"{Path}?id={UnknownId}")).Names);
    }

    [Theory]
    [InlineData("id=7")]
    [InlineData("id=0x1324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10")]
    [InlineData("q=a%0Ab")]
    [InlineData("take=0")]
    [InlineData("take=10001")]
    [InlineData("take=ten")]
    [InlineData("take=")]
    [InlineData("take=5&take=6")]
    [InlineData("skip=-1")]
    [InlineData("skip=1.5")]
    [InlineData("sort=up")]
    [InlineData("deleted=maybe")]
    [InlineData("count=yes")]
    [InlineData("cursor=nonsense")]
    [InlineData("updatedSince=yesterday")]
    [InlineData("updatedSince=2024-01-01T00:00:00")]
    [InlineData("q=")]
    [InlineData("phone=none")]
    [InlineData("include=password")]
    public async Task A_bad_value_is_refused_naming_the_parameter(string query)
    {
        var answer = await (await host.NewWorkspaceAsync()).GetAsync($"{Path}?{query}");

        Assert.Equal((400, "invalid_parameter"), (answer.Status, answer.Code));
        Assert.Contains($"parameter {query.Split('=')[0]} ", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("limit=5")]
    [InlineData("Take=5")]
    [InlineData("Tag=a&tag=b")]
    [InlineData("dryRun=true")]
    public async Task An_unknown_parameter_is_refused_naming_it(string query)
    {
        var answer = await (await host.NewWorkspaceAsync()).GetAsync($"{Path}?{query}");

        Assert.Equal((400, "unknown_parameter"), (answer.Status, answer.Code));
        Assert.Contains(query.Split('=')[0], answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sort=asc")]
    [InlineData("sort=name")]
    [InlineData("sort=-name")]
    [InlineData("sort=updatedAt")]
    [InlineData("sort=-updatedAt")]
    [InlineData("q=partner")]
    [InlineData("q=partner&sort=-name")]
    [InlineData("q=p")]
    [InlineData("deleted=true&sort=asc")]
    [InlineData("updatedSince=2020-01-01")]
    public async Task Following_the_next_links_gives_every_partner_once_in_order(string query)
    {
        var api = await host.NewWorkspaceAsync();
        for (var batch = 0; batch < 3; batch++)
            await api.PostAsync("[" + string.Join(
                ',', Enumerable.Range(0, 40).Select(i => $$"""{"name":"partner {{(i * 7) % 10}}"}""")) + "]");
        var whole = await api.GetAsync($"{Path}?take=1000&{query}");
        Assert.Null(whole.Next);

        var paged = new List<string>();
        for (var next = $"{Path}?take=7&{query}"; next is not null;)
        {
            var page = await api.GetAsync(next);
            paged.AddRange(page.Ids);
            next = page.Next;
        }

        Assert.Equal(120, paged.Distinct().Count());
        Assert.Equal(whole.Ids, paged);
    }

    [Fact]
    public async Task Lists_can_be_sorted_by_name_and_by_update()
    {
        var api = await Letters("b", "c", "a");
        var ids = (await api.GetAsync(Path + "?sort=asc")).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[1]}}","phone":"1"}]""");

        Assert.Equal(["a", "b", "c"], (await api.GetAsync(Path + "?sort=name")).Names);
        Assert.Equal(["c", "b", "a"], (await api.GetAsync(Path + "?sort=-name")).Names);
        Assert.Equal(["b", "a", "c"], (await api.GetAsync(Path + "?sort=updatedAt")).Names);
        Assert.Equal(["c", "a", "b"], (await api.GetAsync(Path + "?sort=-updatedAt")).Names);
    }

    [Fact]
    public async Task A_cursor_of_another_list_or_a_changed_one_is_refused()
    {
        var api = await Letters("a", "b", "c");
        var next = (await api.GetAsync(Path + "?take=1")).Next!;
        var cursor = next.Split("cursor=")[1];

        Assert.Equal("invalid_parameter", (await api.GetAsync($"{Path}?sort=asc&cursor={cursor}")).Code);
        Assert.Equal("invalid_parameter", (await (await host.NewWorkspaceAsync()).GetAsync(next)).Code);
        Assert.Equal("invalid_parameter", (await api.GetAsync($"{Path}?cursor={(cursor[0] == 'A' ? 'B' : 'A')}{cursor[1..]}")).Code);
        Assert.Equal("invalid_parameter", (await api.GetAsync($"{Path}?cursor={cursor}&skip=1")).Code);
        Assert.Equal(["b"], (await api.GetAsync($"{Path}?take=1&cursor={cursor}")).Names);
        foreach (var madeUp in new[] { "", "AAAA", "AAAAAAAAAAAAAAAAAAAA", "%20", "....", new string('A', 5_000) })
            Assert.Equal("invalid_parameter", (await api.GetAsync($"{Path}?cursor={madeUp}")).Code);
    }

    [Fact]
    public async Task The_filters_find_what_they_say()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PostAsync("""
            [{"name":"Ada","email":"Ada.L@Example.com","phone":"+44 (20) 7946-0000"},
             {"name":"Grace","email":"grace@example.com","phone":"442079460001"},
             {"name":"Alan","externalId":"crm-7"}]
            """);

        Assert.Equal(["Ada"], (await api.GetAsync(Path + "?email=ada.l@EXAMPLE.com")).Names);
        Assert.Empty((await api.GetAsync(Path + "?email=ada")).Names);
        Assert.Equal(["Ada"], (await api.GetAsync(Path + "?phone=44-20-79460000")).Names);
        Assert.Empty((await api.GetAsync(Path + "?phone=4420")).Names);
        Assert.Equal(["Alan"], (await api.GetAsync(Path + "?externalId=crm-7")).Names);
        Assert.Empty((await api.GetAsync(Path + "?externalId=crm")).Names);
        Assert.Equal(["Alan"], (await api.GetAsync(Path + "?externalId=crm-7&sort=-name&q=ala")).Names);
        Assert.Empty((await api.GetAsync(Path + "?externalId=crm-7&sort=name&skip=1")).Names);
        Assert.Equal(["Grace", "Ada"], (await api.GetAsync(Path + "?q=example.com")).Names);
        Assert.Equal(["Grace"], (await api.GetAsync(Path + "?q=example.com&phone=442079460001")).Names);
    }

    [Theory]
    [InlineData("é", "Universität für Élèves", true)]
    [InlineData("universitat", "Universität für Élèves", true)]
    [InlineData("ELEVES", "Universität für Élèves", true)]
    [InlineData("lodz", "Politechnika Łódzka", true)]
    [InlineData("московский", "МОСКОВСКИЙ университет", true)]
    [InlineData("елка", "Ёлка", true)]
    [InlineData("جامعة", "جامعة القاهرة", true)]
    [InlineData("القاهره", "جامعة القاهرة", false)]
    [InlineData("جامعه", "جَامِعَه", true)]
    [InlineData("北京", "北京大学", true)]
    [InlineData("大学", "北京大学", true)]
    [InlineData("学", "北京大学", true)]
    [InlineData("京北", "北京大学", false)]
    [InlineData("東京", "東京大学", true)]
    [InlineData("서울", "서울대학교", true)]
    [InlineData("दिल्ली", "दिल्ली विश्वविद्यालय", true)]
    [InlineData("Αθηνα", "Πανεπιστήμιο Αθήνα", true)]
    [InlineData("strasse", "Straße", true)]
    [InlineData("a", "Ada", true)]
    [InlineData("\"", "say \"hello\" there", true)]
    [InlineData("\"hello\"", "say \"hello\" there", true)]
    [InlineData("100%", "100% Ltd", true)]
    [InlineData("1__", "100% Ltd", false)]
    [InlineData("a b", "a  b", false)]
    [InlineData("AND", "land and sea", true)]
    [InlineData("see", "\uFFFEsée\uFFFF", true)]
    public async Task Q_finds_a_part_whatever_its_case_and_accents(string q, string name, bool isFound)
    {
        var api = await host.NewWorkspaceAsync();
        await api.PostAsync(JsonSerializer.Serialize(new[] { new { name }, new { name = "something else" } }));

        Assert.Equal(isFound ? [name] : [], (await api.GetAsync($"{Path}?q={Uri.EscapeDataString(q)}")).Names.Except(["something else"]));
    }

    [Fact]
    public async Task A_search_never_misses_what_was_acknowledged_before_it()
    {
        var api = await host.NewWorkspaceAsync();
        for (var i = 0; i < 20; i++)
        {
            var id = (await api.PostAsync($$"""[{"name":"needle {{i}}"}]""")).Ids[0];
            Assert.Equal([id], (await api.GetAsync($"{Path}?q=needle%20{i}&take=1")).Ids);
            await api.PutAsync($$"""[{"id":"{{id}}","name":"found"}]""");
            Assert.Empty((await api.GetAsync($"{Path}?q=needle")).Ids);
        }
    }

    [Fact]
    public async Task UpdatedSince_finds_what_was_written_at_that_time_or_later()
    {
        var api = await Letters("a", "b");
        var written = await api.PutAsync($$"""[{"id":"{{(await api.GetAsync(Path)).Ids[1]}}","phone":"1"}]""");
        var at = written.Items[0].GetProperty("updatedAt").GetString()!;

        Assert.Equal(["a"], (await api.GetAsync($"{Path}?updatedSince={at}")).Names);
        Assert.Equal(["a"], (await api.GetAsync($"{Path}?sort=updatedAt&updatedSince={at}")).Names);
        Assert.Equal(["a"], (await api.GetAsync(
            $"{Path}?updatedSince={Uri.EscapeDataString(at.Replace("Z", "+00:00", StringComparison.Ordinal))}")).Names);
        Assert.Equal(2, (await api.GetAsync($"{Path}?updatedSince=2020-01-01")).Items.Count);
    }

    [Fact]
    public async Task Count_adds_the_total_whatever_the_page()
    {
        var api = await Letters("ab", "abc", "b", "c");
        var deleted = (await api.GetAsync(Path + "?q=c&sort=asc")).Ids[1];
        await api.DeleteAsync(deleted);

        Assert.Equal(3, (await api.GetAsync(Path + "?count=true&take=1")).Count("Roster-Total"));
        Assert.Equal(2, (await api.GetAsync(Path + "?count=true&take=1&q=ab")).Count("Roster-Total"));
        Assert.Equal(3, (await api.GetAsync(Path + "?count=true&q=b")).Count("Roster-Total"));
        Assert.Equal(4, (await api.GetAsync(Path + "?count=true&deleted=true")).Count("Roster-Total"));
        Assert.Equal(1, (await api.GetAsync(Path + "?count=true&deleted=only")).Count("Roster-Total"));
        Assert.Equal(0, (await api.GetAsync(Path + $"?count=true&id={deleted}")).Count("Roster-Total"));
        Assert.False((await api.GetAsync(Path)).Headers.Contains("Roster-Total"));
    }

    [Fact]
    public async Task Deleted_partners_are_listed_only_where_asked_for()
    {
        var api = await Letters("a", "b", "c");
        var ids = (await api.GetAsync(Path + "?sort=asc")).Ids;
        await api.DeleteAsync(ids[1]);

        Assert.Equal(["c", "a"], (await api.GetAsync(Path)).Names);
        Assert.Equal(["c", "b", "a"], (await api.GetAsync(Path + "?deleted=true")).Names);
        Assert.Equal(["b"], (await api.GetAsync(Path + "?deleted=only")).Names);
        Assert.Empty((await api.GetAsync($"{Path}?id={ids[1]}")).Names);
        Assert.Equal(["b"], (await api.GetAsync($"{Path}?id={ids[1]}&deleted=true")).Names);
        Assert.Equal(404, (await api.GetAsync($"{Path}/{ids[1]}")).Status);
        Assert.Equal(200, (await api.GetAsync($"{Path}/{ids[1]}?deleted=true")).Status);
    }

    [Fact]
    public async Task Include_adds_the_revision_and_the_time_of_deletion()
    {
        var api = await Letters("a");
        var id = (await api.GetAsync(Path)).Ids[0];
        await api.DeleteAsync(id);

        var partner = (await api.GetAsync(Path + "?deleted=only&include=revision,deletedAt")).Items[0];

        Assert.Equal(2, partner.GetProperty("revision").GetInt64());
        Assert.Equal(partner.GetProperty("updatedAt").GetString(), partner.GetProperty("deletedAt").GetString());
        Assert.Equal(200, (await api.RestoreAsync(id)).Status);
        Assert.Equal(JsonValueKind.Null, (await api.GetAsync(Path + "?include=deletedAt")).Items[0].GetProperty("deletedAt").ValueKind);
    }

    [Fact]
    public async Task One_partner_is_had_by_id_with_an_ETag()
    {
        var api = await Letters("a");
        var id = (await api.GetAsync(Path)).Ids[0];

        var first = await api.GetAsync($"{Path}/{id}");
        Assert.Equal((200, "a"), (first.Status, first.Json.GetProperty("name").GetString()));
        var tag = first.Headers.ETag!.ToString();
        var same = await api.SendAsync(HttpMethod.Get, $"{Path}/{id}", ifNoneMatch: tag);
        Assert.Equal((304, 0), (same.Status, same.Body.Length));
        Assert.Equal(tag, same.Headers.ETag!.ToString());
        Assert.Equal(304, (await api.SendAsync(HttpMethod.Get, $"{Path}/{id}", ifNoneMatch: "\"x\", *")).Status);

        await api.PutAsync($$"""[{"id":"{{id}}","phone":"1"}]""");
        Assert.Equal(200, (await api.SendAsync(HttpMethod.Get, $"{Path}/{id}", ifNoneMatch: tag)).Status);
    }

    [Fact]
    public async Task An_unknown_foreign_or_malformed_id_is_404()
    {
        var api = await host.NewWorkspaceAsync();
        var foreign = await (await host.NewWorkspaceAsync()).CreateAsync();
        foreach (var id in new[] { UnknownId, foreign, "7", "restore" })
            Assert.Equal((404, "not_found"), ((await api.GetAsync($"{Path}/{id}")).Status, (await api.GetAsync($"{Path}/{id}")).Code));
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    public async Task Answers_are_compressed_for_those_who_accept_it(string encoding)
    {
        var api = await Letters([.. Enumerable.Repeat("the same name", 100)]);

        var answer = await api.SendAsync(HttpMethod.Get, Path, acceptEncoding: encoding);

        Assert.Equal([encoding], answer.ContentHeaders.ContentEncoding);
        Assert.InRange(answer.Body.Length, 1, 3_000);
    }

    [Fact]
    public async Task A_list_by_name_is_as_people_read_it_and_then_by_code_point()
    {
        string[] sorted = ["A", "a", "ａ", "Éclair", "ECLAT", "éclat", "Z", "Zebra", "zebra", "محمد", "محـمدي", "﴾", "😀"];
        var api = await Letters([.. sorted.OrderBy(name => name.Length).Reverse()]);

        Assert.Equal(sorted, (await api.GetAsync(Path + "?sort=name")).Names);
        Assert.Equal(sorted.Reverse(), (await api.GetAsync(Path + "?sort=-name")).Names);
        Assert.Equal(["Éclair", "ECLAT", "éclat"], (await api.GetAsync(Path + "?sort=name&q=ECL")).Names);
        Assert.Equal(["zebra", "Zebra", "éclat"], (await api.GetAsync(Path + "?sort=-name&q=e&take=3")).Names);
    }

    [Fact]
    public async Task A_short_list_is_in_the_same_order()
    {
        var api = await host.NewWorkspaceAsync();
        foreach (var name in new[] { "b", "Z", "á", "A" })
            await api.DeleteAsync((await api.PostAsync($$"""[{"name":"{{name}}","externalId":"x"}]""")).Ids[0]);
        const string List = Path + "?externalId=x&deleted=true&take=2";

        var first = await api.GetAsync(List + "&sort=name");
        Assert.Equal(["A", "á"], first.Names);
        await api.PostAsync($"[\"{first.Ids[1]}\"]", Path + "/erase");
        Assert.Equal(["b", "Z"], (await api.GetAsync(first.Next!)).Names);
        Assert.Equal(["Z", "b"], (await api.GetAsync(List + "&sort=-name")).Names);
    }

    [Theory]
    [InlineData("sort=asc", false)]
    [InlineData("sort=asc&q=partner", false)]
    [InlineData("sort=desc", false)]
    [InlineData("sort=desc&q=partner", false)]
    [InlineData("sort=name", true)]
    [InlineData("sort=name&q=partner", true)]
    [InlineData("sort=name&deleted=true", true)]
    [InlineData("sort=-name", true)]
    [InlineData("sort=-name&q=p", true)]
    [InlineData("sort=updatedAt", true)]
    [InlineData("sort=updatedAt&updatedSince=2020-01-01", true)]
    [InlineData("sort=-updatedAt", true)]
    public async Task Paging_beside_writers_never_skips_or_repeats_a_partner_that_may_not_move(string query, bool changesMove)
    {
        var api = await host.NewWorkspaceAsync();
        var still = new List<string>();
        var changed = new List<string>();
        var random = new Random(1);
        for (var i = 0; i < 4; i++)
        {
            var ids = (await api.PostAsync(
                "[" + string.Join(',', Enumerable.Range(0, 100).Select(_ => $$"""{"name":"{{AnyName()}}"}""")) + "]")).Ids;
            still.AddRange(ids.Take(70));
            changed.AddRange(ids.Skip(70));
        }
        var doomed = new Queue<string>(
            (await api.PostAsync("[" + string.Join(',', Enumerable.Repeat("""{"name":"partner, doomed"}""", 200)) + "]")).Ids);

        var seen = new List<string>();
        for (var next = $"{Path}?take=13&{query}"; next is not null && seen.Count < 5_000;)
        {
            // One write runs while the page is read, and one before the next page: their number does not depend on the
            // machine's speed.
            var writing = WriteAsync();
            var page = await api.GetAsync(next);
            if (page.Status != 200)
                Assert.Fail(page.Text + LastFailure());
            await writing;
            seen.AddRange(page.Ids);
            next = page.Next;
            // Sorted by update, changed partners come again.
            if (query.StartsWith("sort=updatedAt", StringComparison.Ordinal) && still.TrueForAll(seen.Contains))
                break;
        }

        var once = changesMove ? still : [.. still, .. changed];
        Assert.Equal(once.Order(StringComparer.Ordinal), seen.Where(once.Contains).Order(StringComparer.Ordinal));

        async Task WriteAsync()
        {
            var chosen = random.GetItems(changed.ToArray(), 20).Distinct();
            await api.PutAsync("[" + string.Join(',', chosen.Select(id => $$"""{"id":"{{id}}","name":"{{AnyName()}}"}"""))
                + ",{\"name\":\"partner, new\"}]");
            if (doomed.TryDequeue(out var id))
                await api.DeleteAsync(id);
        }

        // The store's own error message is only in the log, which is long: all tests of this host share it.
        string? LastFailure() =>
            host.Log().Split('\n').LastOrDefault(line => line.Contains("\"EventId\":6011", StringComparison.Ordinal));

        string AnyName() => $"{random.GetItems("aAäzZ".ToArray(), 1)[0]} partner {random.Next(20)}";
    }

    [Theory]
    [InlineData("sort=asc", false)]
    [InlineData("sort=desc", true)]
    [InlineData("sort=asc&q=letter", false)]
    [InlineData("sort=desc&q=letter", true)]
    [InlineData("sort=asc&q=l", false)]
    [InlineData("sort=name", false)]
    [InlineData("sort=-name", true)]
    [InlineData("sort=name&q=letter", false)]
    [InlineData("sort=updatedAt", false)]
    [InlineData("sort=-updatedAt&q=letter", true)]
    public async Task A_cursor_is_a_place_in_the_order_also_when_its_partner_is_elsewhere_or_erased(string query, bool isDescending)
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var names = new List<string>();
        foreach (var letter in "abcdef")
        {
            names.Add($"letter {letter}");
            await api.PostAsync($$"""[{"name":"letter {{letter}}"}]""");
        }
        if (isDescending)
            names.Reverse();
        var first = await api.GetAsync($"{Path}?take=2&{query}");
        Assert.Equal(names[..2], first.Names);

        await api.PutAsync($$"""[{"id":"{{first.Ids[1]}}","name":"{{(isDescending ? "z" : "a")}} {{names[1]}}"}]""");
        own.Clock.Move(TimeSpan.FromHours(2));
        Assert.Equal(names[2..4], (await api.GetAsync(first.Next!)).Names);
        await api.DeleteAsync(first.Ids[1]);
        Assert.Equal(names[2..4], (await api.GetAsync(first.Next!)).Names);
        await api.PostAsync($"[\"{first.Ids[1]}\"]", Path + "/erase");
        Assert.Equal(names[2..4], (await api.GetAsync(first.Next!)).Names);
        await api.PostAsync($"[\"{first.Ids[0]}\"]", Path + "/erase");
        Assert.Equal(names[2..4], (await api.GetAsync(first.Next!)).Names);
    }

    [Fact]
    public async Task A_common_text_is_found_in_order_as_a_rare_one_is()
    {
        var api = await host.NewWorkspaceAsync();
        await api.PutAsync("[" + string.Join(',', Enumerable.Range(0, 9_999).Select(i => $$"""{"name":"common {{i:D4}}"}""")) + "]");

        // SQLite sorts up to 10,000 matches.
        await api.PostAsync("""[{"name":"Z common rare"}]""");
        Assert.Equal(["common 0000", "common 0001"], (await api.GetAsync(Path + "?sort=name&q=common&take=2")).Names);
        Assert.Equal(["Z common rare", "common 9998"], (await api.GetAsync(Path + "?sort=-name&q=common&take=2")).Names);
        await api.PostAsync("""[{"name":"A common rare"}]""");
        Assert.Equal(["A common rare", "common 0000"], (await api.GetAsync(Path + "?sort=name&q=common&take=2")).Names);
        Assert.Equal(["Z common rare", "common 9998"], (await api.GetAsync(Path + "?sort=-name&q=common&take=2")).Names);
        Assert.Equal(["common 0500", "common 0501"], (await api.GetAsync(Path + "?sort=name&q=common&take=2&skip=501")).Names);
        Assert.Equal(["Z common rare", "A common rare"], (await api.GetAsync(Path + "?sort=-name&q=common%20rare")).Names);
    }

    [Fact]
    public async Task A_partner_that_gets_a_name_back_is_in_the_list_by_name_once()
    {
        var api = await host.NewWorkspaceAsync();
        var id = (await api.PostAsync("""[{"name":"a"},{"name":"c"}]""")).Ids[0];
        foreach (var name in new[] { "d", "a", "d", "a" })
        {
            await api.PutAsync($$"""[{"id":"{{id}}","name":"{{name}}"}]""");
            Assert.Equal(name == "a" ? ["a", "c"] : ["c", "d"], (await api.GetAsync(Path + "?sort=name")).Names);
        }
    }

    private async Task<RosterClient> Letters(params string[] names)
    {
        var api = await host.NewWorkspaceAsync();
        await api.PostAsync(JsonSerializer.Serialize(names.Select(name => new { name })));
        return api;
    }
}

public sealed class ReadOnSqlite(SqliteHost host) : ReadContract(host);

public sealed class ReadOnPostgres(PostgresHost host) : ReadContract(host);
