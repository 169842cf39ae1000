using System.Text.Json;
using Roster.Partners;

namespace Roster.Tests.Storage;

/// <summary>Finding partners by tags and metadata, and counting who has each, on every engine.</summary>
public abstract class TermsContract(RosterHost host)
{
    private const string Path = "/api/partners";
    private static readonly string[] Tags = ["Gold", "gold", "Zoë", "a b", "x=y", "%_", "key:region"];
    private static readonly string[] SoughtTags = ["GOLD", "ZOE\u0308", "A B", "X=y", "%_", "none", "key:Region"];
    private static readonly string[] Keys = ["region", "Region", "tier", "a.b"];
    private static readonly string[] Values = ["emea", "EMEA", "a=b", "\"q\" \\", "日本 🎉", "emea "];

    [Fact]
    public async Task Lists_and_counts_and_terms_are_those_of_the_partners_whatever_was_done_to_them()
    {
        var api = await host.NewWorkspaceAsync();
        var random = new Random(1);
        var ids = new List<string>();
        for (var round = 0; round < 30; round++)
        {
            await ChangeAsync(api, random, ids, round);
            var everybody = new PartnerFilter(Deleted: DeletedPartners.With);
            var all = await AllAsync(api, new PartnerQuery(everybody, PartnerSort.CreatedAt, IsDescending: false, 500));
            AssertTerms(all, await TermsAsync(api, TermKind.Tag), await TermsAsync(api, TermKind.MetadataKey));
            for (var i = 0; i < 6; i++)
            {
                var filter = Filter(random);
                var expected = all.Where(filter.Matches).Select(partner => partner.Id).ToList();
                Assert.Equal(expected.Count, await host.Store.CountAsync(api.Workspace.Id, filter, CancellationToken.None));
                foreach (var sort in Enum.GetValues<PartnerSort>())
                {
                    var found = await AllAsync(api, new PartnerQuery(filter, sort, random.Next(2) == 0, 3));
                    Assert.Equal(expected, found.Select(partner => partner.Id).Order());
                }
            }
        }
    }

