using Roster.Storage;
using Roster.Storage.Postgres.Tools;

namespace Roster.Tests.Storage;

/// <summary>Moving from SQLite to PostgreSQL, and distributing over Citus.</summary>
public sealed class PostgresCopyTests(PostgresHost postgres) : IDisposable
{
    private readonly TempFolder _folder = new();

    private string File => "sqlite:" + _folder.File("roster.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Copying_moves_workspaces_keys_partners_and_the_log_and_the_servers_answers_stay_the_same()
    {
        var (key, before) = await FillAsync();
        var database = postgres.NewDatabase();

        var copied = Copy(database);

        Assert.True(copied.ExitCode == 0, copied.Errors);
        Assert.Contains("partner      [##############################] 3 of 3, verified", copied.Errors, StringComparison.Ordinal);
        await using var host = await PostgresHost.OnAsync(database);
        var api = host.WithKey(key);
        foreach (var (path, answer) in before)
            Assert.Equal(answer, (await api.GetAsync(path)).Text);
        Assert.Equal(5, (await api.PutAsync("""[{"name":"after the move","externalId":"x2"}]""")).Revision);
        Assert.Equal("external_id_taken", (await api.PutAsync("""[{"name":"b","externalId":"x1"}]""")).Json
            .GetProperty("details")[0].GetProperty("code").GetString());
        Assert.Equal(4L, await PostgresCluster.RunAsync(
            database, "select count(*) from change_set where length(changes) > 0 and revision < 5"));
        await api.PostAsync("""{"name":"new","scopes":["keysRead"]}""", "/api/keys");
        Assert.Equal(["key_created", "key_created", "workspace_created"],
            (await api.GetAsync("/api/audit")).Items.Select(one => one.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task A_restored_directory_is_moved_with_the_gap_in_its_log()
    {
        var (key, _) = await FillAsync();
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "backup", "copy.db", "--database", File).ExitCode);
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "restore", "copy.db", "--replace", "--database", File).ExitCode);
        var database = postgres.NewDatabase();

        var copied = Copy(database);

        Assert.True(copied.ExitCode == 0, copied.Errors);
        await using var host = await PostgresHost.OnAsync(database);
        var api = host.WithKey(key);
        var changeSets = (await api.GetAsync("/api/changesets")).Items;
        Assert.Equal("recover", changeSets[0].GetProperty("kind").GetString());
        // The days are counted across the gap.
        var numbers = (await api.GetAsync("/api/stats")).Json;
        Assert.Equal(
            changeSets.Count, numbers.GetProperty("days").EnumerateArray().Sum(day => day.GetProperty("changeSets").GetInt64()));
        var epoch = changeSets[0].GetProperty("revision").GetInt64();
        Assert.Equal(epoch + 1, (await api.PutAsync("""[{"name":"after the move"}]""")).Revision);
        Assert.Single((await api.GetAsync("/api/partners?q=move")).Items);
    }

    [Fact]
    public async Task A_target_that_has_something_and_a_source_that_is_in_use_are_refused()
    {
        await FillAsync();
        Assert.Contains("--to has workspaces already", Copy(await NewWithWorkspaceAsync()).Errors, StringComparison.Ordinal);
        await using var server = await Store.Parse(File).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None);
        Assert.Contains("Another Roster server uses", Copy(postgres.NewDatabase()).Errors, StringComparison.Ordinal);
        var nowhere = RosterProcess.Run(_folder.Path, "copy", "--from", "sqlite:nowhere.db", "--to", postgres.NewDatabase());
        Assert.Equal(1, nowhere.ExitCode);
        Assert.Contains("no database at nowhere.db", nowhere.Errors, StringComparison.Ordinal);

