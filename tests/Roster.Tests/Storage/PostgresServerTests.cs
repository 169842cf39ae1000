namespace Roster.Tests.Storage;

/// <summary>What clients see while PostgreSQL restarts, waits for its standbys, or has unsafe settings.</summary>
public sealed class PostgresServerTests : IDisposable
{
    private const string Replicating = "select count(*) > 0 from pg_stat_activity where wait_event = 'SyncRep'";

    private readonly PostgresCluster _cluster = new();
    private readonly string _database;

    public PostgresServerTests() => _database = _cluster.NewDatabase();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task While_the_database_is_down_answers_are_503_and_health_says_so_and_all_comes_back_by_itself()
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var api = await host.NewWorkspaceAsync();
        var id = await api.CreateAsync();
        _cluster.Crash();

        var write = api.PutAsync("""[{"name":"b"}]""");
        var read = await api.GetAsync($"/api/partners/{id}");
        var ready = await api.GetAsync("/health/ready");

        foreach (var answer in new[] { read, await write, ready })
        {
            Assert.Equal((503, "storage_unavailable"), (answer.Status, answer.Code));
            Assert.Equal(5, answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        }
        Assert.Equal(200, (await api.GetAsync("/health/live")).Status);
        _cluster.Start();
        Assert.Equal(200, (await api.GetAsync($"/api/partners/{id}")).Status);
        Assert.Equal(2, (await api.PutAsync("""[{"name":"c"}]""")).Revision);
        Assert.Equal(200, (await api.GetAsync("/health/ready")).Status);
    }


    [Fact]
    public async Task A_write_outlasts_a_restart_of_the_database_that_is_over_in_time()
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var api = await host.NewWorkspaceAsync();
        // A lock on the workspace's log, so that the write waits for it while the server restarts.
        var holding = PostgresCluster.RunAsync(_database, "begin; select revision from log_end for update; select pg_sleep(600)");
        await PostgresCluster.UntilAsync(_database, "select count(*) > 0 from pg_stat_activity where wait_event = 'PgSleep'");
        var write = api.PutAsync("""[{"name":"a"}]""");
        await PostgresCluster.UntilAsync(_database, "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock'");

        _cluster.Crash();
        _cluster.Start();

