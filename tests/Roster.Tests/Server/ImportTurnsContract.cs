using Roster.Imports;
using Roster.Server.Hosting;

namespace Roster.Tests.Server;

/// <summary>How many imports are worked on at a time, and which one is next. Work that has begun is held at its first write.</summary>
public abstract class ImportTurnsContract(RosterHost host)
{
    private protected const string File = "externalId,name\na,Ada\n";

    /// <summary>More than a server looks at together.</summary>
    private protected const int Many = 35;

    [Fact]
    public async Task Three_imports_of_a_workspace_are_worked_on_at_a_time_and_those_of_others_go_on_beside_them()
    {
        await using var own = await HeldServer.StartAsync(host);
        var (busy, other) = (await own.Host.NewWorkspaceAsync(), await own.Host.NewWorkspaceAsync());
        using var held = own.Hold();
        var waiting = new List<string>();
        for (var i = 0; i < Many; i++)
            waiting.Add(await PlanAsync(busy));

        var single = await PlanAsync(other);

        await HeldServer.HaveBegunAsync(4, own);
        Assert.Equal((3, 1), (await AtWorkAsync(own, busy), await AtWorkAsync(own, other)));
        held.Dispose();
        await ArePlannedAsync([(other, single), .. waiting.Select(id => (busy, id))]);
    }

    [Fact]
    public async Task Twelve_imports_of_a_server_are_worked_on_at_a_time_and_a_workspace_without_any_is_next()
    {
        await using var own = await HeldServer.StartAsync(host);
        var imports = new List<(RosterClient Api, string Id)>();
        using var first = own.Hold();
        await AddAsync(await own.Host.NewWorkspaceAsync());
        await HeldServer.HaveBegunAsync(1, own);
        using var rest = own.Hold();
        for (var i = 0; i < 3; i++)
            await AddAsync(imports[0].Api);
        for (var i = 0; i < 12; i++)
            await AddAsync(i % 4 == 0 ? await own.Host.NewWorkspaceAsync() : imports[^1].Api);
        var last = await own.Host.NewWorkspaceAsync();
        await AddAsync(last);
        await HeldServer.HaveBegunAsync(12, own);
        Assert.Equal(0, await AtWorkAsync(own, last));

        first.Dispose();

        await HeldServer.HaveBegunAsync(13, own);
        Assert.Equal(1, await AtWorkAsync(own, last));
        rest.Dispose();
        await ArePlannedAsync(imports);

        async Task AddAsync(RosterClient api) => imports.Add((api, await PlanAsync(api)));
    }

    [Fact]
    public async Task Plans_of_large_files_wait_for_each_other_and_nothing_else_waits_for_them()
    {
        await using var own = await HeldServer.StartAsync(host);
        var (one, two, other) =
            (await own.Host.NewWorkspaceAsync(), await own.Host.NewWorkspaceAsync(), await own.Host.NewWorkspaceAsync());
        var (small, _) = await other.NewPlanAsync(File);
        using var held = own.Hold();
        var large = await PlanLargeAsync(one);
        await HeldServer.HaveBegunAsync(2, own);
        var late = await PlanLargeAsync(two);

        Assert.Equal(202, (await other.ApplyAsync(small)).Status);

        await HeldServer.HaveBegunAsync(3, own);
        Assert.Equal((1, 0, 1), (await AtWorkAsync(own, one), await AtWorkAsync(own, two), await AtWorkAsync(own, other)));
        held.Dispose();
        await ArePlannedAsync([(one, large), (two, late)]);
        Assert.Equal("applied", (await other.SettledAsync(small)).State());

        // A file of so many rows would take long: the import only says that it has them.
        async Task<string> PlanLargeAsync(RosterClient api)
        {
            var id = await api.NewImportAsync(File);
            await StoreAsync(own, api, id, now => now with { Contents = now.Contents! with { Rows = 1_500_000 } });
            Assert.Equal(202, (await api.PostAsync("", $"/api/imports/{id}/plan")).Status);
            return id;
        }
    }

    [Fact]
    public async Task Many_imports_that_cannot_be_taken_do_not_keep_one_behind_them_from_its_turn()
    {
        await using var own = await HeldServer.StartAsync(host);
        var imports = new List<(RosterClient Api, string Id)>();
        for (var i = 0; i < Many; i++)
        {
            var api = await own.Host.NewWorkspaceAsync();
            imports.Add((api, await api.NewImportAsync(File)));
        }
        var there = await own.Host.NewWorkspaceAsync();
        (own.Calls.Failing, own.Calls.SparedWorkspace) = (nameof(IRosterStore.ReplaceImportAsync), there.Workspace.Id);
        foreach (var (api, id) in imports)
            await StoreAsync(own, api, id, Asked);

        await there.NewPlanAsync(File);

        own.Calls.Failing = null;
        await ArePlannedAsync(imports);
    }