        async Task<string> NewWithWorkspaceAsync()
        {
            var database = postgres.NewDatabase();
            await using var store = await Store.Parse(database).OpenAsync(StoreUse.Serve, TimeProvider.System, CancellationToken.None);
            await store.AddWorkspaceAsync("w", new Timestamp(1), CancellationToken.None);
            return database;
        }
    }

    [Fact]
    public async Task What_does_not_arrive_as_it_was_sent_is_noticed_and_nothing_stays()
    {
        await FillAsync();
        var database = postgres.NewDatabase();
        await Store.Parse(database).MigrateAsync(CancellationToken.None);
        await PostgresCluster.RunAsync(database,
            "create function change() returns trigger language plpgsql as $f$ begin new.name = upper(new.name); return new; end $f$",
            "create trigger change before insert on partner for each row execute function change()");

        var copied = Copy(database);

        Assert.Equal(1, copied.ExitCode);
        Assert.Contains("The table partner has not arrived as it was sent", copied.Errors, StringComparison.Ordinal);
        Assert.Equal(0L, await PostgresCluster.RunAsync(database, "select count(*) from workspace"));
    }

    [Fact]
    public async Task Every_column_of_the_schema_is_moved_but_those_of_the_search_index_and_of_files_and_rows_of_imports()
    {
        var database = postgres.NewDatabase();
        await Store.Parse(database).MigrateAsync(CancellationToken.None);

        var columns = (string)(await PostgresCluster.RunAsync(database, """
            select string_agg(table_name || '.' || column_name, ' ') from information_schema.columns
            where table_schema = 'public'
                and table_name not in (
                    'search_state', 'partner_search', 'search_term', 'day_count', 'import_block', 'schemaversions', 'migration_lock')
            """))!;

        Assert.Equal(columns.Split(' ').Order(StringComparer.Ordinal), PostgresCopy.Moved.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_table_of_the_schema_is_distributed_or_replicated_on_Citus_and_elsewhere_the_command_says_that_there_is_none()
    {
        var database = postgres.NewDatabase();

        var refused = RosterProcess.Run(_folder.Path, "distribute", "--database", database);

        Assert.Equal((1, true), (refused.ExitCode, refused.Errors.StartsWith("This database has no Citus", StringComparison.Ordinal)));
        var tables = (string)(await PostgresCluster.RunAsync(database, """
            select string_agg(tablename, ' ') from pg_tables
            where schemaname = 'public' and tablename not in ('schemaversions', 'migration_lock')
            """))!;
        Assert.Equal(tables.Split(' ').Order(StringComparer.Ordinal),
            PostgresCitus.Replicated.Concat(PostgresCitus.Distributed).Order(StringComparer.Ordinal));
    }

    private (int ExitCode, string Output, string Errors) Copy(string database) =>
        RosterProcess.Run(_folder.Path, "copy", "--from", File, "--to", database);

    /// <summary>Four change sets in an SQLite file, and the server's answers to some requests afterwards.</summary>
    private async Task<(string Key, List<(string Path, string Answer)> Before)> FillAsync()
    {
        using var server = RosterProcess.Serve(_folder.Path, "--database", File);
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "workspaces", "create", "wörld", "--database", File).ExitCode);
        var key = RosterProcess.Run(_folder.Path, "keys", "create", "--workspace", "wörld",
            "--name", "k", "--scopes", "all", "--database", File).Output.Trim();
        var api = server.Client(key);
        var ids = (await api.PutAsync("""
            [{"name":"Ünïversität 大学 \"x\"","email":"a@b.example","externalId":"x1"},
             {"name":"b"},
             {"name":"c\\","phone":"+1"}]
            """)).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[1]}}","name":"b two"}]""");
        await api.DeleteAsync(ids[2]);
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"٠١٢"}]""");
        var before = new List<(string, string)>();
        foreach (var path in new[]
        {
            "/api/partners?deleted=true&include=revision,deletedAt&sort=asc", "/api/partners?sort=name",
            "/api/partners?q=universitat", "/api/partners?externalId=x1",
        })
            before.Add((path, (await api.GetAsync(path)).Text));
        server.Terminate();
        server.WaitForExit();
        return (key, before);
    }
}
