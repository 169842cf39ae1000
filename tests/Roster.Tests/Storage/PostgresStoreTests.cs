using Roster.Access;
using Roster.Changes;
using Roster.Log;
using Roster.Server.Commands;
using Roster.Storage;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Tools;

namespace Roster.Tests.Storage;

/// <summary>
/// PostgreSQL only: addresses, migrations by several servers at once, several servers on one database.
/// </summary>
public sealed class PostgresStoreTests(PostgresHost host)
{
    [Theory]
    [InlineData("postgresql://u:p%40ss@h1:5433,h2:5434/db?Target%20Session%20Attributes=prefer-standby",
        "Host=h1:5433,h2:5434;Username=u;Password=p@ss;Database=db;Target Session Attributes=prefer-standby")]
    [InlineData("postgres://h/db?sslmode=verify-full&sslrootcert=/ca.pem&application_name=x",
        "Host=h;Database=db;SSL Mode=VerifyFull;Root Certificate=/ca.pem;Application Name=x")]
    [InlineData("postgresql:///db?host=/run/postgresql&Maximum+Pool+Size=7", "Host=/run/postgresql;Database=db;Maximum Pool Size=7")]
    [InlineData("POSTGRESQL://h1,h2/db", "Host=h1,h2;Database=db;Target Session Attributes=primary")]
    public void An_address_is_a_URI_with_any_option_of_Npgsql(string address, string expected)
    {
        var actual = new Npgsql.NpgsqlConnectionStringBuilder(PostgresAddress.Parse(address, null, false)!.ConnectionString);

        foreach (var (key, value) in new Npgsql.NpgsqlConnectionStringBuilder(expected))
            Assert.Equal((key, value), (key, actual[key]));
    }

    [Theory]
    [InlineData("postgresql://h/db?sslmode=sometimes")]
    [InlineData("postgresql://h/db?colour=green")]
    [InlineData("postgresql://h/db?Timeout=soon")]
    [InlineData("postgresql:///db")]
    public void A_wrong_option_is_refused_by_name_and_no_secret_is_repeated(string address)
    {
        var refused = Assert.Throws<StoreAddressException>(
            () => Store.Parse(address.Replace("//h", "//u:secret@h", StringComparison.Ordinal)));

        Assert.StartsWith("--database", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_password_can_be_in_a_file_and_is_in_no_log()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder.File("password"), "s3cret\n");

        var address = PostgresAddress.Parse("postgresql://u@h/db", folder.File("password"), false)!;

        Assert.Contains("Password=s3cret", address.ConnectionString, StringComparison.Ordinal);
        Assert.Equal("postgresql://u@h/db", address.Name);
        Assert.Equal("postgresql://u@h/db", Store.Parse("postgresql://u:s3cret@h/db").Name);
    }

    [Fact]
    public async Task A_database_whose_trigrams_know_only_English_letters_is_refused_with_the_cure()
    {
        using var cluster = new PostgresCluster();
        var database = cluster.NewDatabase("template template0 locale_provider libc locale 'C'");

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(
            () => Store.Parse(database).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None));

