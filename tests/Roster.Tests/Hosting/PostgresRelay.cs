using System.Net;
using System.Net.Sockets;

namespace Roster.Tests.Hosting;

/// <summary>A proxy for a database on this machine. A test decides what happens to the bytes that pass.</summary>
internal sealed class PostgresRelay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<NetworkStream, NetworkStream, Task<bool>> _pass;
    private readonly int _port;

    /// <param name="database">The address of the database.</param>
    /// <param name="pass">
    /// Passes bytes on in both directions; returns whether both connections are to be closed then.
    /// </param>
    public PostgresRelay(string database, Func<NetworkStream, NetworkStream, Task<bool>> pass)
    {
        (_pass, _port) = (pass, new Uri(database).Port);
        _listener.Start();
        Address = database.Replace($":{_port}/", $":{((IPEndPoint)_listener.LocalEndpoint).Port}/", StringComparison.Ordinal);
        _ = AcceptAsync();
    }

    /// <summary>The address of the database through this proxy.</summary>
    public string Address { get; }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = PassAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        var server = new TcpClient { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _port);
            if (!await _pass(client.GetStream(), server.GetStream()))
                return;
        }
        catch (Exception gone) when (gone is IOException or SocketException or InvalidOperationException)
        {
            // One side has closed its connection.
        }
        client.Dispose();
        server.Dispose();
    }
}
