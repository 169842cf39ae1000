using Roster.Bench.People;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>The server's physical memory in MB (a million bytes).</summary>
internal sealed record MemoryUse(double Before, double Peak, double After);

/// <summary>The server's memory under full requests at the same time.</summary>
internal static class MemoryTest
{
    /// <summary>
    /// The requests sent at once. Updates are built first: they cannot name partners that are still being created.
    /// </summary>
    private static readonly Workload[] Together =
        [Workload.Updates, Workload.Updates, Workload.Creates, Workload.Creates];

    public static async Task<MemoryUse> RunAsync(RosterServer server, Contest contest, int rounds, CancellationToken cancel)
    {
        Progress.Say("memory");
        var clients = Together.Select(_ => new ApiClient(server)).ToList();
        await contest.RestAsync(cancel);
        var before = server.State.ResidentMegabytes;
        server.State.ResetPeak();
        for (var round = 0; round < rounds; round++)
        {
            var batches = Together.Select(contest.ForServer).ToList();
            var answers = await Task.WhenAll(
                batches.Zip(clients, (batch, client) => client.PutAsync(batch.Batch, cancel)));
            foreach (var (batch, answer) in batches.Zip(answers))
                contest.Learn(batch.Rows, answer);
        }
        var peak = server.State.PeakMegabytes;
        await contest.RestAsync(cancel);
        foreach (var client in clients)
            client.Dispose();
        return new MemoryUse(before, peak, server.State.ResidentMegabytes);
    }
}
