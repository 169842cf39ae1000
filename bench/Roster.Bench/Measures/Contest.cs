using Roster.Bench.Engines;
using Roster.Bench.People;
using Roster.Bench.Processes;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>One measured batch. There is no time of the engine if the workload writes nothing.</summary>
internal sealed record Sample(Workload Workload, TimeSpan? Engine, ServerAnswer Server, TimeSpan EfCore);

/// <summary>
/// Gives the same batches to the engine alone, the server and the peer in turn; the others are idle meanwhile.
/// </summary>
internal sealed class Contest(IEngine engine, RosterServer server, int seed) : IDisposable
{
    private readonly Population _population = new(seed);
    private readonly RawBatches _rawBatches = new(seed);
    private readonly ServerBatches _serverBatches = new([]);
    private readonly ApiClient _client = new(server);

    /// <summary>How many partners the server should hold.</summary>
    public int Partners => _population.Count;

    /// <summary>The ids in the database of the engine alone, in the order of the population.</summary>
    public IReadOnlyList<Guid> RawIds => _rawBatches.Ids;

    public async Task FillAsync(int partners, CancellationToken cancel)
    {
        while (Partners < partners)
        {
            var rows = _population.Creates();
            engine.Prepare(_rawBatches.Prepare(rows))();
            _serverBatches.Learn(rows, await _client.PutAsync(_serverBatches.Prepare(rows, isWrite: true), cancel));
        }
    }

    /// <returns>The samples of all rounds but the first, which is the warm-up.</returns>
    public async Task<IReadOnlyList<Sample>> RunAsync(int rounds, EfCoreServer efCore, CancellationToken cancel)
    {
        var samples = new List<Sample>();
        for (var round = 0; round <= rounds; round++)
        {
            Progress.Say(round == 0 ? "warming up" : $"round {round} of {rounds}");
            foreach (var workload in Workload.All)
            {
                var sample = await MeasureAsync(workload, round, efCore, cancel);
                if (round > 0)
                    samples.Add(sample);
            }
        }
        return samples;
    }

    /// <summary>Batches for the server alone; the engine and the peer do not get them.</summary>
    public (Row[] Rows, ServerBatch Batch) ForServer(Workload workload)
    {
        var rows = workload.Next(_population);
        return (rows, _serverBatches.Prepare(rows, workload.IsWrite));
    }

    /// <summary>Single updates for the engine alone.</summary>
    public RawBatch SinglesForEngine(int count) => _rawBatches.PrepareSingles(count);

    /// <summary>Single updates for the server alone, as bodies of requests.</summary>
    /// <returns>The bodies, and a callback that takes the number of those carried out.</returns>
    public (IReadOnlyList<byte[]> Bodies, Action<int> Apply) SinglesForServer(int count)
    {
        var (rows, apply) = _population.Singles(count);
        return ([.. rows.Select(row => _serverBatches.Prepare([row], isWrite: true).Body)], apply);
    }

    /// <summary>Applies the server's answer to a batch of <see cref="ForServer"/>.</summary>
    public void Learn(IReadOnlyList<Row> rows, ServerAnswer answer) => _serverBatches.Learn(rows, answer);

    /// <inheritdoc cref="Population.Someone"/>
    public Person Someone(Random random) => _population.Someone(random);

    /// <summary>No side pays for the other's work, nor for this program's garbage collection.</summary>
    public async Task RestAsync(CancellationToken cancel, params ProcessState[] others)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        await engine.RestAsync([server.State, .. others], cancel);
    }

    public void Dispose() => _client.Dispose();

    private async Task<Sample> MeasureAsync(Workload workload, int round, EfCoreServer efCore, CancellationToken cancel)
    {
        var rows = workload.Next(_population);
        var write = workload.IsWrite ? engine.Prepare(_rawBatches.Prepare(rows)) : null;
        var serverBatch = _serverBatches.Prepare(rows, workload.IsWrite);
        var send = efCore.Prepare(rows);
        TimeSpan? engineTime = null;
        ServerAnswer? answer = null;
        TimeSpan efCoreTime = default;
        Func<Task>[] sides =
        [
            () => Task.FromResult(engineTime = write?.Invoke()),
            async () => _serverBatches.Learn(rows, answer = await _client.PutAsync(serverBatch, cancel)),
            async () => efCoreTime = await send(cancel),
        ];
        for (var i = 0; i < sides.Length; i++)
        {
            await RestAsync(cancel, efCore.State);
            await sides[(round + i) % sides.Length]();
        }
        return new Sample(workload, engineTime, answer!, efCoreTime);
    }
}
