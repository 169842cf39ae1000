using System.Net;
using System.Net.Sockets;

namespace Roster.Tests.Hosting;

/// <summary>Ports for programs that cannot take one themselves and say which.</summary>
internal static class Ports
{
    /// <summary>Below those that Linux gives to connections (32768 and up), which would take a port before its program does.</summary>
    private const int First = 10_000;
    private const int Count = 22_000;

    /// <summary>Two runs of the tests at a time begin at different places.</summary>
    private static int _given = Random.Shared.Next(Count);

    /// <summary>A port of this machine that nobody listens on, and that is not given again in this run.</summary>
    public static int Free()
    {
        for (var left = Count; left > 0; left--)
        {
            var port = First + Interlocked.Increment(ref _given) % Count;
            try
            {
                using var socket = new TcpListener(IPAddress.Any, port);
                socket.Start();
                return port;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                // Another program has it.
            }
        }
        throw new InvalidOperationException("No port is free.");
    }
}
