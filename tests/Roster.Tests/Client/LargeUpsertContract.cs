using System.Runtime.CompilerServices;
using Roster.Client;

namespace Roster.Tests.Client;

/// <summary>Batches of more than 10,000 items, which become imports, on every engine.</summary>
public abstract class LargeUpsertContract(RosterHost host)
{
    private static readonly UpsertOptions ByExternalId = new() { MatchOn = MatchOn.ExternalId };

    [Fact]
    public async Task Twenty_five_thousand_items_become_an_import_with_progress()
    {
        var client = await host.NewClientAsync();
        var steps = new Steps();

        var made = await client.UpsertAsync(Clients.Some(25_000), ByExternalId, steps);

        Assert.Equal((25_000, 0, 5L), (made.Created, made.Unchanged, made.Revision));
        Assert.Empty(made.Partners);
        Assert.Equal(25_000, (await client.ListPageAsync(new() { Count = true, Take = 1 })).Total);
        Assert.Equal(
            [UpsertStage.Reading, UpsertStage.Uploading, UpsertStage.Planning, UpsertStage.Applying, UpsertStage.Done],
            steps.All.Select(step => step.Stage).Distinct());
        Assert.All(steps.All, step => Assert.True(step.Of == 0 || step.Done <= step.Of));
        Assert.Equal(new UpsertProgress(UpsertStage.Done, 25_000, 25_000), steps.All[^1]);

        // All of it can be undone at once.
        await client.Imports.UndoAsync(made.ImportId!.Value);
        Assert.Equal("undone", (await client.Imports.WaitAsync(made.ImportId.Value)).State);
        Assert.Equal(0, (await client.ListPageAsync(new() { Count = true, Take = 1 })).Total);
    }

    [Fact]
    public async Task Items_arrive_as_they_are_whatever_their_texts_look_like()
    {
        var client = await host.NewClientAsync();
        string[] odd = [@"\N", @"\\N", "'", "'=1", "''", "=1+1", "'5", " a ", "a|b", "\"", "كاثرين", "😀", "+44"];
        PartnerWrite[] items =
        [
            .. odd.Select((text, i) => new PartnerWrite
            {
                ExternalId = $"odd-{i}", Name = text, Phone = text,
                Metadata = new Dictionary<string, string?> { ["text"] = text.Trim(), [$"key.{i}"] = "1" },
                Tags = new[] { "a;b", "c, d", $"tag {i}" },
            }),
            .. Clients.Some(10_000),
        ];

        var made = await client.UpsertAsync(items, ByExternalId);

        Assert.Equal(items.Length, made.Created);
        // The same items sent as a batch, which is exact, change nothing.
        var exact = await client.UpsertAsync(items[..odd.Length], ByExternalId with { ReturnChanges = true });
        Assert.All(exact.Changes, change => Assert.Empty(change.Fields));

        PartnerWrite[] cleared =
        [
            .. items[..odd.Length].Select(item => new PartnerWrite
            {
                ExternalId = item.ExternalId, Phone = null, Tags = null,
                Metadata = new Dictionary<string, string?> { ["text"] = null },
            }),
            .. Clients.Some(10_000),
        ];
        Assert.Equal((odd.Length, 10_000), await CountsAsync(client.UpsertAsync(cleared, ByExternalId)));
        var partner = (await client.ListPageAsync(new() { ExternalId = "odd-3" })).Partners.Single();
        Assert.Equal((odd[3], null, 0, "key.3"), (partner.Name, partner.Phone, partner.Tags.Count, partner.Metadata.Keys.Single()));
    }

    [Fact]
    public async Task A_fault_in_a_large_batch_holds_its_item_and_nothing_is_written()
    {
        var client = await host.NewClientAsync();
        var items = Clients.Some(10_050).ToList();
        items[10_020] = new()
        {
            ExternalId = "crm-10020",
            Name = "Bad",
            Email = "no address",
            Metadata = new Dictionary<string, string?> { ["k"] = @"\N" },
        };
        items[10_030] = new() { ExternalId = "crm-7", Name = "Twice" };

        var refused = await Assert.ThrowsAsync<RosterException>(() => client.UpsertAsync(Stream(items), ByExternalId));

        Assert.Equal(("validation_failed", 2), (refused.Code, refused.FaultCount));
        Assert.Equal(
            [(10_020, "email", "invalid_email"), (10_030, "externalId", "duplicate_match")],
            refused.Faults.Select(fault => (fault.Index!.Value, fault.Field!, fault.Code)));
        Assert.Equal("no address", refused.Faults[0].Input!.Email.Value);
        Assert.Equal(@"\N", refused.Faults[0].Input!.Metadata.Value!["k"]);
        Assert.Equal(("Twice", "Partner 7"), (refused.Faults[1].Input!.Name, refused.Faults[1].OtherInput!.Name));
        Assert.Empty(await client.ListAsync().AllAsync());
    }

    [Fact]
    public async Task A_large_preview_counts_and_writes_nothing()
    {
        var client = await host.NewClientAsync();
        await client.UpsertAsync(Clients.Some(20), ByExternalId);

        var seen = await client.UpsertAsync(
            Clients.Some(10_100).Skip(1), ByExternalId with { DryRun = true, Mode = UpsertMode.Mirror });

        Assert.Equal((10_080, 0, 19, 1), (seen.Created, seen.Updated, seen.Unchanged, seen.Deleted));
        Assert.Equal(20, (await client.ListPageAsync(new() { Count = true })).Total);
    }

