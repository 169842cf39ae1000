using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Roster.Bench;

/// <summary>The real server, as its own process on a new database.</summary>
internal sealed partial class RosterServer : IDisposable
{
    private const string SeeLog = "Its log is server.log, beside the databases.";

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StreamWriter _log;

    private RosterServer(Process process, StreamWriter log, Welcome welcome)
    {
        _process = process;
        _log = log;
        Welcome = welcome;
        State = new ProcessState(process.Id);
    }

    public Welcome Welcome { get; }

    public ProcessState State { get; }

    /// <param name="database">As <c>--database</c> names it.</param>
    /// <param name="log">Where to keep what the server writes to standard error.</param>
    public static async Task<RosterServer> StartAsync(string database, string log, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                Path.Combine(AppContext.BaseDirectory, "Roster.Server.dll"),
                "--urls", "http://127.0.0.1:0", "--database", database, "--server-timing", "on",
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var writer = new StreamWriter(log) { AutoFlush = true };
        var process = Process.Start(start)!;
        try
        {
            process.ErrorDataReceived += (_, line) => writer.WriteLine(line.Data);
            process.BeginErrorReadLine();
            return new RosterServer(process, writer, await ReadWelcomeAsync(process.StandardOutput, cancel));
        }
        catch
        {
            End(process, writer);
            throw;
        }
    }

    /// <summary>Asks the server to end, as an init system would, and expects that it ends well.</summary>
    public async Task StopAsync(CancellationToken cancel)
    {
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync(cancel);
        await _process.WaitForExitAsync(cancel).WaitAsync(StopTimeout, cancel);
        if (_process.ExitCode != 0)
            throw new InvalidOperationException($"The server ended with exit code {_process.ExitCode}. {SeeLog}");
    }

    public void Dispose() => End(_process, _log);

    private static void End(Process process, StreamWriter log)
    {
        if (!process.HasExited)
            process.Kill();
        // Without a timeout this also waits for the last lines of standard error.
        process.WaitForExit();
        process.Dispose();
        log.Dispose();
    }

    private static async Task<Welcome> ReadWelcomeAsync(StreamReader output, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(StartTimeout);
        var key = "";
        while (true)
        {
            var line = await output.ReadLineAsync(limit.Token)
                ?? throw new InvalidOperationException($"The server ended before it was ready. {SeeLog}");
            if (key.Length == 0)
                key = KeyPattern().Match(line).Value;
            if (key.Length > 0 && AddressPattern().Match(line) is { Success: true } address)
                return new Welcome(new Uri(address.Value), key);
        }
    }

    [GeneratedRegex("roster_[0-9A-Za-z]+")]
    private static partial Regex KeyPattern();

    [GeneratedRegex(@"http://\S+/api/partners")]
    private static partial Regex AddressPattern();
}

/// <summary>What the server's first start prints for a newcomer: where to send partners, and the key.</summary>
internal sealed record Welcome(Uri Partners, string Key);
