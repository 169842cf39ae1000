using Roster.Bench.People;
using Roster.Bench.Processes;

namespace Roster.Bench.Servers;

/// <summary>The peer of bench/Roster.Bench.EfCore, as its own process on a copy of the engine's database.</summary>
internal sealed class EfCoreServer : IDisposable
{
    public const string Name = "efcore";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly ServerProcess _process;
    private readonly ApiClient _client;
    private readonly ServerBatches _batches;

    private EfCoreServer(ServerProcess process, int port, IEnumerable<Guid> ids)
    {
        _process = process;
        _client = new ApiClient(new Uri($"http://127.0.0.1:{port}/api/partners"), key: null);
        _batches = new ServerBatches(ids);
    }

    public ProcessState State => _process.State;

    /// <param name="directory">The folder it was published to.</param>
    /// <param name="engine">As the command line names it.</param>
    /// <param name="connectionString">For ADO.NET, to a database with the partners.</param>
    /// <param name="ids">The partners' ids, in the order of the population.</param>
    public static async Task<EfCoreServer> StartAsync(
        string directory, string engine, string connectionString, string log, IEnumerable<Guid> ids, CancellationToken cancel)
    {
        var port = ServerProcess.FreePort();
        var process = new ServerProcess(
            log, Path.Combine(directory, "Roster.Bench.EfCore"),
            ["--urls", $"http://127.0.0.1:{port}", "--engine", engine, "--database", connectionString]);
        await process.WaitForPortAsync(port, StartTimeout, cancel);
        return new EfCoreServer(process, port, ids);
    }

    /// <summary>Prepares a batch.</summary>
    /// <returns>Sends it and returns the time until the answer.</returns>
    public Func<CancellationToken, Task<TimeSpan>> Prepare(IReadOnlyList<Row> rows)
    {
        var body = _batches.Prepare(rows, isWrite: true).Body;
        return async cancel =>
        {
            var answer = await _client.SendAsync(HttpMethod.Put, body, cancel);
            _batches.Learn(rows, answer);
            return answer.Elapsed;
        };
    }

    public void Dispose()
    {
        _client.Dispose();
        _process.Dispose();
    }
}
