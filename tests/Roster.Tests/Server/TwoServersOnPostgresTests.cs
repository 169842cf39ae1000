using System.Collections.Concurrent;
using System.Globalization;

namespace Roster.Tests.Server;

/// <summary>
/// Two server processes on one PostgreSQL database, with clients of both that change the same partners. The suite runs
/// a short form; ROSTER_TEST_TWO_SERVERS=60 makes it a minute.
/// </summary>
public sealed class TwoServersOnPostgresTests(PostgresHost host)
{
    private const int Writers = 32;
    private const int Partners = 200;
    private const int ItemsPerRequest = 20;

    private static readonly TimeSpan Span =
        TimeSpan.FromSeconds(double.Parse(
            Environment.GetEnvironmentVariable("ROSTER_TEST_TWO_SERVERS") ?? "3", CultureInfo.InvariantCulture));

    [Fact]
    public async Task Writers_of_two_servers_on_the_same_partners_meet_no_error_and_lose_no_update()
    {
        using var folder = new TempFolder();
        string[] settings = ["--database", host.NewDatabase(), "--rows-per-minute", "0"];
        using var first = RosterProcess.Serve(folder.Path, settings);
        using var second = RosterProcess.Serve(folder.Path, settings);
        Assert.Equal(0, RosterProcess.Run(folder.Path, ["workspaces", "create", "w", .. settings[..2]]).ExitCode);
        var key = RosterProcess.Run(folder.Path,
            ["keys", "create", "--workspace", "w", "--name", "k", "--scopes", "all", .. settings[..2]]).Output.Trim();
        var servers = new[] { first.Client(key), second.Client(key) };
        var ids = (await servers[0].PutAsync("[" + string.Join(',', Enumerable.Repeat("""{"name":"n"}""", Partners)) + "]")).Ids.ToArray();
        var acknowledged = new ConcurrentBag<(string Id, string Field, string Value, long Revision)>();
        var start = TimeProvider.System.GetTimestamp();

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var field = new[] { "name", "email", "phone" }[writer % 3];
            var random = new Random(writer);
            for (var i = 0; TimeProvider.System.GetElapsedTime(start) < Span; i++)
            {
                var value = $"w{writer}r{i}@x.example";
                var chosen = random.GetItems(ids, ItemsPerRequest).Distinct().ToArray();
                var answer = await servers[writer % 2].PutAsync(
                    "[" + string.Join(',', chosen.Select(id => $$"""{"id":"{{id}}","{{field}}":"{{value}}"}""")) + "]");
                Assert.True(answer.Status == 200, answer.Text);
                foreach (var id in chosen)
                    acknowledged.Add((id, field, value, answer.Revision));
            }
        })));

        var writes = acknowledged.Select(write => write.Revision).Distinct().Order().ToList();
        TestContext.Current.TestOutputHelper!.WriteLine($"{writes.Count} writes in {Span.TotalSeconds} s");
        Assert.Equal(Enumerable.Range(2, writes.Count).Select(revision => (long)revision), writes);
        var final = (await servers[1].GetAsync($"/api/partners?take={Partners}")).Items
            .ToDictionary(partner => partner.GetProperty("id").GetString()!);
        foreach (var newest in acknowledged.GroupBy(write => (write.Id, write.Field)).Select(all => all.MaxBy(write => write.Revision)))
            Assert.Equal(newest.Value, final[newest.Id].GetProperty(newest.Field).GetString());
    }
}