        Assert.Contains("lc_ctype is C", refused.Message, StringComparison.Ordinal);
        Assert.Contains("--lc-ctype C.UTF-8", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0L, await PostgresCluster.RunAsync(database, "select count(*) from pg_class where relname = 'partner'"));
    }

    [Fact]
    public async Task A_role_that_may_not_create_the_extensions_is_told_what_to_ask_for()
    {
        using var cluster = new PostgresCluster();
        var database = cluster.NewDatabase();
        await PostgresCluster.RunAsync(database, "create role app login", "grant all on schema public to app");
        var asApp = database.Replace("//roster@", "//app@", StringComparison.Ordinal);

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(
            () => Store.Parse(asApp).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None));
        Assert.Contains("create extension pg_trgm;", refused.Message, StringComparison.Ordinal);

        await PostgresCluster.RunAsync(database, "create extension pg_trgm", "create extension btree_gin");
        await using var store = await Store.Parse(asApp).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None);
        await store.CheckAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Many_servers_that_start_together_on_an_empty_database_make_its_schema_once()
    {
        using var cluster = new PostgresCluster();
        var database = cluster.NewDatabase();

        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => Store.Parse(database).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None))));

        foreach (var store in stores)
            await store.DisposeAsync();
        Assert.Equal((long)PostgresMigrations.All.Known.Count,
            await PostgresCluster.RunAsync(database, "select count(*) from schemaversions"));
        await PostgresCluster.RunAsync(
            database, "insert into schemaversions (scriptname, applied) values ('9999_future.sql', '2030-01-01')");
        await Assert.ThrowsAsync<StoreRefusedException>(
            () => Store.Parse(database).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None));
    }

    [Fact]
    public async Task A_server_that_starts_while_another_migrates_waits_for_it_longer_than_for_any_statement()
    {
        var database = host.NewDatabase();
        await PostgresCluster.RunAsync(
            database, "create table migration_lock (id integer not null primary key)", "insert into migration_lock values (1)");
        await using var source = Npgsql.NpgsqlDataSource.Create(PostgresAddress.Parse(database, null, false)!.ConnectionString);
        await using var migrating = await source.OpenConnectionAsync();
        await migrating.RunAsync(default, new PostgresStatement("begin"), new PostgresStatement("update migration_lock set id = id"));

        var starting = Store.Parse(database + "?Command%20Timeout=2").MigrateAsync(CancellationToken.None);
        var waiting = PostgresCluster.UntilAsync(database, """
            select count(*) > 0 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
                and query_start < clock_timestamp() - interval '4 seconds'
            """);

        Assert.Same(waiting, await Task.WhenAny(waiting, starting));
        await migrating.RunAsync(default, new PostgresStatement("commit"));
        Assert.Equal(PostgresMigrations.All.Known.Count, (await starting).Count);
    }

    [Fact]
    public async Task Of_servers_that_start_together_on_an_empty_database_one_prints_a_first_key()
    {
        using var folder = new TempFolder();
        var database = host.NewDatabase();

        var servers = await Task.WhenAll(
            Enumerable.Range(0, 3).Select(_ => Task.Run(() => RosterProcess.Serve(folder.Path, "--database", database))));

        Assert.Single(servers, server => server.Output().Contains("roster_", StringComparison.Ordinal));
        Assert.Equal(1L, await PostgresCluster.RunAsync(database, "select count(*) from api_key"));
        foreach (var server in servers)
            server.Dispose();
    }

    [Fact]
    public async Task However_many_add_the_first_key_at_once_one_of_them_does()
    {
        var database = host.NewDatabase();
        await using var store = await Store.Parse(database).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None);
        var workspace = (await store.AddWorkspaceAsync(Workspace.Default, new Timestamp(1), CancellationToken.None))!;

        var secrets = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            Roster.Server.Commands.KeyCommands.AddFirstAsync(store, workspace, new Timestamp(1), CancellationToken.None)));

        Assert.Single(secrets, secret => secret is not null);
        Assert.Single(await store.ListKeysAsync(null, CancellationToken.None));
    }

    [Fact]
    public async Task Keys_from_before_erasing_had_its_scope_get_it_only_where_they_had_all()
    {
        using var cluster = new PostgresCluster();
        var database = cluster.NewDatabase();
        Scopes[] then = [Scopes.All & ~Scopes.PartnersErase, Scopes.LinksWrite, Scopes.All & ~Scopes.PartnersErase & ~Scopes.KeysRead];
        await using (var before = await Store.Parse(database).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None))
        {
            var workspace = (await before.AddWorkspaceAsync("w", new Timestamp(1), CancellationToken.None))!;
            foreach (var scopes in then)
                await KeyCommands.AddAsync(before, workspace, "k", scopes, new Timestamp(1), null, CancellationToken.None);
        }
        await PostgresCluster.RunAsync(database, "delete from schemaversions where scriptname like '%erase_scope.sql'");

        await using var store = await Store.Parse(database).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None);

        Assert.Equal(
            new[] { Scopes.All, then[1], then[2] }.Order(),
            (await store.ListKeysAsync(null, CancellationToken.None)).Select(key => key.Scopes).Order());
    }

    [Fact]
    public async Task A_large_batch_changes_each_row_that_it_names_and_again_where_it_was_changed()
    {
        const int Many = 1_500;
        using var cluster = new PostgresCluster();
        await using var store = await Store.Parse(cluster.NewDatabase())
            .OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None);
        var workspace = (await store.AddWorkspaceAsync("w", new Timestamp(1), CancellationToken.None))!.Id;
        var created = await WriteAsync(Enumerable.Range(0, Many).Select(i => (object)new { name = $"before {i}" }));
        var ids = created.Answer.Select(partner => partner.Id).Reverse().ToArray();

        var updated = await WriteAsync(ids.Select((id, i) => (object)new { id, name = $"after {i}" }));
        var again = await WriteAsync(ids[..10].Select(id => (object)new { id, name = "again" }));
        var unknown = await WriteAsync([new { id = ids[0], name = "never" }, new { id = Guid.NewGuid(), name = "nobody" }]);

        Assert.Equal((Many, Many, 10), (created.Created, updated.Updated, again.Updated));
        Assert.Equal(1, unknown.Faults.Count);
        var found = await store.FindAsync(workspace, ids, CancellationToken.None);
        Assert.Equal(ids.Select((_, i) => i < 10 ? "again" : $"after {i}"), ids.Select(id => found[id].Name));

        async Task<ChangePlan> WriteAsync(IEnumerable<object> items) => (await store.WriteAsync(
            workspace, Some.Upsert(System.Text.Json.JsonSerializer.Serialize(items)),
            new Origin(Guid.NewGuid(), Guid.NewGuid()), CancellationToken.None)).Plan;
    }

    [Fact]
    public async Task A_command_does_not_make_the_schema()
    {
        using var cluster = new PostgresCluster();
        var database = cluster.NewDatabase();

        await Assert.ThrowsAsync<StoreRefusedException>(
            () => Store.Parse(database).OpenAsync(StoreUse.Administer, TimeProvider.System, CancellationToken.None));

        Assert.Equal(0L, await PostgresCluster.RunAsync(database, "select count(*) from pg_tables where schemaname = 'public'"));
    }

    [Fact]
    public async Task Any_server_answers_for_what_another_wrote_and_a_key_revoked_at_one_is_refused_by_all()
    {
        var api = await host.NewWorkspaceAsync();
        await using var other = await PostgresHost.OnAsync(host.Database);
        var same = other.WithKey(api.Key);
        await api.PutAsync("[" + string.Join(',', Enumerable.Range(0, 60).Select(i => $$"""{"name":"p{{i:00}}"}""")) + "]");

        Assert.Equal(60, (await same.GetAsync("/api/partners?count=true&take=1")).Count("Roster-Total"));
        Assert.Equal("p07", (await same.GetAsync("/api/partners?q=p07")).Names.Single());
        var first = await api.GetAsync("/api/partners?sort=name&take=40");
        Assert.Equal(Enumerable.Range(40, 20).Select(i => $"p{i:00}"), (await same.GetAsync(first.Next!)).Names);
        var second = (await api.PostAsync("""{"name":"second","scopes":["partnersRead"]}""", "/api/keys")).Json;
        var reader = other.WithKey(second.GetProperty("key").GetString());
        Assert.Equal(200, (await reader.GetAsync("/api/partners")).Status);
        Assert.Equal(204, (await api.SendAsync(HttpMethod.Delete, $"/api/keys/{second.GetProperty("id").GetString()}")).Status);
        Assert.Equal(401, (await reader.GetAsync("/api/partners")).Status);
    }

    [Fact]
    public async Task A_search_at_one_server_never_misses_what_another_acknowledged()
    {
        var api = await host.NewWorkspaceAsync();
        await using var other = await PostgresHost.OnAsync(host.Database);
        var same = other.WithKey(api.Key);
        for (var i = 0; i < 20; i++)
        {
            await api.PutAsync($$"""[{"name":"needle {{i}}"}]""");
            Assert.Equal(i + 1, (await same.GetAsync("/api/partners?q=needle")).Items.Count);
        }
    }

    [Fact]
    public async Task A_key_whose_request_is_running_at_one_server_is_running_at_all_until_it_ends_or_its_server_died()
    {
        var api = await host.NewWorkspaceAsync();
        await using var other = await PostgresHost.OnAsync(host.Database);
        var same = other.WithKey(api.Key);
        await PutAsync(same, "done");
        var state = await host.Store.ClaimAsync(
            api.Workspace.Id, Attempt("running"), Timestamp.Now(host.Clock), default, CancellationToken.None);
        Assert.IsType<IdempotencyState.Unused>(state);

        Assert.Equal("running", (await same.GetAsync("/api/changesets/by-key/running")).Json.GetProperty("state").GetString());
        Assert.Equal("idempotency_mismatch", (await PutAsync(same, "running")).Code);
        Assert.True((await PutAsync(api, "done")).Headers.Contains("Idempotent-Replayed"));
        // The server that made the claim is gone for longer than any write takes.
        other.Clock.Move(TimeSpan.FromMinutes(2));
        Assert.Equal("unseen", (await same.GetAsync("/api/changesets/by-key/running")).Json.GetProperty("state").GetString());
        Assert.Equal(200, (await PutAsync(same, "running")).Status);
        // If it comes back, it finds that the claim is no longer its own.
        var late = new WriteRequest(Some.Upsert("""[{"name":"late"}]"""), new Origin(Guid.NewGuid(), Guid.NewGuid()),
            Idempotency: Attempt("running"));
        await Assert.ThrowsAsync<ClaimLostException>(() => host.Store.WriteAsync(api.Workspace.Id, late, CancellationToken.None));
        Assert.Equal(2, (await api.GetAsync("/api/partners")).Items.Count);

        static Idempotency Attempt(string key) => new(System.Security.Cryptography.SHA256.HashData(
            System.Text.Encoding.ASCII.GetBytes(key)), new byte[32], Guid.NewGuid(), default, default);
    }

    [Fact]
    public async Task A_write_whose_claim_was_lost_in_a_crash_of_PostgreSQL_is_not_made_and_is_made_once_when_it_is_sent_again()
    {
        var api = await host.NewWorkspaceAsync();
        var claims = $"from idempotency where workspace_id = {api.Workspace.Id} and revision is null";
        Task<Answer> writing;
        await using (var source = Npgsql.NpgsqlDataSource.Create(PostgresAddress.Parse(host.Database, null, false)!.ConnectionString))
        await using (var holder = await source.OpenConnectionAsync())
        {
            await using (var hold = new Npgsql.NpgsqlCommand(
                $"begin; select revision from log_end where workspace_id = {api.Workspace.Id} for update", holder))
                await hold.ExecuteNonQueryAsync();
            writing = PutAsync(api, "k");
            await PostgresCluster.UntilAsync(host.Database, $"select count(*) = 1 {claims}");
            // Claims are committed without a flush, so that a crash can lose them.
            await PostgresCluster.RunAsync(host.Database, $"delete {claims}");
        }

        var refused = await writing;
        Assert.Equal((409, "idempotency_running"), (refused.Status, refused.Code));
        Assert.Empty((await api.GetAsync("/api/partners")).Items);
        foreach (var isReplayed in new[] { false, true })
        {
            var answer = await PutAsync(api, "k");
            Assert.Equal((200, 1, isReplayed), (answer.Status, answer.Revision, answer.Headers.Contains("Idempotent-Replayed")));
        }
    }

    private static Task<Answer> PutAsync(RosterClient client, string key) => client.SendAsync(
        HttpMethod.Put, "/api/partners",
        new StringContent("""[{"name":"n"}]""", System.Text.Encoding.UTF8, "application/json"),
        headers: [("Idempotency-Key", key)]);
}
