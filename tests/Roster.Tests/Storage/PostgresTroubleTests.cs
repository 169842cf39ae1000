using Npgsql;
using Roster.Access;
using Roster.Changes;
using Roster.Log;
using Roster.Storage;
using Roster.Storage.Postgres.Connections;

namespace Roster.Tests.Storage;

/// <summary>What clients see when PostgreSQL refuses a statement or the connection is cut.</summary>
public sealed class PostgresTroubleTests(PostgresHost shared)
{
    /// <summary>Connections to this database that wait for a lock.</summary>
    private const string Waiting = "from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";

    private readonly string _database = shared.NewDatabase();

    [Theory]
    [InlineData("40001")]
    [InlineData("40P01")]
    [InlineData("55P03")]
    [InlineData("57P01")]
    public async Task Conflicts_and_servers_that_go_are_tried_again_and_the_write_happens_once(string state)
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var api = await host.NewWorkspaceAsync();
        await FailAsync(state, times: 3);

        var answer = await api.PutAsync("""[{"name":"a"}]""");

        Assert.Equal((200, 1), (answer.Status, answer.Revision));
        Assert.Single((await api.GetAsync("/api/partners")).Items);
        Assert.Equal(4L, await PostgresCluster.RunAsync(_database, "select nextval('failures') - 1"));
    }

    [Theory]
    [InlineData("53100", 507, "storage_full")]
    [InlineData("25006", 503, "storage_read_only")]
    [InlineData("53200", 503, "storage_unavailable")]
    public async Task A_trouble_that_stays_is_the_servers_and_says_which_and_reading_goes_on(string state, int status, string code)
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var api = await host.NewWorkspaceAsync();
        await FailAsync(state, times: 1_000_000);

        var answer = await api.PutAsync("""[{"name":"a"}]""");

        Assert.Equal((status, code), (answer.Status, answer.Code));
        Assert.Empty((await api.GetAsync("/api/partners")).Items);
    }

    [Fact]
    public async Task A_commit_whose_answer_is_lost_is_found_to_have_happened()
    {
        using var proxy = new PostgresProxy(_database);
        await using var host = await PostgresHost.OnAsync(proxy.Address);
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync();
        proxy.CutNext(Cut.AnswerOfCommit);

        var answer = await api.PutAsync($$"""[{"id":"{{id}}","name":"b"},{"name":"c"}]""");

        Assert.Equal((200, 2), (answer.Status, answer.Revision));
        Assert.Equal(["c", "b"], (await api.GetAsync("/api/partners")).Names);
        Assert.Equal(3, (await api.PutAsync("""[{"name":"d"}]""")).Revision);
    }

    [Fact]
    public async Task A_commit_that_was_lost_itself_is_found_not_to_have_happened()
    {
        using var proxy = new PostgresProxy(_database);
        await using var host = await PostgresHost.OnAsync(proxy.Address);
        var api = await host.NewWorkspaceAsync();
        await api.CreateAsync();
        proxy.CutNext(Cut.Commit);

        var answer = await api.PutAsync("""[{"name":"b"}]""");

        Assert.Equal((503, "storage_unavailable"), (answer.Status, answer.Code));
        Assert.Single((await api.GetAsync("/api/partners")).Items);
        Assert.Equal(2, (await api.PutAsync("""[{"name":"c"}]""")).Revision);
    }

    [Theory]
    [InlineData("keys")]
    [InlineData("audit")]
    public async Task A_key_whose_commit_has_no_answer_is_there_once(string path)
    {
        using var proxy = new PostgresProxy(_database);
        await using var host = await PostgresHost.OnAsync(proxy.Address);
        var api = await host.NewWorkspaceAsync();
        proxy.CutNext(Cut.AnswerOfCommit);

        var created = await api.PostAsync("""{"name":"second","scopes":["partnersRead"]}""", "/api/keys");

        Assert.Equal(201, created.Status);
        Assert.Equal(200, (await host.WithKey(created.Json.GetProperty("key").GetString()).GetAsync("/api/partners")).Status);
        Assert.Equal(1, (await api.GetAsync($"/api/{path}")).Text.Split("second").Length - 1);
    }

    [Fact]
    public async Task A_server_that_is_cut_off_in_the_middle_of_a_write_does_not_hold_up_the_others()
    {
        using var proxy = new PostgresProxy(_database);
        await using var cutOff = await PostgresHost.OnAsync(proxy.Address);
        await using var other = await PostgresHost.OnAsync(_database);
        var workspace = (await cutOff.NewWorkspaceAsync()).Workspace;
        var first = await cutOff.NewKeyAsync(workspace, Scopes.All);
        var second = await other.NewKeyAsync(workspace, Scopes.All);
        proxy.CutNext(Cut.Silence);

        var lost = first.PutAsync("""[{"name":"a"}]""");
        await PostgresCluster.UntilAsync(_database, "select count(*) > 0 from pg_stat_activity where state = 'idle in transaction'");
        var written = await second.PutAsync("""[{"name":"b"}]""");

        Assert.Equal((200, 1), (written.Status, written.Revision));
        Assert.Equal("storage_unavailable", (await lost).Code);
        Assert.Equal(["b"], (await second.GetAsync("/api/partners")).Names);
    }

    [Theory]
    [InlineData("alter table change_set rename to elsewhere", "alter table elsewhere rename to change_set")]
    [InlineData("alter table partner rename column phone to tel", "alter table partner rename column tel to phone")]
    [InlineData("alter table log_end rename to elsewhere", "alter table elsewhere rename to log_end")]
    [InlineData("revoke insert on change_set from {0}", "grant insert on change_set to {0}")]
    [InlineData("revoke select on api_key from {0}", "grant select on api_key to {0}")]
    public async Task A_table_a_column_or_a_right_that_is_gone_is_the_databases_trouble_and_health_says_so(string take, string give)
    {
        var role = $"app_{Guid.NewGuid():N}";
        await PostgresCluster.RunAsync(_database, $"create role {role} login",
            $"alter database {new Uri(_database).AbsolutePath[1..]} owner to {role}");
        await using var host = await PostgresHost.OnAsync(_database.Replace("//roster@", $"//{role}@", StringComparison.Ordinal));
        var api = await host.NewWorkspaceAsync();
        await PostgresCluster.RunAsync(_database, take.Replace("{0}", role, StringComparison.Ordinal));

        foreach (var answer in new[] { await api.PutAsync("""[{"name":"a"}]"""), await api.GetAsync("/health/ready") })
        {
            Assert.Equal(503, answer.Status);
            Assert.StartsWith("storage_", answer.Code, StringComparison.Ordinal);
        }
        await PostgresCluster.RunAsync(_database, give.Replace("{0}", role, StringComparison.Ordinal));
        Assert.Equal(200, (await api.GetAsync("/health/ready")).Status);
        Assert.Equal(1, (await api.PutAsync("""[{"name":"a"}]""")).Revision);
        Assert.DoesNotContain("A bug", host.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_whose_answer_never_comes_takes_up_a_place_for_writing_only_while_the_server_runs_it()
    {
        await Store.Parse(_database).MigrateAsync(CancellationToken.None);
        using var proxy = new PostgresProxy(_database);
        // One place for writing.
        await using var host = await PostgresHost.OnAsync(proxy.Address + "?Maximum%20Pool%20Size=3");
        var api = await host.NewWorkspaceAsync();
        proxy.CutNext(Cut.SilenceAfterCommit);

        var unanswered = await api.PutAsync("""[{"name":"a"}]""");
        var next = await api.PutAsync("""[{"name":"b"}]""");

        Assert.Equal((200, 1), (unanswered.Status, unanswered.Revision));
        Assert.Equal((200, 2), (next.Status, next.Revision));
    }

    [Fact]
    public async Task A_request_that_waits_in_vain_for_a_connection_costs_the_others_none_of_theirs()
    {
        await Store.Parse(_database).MigrateAsync(CancellationToken.None);
        await using var host = await PostgresHost.OnAsync(_database + "?Maximum%20Pool%20Size=2&Timeout=2");
        var api = await host.NewWorkspaceAsync();
        await using var held = await HoldAsync("lock table partner");
        var reads = new[] { api.GetAsync("/api/partners"), api.GetAsync("/api/partners") };
        await PostgresCluster.UntilAsync(_database, $"select count(*) = 2 {Waiting}");
        var waiting = (int[])(await PostgresCluster.RunAsync(_database, $"select array_agg(pid) {Waiting}"))!;

        var inVain = await Assert.ThrowsAsync<StoreException>(
            () => host.Store.ReadStatusAsync(api.Workspace.Id, CancellationToken.None));

        Assert.Contains("pool has been exhausted", inVain.Message, StringComparison.Ordinal);
        await held.DisposeAsync();
        Assert.All(await Task.WhenAll(reads), read => Assert.Equal(200, read.Status));
        Assert.Equal(2L, await PostgresCluster.RunAsync(
            _database, $"select count(*) from pg_stat_activity where pid in ({string.Join(", ", waiting)})"));
    }

    [Fact]
    public async Task A_write_whose_claim_ran_out_fails_alone_and_those_that_share_its_transaction_are_written()
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var workspace = (await host.NewWorkspaceAsync()).Workspace.Id;
        await using var held = await HoldLogAsync();
        var first = WriteAsync("first", null);
        await PostgresCluster.UntilAsync(_database, "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock'");

        var before = WriteAsync("before", null);
        var lost = WriteAsync("lost", new Idempotency(new byte[32], new byte[32], Guid.NewGuid(), default, default));
        var after = WriteAsync("after", null);
        await held.DisposeAsync();

        Assert.Equal([1, 2, 3], (await Task.WhenAll(first, before, after)).Select(written => written.Plan.Revision.Number));
        await Assert.ThrowsAsync<ClaimLostException>(() => lost);
        Assert.Equal(3L, await PostgresCluster.RunAsync(_database, "select count(*) from partner"));

        Task<WrittenPlan> WriteAsync(string name, Idempotency? idempotency) => host.Store.WriteAsync(
            workspace, new WriteRequest(Some.Upsert($$"""[{"name":"{{name}}"}]"""),
                new Origin(Guid.NewGuid(), Guid.NewGuid()), Idempotency: idempotency),
            CancellationToken.None);
    }

    [Fact]
    public async Task Who_lost_its_claim_is_told_that_another_request_has_the_key()
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var api = await host.NewWorkspaceAsync();
        await using var held = await HoldLogAsync();
        var write = api.SendAsync(
            HttpMethod.Put, "/api/partners", new StringContent("""[{"name":"n"}]""", null, "application/json"),
            headers: [("Idempotency-Key", "k")]);
        await PostgresCluster.UntilAsync(_database, "select count(*) > 0 from idempotency");
        await PostgresCluster.RunAsync(_database, "delete from idempotency");
        await held.DisposeAsync();

        Assert.Equal((409, "idempotency_running"), ((await write).Status, (await write).Code));
        Assert.Empty((await api.GetAsync("/api/partners")).Items);
    }

    [Fact]
    public async Task An_attempt_that_claims_its_key_again_since_the_answer_to_the_first_time_was_lost_has_it()
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var workspace = (await host.NewWorkspaceAsync()).Workspace.Id;
        var attempt = new Idempotency(new byte[32], new byte[32], Guid.NewGuid(), default, default);

        Assert.IsType<IdempotencyState.Unused>(await ClaimAsync(attempt));
        Assert.IsType<IdempotencyState.Unused>(await ClaimAsync(attempt));
        Assert.IsType<IdempotencyState.Running>(await ClaimAsync(attempt with { ClaimId = Guid.NewGuid() }));

        Task<IdempotencyState> ClaimAsync(Idempotency idempotency) =>
            host.Store.ClaimAsync(workspace, idempotency, Timestamp.Now(host.Clock), default, CancellationToken.None);
    }

    [Fact]
    public async Task What_is_kept_no_longer_goes_a_little_with_each_claim_and_what_is_kept_stays()
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var workspace = (await host.NewWorkspaceAsync()).Workspace.Id;
        await PostgresCluster.RunAsync(_database, $"""
            insert into idempotency select {workspace}, sha256(i::text::bytea), '{Guid.Empty}', '', i, '{Guid.Empty}', '{Guid.Empty}', 1, ''
            from generate_series(1, 1000) as i
            """);

        for (var i = 1; i <= 3; i++)
        {
            await host.Store.ClaimAsync(
                workspace, new Idempotency([(byte)i], new byte[32], Guid.NewGuid(), default, new Timestamp(251)),
                Timestamp.Now(host.Clock), new Timestamp(251), CancellationToken.None);
            Assert.Equal((long)i + 1_000 - Math.Min(250, 100 * i),
                await PostgresCluster.RunAsync(_database, "select count(*) from idempotency"));
        }
        Assert.Equal(251L, await PostgresCluster.RunAsync(_database, "select min(at) from idempotency"));
    }

    [Fact]
    public async Task No_more_writes_wait_in_a_workspace_than_are_stated()
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var workspace = (await host.NewWorkspaceAsync()).Workspace.Id;
        var change = Some.Upsert("""[{"name":"n"}]""");
        await using var held = await HoldLogAsync();
        var first = WriteAsync();
        await PostgresCluster.UntilAsync(_database, "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock'");

        var waiting = Enumerable.Range(0, 10_000).Select(_ => WriteAsync()).ToArray();
        var oneMore = await Assert.ThrowsAsync<StoreException>(WriteAsync);
        await held.DisposeAsync();

        Assert.Equal(StoreTrouble.Overloaded, oneMore.Trouble);
        await first;
        Assert.Equal(10_001, (await Task.WhenAll(waiting)).Max(written => written.Plan.Revision.Number));

        Task<WrittenPlan> WriteAsync() =>
            host.Store.WriteAsync(workspace, change, new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None);
    }

    [Fact]
    public async Task Old_values_are_forgotten_in_pieces_however_large_the_change_sets_are_and_a_damaged_one_is_passed_over_and_named()
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var workspace = (await host.NewWorkspaceAsync()).Workspace.Id;
        // Three change sets that claim 8,000 entries each, and many small ones, one of them damaged.
        await PostgresCluster.RunAsync(_database, $"""
            insert into change_set
            select {workspace}, i, 'upsert', '{Guid.Empty}', '{Guid.Empty}', 0, case when i <= 3 then 8000 else 1 end, 0, 0, 0, i, null,
                '\x0100'::bytea || convert_to('[["{Guid.NewGuid()}",1,1,null,"secret",null,null]]', 'UTF8')
            from generate_series(1, 150) as i
            """, "update change_set set changes = 'broken' where revision = 50");
        var forgotten = new List<object?>();

        var damaged = new List<long>();
        ForgottenValues piece;
        do
        {
            piece = await host.Store.ForgetValuesAsync(workspace, new Timestamp(1_000), CancellationToken.None);
            damaged.AddRange(piece.Damaged);
            forgotten.Add(await PostgresCluster.RunAsync(_database, $"select forgotten from log_end where workspace_id = {workspace}"));
        }
        while (piece.HasMore);

        Assert.Equal([1L, 2L, 102L, 150L], forgotten);
        Assert.Equal([50L], damaged);
        Assert.Equal(0L, await PostgresCluster.RunAsync(
            _database, "select count(*) from change_set where position('secret'::bytea in changes) > 0"));
    }

    [Fact]
    public async Task A_damaged_change_set_is_a_trouble_of_the_store_for_who_reads_it_and_the_search_goes_on_without_it()
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var api = await host.NewWorkspaceAsync();
        var id = (await api.PostAsync("""[{"name":"first"}]""")).Ids[0];
        await api.PutAsync($$"""[{"id":"{{id}}","name":"second"}]""");
        Assert.Equal([id], (await api.GetAsync("/api/partners?q=second")).Ids);

        await PostgresCluster.RunAsync(
            _database, "update change_set set changes = 'broken' where revision = 2",
            "update partner_search set text = 'first'", "update search_state set reached = 1");

        Assert.Equal([id], (await api.GetAsync("/api/partners?q=second")).Ids);
        var damaged = await api.GetAsync("/api/changesets/2/changes");
        Assert.Equal((503, "storage_damaged"), (damaged.Status, damaged.Code));
        Assert.Equal(200, (await api.GetAsync($"/api/partners/{id}")).Status);
        Assert.Equal(200, (await api.GetAsync("/health/ready")).Status);
    }

    /// <summary>Locks the logs of all workspaces until disposed of.</summary>
    private Task<IAsyncDisposable> HoldLogAsync() => HoldAsync("select revision from log_end for update");

    /// <summary>Keeps the locks that a statement takes until disposed of.</summary>
    private async Task<IAsyncDisposable> HoldAsync(string sql)
    {
        var connection = new NpgsqlConnection(PostgresAddress.Parse(_database, null, false)!.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var hold = new NpgsqlCommand($"begin; {sql}", connection);
        await hold.ExecuteNonQueryAsync();
        return connection;
    }

    /// <summary>Makes the next writes fail with this SQLSTATE, at their last statement.</summary>
    private Task<object?> FailAsync(string state, long times) => PostgresCluster.RunAsync(_database,
        "create sequence failures",
        $$"""
        create function fail() returns trigger language plpgsql as $f$
        begin
            if nextval('failures') <= {{times}} then raise exception 'made to fail' using errcode = '{{state}}'; end if;
            return new;
        end $f$
        """,
        "create trigger fail before insert on change_set for each row execute function fail()");
}