    [Fact]
    public async Task A_term_is_counted_from_the_first_partner_that_has_it_to_the_last()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("""[{"name":"a","tags":["Gold"],"metadata":{"region":"emea"}},{"name":"b","tags":["GOLD","new"]}]"""))
            .Ids;
        Assert.Equal(["gold Gold 2", "new new 1"], await ShownAsync(TermKind.Tag));
        Assert.Equal(["region region 1"], await ShownAsync(TermKind.MetadataKey));

        var removed = (await api.PutAsync($$"""[{"id":"{{ids[1]}}","removeTags":["New"],"metadata":{"Region":"x"} }]""")).Revision;
        Assert.Equal(["gold Gold 2"], await ShownAsync(TermKind.Tag));
        Assert.Equal(["Region Region 1", "region region 1"], await ShownAsync(TermKind.MetadataKey));
        await api.DeleteAsync(ids[0]);
        Assert.Equal(["gold Gold 1"], await ShownAsync(TermKind.Tag));
        Assert.Equal(["Region Region 1", "region region 0"], await ShownAsync(TermKind.MetadataKey));
        await api.RestoreAsync(ids[0]);
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","metadata":{"region":"apac"} }]""");
        Assert.Equal(["Region Region 1", "region region 1"], await ShownAsync(TermKind.MetadataKey));
        Assert.Equal(200, (await api.PostAsync("", $"/api/changesets/{removed}/undo")).Status);
        Assert.Equal(["gold Gold 2", "new new 1"], await ShownAsync(TermKind.Tag));
        Assert.Equal(["region region 1"], await ShownAsync(TermKind.MetadataKey));
        await api.DeleteAsync(ids[1]);
        Assert.Equal(200, (await api.PostAsync($"[\"{ids[1]}\"]", Path + "/erase")).Status);
        Assert.Equal(["gold Gold 1"], await ShownAsync(TermKind.Tag));

        async Task<IEnumerable<string>> ShownAsync(TermKind kind) =>
            (await TermsAsync(api, kind)).Select(term => $"{term.Term} {term.Shown} {term.Partners}");
    }

    [Fact]
    public async Task Terms_are_listed_page_by_page_and_a_kind_has_nothing_of_another()
    {
        var api = await host.NewWorkspaceAsync();
        var tags = Enumerable.Range(0, 50).Select(i => $"t{i:00}").Append("~").Append("\u007e\u00e9").Append("日本").ToArray();
        await api.PutAsync(JsonSerializer.Serialize(tags.Select(tag => new
        {
            name = tag,
            tags = new[] { tag },
            metadata = new Dictionary<string, string> { ["key"] = tag },
        })));

        Assert.Equal(tags.Order(StringComparer.Ordinal), (await TermsAsync(api, TermKind.Tag)).Select(term => term.Term));
        Assert.Equal(["key 53"], (await TermsAsync(api, TermKind.MetadataKey)).Select(term => $"{term.Term} {term.Partners}"));
        Assert.Empty(await host.Store.ListTermsAsync(api.Workspace.Id, TermKind.Tag, "日本", 5, CancellationToken.None));
    }

    /// <summary>More than are found and sorted, and than one step of any engine takes.</summary>
    [Fact]
    public async Task Of_many_partners_with_a_tag_every_order_shows_the_right_ones()
    {
        const int Many = 10_500;
        var api = await host.NewWorkspaceAsync();
        foreach (var part in Enumerable.Range(0, Many).Chunk(Many / 3))
            Assert.Equal(200, (await api.PutAsync(JsonSerializer.SerializeToUtf8Bytes(part.Select(i => new
            {
                name = $"n{Many - i:00000}",
                tags = i % 1_000 == 7 ? ["common", "Rare"] : new[] { "common" },
                metadata = new Dictionary<string, string> { ["half"] = $"{i % 2}" },
            })))).Status);
        await api.DeleteAsync((await api.GetAsync(Path + "?q=n05000")).Ids);

        foreach (var sort in Enum.GetValues<PartnerSort>())
        {
            Assert.Equal(11, (await FindAsync(sort, ["common", "rare"], [])).Count);
            Assert.Equal(11, (await FindAsync(sort, ["RARE"], [new("half", "1")])).Count);
            Assert.Empty(await FindAsync(sort, ["rare"], [new("half", "0")]));
            Assert.Empty(await FindAsync(sort, ["common"], [new("half", null, IsThere: false)]));
            Assert.Equal(["n10500", "n10498", "n10496"], (await FindAsync(sort, ["common"], [new("half", "0")])).Take(3).OrderDescending());
            Assert.Equal(["n05000"], await FindAsync(sort, ["common"], [], DeletedPartners.Only));
        }
        Assert.Equal(Many - 1, await CountAsync(["common"], []));
        Assert.Equal(Many / 2, await CountAsync(["common"], [new("half", "1")]) + (Many - 1 - await CountAsync([], [new("half", null)])));
        Assert.Equal(1, await CountAsync(["common"], [], DeletedPartners.Only));
        Assert.Equal(["common 10499", "rare 11"], (await TermsAsync(api, TermKind.Tag)).Select(term => $"{term.Term} {term.Partners}"));

        async Task<List<string>> FindAsync(
            PartnerSort sort, string[] tags, MetadataCondition[] metadata, DeletedPartners deleted = DeletedPartners.Without) =>
            [.. (await host.Store.ListAsync(api.Workspace.Id, new PartnerQuery(
                new PartnerFilter(Tags: tags, Metadata: metadata, Deleted: deleted), sort, sort == PartnerSort.Name, 50),
                CancellationToken.None)).Partners.Select(partner => partner.Name)];

        Task<long> CountAsync(string[] tags, MetadataCondition[] metadata, DeletedPartners deleted = DeletedPartners.Without) =>
            host.Store.CountAsync(
                api.Workspace.Id, new PartnerFilter(Tags: tags, Metadata: metadata, Deleted: deleted), CancellationToken.None);
    }

    /// <summary>Creates, changes, deletes, restores, undoes or erases.</summary>
    private static async Task ChangeAsync(RosterClient api, Random random, List<string> ids, int round)
    {
        var live = (await api.GetAsync(Path + "?take=1000")).Ids;
        var deleted = ids.Except(live).ToArray();
        var some = live.Count == 0 ? [] : random.GetItems(live.ToArray(), 3).Distinct().ToArray();
        switch (round % 6)
        {
            case 1 or 4:
                Assert.Equal(200, (await api.PutAsync(JsonSerializer.Serialize(some.Select(id => Item(random, id))))).Status);
                break;
            case 2:
                Assert.Equal(200, (await api.DeleteAsync(some)).Status);
                break;
            case 3:
                Assert.Equal(200, (await api.RestoreAsync(random.GetItems(deleted, 2).Distinct())).Status);
                break;
            case 5 when round % 4 == 1:
                var last = (await api.GetAsync("/api/changesets?take=1")).Items[0].GetProperty("revision").GetInt64();
                Assert.Equal(200, (await api.PostAsync("", $"/api/changesets/{last}/undo")).Status);
                break;
            case 5:
                Assert.Equal(200, (await api.PostAsync(JsonSerializer.Serialize(some[..1]), Path + "/erase")).Status);
                ids.Remove(some[0]);
                break;
            default:
                ids.AddRange((await api.PutAsync(JsonSerializer.Serialize(Enumerable.Range(0, 6).Select(_ => Item(random, null))))).Ids);
                break;
        }
    }

    private static Dictionary<string, object> Item(Random random, string? id)
    {
        var item = new Dictionary<string, object>
        {
            ["name"] = $"name {random.Next(3)}",
            ["tags"] = random.GetItems(Tags, random.Next(4)),
            ["metadata"] = random.GetItems(Keys, random.Next(4)).Distinct()
                .ToDictionary(key => key, _ => random.GetItems(Values, 1)[0]),
        };
        if (id is not null)
            item.Add("id", id);
        return item;
    }

    private static PartnerFilter Filter(Random random)
    {
        var filter = new PartnerFilter(
            Q: random.Next(4) == 0 ? random.GetItems(["name 1", "gold", "me"], 1)[0] : null,
            Deleted: random.GetItems(Enum.GetValues<DeletedPartners>(), 1)[0],
            Tags: random.Next(3) > 0 ? random.GetItems(SoughtTags, random.Next(1, 3)) : null,
            Metadata: random.Next(3) > 0 ? Array.ConvertAll(random.GetItems(Keys, random.Next(1, 3)), Condition) : null);
        return filter;

        MetadataCondition Condition(string key) => random.Next(3) switch
        {
            0 => new MetadataCondition(key, null, IsThere: false),
            1 => new MetadataCondition(key, null),
            _ => new MetadataCondition(key, random.GetItems(Values, 1)[0]),
        };
    }

    private static void AssertTerms(List<Partner> all, List<TermCount> tags, List<TermCount> keys)
    {
        Assert.Equal(Counts(partner => TagText.Split(partner.Tags).Select(TagText.Fold)), tags.Select(term => (term.Term, term.Partners)));
        Assert.Equal(Counts(partner => MetadataText.Read(partner.Metadata).Keys), keys.Select(term => (term.Term, term.Partners)));
        Assert.All(tags, term => Assert.Equal(term.Term, TagText.Fold(term.Shown)));
        Assert.All(keys, term => Assert.Equal(term.Term, term.Shown));

        IEnumerable<(string, long)> Counts(Func<Partner, IEnumerable<string>> terms) => all
            .SelectMany(partner => terms(partner).Select(term => (Term: term, IsLive: partner.DeletedAt is null))).GroupBy(one => one.Term)
            .Select(group => (group.Key, (long)group.Count(one => one.IsLive))).OrderBy(one => one.Key, StringComparer.Ordinal);
    }

    /// <summary>All pages of a list.</summary>
    private async Task<List<Partner>> AllAsync(RosterClient api, PartnerQuery query)
    {
        var all = new List<Partner>();
        for (var next = query; ;)
        {
            var page = await host.Store.ListAsync(api.Workspace.Id, next, CancellationToken.None);
            all.AddRange(page.Partners);
            if (page.Next is null)
                return all;
            next = next with { After = page.Next };
        }
    }

    /// <summary>All terms of a kind, few at a time.</summary>
    private async Task<List<TermCount>> TermsAsync(RosterClient api, TermKind kind)
    {
        const int Take = 4;
        var terms = new List<TermCount>();
        while (true)
        {
            var page = await host.Store.ListTermsAsync(
                api.Workspace.Id, kind, terms.Count == 0 ? null : terms[^1].Term, Take, CancellationToken.None);
            terms.AddRange(page);
            if (page.Count < Take)
                return terms;
        }
    }
}

public sealed class TermsOnSqlite(SqliteHost host) : TermsContract(host);

public sealed class TermsOnPostgres(PostgresHost host) : TermsContract(host);
