using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Roster.Bench.Processes;

/// <summary>A server on a port of the loopback, as its own process, which ends when this program does.</summary>
internal sealed class ServerProcess : IDisposable
{
    /// <summary>What the server writes goes to its log without passing through this program.</summary>
    private const string Redirecting = "exec \"$@\" </dev/null >>\"$0\" 2>&1";

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Guard _guard;

    /// <param name="log">The file that what it writes is appended to.</param>
    /// <param name="environment">Variables beside this program's own.</param>
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

    /// <summary>Returns when it takes connections.</summary>
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

    /// <summary>Asks the server to end, as an init system would, and expects that it ends well.</summary>
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