        Assert.Equal((200, 1), ((await write).Status, (await write).Revision));
        Assert.Single((await api.GetAsync("/api/partners")).Items);
        await Assert.ThrowsAnyAsync<Npgsql.NpgsqlException>(() => holding);
    }


    [Fact]
    public async Task A_commit_that_might_not_have_been_replicated_is_proven_before_it_is_acknowledged()
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var api = await host.NewWorkspaceAsync();
        await WaitForStandbysAsync("'*'");
        var write = api.PutAsync("""[{"name":"a"}]""");
        await PostgresCluster.UntilAsync(_database, Replicating);

        await WaitForStandbysAsync("''", andCancel: true);

        Assert.Equal((200, 1), ((await write).Status, (await write).Revision));
    }


    [Fact]
    public async Task A_commit_that_no_standby_ever_has_is_never_acknowledged()
    {
        await using var host = await PostgresHost.OnAsync(_database);
        var api = await host.NewWorkspaceAsync();
        await WaitForStandbysAsync("'*'");

        var write = api.PutAsync("""[{"name":"a"}]""");
        while (!write.IsCompleted)
        {
            await PostgresCluster.RunAsync(_database, $"select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'");
            await Task.WhenAny(write, Task.Delay(50));
        }

        Assert.Equal((503, "outcome_unknown"), ((await write).Status, (await write).Code));
    }


    [Fact]
    public async Task While_commits_wait_for_a_standby_that_is_gone_reading_goes_on_and_no_write_is_lost()
    {
        // Of six connections three are for writing, and one is for looking up what became of their commits.
        await using var host = await PostgresHost.OnAsync(_database + "?Maximum%20Pool%20Size=6");
        var apis = new List<RosterClient>();
        for (var i = 0; i < 6; i++)
            apis.Add(await host.NewWorkspaceAsync());
        await WaitForStandbysAsync("'*'");

        var answers = await Task.WhenAll(apis.Select(api => api.PutAsync("""[{"name":"a"}]""")));
        var reads = await Task.WhenAll(apis.Select(api => api.GetAsync("/api/partners")));

        Assert.All(reads, read => Assert.Equal(200, read.Status));
        Assert.All(answers, answer => Assert.Equal(503, answer.Status));
        // Other work, such as noting when a key was used, can have one of the three.
        Assert.InRange(answers.Count(answer => answer.Code == "outcome_unknown"), 1, 3);
        Assert.InRange(answers.Count(answer => answer.Code == "storage_unavailable"), 3, 5);
        await WaitForStandbysAsync("''");
        foreach (var (api, answer) in apis.Zip(answers))
        {
            var again = await api.PutAsync("""[{"name":"b"}]""");
            Assert.Equal((200, answer.Code == "outcome_unknown" ? 2 : 1), (again.Status, again.Revision));
        }
    }


    [Theory]
    [InlineData("fsync=off")]
    [InlineData("synchronous_commit=off")]
    [InlineData("full_page_writes=off")]
    public void A_database_that_can_lose_what_it_acknowledged_is_refused_unless_that_is_accepted(string setting)
    {
        using var folder = new TempFolder();
        using var cluster = new PostgresCluster(setting);
        var database = cluster.NewDatabase();

        var refused = RosterProcess.Run(folder.Path, "--database", database, "--urls", "http://127.0.0.1:0");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("can lose what it has acknowledged", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("--unsafe-database", refused.Errors, StringComparison.Ordinal);
        using var accepted = RosterProcess.Serve(folder.Path, "--database", database, "--unsafe-database", "on");
    }

    [Fact]
    public async Task A_server_that_is_told_to_stop_ends_what_waits_for_a_database_that_hangs_and_calls_none_of_it_a_bug()
    {
        using var folder = new TempFolder();
        using var server = RosterProcess.Serve(folder.Path, "--database", _database);
        Assert.Equal(0, RosterProcess.Run(folder.Path, "workspaces", "create", "w", "--database", _database).ExitCode);
        var api = server.Client(RosterProcess.Run(
            folder.Path, "keys", "create", "--workspace", "w", "--name", "k", "--scopes", "all", "--database", _database).Output.Trim());
        // A lock on the workspace's log: one write waits for it, and the others wait for that write.
        await using var holding = new Npgsql.NpgsqlConnection(
            Roster.Storage.Postgres.Connections.PostgresAddress.Parse(_database, null, false)!.ConnectionString + ";Pooling=false");
        await holding.OpenAsync();
        await using (var hold = new Npgsql.NpgsqlCommand("begin; select revision from log_end for update", holding))
            await hold.ExecuteNonQueryAsync();
        var writes = Enumerable.Range(0, 3).Select(_ => api.PutAsync("""[{"name":"a"}]""")).ToArray();
        await PostgresCluster.UntilAsync(_database, "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock'");

        _cluster.Freeze();
        server.Terminate();

        Assert.Equal(0, server.WaitForExit());
        Assert.All(await Task.WhenAll(writes), answer => Assert.Equal((503, "storage_unavailable"), (answer.Status, answer.Code)));
        var log = string.Join('\n', server.Rest());
        Assert.Contains("Stopped", log, StringComparison.Ordinal);
        Assert.DoesNotContain("bug", log, StringComparison.OrdinalIgnoreCase);
        _cluster.Thaw();
    }

    /// <summary>Sets the standbys that a commit waits for.</summary>
    private Task<object?> WaitForStandbysAsync(string names, bool andCancel = false) => PostgresCluster.RunAsync(_database,
    [
        // This session's own commits need not wait.
        .. andCancel ? ["select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"] : Array.Empty<string>(),
        $"alter system set synchronous_standby_names = {names}",
        "select pg_reload_conf()",
    ]);
}
