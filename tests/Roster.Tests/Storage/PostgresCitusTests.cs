using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;
using Roster.Batches;
using Roster.Changes;
using Roster.Imports;
using Roster.Log;
using Roster.Partners;
using Roster.Storage;
using Roster.Storage.Checks;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Search;
using Roster.Storage.Postgres.Tools;

namespace Roster.Tests.Storage;

/// <summary>Citus sends each statement to the one shard of its workspace, and a write commits in one phase.</summary>
public sealed partial class PostgresCitusTests(PostgresHost host)
{
    /// <summary>So many that they are read on two connections and sent in parts.</summary>
    private const int Many = 3_000;

    [CitusFact]
    public async Task Each_statement_of_a_request_goes_to_the_shard_of_its_workspace_and_a_write_commits_in_one_phase()
    {
        using var log = new CitusLog(host.Database);
        // This use does not follow the log in the background.
        await using var store = await Store.Parse(log.Address).OpenAsync(StoreUse.Administer, TimeProvider.System, CancellationToken.None);
        var now = Timestamp.Now(TimeProvider.System);
        var workspace = (await store.AddWorkspaceAsync(Guid.NewGuid().ToString(), now, CancellationToken.None))!.Id;
        var shards = await ShardsAsync(workspace);
        var faults = new List<string>();

        await using var source = NpgsqlDataSource.Create(PostgresAddress.Parse(log.Address, null, false)!.ConnectionString);
        await using var connection = await source.OpenConnectionAsync();
        foreach (var (name, call) in Calls(store, workspace).Concat(Imports(store, workspace)).Concat(Searches(connection, workspace)))
        {
            log.Take();
            await call();
            var commands = log.Take();
            if (commands.Count == 0)
                faults.Add($"{name} was not seen");
            foreach (var (command, server) in commands)
                if (server != commands[0].Server || TwoPhases().IsMatch(command)
                    || Shard().Matches(command).Any(match => !shards.Contains(match.Groups["id"].Value)))
                    faults.Add($"{name} sends to {server}: {command[..Math.Min(300, command.Length)]}");
            // A worker, too, plans without values: its statistics may not know the workspace.
            faults.AddRange(commands.Where(one => one.Command.StartsWith("BEGIN", StringComparison.Ordinal)
                    && !one.Command.Contains("set local plan_cache_mode = force_generic_plan;", StringComparison.Ordinal))
                .Select(one => $"{name} begins without the planner's setting: {one.Command}"));
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [CitusFact]
    public async Task What_an_erasure_leaves_behind_is_vacuumed_in_the_shards_of_its_workspace()
    {
        var workspace = (await host.NewWorkspaceAsync()).Workspace.Id;
        await using var source = NpgsqlDataSource.Create(PostgresAddress.Parse(host.Database, null, false)!.ConnectionString);
        await using var connection = await source.OpenConnectionAsync();

        Assert.True(await PostgresCitus.TidyAsync(
            connection, workspace, "vacuum", ["partner", "change_set", "partner_search", "search_term"]));
    }

    [CitusFact]
    public async Task A_worker_that_can_lose_what_it_acknowledged_is_refused_also_where_its_coordinator_cannot()
    {
        var role = $"role_{Guid.NewGuid():N}";
        await PostgresCluster.RunAsync(host.Database,
            $"create role {role} login",
            $"alter role {role} set synchronous_commit = off",
            // On the coordinator only.
            $"set citus.enable_ddl_propagation = off; alter role {role} reset synchronous_commit");

        var store = Store.Parse(Regex.Replace(host.Database, "//[^@]*@", $"//{role}@"));
        var refused = await Assert.ThrowsAsync<StoreRefusedException>(
            () => store.OpenAsync(StoreUse.Administer, TimeProvider.System, CancellationToken.None));

        Assert.StartsWith("The worker ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("synchronous_commit off", refused.Message, StringComparison.Ordinal);
        await PostgresCluster.RunAsync(host.Database, $"drop role {role}");
    }

    [CitusFact]
    public async Task What_is_asked_of_all_workspaces_is_asked_of_each_node_by_itself_if_they_do_not_all_answer()
    {
        using var log = new CitusLog(host.Database);
        await using var source = NpgsqlDataSource.Create(PostgresAddress.Parse(log.Address, null, false)!.ConnectionString);
        await using var connection = await source.OpenConnectionAsync();
        var workspaces = new List<long>();
        while (workspaces.Count < 5)
            workspaces.Add((await host.NewWorkspaceAsync()).Workspace.Id);
        log.Take();

        var (rows, isComplete) = await PostgresCitus.ListAsync(
            connection, new("select pg_sleep(60)::text::bigint"),
            some => new("select workspace_id from log_end where workspace_id = any ($1)", some), row => row.GetInt64(0));

        Assert.True(isComplete);
        Assert.Equal(rows.Order(), rows.Distinct().Order());
        Assert.Equal(workspaces.Order(), rows.Intersect(workspaces).Order());
        // No shard is asked twice: then a node that is away only fails the query that asks it.
        var asked = log.Take().SelectMany(one => Shard().Matches(one.Command).Select(match => match.Groups["id"].Value)).ToList();
        Assert.Equal(asked.Order(), asked.Distinct().Order());
        Assert.NotEmpty(asked);
    }

    [CitusFact]
    public async Task A_check_says_also_of_the_workers_whether_their_data_checksums_are_on()
    {
        var name = (await host.NewWorkspaceAsync()).Workspace.Name;
        var isOn = (bool)(await PostgresCluster.RunAsync(
            host.Database, "select bool_and(result = 'on') from run_command_on_workers('show data_checksums')"))!;
        var parts = new List<CheckPart>();

        await Store.Parse(host.Database).CheckAsync(name, parts.Add, CancellationToken.None);

        Assert.All(parts, part => Assert.Empty(part.Damages));
        Assert.Matches(isOn ? "; those of the \\d+ workers of Citus are on$" : "; off on .+:\\d+", parts[0].Summary);
    }

    [GeneratedRegex(
        @"\b(log_end|partner(?:_search)?|change_set|idempotency|audit_event|search_[a-z]+|day_count|import(?:_[a-z]+)?)_(?<id>\d{6,})\b")]
    private static partial Regex Shard();

    /// <summary>COPY means that rows were collected on the coordinator.</summary>
    [GeneratedRegex("^(PREPARE TRANSACTION|COMMIT PREPARED|COPY)")]
    private static partial Regex TwoPhases();

    private static IEnumerable<(string Name, Func<Task> Call)> Calls(IRosterStore store, long workspace)
    {
        var none = CancellationToken.None;
        var now = Timestamp.Now(TimeProvider.System);
        Guid[] ids = [];
        yield return ("Create many", async () => ids = [.. (await WriteAsync(
            Items(Many, i => new { name = $"n{i}", externalId = $"x{i}" }))).Plan.Answer.Select(one => one.Id)]);
        yield return ("Create one", () => WriteAsync("""[{"name":"one"}]"""));
        yield return ("Update many", () => WriteAsync(Items(Many, i => new { id = ids[i], name = $"m{i}" })));
        yield return ("Update one", () => WriteAsync(Items(1, i => new { id = ids[i], name = "another" })));
        yield return ("Match external ids", () => ChangeAsync(Some.Change(
            new BatchBuilder(ChangeKind.Upsert, MatchOn.ExternalId), Items(Many, i => new { externalId = $"x{i}", name = $"k{i}" }))));
        yield return ("Change nothing", () => WriteAsync(Items(1, _ => new { id = ids[0], name = "k0" })));
        yield return ("Delete", () => ChangeAsync(Some.Change(new BatchBuilder(ChangeKind.Delete), Items(10, i => ids[i]))));
        yield return ("Erase", () => ChangeAsync(Some.Erasure(ids[20])));
        yield return ("Claim, write and keep", ClaimAndKeepAsync);
        yield return ("Claim and release", async () => await store.ReleaseAsync(workspace, await ClaimAsync(), none));
        yield return ("FindIdempotency", () => store.FindIdempotencyAsync(workspace, new byte[32], default, default, none));
        yield return ("Find", () => store.FindAsync(workspace, ids, none));
        yield return ("List", () => ListAsync(new PartnerFilter()));
        yield return ("List: external id", () => ListAsync(new PartnerFilter(ExternalId: "x2500", Deleted: DeletedPartners.With)));
        yield return ("Count", () => store.CountAsync(workspace, new PartnerFilter(), none));
        yield return ("FindEnd", () => store.FindEndAsync(workspace, none));
        yield return ("ListChangeSets", () => store.ListChangeSetsAsync(workspace, new ChangeSetQuery(5), none));
        yield return ("ListChangeSets: a kind", () => store.ListChangeSetsAsync(
            workspace, new ChangeSetQuery(5, Kind: ChangeKind.Upsert), none));
        yield return ("ListChangeSets: a key", () => store.ListChangeSetsAsync(
            workspace, new ChangeSetQuery(5, KeyId: Guid.NewGuid()), none));
        yield return ("ReadChangedAfter", () => store.ReadChangedAfterAsync(workspace, 0, 10, none));
        yield return ("ListAudit", () => store.ListAuditAsync(workspace, null, 5, none));
        yield return ("ListAudit: from the middle", () => store.ListAuditAsync(workspace, Guid.NewGuid(), 5, none));
        yield return ("ForgetValues", () => store.ForgetValuesAsync(workspace, now.AddMilliseconds(60_000), none));

        async Task ClaimAndKeepAsync() => await store.WriteAsync(
            workspace, new WriteRequest(Some.Upsert("""[{"name":"n"}]"""), NewOrigin(), Idempotency: await ClaimAsync()), none);

        async Task<Idempotency> ClaimAsync()
        {
            var idempotency = new Idempotency(Guid.NewGuid().ToByteArray(), new byte[32], Guid.NewGuid(), default, default);
            Assert.IsType<IdempotencyState.Unused>(await store.ClaimAsync(workspace, idempotency, now, default, none));
            return idempotency;
        }

        Task<WrittenPlan> WriteAsync(string items) => ChangeAsync(Some.Upsert(items));

        async Task<WrittenPlan> ChangeAsync(Change change)
        {
            var written = await store.WriteAsync(workspace, new WriteRequest(change, NewOrigin()), none);
            Assert.Equal(0, written.Plan.Faults.Count);
            return written;
        }

        Task ListAsync(PartnerFilter filter) =>
            store.ListAsync(workspace, new PartnerQuery(filter, PartnerSort.CreatedAt, true, 50, 0, null), none);

        static Origin NewOrigin() => new(Guid.NewGuid(), Guid.NewGuid());

        static string Items(int count, Func<int, object> item) => JsonSerializer.Serialize(Enumerable.Range(0, count).Select(item));
    }

    private static IEnumerable<(string Name, Func<Task> Call)> Imports(IRosterStore store, long workspace)
    {
        var none = CancellationToken.None;
        var id = Guid.CreateVersion7();
        byte[] bytes = [1];
        yield return ("AddImport", () => store.AddImportAsync(new StoredImport(workspace, id, 1, null, bytes), none));
        yield return ("ReplaceImport", () => store.ReplaceImportAsync(new StoredImport(workspace, id, 2, null, bytes), none));
        yield return ("FindImport", () => store.FindImportAsync(workspace, id, none));
        yield return ("ListImports", () => store.ListImportsAsync(workspace, null, 20, none));
        yield return ("CountOpenImports", () => store.CountOpenImportsAsync(workspace, none));
        yield return ("ListOpenImports", () => store.ListOpenImportsAsync(workspace, none));
        yield return ("A part of an import", () => store.WriteAsync(
            workspace,
            new WriteRequest(
                Some.Upsert("""[{"name":"n"}]"""), new Origin(Guid.NewGuid(), Guid.NewGuid()), Import: new ImportMark(id, 1, 1)), none));
        yield return ("ListImportParts", () => store.ListImportPartsAsync(workspace, id, none));
        yield return ("WriteImportBlocks", () => store.WriteImportBlocksAsync(
            workspace, id, [.. Enumerable.Range(0, 20).Select(i => new ImportBlock(ImportBlockKind.Ids, i, bytes, bytes))], none));
        yield return ("ReadImportBlock", () => store.ReadImportBlockAsync(workspace, id, ImportBlockKind.Ids, 1, none));
        yield return ("ListImportBlocks", () => store.ListImportBlocksAsync(workspace, id, ImportBlockKind.Ids, 1, 20, none));
        yield return ("DeleteImportBlocks", () => store.DeleteImportBlocksAsync(workspace, id, ImportBlockKind.Ids, 1, none));
        yield return ("PutMapping", () => store.PutMappingAsync(workspace, new StoredMapping("new", new Timestamp(1), bytes), none));
        yield return ("PutMapping: a header", () => store.PutMappingAsync(
            workspace, new StoredMapping("#new", new Timestamp(1), bytes), none));
        yield return ("FindMapping", () => store.FindMappingAsync(workspace, "new", none));
        yield return ("DeleteMapping", () => store.DeleteMappingAsync(workspace, "new", none));
    }

    private static IEnumerable<(string Name, Func<Task> Call)> Searches(NpgsqlConnection connection, long workspace)
    {
        yield return ("A step of the search index", StepAsync);
        yield return ("The terms", () => connection.RunAsync(CancellationToken.None, new PostgresStatement(
            PostgresSearch.SelectTerms, workspace, (int)TermKind.Tag, "", 10L)));
        yield return ("The numbers by day", () => connection.RunAsync(CancellationToken.None, new PostgresStatement(
            PostgresSearch.SelectStatistics, workspace, 0, PostgresSearch.MaxDayCounts)));
        foreach (var (name, statement) in PostgresSqlTests.Queries(workspace))
            yield return ("Search: " + name, () => connection.RunAsync(CancellationToken.None, statement));

        async Task StepAsync()
        {
            await connection.RunAsync(CancellationToken.None, PostgresDatabase.BeginOnCitus);
            for (var step = FollowStep.More; step == FollowStep.More;)
                step = (await PostgresSearchStep.RunAsync(connection, workspace)).Step;
            await connection.RunAsync(CancellationToken.None, new PostgresStatement("commit"));
        }
    }

    /// <summary>The ids of the shards with the workspace's rows.</summary>
    private async Task<HashSet<string>> ShardsAsync(long workspace) => [.. ((string)(await PostgresCluster.RunAsync(host.Database, $"""
        select string_agg(get_shard_id_for_distribution_column(logicalrelid, {workspace}::bigint)::text, ' ')
        from pg_dist_partition where partmethod = 'h'
        """))!).Split(' ')];
}
