using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Server.Hosting;
using Roster.Storage;
using Roster.Storage.Sqlite;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Tests.Storage;

/// <summary>Forgetting old values in an SQLite file: a limited part at a time, and past damaged change sets.</summary>
public sealed class SqliteRetentionTests : IDisposable
{
    private static readonly Timestamp Later = new(long.MaxValue);

    private readonly TempFolder _folder = new();

    private string File => _folder.File("roster.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_job_of_the_writer_rewrites_a_bounded_part_of_the_log()
    {
        const int Large = 5_000;
        await using var store = await OpenAsync(TimeProvider.System);
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(0), CancellationToken.None))!;
        var ids = (await WriteAsync(store, workspace, Enumerable.Range(0, Large)
            .Select(i => (object)new { name = Unpackable(i) }))).Answer.Select(one => one.Id).ToList();
        for (var i = 0; i < 4; i++)
            await WriteAsync(store, workspace, ids.Select(id => (object)new { id, name = Unpackable(id.GetHashCode() + i) }));
        for (var i = 0; i < SqliteStore.ForgottenChangeSets + 10; i += 10)
            await Task.WhenAll(Enumerable.Range(i, 10)
                .Select(k => WriteAsync(store, workspace, [new { id = ids[0], name = $"again {k}" }])));
        var sizes = Read("select revision, length(changes) from change_set order by revision")
            .ToDictionary(row => row.First, row => row.Second);

        var parts = 0;
        for (var (from, hasMore) = (0L, true); hasMore; parts++)
        {
            hasMore = (await store.ForgetValuesAsync(workspace.Id, Later, CancellationToken.None)).HasMore;
            var upTo = Read("select forgotten, 0 from workspace")[0].First;
            var done = sizes.Where(one => one.Key > from && one.Key <= upTo).ToList();
            Assert.InRange(done.Count, 1, SqliteStore.ForgottenChangeSets);
            Assert.True(done.Count == 1 || done.Sum(one => one.Value) <= SqliteStore.ForgottenBytes);
            from = upTo;
        }

