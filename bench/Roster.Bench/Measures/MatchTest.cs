using System.Globalization;
using Roster.Bench.Engines;
using Roster.Bench.People;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>The times of the same batch, in milliseconds, by how its items name their partners.</summary>
internal sealed record MatchResult(string Batch, IReadOnlyDictionary<Naming, IReadOnlyList<double>> Times);

/// <summary>
/// Batches that name partners by id, by external id and by e-mail address, in a workspace of its own. Each partner has
/// a unique external id and address that do not change, so all three kinds carry the same rows.
/// </summary>
internal sealed class MatchTest : IDisposable
{
    private const string Workspace = "matches";

    private static readonly (string Name, Func<Population, Row[]> Next, bool IsWrite)[] Batches =
    [
        ("10,000 creates", people => people.Creates(), true),
        ("10,000 updates", people => people.Updates(), true),
        ("10,000 unchanged", people => people.Unchanged(), false),
    ];

    private readonly RosterServer _server;
    private readonly IEngine _engine;
    private readonly Population _population;
    private readonly ServerBatches _batches = new([]) { HaveKeys = true };
    private readonly Dictionary<Naming, ApiClient> _clients;

    private MatchTest(IEngine engine, RosterServer server, int seed)
    {
        (_engine, _server, _population) = (engine, server, new Population(seed));
        _clients = Enum.GetValues<Naming>().ToDictionary(naming => naming, naming => new ApiClient(new Uri(server.Partners, naming switch
        {
            Naming.ExternalId => "?matchOn=externalId",
            Naming.Email => "?matchOn=email",
            _ => "",
        }), server.Key));
    }

    /// <summary>Starts a server of its own; the benchmark's server must have ended.</summary>
    /// <param name="run">Runs a command of the server on its database and returns its output.</param>
    /// <param name="start">Starts the server on that database, with this key.</param>
    public static async Task<IReadOnlyList<MatchResult>> RunAsync(
        IEngine engine, Func<string[], Task<string>> run, Func<string, Task<RosterServer>> start, int partners, int rounds, int seed,
        CancellationToken cancel)
    {
        var count = partners.ToString("N0", CultureInfo.InvariantCulture);
        Progress.Say($"matching: filling a workspace with {count} partners that have external ids");
        await run(["workspaces", "create", Workspace]);
        var key = await run(["keys", "create", "--workspace", Workspace, "--name", "bench", "--scopes", "partnersRead,linksWrite"]);
        using var server = await start(key.Trim());
        IReadOnlyList<MatchResult> results;
        using (var test = new MatchTest(engine, server, seed))
        {
            while (test._population.Count < partners)
                await test.SendAsync(test._population.Creates(), isWrite: true, Naming.ExternalId, cancel);
            await engine.RestAsync([server.State], cancel);
            engine.Settle();
            results = await test.MeasureAsync(rounds, cancel);
        }
        await server.StopAsync(cancel);
        return results;
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    /// <returns>The times of all rounds but the first, which is the warm-up.</returns>
    private async Task<IReadOnlyList<MatchResult>> MeasureAsync(int rounds, CancellationToken cancel)
    {
        var namings = Enum.GetValues<Naming>();
        var times = Batches.ToDictionary(batch => batch.Name, _ => namings.ToDictionary(naming => naming, _ => new List<double>()));
        for (var round = 0; round <= rounds; round++)
        {
            Progress.Say(round == 0 ? "matching: warming up" : $"matching: round {round} of {rounds}");
            foreach (var (name, next, isWrite) in Batches)
                for (var i = 0; i < namings.Length; i++)
                {
                    var naming = namings[(round + i) % namings.Length];
                    var rows = next(_population);
                    await _engine.RestAsync([_server.State], cancel);
                    var milliseconds = await SendAsync(rows, isWrite, naming, cancel);
                    if (round > 0)
                        times[name][naming].Add(milliseconds);
                }
        }
        return
        [
            .. times.Select(batch => new MatchResult(
                batch.Key, batch.Value.ToDictionary(one => one.Key, one => (IReadOnlyList<double>)one.Value))),
        ];
    }

    private async Task<double> SendAsync(Row[] rows, bool isWrite, Naming naming, CancellationToken cancel)
    {
        var answer = await _clients[naming].PutAsync(_batches.Prepare(rows, isWrite, naming), cancel);
        _batches.Learn(rows, answer);
        return answer.Elapsed.TotalMilliseconds;
    }
}
