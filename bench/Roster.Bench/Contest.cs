namespace Roster.Bench;

/// <summary>One measured batch. The engine has no time where the workload gives it nothing to do.</summary>
internal sealed record Sample(Workload Workload, TimeSpan? Engine, ServerAnswer Server);

/// <summary>Gives the engine alone and the server the same batches by turns, each while the other rests.</summary>
internal sealed class Contest(IEngine engine, RosterServer server, int seed) : IDisposable
{
    private readonly Population _population = new(seed);
    private readonly RawBatches _rawBatches = new(seed);
    private readonly ServerBatches _serverBatches = new();
    private readonly RosterClient _client = new(server);

    /// <summary>How many partners the server should hold.</summary>
    public int Partners => _population.Count;

    public async Task FillAsync(int partners, CancellationToken cancel)
    {
        while (Partners < partners)
        {
            var rows = _population.Creates();
            engine.Prepare(_rawBatches.Prepare(rows))();
            _serverBatches.Learn(rows, await _client.PutAsync(_serverBatches.Prepare(rows, isWrite: true), cancel));
            Console.Error.Write($"\rFilling both databases: {Partners:N0} partners");
        }
        Console.Error.WriteLine();
    }

    /// <returns>The samples of all rounds but the first, which warms both sides up.</returns>
    public async Task<IReadOnlyList<Sample>> RunAsync(int rounds, CancellationToken cancel)
    {
        var samples = new List<Sample>();
        for (var round = 0; round <= rounds; round++)
        {
            Console.Error.WriteLine(round == 0 ? "Warming up" : $"Round {round} of {rounds}");
            foreach (var workload in Workload.All)
            {
                var sample = await MeasureAsync(workload, isEngineFirst: round % 2 == 0, cancel);
                if (round > 0)
                    samples.Add(sample);
            }
        }
        return samples;
    }

    /// <summary>A batch for the server alone; the engine falls behind.</summary>
    public (Row[] Rows, ServerBatch Batch) ForServer(Workload workload)
    {
        var rows = workload.Next(_population);
        return (rows, _serverBatches.Prepare(rows, workload.IsWrite));
    }

    /// <summary>Takes note of what the server answered to a batch of <see cref="ForServer"/>.</summary>
    public void Learn(IReadOnlyList<Row> rows, ServerAnswer answer) => _serverBatches.Learn(rows, answer);

    /// <inheritdoc cref="Population.Someone"/>
    public Person Someone(Random random) => _population.Someone(random);

    /// <summary>Neither side may pay for the other, nor for this program's garbage.</summary>
    public async Task RestAsync(CancellationToken cancel)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        await engine.RestAsync(server.State, cancel);
    }

    public void Dispose() => _client.Dispose();

    private async Task<Sample> MeasureAsync(Workload workload, bool isEngineFirst, CancellationToken cancel)
    {
        var rows = workload.Next(_population);
        var write = workload.IsWrite ? engine.Prepare(_rawBatches.Prepare(rows)) : null;
        var serverBatch = _serverBatches.Prepare(rows, workload.IsWrite);
        TimeSpan? engineTime = null;
        if (isEngineFirst)
            await MeasureEngineAsync();
        await RestAsync(cancel);
        var answer = await _client.PutAsync(serverBatch, cancel);
        _serverBatches.Learn(rows, answer);
        if (!isEngineFirst)
            await MeasureEngineAsync();
        return new Sample(workload, engineTime, answer);

        async Task MeasureEngineAsync()
        {
            if (write is null)
                return;
            await RestAsync(cancel);
            engineTime = write();
        }
    }
}