    [Fact]
    public async Task Many_imports_that_cannot_be_forgotten_do_not_keep_one_behind_them()
    {
        await using var own = await HeldServer.StartAsync(host, change: settings => settings with { ImportsKept = TimeSpan.FromDays(2) });
        var (stuck, other) = (await own.Host.NewWorkspaceAsync(), await own.Host.NewWorkspaceAsync());
        var ids = new List<string>();
        for (var i = 0; i < Many; i++)
            ids.Add(await stuck.NewImportAsync(File));
        var behind = await other.NewImportAsync(File);
        (own.Calls.Failing, own.Calls.FailingWorkspace) = (nameof(IRosterStore.DeleteImportBlocksAsync), stuck.Workspace.Id);

        own.Host.Clock.Move(TimeSpan.FromDays(2.1));

        await IsForgottenAsync(other, behind);
        own.Calls.Failing = null;
        own.Host.Clock.Move(TimeSpan.FromMinutes(2));
        foreach (var id in ids)
            await IsForgottenAsync(stuck, id);

        async Task IsForgottenAsync(RosterClient api, string id)
        {
            for (var i = 0; (await FindAsync(own, api, id)).DueAt is not null; i++)
            {
                Assert.InRange(i, 0, 100);
                await own.LooksAsync();
            }
        }
    }

    [Fact]
    public async Task An_import_that_cannot_be_read_does_not_keep_others_from_their_turn_and_is_looked_at_again()
    {
        await using var own = await HeldServer.StartAsync(host);
        var api = await own.Host.NewWorkspaceAsync();
        var id = await api.NewImportAsync(File);
        var stored = await FindAsync(own, api, id);
        var asked = Asked(Import.Of(stored));
        var damaged = stored with { Step = stored.Step + 1, DueAt = DueImports.DueAt(asked), Document = [1, 2] };
        Assert.True(await own.Host.Store.ReplaceImportAsync(damaged, CancellationToken.None));

        await api.NewPlanAsync(File);

        Assert.Equal("storage_damaged", (await api.GetAsync($"/api/imports/{id}")).Code);
        var later = await FindAsync(own, api, id);
        var mended = later with { Step = later.Step + 1, Document = asked.ToStored(null).Document };
        Assert.True(await own.Host.Store.ReplaceImportAsync(mended, CancellationToken.None));
        own.Host.Clock.Move(TimeSpan.FromMinutes(2));
        await ArePlannedAsync([(api, id)]);
    }

    /// <summary>It was due at a time: when the work was asked for, or when its lease was to end.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_import_that_an_earlier_version_was_asked_for_is_worked_on(bool isLeased)
    {
        await using var own = await HeldServer.StartAsync(host);
        var api = await own.Host.NewWorkspaceAsync();
        var id = await api.NewImportAsync(File);
        var now = Import.Of(await FindAsync(own, api, id));
        var earlier = now with
        {
            Step = now.Step + 1,
            Work = ImportWork.Plan,
            Lease = isLeased ? Guid.NewGuid() : null,
        };

        Assert.True(await own.Host.Store.ReplaceImportAsync(earlier.ToStored(Timestamp.Now(own.Host.Clock)), CancellationToken.None));

        // The first looks put it in its place, and see the lease.
        await own.LooksAsync();
        own.Host.Clock.Move(TimeSpan.FromMinutes(2));
        await ArePlannedAsync([(api, id)]);
    }

    private protected static async Task<string> PlanAsync(RosterClient api)
    {
        var id = await api.NewImportAsync(File);
        Assert.Equal(202, (await api.PostAsync("", $"/api/imports/{id}/plan")).Status);
        return id;
    }

    private protected static async Task ArePlannedAsync(IEnumerable<(RosterClient Api, string Id)> imports)
    {
        foreach (var (api, id) in imports)
            Assert.Equal("planned", (await api.SettledAsync(id)).State());
    }

    private protected static Import Asked(Import import) => import with { Work = ImportWork.Plan, AskedAt = new Timestamp(1) };

    /// <summary>Changes an import as a server does that is not this one.</summary>
    private protected static async Task StoreAsync(HeldServer server, RosterClient api, string id, Func<Import, Import> change)
    {
        var now = Import.Of(await FindAsync(server, api, id));
        var next = change(now) with { Step = now.Step + 1 };
        Assert.True(await server.Host.Store.ReplaceImportAsync(next.ToStored(DueImports.DueAt(next)), CancellationToken.None));
    }

    private protected static async Task<StoredImport> FindAsync(HeldServer server, RosterClient api, string id) =>
        (await server.Host.Store.FindImportAsync(api.Workspace.Id, Guid.Parse(id), CancellationToken.None))!;

    /// <summary>Imports of a workspace that a server has taken.</summary>
    private static async Task<int> AtWorkAsync(HeldServer server, RosterClient api) =>
        (await server.Host.Store.ListOpenImportsAsync(api.Workspace.Id, CancellationToken.None))
            .Count(stored => Import.Of(stored).Lease is not null);
}

public sealed class ImportTurnsOnSqlite(SqliteHost host) : ImportTurnsContract(host);

public sealed class ImportTurnsOnPostgres(PostgresHost host) : ImportTurnsContract(host)
{
    private readonly PostgresHost _host = host;