    [Fact]
    public async Task The_same_key_again_finds_its_import_and_with_other_items_is_refused()
    {
        var client = await host.NewClientAsync();
        var options = ByExternalId with { IdempotencyKey = "nightly/2026-11-25" };

        var first = await client.UpsertAsync(Clients.Some(10_001), options);
        var second = await client.UpsertAsync(Clients.Some(10_001), options);
        var other = await Assert.ThrowsAsync<RosterException>(() => client.UpsertAsync(Clients.Some(10_002), options));

        Assert.Equal((first.ImportId, first.Revision, true), (second.ImportId, second.Revision, second.IsReplay));
        Assert.Equal("idempotency_mismatch", other.Code);
        Assert.Equal(10_001, (await client.ListChangeSetsAsync().AllAsync()).Sum(set => set.Created));
    }

    [Fact]
    public async Task The_same_key_with_other_options_is_refused_and_does_not_apply_the_plan_of_before()
    {
        using var proxy = new CuttingProxy(host.Address);
        var client = Clients.Of(proxy.Address, (await host.NewWorkspaceAsync()).Key!, proxy.Http);
        await client.UpsertAsync(Clients.Some(10_003).Skip(10_001), ByExternalId);
        var mirror = ByExternalId with { IdempotencyKey = "nightly", Mode = UpsertMode.Mirror, MaxDeletes = "100" };
        // It is planned, and nobody hears of it.
        proxy.CutAnswersFrom("/plan");
        await Assert.ThrowsAsync<RosterException>(() => client.UpsertAsync(Clients.Some(10_001), mirror));
        proxy.CutAnswers(0);

        UpsertOptions[] others =
        [
            ByExternalId, mirror with { MaxDeletes = "200" }, mirror with { MatchOn = MatchOn.Email },
        ];
        foreach (var options in others)
        {
            var other = await Assert.ThrowsAsync<RosterException>(
                () => client.UpsertAsync(Clients.Some(10_001), options with { IdempotencyKey = "nightly" }));
            Assert.Equal("idempotency_mismatch", other.Code);
        }
        // A preview neither goes on with it nor deletes it.
        var seen = await client.UpsertAsync(Clients.Some(10_001), mirror with { DryRun = true });
        Assert.Equal((10_001, 2), (seen.Created, seen.Deleted));
        Assert.Equal(2, (await client.ListPageAsync(new() { Count = true, Take = 1 })).Total);

        var same = await client.UpsertAsync(Clients.Some(10_001), mirror);
        Assert.Equal((10_001, 2), (same.Created, same.Deleted));
    }

    [Fact]
    public async Task A_line_that_is_cut_at_every_call_of_an_import_creates_each_item_once()
    {
        using var proxy = new CuttingProxy(host.Address);
        var client = Clients.Of(proxy.Address, (await host.NewWorkspaceAsync()).Key!, proxy.Http);
        // Every second answer is lost: of the upload, the mapping, the plan, the waits and the application.
        proxy.CutEverySecondAnswer();

        var made = await client.UpsertAsync(Clients.Some(10_500), ByExternalId);

        Assert.Equal(10_500, made.Created);
        proxy.CutAnswers(0);
        Assert.Equal(10_500, (await client.ListPageAsync(new() { Count = true, Take = 1 })).Total);
        Assert.Equal(10_500, (await client.ListChangeSetsAsync().AllAsync()).Sum(set => set.Created));
    }

    [Fact]
    public async Task A_server_that_is_lost_on_the_way_leaves_the_key_and_the_import_with_which_the_same_call_goes_on()
    {
        using var proxy = new CuttingProxy(host.Address);
        var client = Clients.Of(proxy.Address, (await host.NewWorkspaceAsync()).Key!, proxy.Http);
        var items = Enumerable.Range(0, 10_001).Select(i => new PartnerWrite { Name = $"Partner {i}" }).ToList();
        proxy.CutAnswersFrom("/apply");

        var lost = await Assert.ThrowsAsync<RosterException>(() => client.UpsertAsync(items));
        proxy.CutAnswers(0);
        var again = await client.UpsertAsync(items, new() { IdempotencyKey = lost.IdempotencyKey });

        Assert.Equal((RosterErrors.NoAnswer, true), (lost.Code, lost.IsTransient));
        Assert.NotNull(lost.ImportId);
        Assert.Equal((lost.ImportId, 10_001), (again.ImportId, again.Created));
        // Each has been written once.
        Assert.Equal(10_001, (await client.ListChangeSetsAsync().AllAsync()).Sum(set => set.Created));
    }

    private static async Task<(int Updated, int Unchanged)> CountsAsync(Task<WriteResult> write)
    {
        var result = await write;
        return (result.Updated, result.Unchanged);
    }

    private static async IAsyncEnumerable<PartnerWrite> Stream(
        IEnumerable<PartnerWrite> items, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        foreach (var item in items)
            yield return item;
        await Task.CompletedTask.WaitAsync(cancel);
    }

    private sealed class Steps : IProgress<UpsertProgress>
    {
        public List<UpsertProgress> All { get; } = [];

        public void Report(UpsertProgress value) => All.Add(value);
    }
}

public sealed class LargeUpsertsOnSqlite(SqliteHost host) : LargeUpsertContract(host);

public sealed class LargeUpsertsOnPostgres(PostgresHost host) : LargeUpsertContract(host);
