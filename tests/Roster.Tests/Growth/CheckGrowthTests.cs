using System.Text.Json;
using Roster.Storage;
using Roster.Storage.Checks;

namespace Roster.Tests.Growth;

/// <summary>What a check costs when four times as much is stored.</summary>
public sealed class CheckGrowthTests(SqliteHost host)
{
    [Fact]
    public async Task Four_times_as_many_partners_and_changes_cost_four_times_as_much()
    {
        var (small, large) = (await CostAsync(1_000), await CostAsync(4_000));

        Assert.InRange(large.Steps, small.Steps * 3, small.Steps * 5);
        Assert.True(large.Pages <= small.Pages * 6, $"{small.Pages} pages, then {large.Pages}");
    }

    [Fact]
    public void The_sorted_entries_of_the_log_are_read_by_their_key_page_after_page()
    {
        using var entries = new LogEntries();
        entries.SortAll();

        Assert.Equal(["SEARCH sorted USING PRIMARY KEY ((id,revision,place)>(?,?,?))"], entries.PlanOfRead());
    }

    private async Task<Cost> CostAsync(int partners)
    {
        await using var own = (SqliteHost)await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        for (var i = 0; i < partners; i += 1_000)
        {
            var ids = (await api.PutAsync(JsonSerializer.Serialize(
                Enumerable.Range(i, 1_000).Select(n => new { name = $"n{n}", tags = new[] { "a" } })))).Ids;
            await api.PutAsync(JsonSerializer.Serialize(ids.Select(id => new { id, phone = "1" })));
        }
        await api.GetAsync("/api/stats");
        using var work = new SqliteWork(own.File);
        var before = work.Total();
        await Store.Parse(own.Database).CheckAsync(api.Workspace.Name, part => Assert.Empty(part.Damages), CancellationToken.None);
        return work.Total() - before;
    }
}