    [Fact]
    public async Task Three_imports_of_a_workspace_are_worked_on_at_a_time_by_all_servers_together()
    {
        await using var one = await HeldServer.StartAsync(_host);
        await using var two = await HeldServer.StartAsync(_host, one.Host.Store);
        var api = await one.Host.NewWorkspaceAsync();
        for (var round = 0; round < 5; round++)
        {
            var ids = new List<string>();
            for (var i = 0; i < 6; i++)
                ids.Add(await api.NewImportAsync(File));
            using (one.Hold())
            using (two.Hold())
            {
                await Task.WhenAll(ids.Select(id => StoreAsync(one, api, id, Asked)));
                // Both look at once, and neither has begun.
                one.Host.ImportWorker.Wake();
                two.Host.ImportWorker.Wake();
                await HeldServer.HaveBegunAsync((ids.Count * round) + 3, one, two);
            }

            await ArePlannedAsync(ids.Select(id => (api, id)));
        }
    }

    [Fact]
    public async Task An_import_that_was_one_too_many_when_it_was_taken_is_given_back_and_goes_on_later()
    {
        await using var own = await HeldServer.StartAsync(_host);
        var api = await own.Host.NewWorkspaceAsync();
        var others = new List<string>();
        for (var i = 0; i < 3; i++)
            others.Add(await api.NewImportAsync(File));
        var id = await api.NewImportAsync(File);
        own.Calls.BeforeReplace = () => Task.WhenAll(
            others.Select(other => StoreAsync(own, api, other, now => Asked(now) with { Lease = Guid.NewGuid() })));

        await StoreAsync(own, api, id, Asked);

        await own.LooksAsync();
        Assert.Null(own.Calls.BeforeReplace);
        Assert.Null(Import.Of(await FindAsync(own, api, id)).Lease);
        Assert.Equal(0, own.Calls.Of(nameof(IRosterStore.WriteAsync)));
        own.Host.Clock.Move(TimeSpan.FromMinutes(2));
        await ArePlannedAsync([(api, id), .. others.Select(other => (api, other))]);
    }

    [Fact]
    public async Task Many_imports_of_another_server_do_not_keep_one_behind_them_from_its_turn_and_go_on_when_that_has_ended()
    {
        await using var own = await HeldServer.StartAsync(_host);
        var imports = new List<(RosterClient Api, string Id)>();
        for (var i = 0; i < Many; i++)
        {
            var api = i % 3 == 0 ? await own.Host.NewWorkspaceAsync() : imports[^1].Api;
            var id = await api.NewImportAsync(File);
            await StoreAsync(own, api, id, now => Asked(now) with { Lease = Guid.NewGuid() });
            imports.Add((api, id));
        }

        await (await own.Host.NewWorkspaceAsync()).NewPlanAsync(File);

        foreach (var (api, id) in imports)
            Assert.NotNull(Import.Of(await FindAsync(own, api, id)).Lease);
        await own.LooksAsync();
        own.Host.Clock.Move(TimeSpan.FromMinutes(2));
        await ArePlannedAsync(imports);
    }
}

/// <summary>A server whose imports can be held at their first write.</summary>
internal sealed class HeldServer : IAsyncDisposable
{
    /// <summary>How many more lists of what is due show that it has looked a few times.</summary>
    private const int Lists = 20;

    private CountedStore _calls = null!;

    public RosterHost Host { get; private set; } = null!;

    public CountedStore Calls => _calls;

    /// <param name="shared">The store of another server that it shares; null for one of its own.</param>
    public static async Task<HeldServer> StartAsync(
        RosterHost host, IRosterStore? shared = null, Func<ServerSettings, ServerSettings>? change = null)
    {
        var server = new HeldServer();
        server.Host = await host.AnotherAsync(
            change, own => CountedStore.Around(shared ?? own, out server._calls), alone: shared is null);
        return server;
    }

    /// <summary>Holds what begins to write from now on.</summary>
    /// <returns>Lets it go on.</returns>
    public IDisposable Hold() => new Held(_calls);

    /// <summary>Waits until so many writes have begun, and sees that no more do.</summary>
    public static async Task HaveBegunAsync(int writes, params HeldServer[] servers)
    {
        for (var i = 0; Begun() < writes; i++)
        {
            Assert.InRange(i, 0, 10_000);
            await Task.Delay(10);
        }
        foreach (var server in servers)
            await server.LooksAsync();
        Assert.Equal(writes, Begun());

        int Begun() => servers.Sum(server => server._calls.Of(nameof(IRosterStore.WriteAsync)));
    }

    /// <summary>Waits until it has looked for imports a few times.</summary>
    public async Task LooksAsync()
    {
        for (var until = Listed() + Lists; Listed() < until;)
        {
            Host.ImportWorker.Wake();
            await Task.Delay(10);
        }

        int Listed() => _calls.Of(nameof(IRosterStore.ListDueImportsAsync));
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    private sealed class Held : IDisposable
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CountedStore _calls;

        public Held(CountedStore calls)
        {
            _calls = calls;
            calls.WritesAfter = _end.Task;
        }

        public void Dispose()
        {
            if (_calls.WritesAfter == _end.Task)
                _calls.WritesAfter = null;
            _end.TrySetResult();
        }
    }
}
