using System.Globalization;
using System.Text.Json;
using Roster.Bench.Engines;
using Roster.Bench.People;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>The times of the same batches without and with tags and metadata, in milliseconds, round by round.</summary>
internal sealed record FieldResult(string Batch, List<double> Without, List<double> With);

/// <summary>
/// Batches whose items have five keys of metadata and three tags, beside the same batches without them, in a workspace
/// of its own. Half of its partners have them; the other half has the same names, e-mail addresses and phones.
/// </summary>
internal sealed class FieldTest : IDisposable
{
    private const string Workspace = "fields";

    private static readonly string[] Regions = ["emea", "apac", "latam", "north-america", "dach"];
    private static readonly string[] Segments = ["public sector", "retail", "small business"];
    private static readonly string[] Tiers = ["Gold", "Silver", "Bronze"];
    private static readonly string[] Sources = ["fair", "referral", "web", "newsletter"];

    private readonly RosterServer _server;
    private readonly IEngine _engine;
    private readonly Population _population;
    private readonly ServerBatches _without = new([]);
    private readonly ServerBatches _with;
    private readonly ApiClient _client;

    /// <summary>How many updates each partner has had.</summary>
    private readonly List<int> _updates = [];

    private FieldTest(IEngine engine, RosterServer server, int seed)
    {
        (_engine, _server, _population, _client) = (engine, server, new Population(seed), new ApiClient(server));
        _with = new ServerBatches([]) { WriteFields = WriteFields };
    }

    /// <inheritdoc cref="MatchTest.RunAsync"/>
    public static async Task<IReadOnlyList<FieldResult>> RunAsync(
        IEngine engine, Func<string[], Task<string>> run, Func<string, Task<RosterServer>> start, int partners, int rounds, int seed,
        CancellationToken cancel)
    {
        var count = partners.ToString("N0", CultureInfo.InvariantCulture);
        Progress.Say($"fields: filling a workspace with {count} partners, half of them with tags and metadata");
        await run(["workspaces", "create", Workspace]);
        var key = await run(["keys", "create", "--workspace", Workspace, "--name", "bench", "--scopes", "partnersRead,linksWrite"]);
        using var server = await start(key.Trim());
        IReadOnlyList<FieldResult> results;
        using (var test = new FieldTest(engine, server, seed))
        {
            while (2 * test._population.Count < partners)
            {
                var rows = test.Next(Workload.Creates);
                await test.SendAsync(test._without, rows, Workload.Creates, cancel);
                await test.SendAsync(test._with, rows, Workload.Creates, cancel);
            }
            await engine.RestAsync([server.State], cancel);
            engine.Settle();
            results = await test.MeasureAsync(rounds, cancel);
        }
        await server.StopAsync(cancel);
        return results;
    }

    public void Dispose() => _client.Dispose();

    /// <returns>The times of all rounds but the first, which is the warm-up.</returns>
    private async Task<IReadOnlyList<FieldResult>> MeasureAsync(int rounds, CancellationToken cancel)
    {
        Workload[] workloads = [Workload.Creates, Workload.Updates, Workload.Unchanged];
        var results = workloads.Select(workload => new FieldResult(workload.Name, [], [])).ToList();
        for (var round = 0; round <= rounds; round++)
        {
            Progress.Say(round == 0 ? "fields: warming up" : $"fields: round {round} of {rounds}");
            foreach (var (workload, result) in workloads.Zip(results))
            {
                var rows = Next(workload);
                for (var i = 0; i < 2; i++)
                {
                    var (batches, times) = (round + i) % 2 == 0 ? (_without, result.Without) : (_with, result.With);
                    await _engine.RestAsync([_server.State], cancel);
                    var milliseconds = await SendAsync(batches, rows, workload, cancel);
                    if (round > 0)
                        times.Add(milliseconds);
                }
            }
        }
        return results;
    }

    private Row[] Next(Workload workload)
    {
        var rows = workload.Next(_population);
        foreach (var row in rows)
        {
            if (row.IsNew)
                _updates.Add(0);
            else if (workload.IsWrite)
                _updates[row.Partner]++;
        }
        return rows;
    }

    private async Task<double> SendAsync(ServerBatches batches, Row[] rows, Workload workload, CancellationToken cancel)
    {
        var answer = await _client.PutAsync(batches.Prepare(rows, workload.IsWrite), cancel);
        batches.Learn(rows, answer);
        return answer.Elapsed.TotalMilliseconds;
    }

    /// <summary>Each update of a partner changes the stage, which is a tag, and the day of the last contact.</summary>
    private void WriteFields(Utf8JsonWriter json, Row row)
    {
        var (partner, updated) = (row.Partner, row.Partner + _updates[row.Partner]);
        json.WriteStartArray("tags");
        json.WriteStringValue(Tiers[partner % Tiers.Length]);
        json.WriteStringValue(Sources[partner % Sources.Length]);
        json.WriteStringValue($"stage {updated % 20}");
        json.WriteEndArray();
        json.WriteStartObject("metadata");
        json.WriteString("region", Regions[partner % Regions.Length]);
        json.WriteString("segment", Segments[partner % Segments.Length]);
        json.WriteString("seats", $"{partner % 500}");
        json.WriteString("account.owner", $"owner.{partner % 100}@sales.example");
        json.WriteString("last-contact", $"{new DateOnly(2024, 1, 1).AddDays(updated % 700):yyyy-MM-dd}");
        json.WriteEndObject();
    }
}
