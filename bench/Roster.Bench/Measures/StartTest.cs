using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Roster.Bench.Processes;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>The time from starting the published server's process to its first right answer.</summary>
internal static class StartTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="database">A database that the server has used before, with the key.</param>
    /// <returns>
    /// Milliseconds of each start. The first start, which reads the files from the disk, is left out.
    /// </returns>
    public static async Task<IReadOnlyList<double>> RunAsync(
        string directory, string database, string log, string key, int times, CancellationToken cancel)
    {
        Progress.Say("starts");
        var milliseconds = new List<double>();
        for (var i = 0; i <= times; i++)
        {
            var port = ServerProcess.FreePort();
            var start = Stopwatch.GetTimestamp();
            using var process = RosterServer.Launch(directory, database, log, port);
            while (!IsAnswered(port, key))
            {
                process.DemandRunning();
                if (Stopwatch.GetElapsedTime(start) > Patience)
                    throw new InvalidOperationException($"The server does not start; see {log}.");
                Thread.Sleep(1);
            }
            if (i > 0)
                milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            await process.StopAsync(cancel);
        }
        return milliseconds;
    }

    private static bool IsAnswered(int port, string key)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
        }
        catch (SocketException)
        {
            return false;
        }
        socket.Send(Encoding.ASCII.GetBytes(
            $"GET {ReadPaths.Partners}?take=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n\r\n"));
        var answer = new byte[4096];
        var text = Encoding.ASCII.GetString(answer, 0, socket.Receive(answer));
        return text.StartsWith("HTTP/1.1 200", StringComparison.Ordinal) ? true
            : throw new InvalidOperationException($"The first answer is a wrong one: {text}");
    }
}
