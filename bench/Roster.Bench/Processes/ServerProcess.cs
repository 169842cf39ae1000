using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Roster.Bench.Processes;

/// <summary>A server on a loopback port, as its own process. It ends when this program ends.</summary>
internal sealed class ServerProcess : IDisposable
{
    /// <summary>The server's output goes to its log directly, not through this program.</summary>
    private const string Redirecting = "exec \"$@\" </dev/null >>\"$0\" 2>&1";

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Guard _guard;

    /// <param name="log">The file to which the server's output is appended.</param>
    /// <param name="environment">Variables in addition to this program's.</param>
    public ServerProcess(string log, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        Log = log;
        var start = new ProcessStartInfo("sh", ["-c", Redirecting, log, program, .. arguments]);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        State = new ProcessState(_process.Id);
        _guard = new Guard("kill", "-KILL", _process.Id.ToString(CultureInfo.InvariantCulture));
    }

    public string Log { get; }

    public ProcessState State { get; }

    /// <exception cref="InvalidOperationException">It has ended.</exception>
    public void DemandRunning()
    {
        if (_process.HasExited)
            throw new InvalidOperationException($"A server ended with exit code {_process.ExitCode}; see {Log}.");
    }

    /// <summary>Waits until it accepts connections.</summary>
    public async Task WaitForPortAsync(int port, TimeSpan patience, CancellationToken cancel)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port, cancel);
                return;
            }
            catch (SocketException) when (Stopwatch.GetElapsedTime(begun) < patience)
            {
                DemandRunning();
                await Task.Delay(5, cancel);
            }
        }
    }

    /// <summary>Stops the server with SIGTERM, as an init system would, and expects exit code 0.</summary>
    public async Task StopAsync(CancellationToken cancel)
    {
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
            await kill.WaitForExitAsync(cancel);
        await _process.WaitForExitAsync(cancel).WaitAsync(StopTimeout, cancel);
        if (_process.ExitCode != 0)
            throw new InvalidOperationException($"A server ended with exit code {_process.ExitCode}; see {Log}.");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _guard.Dispose();
        _process.Dispose();
    }

    public static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
