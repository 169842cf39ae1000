namespace Roster.Tests.Server;

/// <summary>POST, DELETE and restore, on every engine.</summary>
public abstract class DeleteContract(RosterHost host)
{
    private const string UnknownId = "019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10";

    [Fact]
    public async Task POST_creates_with_201_and_refuses_items_with_an_id()
    {
        var api = await host.NewWorkspaceAsync();

        var created = await api.PostAsync("""[{"name":"a"},{"name":"b","email":null}]""");

        Assert.Equal((201, (2, 0, 0), 1L), (created.Status, created.Counts, created.Revision));
        Assert.Equal(["a", "b"], created.Names);
        Assert.Equal(
            ["0 id id_not_allowed", "1 id id_not_allowed", "1 name name_required"],
            (await api.PostAsync($$"""[{"id":"{{created.Ids[0]}}","name":"a"},{"id":"{{UnknownId}}"}]""")).Faults);
    }

    [Fact]
    public async Task DELETE_deletes_all_and_answers_with_their_ids_in_order()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PostAsync("""[{"name":"a"},{"name":"b"},{"name":"c"}]""")).Ids;

        var deleted = await api.DeleteAsync(ids[2], ids[0].ToUpperInvariant());

        Assert.Equal($$"""{"deletedIds":["{{ids[2]}}","{{ids[0]}}"]}""", deleted.Text);
        Assert.Equal((200, 2L, 2L), (deleted.Status, deleted.Count("Roster-Deleted"), deleted.Revision));
        Assert.Equal(["b"], (await api.GetAsync("/api/partners")).Names);
        Assert.Equal(["0 id partner_not_found"], (await api.PutAsync($$"""[{"id":"{{ids[0]}}","phone":"1"}]""")).Faults);
    }

    [Fact]
    public async Task Where_one_cannot_be_deleted_none_is()
    {
        var api = await host.NewWorkspaceAsync();
        var foreign = await (await host.NewWorkspaceAsync()).CreateAsync();
        var ids = (await api.PostAsync("""[{"name":"a"},{"name":"b"}]""")).Ids;
        await api.DeleteAsync(ids[1]);

        Assert.Equal(["1 - partner_not_found"], (await api.DeleteAsync(ids[0], UnknownId)).Faults);
        Assert.Equal(["1 - partner_not_found"], (await api.DeleteAsync(ids[0], foreign)).Faults);
        Assert.Equal(["1 - partner_not_found"], (await api.DeleteAsync(ids[0], ids[1])).Faults);
        Assert.Equal(["1 - duplicate_id"], (await api.DeleteAsync(ids[0], ids[0])).Faults);
        Assert.Equal(["1 - invalid_id", "2 - partner_not_found"], (await api.DeleteAsync(ids[0], "7", UnknownId)).Faults);
        Assert.Equal(["a"], (await api.GetAsync("/api/partners")).Names);
    }

    [Theory]
    [InlineData("[]", "empty_batch")]
    [InlineData("{}", "invalid_body")]
    [InlineData("""["a" "b"]""", "invalid_body")]
    public async Task A_body_that_is_no_array_of_ids_is_refused(string body, string code)
    {
        var api = await host.NewWorkspaceAsync();

        Assert.Equal(code, (await api.PostAsync(body, "/api/partners/restore")).Code);
        Assert.Equal(
            ["0 - invalid_id", "1 - invalid_id", "2 - invalid_id"],
            (await api.PostAsync("""[7,{"id":"x"},null]""", "/api/partners/restore")).Faults);
    }

    [Fact]
    public async Task Restore_brings_deleted_ones_back_with_their_id_and_all_they_had()
    {
        var api = await host.NewWorkspaceAsync();
        var created = (await api.PostAsync("""[{"name":"a","email":"a@b.example","externalId":"x"},{"name":"b"}]"""));
        await api.DeleteAsync(created.Ids);

        var restored = await api.RestoreAsync(created.Ids[0]);

        Assert.Equal((200, 1L, 3L), (restored.Status, restored.Count("Roster-Restored"), restored.Revision));
        Assert.Equal("a@b.example", restored.Items[0].GetProperty("email").GetString());
        Assert.Equal(created.Items[0].GetProperty("createdAt").GetString(), restored.Items[0].GetProperty("createdAt").GetString());
        Assert.Equal(["a"], (await api.GetAsync("/api/partners")).Names);
        Assert.Equal(["0 - not_deleted", "1 - partner_not_found"], (await api.RestoreAsync(created.Ids[0], UnknownId)).Faults);
        Assert.Equal(["b"], (await api.GetAsync("/api/partners?deleted=only")).Names);
    }
}

public sealed class DeleteOnSqlite(SqliteHost host) : DeleteContract(host);

public sealed class DeleteOnPostgres(PostgresHost host) : DeleteContract(host);
