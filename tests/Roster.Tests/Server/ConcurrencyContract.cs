using System.Collections.Concurrent;

namespace Roster.Tests.Server;

/// <summary>Many clients at the same time, on every engine.</summary>
public abstract class ConcurrencyContract(RosterHost host)
{
    private const int Clients = 16;
    private const int Partners = 200;
    private const int RequestsPerClient = 15;
    private const int ItemsPerRequest = 40;

    [Fact]
    public async Task Sixteen_clients_patching_different_fields_of_the_same_partners_lose_no_update_and_leave_no_gap()
    {
        var api = await host.NewWorkspaceAsync();
        var ids = (await api.PutAsync("[" + string.Join(',', Enumerable.Repeat("""{"name":"n"}""", Partners)) + "]"))
            .Items.Select(partner => partner.GetProperty("id").GetString()!).ToArray();
        var acknowledged = new ConcurrentBag<(string Id, string Field, string Value, long Revision)>();

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var field = new[] { "name", "email", "phone" }[client % 3];
            var random = new Random(client);
            for (var request = 0; request < RequestsPerClient; request++)
            {
                var value = $"c{client}r{request}@x.example";
                var chosen = random.GetItems(ids, ItemsPerRequest).Distinct().ToArray();
                var answer = await api.PutAsync(
                    "[" + string.Join(',', chosen.Select(id => $$"""{"id":"{{id}}","{{field}}":"{{value}}"}""")) + "]");
                Assert.Equal(200, answer.Status);
                foreach (var id in chosen)
                    acknowledged.Add((id, field, value, answer.Revision));
            }
        })));

        Assert.Equal(
            Enumerable.Range(2, Clients * RequestsPerClient).Select(revision => (long)revision),
            acknowledged.Select(write => write.Revision).Distinct().Order());
        var final = (await api.PutAsync("[" + string.Join(',', ids.Select(id => $$"""{"id":"{{id}}"}""")) + "]"))
            .Items.ToDictionary(partner => partner.GetProperty("id").GetString()!);
        foreach (var newest in acknowledged.GroupBy(write => (write.Id, write.Field))
            .Select(writes => writes.MaxBy(write => write.Revision)))
            Assert.Equal(newest.Value, final[newest.Id].GetProperty(newest.Field).GetString());
    }

    [Fact]
    public async Task One_request_with_a_fault_does_not_disturb_those_that_share_its_transaction()
    {
        var api = await host.NewWorkspaceAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => api.PutAsync(
            i % 2 == 0 ? """[{"name":"good"}]""" : $$"""[{"name":"bad"},{"id":"{{Guid.NewGuid()}}","name":"x"}]""")));

        Assert.Equal(100, answers.Count(answer => answer.Status == 200));
        Assert.Equal(
            Enumerable.Range(1, 100).Select(revision => (long)revision),
            answers.Where(answer => answer.Status == 200).Select(answer => answer.Revision).Order());
    }
}

public sealed class ConcurrencyOnSqlite(SqliteHost host) : ConcurrencyContract(host);

public sealed class ConcurrencyOnPostgres(PostgresHost host) : ConcurrencyContract(host);

public sealed class ConcurrencyOnPgBouncer(PgBouncerHost host) : ConcurrencyContract(host);
