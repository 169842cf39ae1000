using System.Diagnostics;
using System.Text.RegularExpressions;
using Roster.Bench.Processes;

namespace Roster.Bench.Servers;

/// <summary>The published server, as its own process.</summary>
internal sealed partial class RosterServer : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    /// <summary>A row limit that is never reached: rows are counted as always.</summary>
    private const string RowsPerMinute = "2000000000";

    private readonly ServerProcess _process;

    private RosterServer(ServerProcess process, int port, string key) => (_process, Port, Key) = (process, port, key);

    public int Port { get; }

    public string Key { get; }

    public Uri Partners => new($"http://127.0.0.1:{Port}/api/partners");

    public ProcessState State => _process.State;

    /// <summary>Starts the server on a new database and reads the API key that the first start prints.</summary>
    /// <param name="directory">The folder it was published to.</param>
    /// <param name="database">As <c>--database</c> names it.</param>
    /// <param name="log">The file for its output.</param>
    public static async Task<RosterServer> StartFirstAsync(string directory, string database, string log, CancellationToken cancel)
    {
        var port = ServerProcess.FreePort();
        var process = Launch(directory, database, log, port);
        try
        {
            return new RosterServer(process, port, await ReadKeyAsync(process, cancel));
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>Starts the server on a database that already has the key.</summary>
    public static async Task<RosterServer> StartAgainAsync(
        string directory, string database, string log, string key, CancellationToken cancel)
    {
        var port = ServerProcess.FreePort();
        var process = Launch(directory, database, log, port);
        await process.WaitForPortAsync(port, StartTimeout, cancel);
        return new RosterServer(process, port, key);
    }

    /// <summary>Runs a command on a database.</summary>
    /// <returns>Its standard output.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static async Task<string> RunAsync(string directory, string database, string[] command, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(Path.Combine(directory, "Roster.Server"), [.. command, "--database", database])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        return process.ExitCode == 0 ? output
            : throw new InvalidOperationException($"{string.Join(' ', command)} ended with exit code {process.ExitCode}.");
    }

    public static ServerProcess Launch(string directory, string database, string log, int port) => new(
        log, Path.Combine(directory, "Roster.Server"),
        [
            "--urls", $"http://127.0.0.1:{port}", "--database", database, "--server-timing", "on", "--rows-per-minute", RowsPerMinute,
        ]);

    /// <inheritdoc cref="ServerProcess.StopAsync"/>
    public Task StopAsync(CancellationToken cancel) => _process.StopAsync(cancel);

    public void Dispose() => _process.Dispose();

    private static async Task<string> ReadKeyAsync(ServerProcess process, CancellationToken cancel)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            if (File.Exists(process.Log) && KeyPattern().Match(await File.ReadAllTextAsync(process.Log, cancel)) is { Success: true } key)
                return key.Value;
            process.DemandRunning();
            if (Stopwatch.GetElapsedTime(begun) > StartTimeout)
                throw new InvalidOperationException($"The server does not start; see {process.Log}.");
            await Task.Delay(20, cancel);
        }
    }

    [GeneratedRegex(@"roster_[0-9A-Za-z]+(?=\s)")]
    private static partial Regex KeyPattern();
}
