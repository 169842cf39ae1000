using System.Globalization;
using System.Text.Json;
using Roster.Batches;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;

namespace Roster.Tests.Storage;

/// <summary>
/// The numbers of partners that have a tag or a key, against the partners themselves, on every engine. The suite runs a short form;
/// ROSTER_TEST_ROUNDS=40 makes it forty rounds of writes.
/// </summary>
public abstract class TermCountContract(RosterHost host)
{
    /// <summary>The index is lost in each tenth of them.</summary>
    private static readonly int Rounds =
        int.Parse(Environment.GetEnvironmentVariable("ROSTER_TEST_ROUNDS") ?? "12", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Counts_are_those_of_the_partners_whatever_is_written_and_when_the_index_is_filled_anew()
    {
        var random = new Random(7);
        var workspace = (await host.NewWorkspaceAsync()).Workspace.Id;
        await WriteAsync(Some.Upsert("""[{"name":"n","tags":["A0","a1","b2"],"metadata":{"k1":"v1"}}]"""));
        for (var round = 0; round < Rounds; round++)
        {
            var all = await AllAsync();
            Guid[] ids = [.. random.GetItems(all.Select(partner => partner.Id).ToArray(), 4).Distinct()];
            await WriteAsync(Some.Upsert(JsonSerializer.Serialize(Enumerable.Range(0, 3).Select(
                _ => new { name = "n", tags = Tags(), metadata = Metadata(), email = Email(), phone = Phone() }))));
            await WriteAsync(Some.Upsert(JsonSerializer.Serialize(ids.Select(
                id => new { id, tags = Tags(), metadata = Metadata(), email = Email(), phone = Phone() }))));
            if (round % 3 == 1)
                await WriteAsync(Some.Change(new BatchBuilder(ChangeKind.Delete), JsonSerializer.Serialize(ids)));
            if (round % 3 == 2)
                await WriteAsync(Some.Change(new BatchBuilder(ChangeKind.Restore), JsonSerializer.Serialize(ids)));
            if (round % 4 == 3)
                await WriteAsync(Some.Erasure(ids[0]));
            if (round % 10 == 9)
            {
                await LoseIndexAsync(workspace);
                await WriteAsync(Some.Upsert("""[{"name":"n","tags":["A0"]}]"""));
            }
            all = await AllAsync();

            foreach (var kind in Enum.GetValues<TermKind>())
            {
                var expected = all.SelectMany(partner => Terms(partner, kind).Select(term => (Term: term, partner.DeletedAt)))
                    .GroupBy(one => one.Term, one => one.DeletedAt is null ? 1L : 0L).OrderBy(one => one.Key, StringComparer.Ordinal)
                    .Select(one => $"{one.Key} {one.Sum()}").ToList();
                Assert.Equal(expected, (await TermsAsync(kind, null, 1_000)).Select(term => $"{term.Term} {term.Partners}"));
                Assert.All(await TermsAsync(kind, null, 1_000), term => Assert.Equal(term.Term, TagText.Fold(term.Shown)));
                var first = await TermsAsync(kind, null, 2);
                var second = await TermsAsync(kind, first[^1].Term, 2);
                Assert.Equal(expected.Skip(2).Take(2), second.Select(term => $"{term.Term} {term.Partners}"));
            }
            var live = all.Where(partner => partner.DeletedAt is null).ToList();
            Assert.Equal(
                new PartnerNumbers(
                    live.Count, all.Count - live.Count, live.Count(one => one.Email is not null), live.Count(one => one.Phone is not null)),
                (await host.Store.ReadStatisticsAsync(workspace, 0, CancellationToken.None)).Partners);
            foreach (var filter in new PartnerFilter[]
            {
                new(Deleted: DeletedPartners.With), new(Deleted: DeletedPartners.Only), new(HasEmail: true), new(HasEmail: false),
                new(HasPhone: true, Deleted: DeletedPartners.With), new(HasPhone: false, Deleted: DeletedPartners.Only),
                new(HasEmail: true, HasPhone: false), new(HasEmail: false, HasPhone: false, Deleted: DeletedPartners.With),
                new(HasPhone: true, Tags: ["a0"]), new(Q: "exa", HasEmail: true),
                new(HasEmail: false, UpdatedSince: all[all.Count / 2].UpdatedAt), new(Email: "a@example.com", HasPhone: true),
                new(Tags: ["A0"]), new(Tags: ["a1", "b1"], Deleted: DeletedPartners.With), new(Tags: ["a2"], Deleted: DeletedPartners.Only),
                new(Metadata: [new("k1", "v1")]), new(Q: "n", Metadata: [new("k1", null), new("k2", null, IsThere: false)]),
                new(Q: "b1|b", Tags: ["b2"]),
                new(Tags: ["a0"], Metadata: [new("k1", null, IsThere: false)], UpdatedSince: all[all.Count / 2].UpdatedAt),
            })
            {
                var expected = all.Where(filter.Matches).ToList();
                Assert.Equal(expected.Count, await host.Store.CountAsync(workspace, filter, CancellationToken.None));
                foreach (var sort in Enum.GetValues<PartnerSort>())
                    Assert.Equal(expected.Select(partner => partner.Id), (await PagesAsync(filter, sort)).Order());
            }
        }

        string[] Tags() => [.. random.GetItems<string>(["A0", "a1", "A2", "b1", "B2", "b3"], random.Next(4)).DistinctBy(TagText.Fold)];

        string? Email() => random.Next(2) == 0 ? null : "a@example.com";

        string? Phone() => random.Next(3) == 0 ? "+44 1" : null;

        Dictionary<string, string?> Metadata() => new()
        {
            ["k1"] = random.Next(3) == 0 ? null : $"v{random.Next(3)}",
            ["k2"] = random.Next(2) == 0 ? null : "x",
        };

        Task WriteAsync(Change change) =>
            host.Store.WriteAsync(workspace, change, new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);

        async Task<IReadOnlyList<Partner>> AllAsync() => (await host.Store.ListAsync(
            workspace, new PartnerQuery(new PartnerFilter(Deleted: DeletedPartners.With), PartnerSort.CreatedAt, false, 1_000),
            CancellationToken.None)).Partners;

        Task<IReadOnlyList<TermCount>> TermsAsync(TermKind kind, string? after, int take) =>
            host.Store.ListTermsAsync(workspace, kind, after, take, CancellationToken.None);

        async Task<IReadOnlyList<Guid>> PagesAsync(PartnerFilter filter, PartnerSort sort)
        {
            var found = new List<Guid>();
            var query = new PartnerQuery(filter, sort, IsDescending: random.Next(2) == 0, 5);
            while (true)
            {
                var page = await host.Store.ListAsync(workspace, query, CancellationToken.None);
                found.AddRange(page.Partners.Select(partner => partner.Id));
                if (page.Next is null)
                    return found;
                query = query with { After = page.Next };
            }
        }
    }

    /// <summary>Makes the server fill the workspace's index anew.</summary>
    protected abstract Task LoseIndexAsync(long workspaceId);

    private static IEnumerable<string> Terms(Partner partner, TermKind kind) =>
        kind == TermKind.Tag ? TagText.Split(partner.Tags).Select(TagText.Fold) : MetadataText.Read(partner.Metadata).Keys;
}

public sealed class TermCountOnSqlite(SqliteHost host) : TermCountContract(host)
{
    protected override Task LoseIndexAsync(long workspaceId)
    {
        File.Delete($"{host.File}.search/{workspaceId}.db");
        return Task.CompletedTask;
    }
}

public sealed class TermCountOnPostgres(PostgresHost host) : TermCountContract(host)
{
    protected override Task LoseIndexAsync(long workspaceId) => PostgresCluster.RunAsync(
        host.Database, $"update search_state set reached = 0, filling = null, filled = null where workspace_id = {workspaceId}");
}
