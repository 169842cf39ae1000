using System.Text.Json;
using Microsoft.Data.Sqlite;
using Roster.Partners;
using Roster.Storage.Checks;

namespace Roster.Tests.Server;

/// <summary>roster-server check, on every engine, while a server uses the database.</summary>
public abstract class CheckContract(RosterHost host)
{
    /// <summary>A part of every value that the tests write.</summary>
    private const string Secret = "ecret";

    private static readonly string[] Parts = ["file", "log", "partners", "search", "counts"];

    public static TheoryData<string> Columns =>
        [.. PartnerField.Values.Select(one => one.Column!), "created_at", "updated_at", "deleted_at", "revision"];

    [Fact]
    public async Task What_was_written_in_every_way_is_whole()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await FillAsync(api, 30)).Ids;
        await api.PutAsync($$$"""[{"id":"{{{ids[0]}}}","phone":"2"},{"id":"{{{ids[1]}}}","tags":null,"metadata":{"secret":null}}]""");
        await api.DeleteAsync(ids[2], ids[3], ids[4], ids[5]);
        await api.RestoreAsync(ids[2]);
        await api.PostAsync("{}", "/api/changesets/3/undo?onConflict=skip");
        await api.PostAsync("{}", "/api/changesets/5/undo");
        await api.PostAsync($$"""["{{ids[5]}}","{{ids[6]}}"]""", "/api/partners/erase");
        Assert.Equal(200, (await api.PutAsync(
            """[{"externalId":"secret 7","name":"Secret of a mirror"}]"""u8.ToArray(),
            path: "/api/partners?mode=mirror&matchOn=externalId&maxDeletes=100")).Status);
        await api.GetAsync("/api/stats");

        var parts = await CheckAsync(api);

        Assert.Equal(Parts, parts.Select(part => part.Name));
        Assert.Equal("", Text(parts));
        Assert.Equal("8 change sets with", string.Join(' ', Of(parts, "log").Summary.Split(' ')[..4]));
    }

    [Fact]
    public async Task Old_values_that_were_forgotten_are_no_damage()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await FillAsync(api, 3)).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"2"}]""");
        while ((await host.Store.ForgetValuesAsync(
            api.Workspace.Id, Timestamp.Now(host.Clock).AddMilliseconds(60_000), CancellationToken.None)).HasMore)
            continue;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"3"}]""");

        Assert.Equal("", Text(await CheckAsync(api)));
    }

    [Fact]
    public async Task Those_who_ask_whether_the_database_works_while_it_is_being_asked_wait_for_one_answer()
    {
        CountedStore calls = null!;
        await using var own = await host.AnotherAsync(wrap: store => CountedStore.Around(store, out calls));
        var api = own.WithKey(null);
        var begins = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        calls.ChecksAfter = begins.Task;
        var before = calls.Of(nameof(IRosterStore.CheckAsync));

        var asked = Enumerable.Range(0, 50).Select(_ => api.GetAsync("/health/ready")).ToList();
        while (calls.Of(nameof(IRosterStore.CheckAsync)) == before)
            await Task.Delay(5);
        begins.SetResult();

        Assert.All(await Task.WhenAll(asked), answer => Assert.Equal(200, answer.Status));
        // An answer is used for a second. Some requests may have come later.
        Assert.InRange(calls.Of(nameof(IRosterStore.CheckAsync)), before + 1, before + 10);
    }

    [Fact]
    public async Task An_empty_workspace_is_whole() => Assert.Equal("", Text(await CheckAsync(await host.NewWorkspaceAsync())));

    [Theory]
    [MemberData(nameof(Columns))]
    public async Task A_row_that_is_changed_behind_Rosters_back_is_found_by_its_id(string column)
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await FillAsync(api, 5)).Ids;
        var isNumber = column is "created_at" or "updated_at" or "deleted_at" or "revision";

        await RunAsync($"update partner set {column} = {(isNumber ? "7" : "'other secret'")} where {Is(api.Workspace.Id, ids[3])}");

        var parts = await CheckAsync(api);
        var found = Of(parts, "partners").Damages.SelectMany(damage => damage.Items).ToList();
        Assert.NotEmpty(found);
        Assert.All(found, item => Assert.StartsWith($"{ids[3]}, revision ", item, StringComparison.Ordinal));
        Assert.DoesNotContain(Secret, Text(parts), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_partner_that_is_not_as_it_was_written_is_not_served_or_changed_until_an_operator_has_accepted_it()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await FillAsync(api, 5)).Ids;
        await api.GetAsync("/api/partners?q=secret");
        await RunAsync($"update partner set email = 'wrong@secret.example' where {Is(api.Workspace.Id, ids[3])}");

        foreach (var refused in new[]
        {
            await api.GetAsync($"/api/partners/{ids[3]}"), await api.GetAsync("/api/partners"),
            await api.GetAsync("/api/partners?q=secret"), await api.GetAsync("/api/partners?externalId=secret%203"),
            await api.GetAsync($"/api/partners/{ids[3]}/history"),
            await api.PutAsync($$"""[{"id":"{{ids[3]}}","phone":"2"}]"""), await api.DeleteAsync(ids[3]),
            await api.PutAsync("""[{"externalId":"secret 3","phone":"2"}]"""u8.ToArray(), path: "/api/partners?matchOn=externalId"),
        })
        {
            Assert.Equal((503, "storage_damaged"), (refused.Status, refused.Code));
            Assert.Contains(ids[3], refused.Json.GetProperty("error").GetProperty("en").GetString(), StringComparison.Ordinal);
        }
        var ready = (await api.GetAsync("/health/ready")).Json;
        Assert.Contains("storage_damaged", ready.GetProperty("notices").EnumerateArray().Select(code => code.GetString()));
        Assert.Equal(200, (await api.GetAsync($"/api/partners/{ids[2]}")).Status);
        // Some of them share a transaction with those of the damaged partner.
        var writes = await Task.WhenAll(Enumerable.Range(0, 24).Select(i =>
            api.PutAsync($$"""[{"id":"{{ids[i % 2 == 0 ? 3 : 4]}}","phone":"{{i}}"}]""")));
        Assert.All(writes.Select((one, i) => (one.Status, i)), one => Assert.Equal(one.i % 2 == 0 ? 503 : 200, one.Status));

        Assert.Equal([Guid.Parse(ids[3])], await host.Store.AcceptAsync(
            api.Workspace.Id, [Guid.Parse(ids[3]), Guid.NewGuid()], CancellationToken.None));

        Assert.Equal("wrong@secret.example", (await api.ReadAsync(ids[3])).GetProperty("email").GetString());
        Assert.Equal(200, (await api.PutAsync($$"""[{"id":"{{ids[3]}}","email":"Secret3@Secret.example"}]""")).Status);
        Assert.Single((await api.GetAsync("/api/partners?email=secret3@secret.example")).Items);
        Assert.Equal("", Text(await CheckAsync(api)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?matchOn=externalId")]
    public async Task A_large_batch_with_a_partner_that_is_not_as_it_was_written_names_it_and_all_else_goes_on(string query)
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await FillAsync(api, 1_100)).Ids;
        await RunAsync($"update partner set email = 'wrong@secret.example' where {Is(api.Workspace.Id, ids[1_050])}");
        var batch = JsonSerializer.SerializeToUtf8Bytes(
            ids.Select((id, i) => query.Length == 0 ? (object)new { id, phone = "2" } : new { externalId = $"secret {i}", phone = "2" }));

        var refused = await api.PutAsync(batch, path: "/api/partners" + query);

        Assert.Equal((503, "storage_damaged"), (refused.Status, refused.Code));
        Assert.Contains(ids[1_050], refused.Json.GetProperty("error").GetProperty("en").GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await api.GetAsync($"/api/partners/{ids[0]}")).Status);
        Assert.Equal(200, (await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"3"}]""")).Status);
    }

    [Fact]
    public async Task An_old_value_that_is_not_as_it_was_written_is_not_served_or_brought_back()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await FillAsync(api, 2)).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","name":"Other secret"}]""");
        await ChangeLogAsync(api.Workspace.Id, 2, changes =>
        {
            changes[changes.AsSpan().IndexOf("Secret"u8)] ^= 1;
            return changes;
        });

        foreach (var refused in new[]
        {
            await api.GetAsync($"/api/partners/{ids[0]}/history"), await api.GetAsync($"/api/partners/{ids[0]}?asOf=1"),
            await api.GetAsync("/api/changesets/2/changes"), await api.PostAsync("{}", "/api/changesets/2/undo"),
            await api.PostAsync($$"""["{{ids[0]}}"]""", "/api/partners/erase"),
        })
            Assert.Equal((503, "storage_damaged"), (refused.Status, refused.Code));
        Assert.Equal("Other secret", (await api.ReadAsync(ids[0])).GetProperty("name").GetString());
        Assert.Equal(200, (await api.GetAsync($"/api/partners/{ids[1]}/history")).Status);
    }

    [Fact]
    public async Task A_row_that_is_gone_or_was_never_written_is_found()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await FillAsync(api, 5)).Ids;
        var columns = "workspace_id, name, created_at, updated_at, revision, id";

        await RunAsync(
            $"insert into partner ({columns}) select workspace_id, name, created_at, updated_at, revision, {Other()} from partner "
            + $"where {Is(api.Workspace.Id, ids[1])}");
        await RunAsync($"delete from partner where {Is(api.Workspace.Id, ids[1])}");

        var parts = await CheckAsync(api);
        Assert.Equal(
            ["partners are missing: 1", "partners unknown to the log: 1"],
            Of(parts, "partners").Damages.Select(damage => $"{damage.Kind.What}: {damage.Count}").Order());
        Assert.Contains(ids[1], Text(parts), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_set_that_is_gone_is_found_and_the_partners_of_the_others_are_compared()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await FillAsync(api, 5)).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"2"}]""");
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"3"}]""");

        await RunAsync($"delete from change_set where workspace_id = {api.Workspace.Id} and revision = 2");
        await RunAsync($"update partner set updated_at = 7 where {Is(api.Workspace.Id, ids[4])}");

        var parts = await CheckAsync(api);
        Assert.Equal(["revision 2"], Assert.Single(Of(parts, "log").Damages).Items);
        Assert.All(Of(parts, "partners").Damages, damage => Assert.Contains(ids[4], Assert.Single(damage.Items), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(200, "are not as they were written")]
    [InlineData(-1, "cannot be decoded")]
    public async Task A_changed_byte_in_the_log_is_found(int bytes, string kind)
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await FillAsync(api, 2)).Ids;
        await api.PutAsync($$"""[{"id":"{{ids[0]}}","name":"Other secret"}]""");

        await ChangeLogAsync(api.Workspace.Id, 2, changes =>
        {
            if (bytes < 0)
                return changes[..^2];
            // An old value, which decodes as well as before.
            changes[changes.AsSpan().IndexOf("Secret"u8)] ^= 1;
            return changes;
        });

        var damages = Of(await CheckAsync(api), "log").Damages;
        Assert.Contains(damages, damage => damage.Kind.What.Contains(kind, StringComparison.Ordinal));
        Assert.All(damages, damage => Assert.Equal("revision 2", damage.Items[0]));
    }

    [Fact]
    public async Task Wrong_counts_are_found()
    {
        var api = await host.NewWorkspaceAsync();
        await FillAsync(api, 5);
        await api.GetAsync("/api/stats");

        await RunAsync(SetLive(api.Workspace.Id));
        await ChangeCountsAsync(api.Workspace.Id);

        var counts = Of(await CheckAsync(api), "counts");
        Assert.Equal(
            ["days have wrong numbers of change sets: 1", "numbers of live partners are wrong: 1",
                "numbers of tags, keys, addresses or phones are wrong: 2"],
            counts.Damages.Select(damage => $"{damage.Kind.What}: {damage.Count}").Order());
    }

    [Fact]
    public async Task An_index_that_differs_from_the_partners_is_found_and_made_anew()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await FillAsync(api, 5)).Ids;
        await api.GetAsync("/api/partners?q=secret");

        await ChangeIndexAsync(api.Workspace.Id, ids[2]);

        var search = Of(await CheckAsync(api), "search");
        Assert.Contains(ids[2], search.Damages.SelectMany(damage => damage.Items));
        Assert.All(search.Damages, damage => Assert.Contains("roster-server reindex", damage.Kind.Cure, StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_more_than_20_of_a_kind_are_listed()
    {
        var api = await host.NewWorkspaceAsync();
        await FillAsync(api, 30);

        await RunAsync($"update partner set name = 'x' where workspace_id = {api.Workspace.Id}");

        var damage = Of(await CheckAsync(api), "partners").Damages
            .Single(one => one.Kind.What.Contains("checksum", StringComparison.Ordinal));
        Assert.Equal((30, 20), (damage.Count, damage.Items.Count));
    }

    /// <summary>A condition for a partner.</summary>
    protected abstract string Is(long workspaceId, string id);

    /// <summary>An id that nobody has.</summary>
    protected abstract string Other();

    protected abstract string SetLive(long workspaceId);

    protected abstract Task RunAsync(string sql);

    protected abstract Task ChangeLogAsync(long workspaceId, long revision, Func<byte[], byte[]> change);

    /// <summary>Makes the number of partners, that of a tag and a day's wrong.</summary>
    protected abstract Task ChangeCountsAsync(long workspaceId);

    protected abstract Task ChangeIndexAsync(long workspaceId, string id);

    internal static CheckPart Of(IEnumerable<CheckPart> parts, string name) => parts.Single(part => part.Name == name);

    /// <summary>All damage.</summary>
    internal static string Text(IEnumerable<CheckPart> parts) => string.Join('\n', parts.SelectMany(part => part.Damages.Select(
        damage => $"{part.Name}: {damage.Kind.What}: {damage.Count}: {string.Join(", ", damage.Items)}")));

    internal async Task<List<CheckPart>> CheckAsync(RosterClient api)
    {
        var parts = new List<CheckPart>();
        await Roster.Storage.Store.Parse(host.Database).CheckAsync(api.Workspace.Name, parts.Add, CancellationToken.None);
        return parts;
    }

    private static Task<Answer> FillAsync(RosterClient api, int count) => api.PutAsync("[" + string.Join(
        ',', Enumerable.Range(0, count).Select(
        i => $$$"""
            {"name":"Sécret {{{i}}}","email":"Secret{{{i}}}@Secret.example","phone":"secret +49 {{{i}}}","externalId":"secret {{{i}}}",
            "tags":["Secret","secret {{{i % 3}}}"],"metadata":{"secret":"secret {{{i}}}"}}
            """)) + "]");
}

public sealed class CheckContractOnSqlite(SqliteHost host) : CheckContract(host)
{
    private readonly SqliteHost _host = host;

    protected override string Is(long workspaceId, string id) =>
        $"workspace_id = {workspaceId} and id = x'{id.Replace("-", "", StringComparison.Ordinal)}'";

    protected override string Other() => $"x'{Guid.CreateVersion7():N}'";

    protected override string SetLive(long workspaceId) => $"update workspace set live = 77 where id = {workspaceId}";

    protected override Task RunAsync(string sql) => RunOnAsync(_host.File, sql);

    protected override async Task ChangeLogAsync(long workspaceId, long revision, Func<byte[], byte[]> change)
    {
        await using var connection = await OpenAsync(_host.File);
        await using var command = connection.CreateCommand();
        command.CommandText = $"select changes from change_set where workspace_id = {workspaceId} and revision = {revision}";
        var changes = change((byte[])(await command.ExecuteScalarAsync())!);
        command.CommandText =
            $"update change_set set changes = $changes where workspace_id = {workspaceId} and revision = {revision}";
        command.Parameters.AddWithValue("$changes", changes);
        await command.ExecuteNonQueryAsync();
    }

    protected override Task ChangeCountsAsync(long workspaceId) => RunOnAsync(
        IndexOf(workspaceId), "update term_count set live = live + 1 where term in ('partner', 'secret') and kind <> 1",
        "update day_count set created = created + 1");

    protected override Task ChangeIndexAsync(long workspaceId, string id) => RunOnAsync(
        IndexOf(workspaceId), $"update doc set name = 'other' where id = x'{id.Replace("-", "", StringComparison.Ordinal)}'");

    private string IndexOf(long workspaceId) => Path.Combine(_host.File + ".search", $"{workspaceId}.db");

    private static async Task<SqliteConnection> OpenAsync(string file)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task RunOnAsync(string file, params string[] statements)
    {
        await using var connection = await OpenAsync(file);
        foreach (var sql in statements)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            await command.ExecuteNonQueryAsync();
        }
    }
}