        Assert.InRange(parts, 4, sizes.Count / 10);
        Assert.Equal(sizes.Count, Read("select forgotten, 0 from workspace")[0].First);
        Assert.All(await ReadLogAsync(store, workspace), change => Assert.False(change.Before is { HasValues: true }));
    }

    [Fact]
    public async Task A_damaged_change_set_is_named_and_those_after_it_are_forgotten()
    {
        await using var store = await OpenAsync(TimeProvider.System);
        var workspace = await FourChangeSetsAsync(store);
        Damage(2);

        var forgotten = await store.ForgetValuesAsync(workspace.Id, Later, CancellationToken.None);

        Assert.Equal([2], forgotten.Damaged);
        Assert.False(forgotten.HasMore);
        Assert.Empty((await store.ForgetValuesAsync(workspace.Id, Later, CancellationToken.None)).Damaged);
        foreach (var revision in new[] { 3L, 4L })
            Assert.False((await ReadAsync(store, workspace, revision))!.Changes[0].Before!.HasValues);
    }

    [Fact]
    public async Task A_server_that_meets_a_damaged_change_set_says_so_and_goes_on()
    {
        var then = new MovableClock();
        then.Move(TimeSpan.FromDays(-2));
        await using (var store = await OpenAsync(then))
            await FourChangeSetsAsync(store);
        Damage(3);

        using var server = RosterProcess.Serve(_folder.Path, "--database", "sqlite:" + File, "--keep-old-values", "24h");
        await server.SaysAsync("Change set 3 of workspace 1 is damaged");

        Assert.Equal(200, (await server.Client("none").GetAsync("/health/ready")).Status);
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
        Assert.Equal(4, Read("select forgotten, 0 from workspace")[0].First);
    }

    [Fact]
    public async Task A_workspace_that_cannot_be_read_keeps_its_own_old_values_only()
    {
        await using var store = await OpenAsync(TimeProvider.System);
        var (away, there) = (await FourChangeSetsAsync(store, "away"), await FourChangeSetsAsync(store, "there"));
        var clock = new MovableClock();
        clock.Move(TimeSpan.FromDays(2));
        var calls = CountedStore.Around(store, out var counts);
        (counts.Failing, counts.FailingWorkspace) = (nameof(IRosterStore.ForgetValuesAsync), away.Id);
        using var retention = new Retention(
            calls, new ServerSettings([], ServerTiming: false, LogFormat.Json, OldValuesKept: TimeSpan.FromDays(1)),
            new SteadyClock(clock), NullLogger<Retention>.Instance);

        await retention.StartAsync(CancellationToken.None);
        while (Forgotten()[1].Second == 0)
            await Task.Yield();
        await retention.StopAsync(CancellationToken.None);

        Assert.Equal([(away.Id, 0), (there.Id, 4)], Forgotten());

        List<(long First, long Second)> Forgotten() => Read("select id, forgotten from workspace order by id");
    }

    [Fact]
    public async Task A_damaged_change_set_is_a_trouble_of_the_store_for_who_reads_it_and_all_else_goes_on()
    {
        await using var store = await OpenAsync(TimeProvider.System);
        var workspace = await FourChangeSetsAsync(store);
        Damage(2);
        Damage(4);

        var damage = await Assert.ThrowsAsync<DamagedLogException>(() => ReadAsync(store, workspace, 2));
        Assert.Equal(StoreTrouble.Damaged, damage.Trouble);
        Assert.Contains("backup", damage.Message, StringComparison.Ordinal);
        Assert.NotNull(await ReadAsync(store, workspace, 3));
        await store.CheckAsync(CancellationToken.None);
        await WriteAsync(store, workspace, [new { name = "fifth" }]);
        var found = await store.ListAsync(
            workspace.Id, new PartnerQuery(new PartnerFilter(Q: "fourth"), PartnerSort.Name, false, 10), CancellationToken.None);
        Assert.Single(found.Partners);
    }

    private static string Unpackable(int seed)
    {
        var bytes = new byte[40];
        new Random(seed).NextBytes(bytes);
        return Convert.ToHexString(bytes);
    }

    private static async Task<Workspace> FourChangeSetsAsync(IRosterStore store, string name = "w")
    {
        var workspace = (await store.AddWorkspaceAsync(name, new Timestamp(0), CancellationToken.None))!;
        var id = (await WriteAsync(store, workspace, [new { name = "first" }])).Answer[0].Id;
        foreach (var value in new[] { "second", "third", "fourth" })
            await WriteAsync(store, workspace, [new { id, name = value }]);
        return workspace;
    }

    private static async Task<ChangePlan> WriteAsync(IRosterStore store, Workspace workspace, IEnumerable<object> items) =>
        (await store.WriteAsync(
            workspace.Id, Some.Upsert(JsonSerializer.Serialize(items)), new Origin(Guid.NewGuid(), Guid.NewGuid()),
            CancellationToken.None)).Plan;

    private static Task<LoggedChangeSet?> ReadAsync(IRosterStore store, Workspace workspace, long revision) =>
        LoggedChangeSet.ReadAsync(store, workspace.Id, revision, 0, int.MaxValue, CancellationToken.None);

    private static async Task<IEnumerable<LoggedChange>> ReadLogAsync(IRosterStore store, Workspace workspace)
    {
        var changes = new List<LoggedChange>();
        for (var revision = 1; await ReadAsync(store, workspace, revision) is { } changeSet; revision++)
            changes.AddRange(changeSet.Changes);
        return changes;
    }

    private Task<IRosterStore> OpenAsync(TimeProvider clock) =>
        Store.Parse("sqlite:" + File).OpenAsync(StoreUse.Serve, clock, CancellationToken.None);

    private void Damage(long revision)
    {
        using var database = SqliteDatabase.Open(File);
        database.Prepare("update change_set set changes = x'01017f7f7f' where revision = ?1").Bind(1, revision).Run();
    }

    private List<(long First, long Second)> Read(string sql)
    {
        var found = new List<(long, long)>();
        using var database = SqliteDatabase.Open(File);
        using var rows = database.Prepare(sql).Query();
        while (rows.Step())
            found.Add((rows.Int64(0), rows.Int64(1)));
        return found;
    }
}
