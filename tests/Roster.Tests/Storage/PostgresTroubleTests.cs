using Roster.Access;

namespace Roster.Tests.Storage;

/// <summary>What callers see when PostgreSQL refuses a statement, or the line to it is cut.</summary>
public sealed class PostgresTroubleTests(PostgresHost shared)
{
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

    /// <summary>Lets the next writes fail with this state, at their last statement.</summary>
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