public sealed class CheckContractOnPostgres(PostgresHost host) : CheckContract(host)
{
    private readonly PostgresHost _host = host;

    protected override string Is(long workspaceId, string id) => $"workspace_id = {workspaceId} and id = '{id}'";

    protected override string Other() => $"'{Guid.CreateVersion7()}'";

    protected override string SetLive(long workspaceId) => $"update log_end set live = 77 where workspace_id = {workspaceId}";

    protected override Task RunAsync(string sql) => PostgresCluster.RunAsync(_host.Database, sql);

    protected override async Task ChangeLogAsync(long workspaceId, long revision, Func<byte[], byte[]> change)
    {
        var where = $"where workspace_id = {workspaceId} and revision = {revision}";
        var changes = change((byte[])(await PostgresCluster.RunAsync(_host.Database, $"select changes from change_set {where}"))!);
        await RunAsync($"update change_set set changes = '\\x{Convert.ToHexString(changes)}' {where}");
    }

    protected override Task ChangeCountsAsync(long workspaceId) => PostgresCluster.RunAsync(
        _host.Database,
        $"update search_term set live = live + 1 where workspace_id = {workspaceId} and term in ('partner', 'secret') and kind <> 1",
        $"update day_count set created = created + 1 where workspace_id = {workspaceId}");

    protected override Task ChangeIndexAsync(long workspaceId, string id) =>
        RunAsync($"update partner_search set name = 'other' where workspace_id = {workspaceId} and id = '{id}'");
}
