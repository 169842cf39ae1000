using System.Net.Sockets;
using System.Text;

namespace Roster.Tests.Packaging;

/// <summary>What the server tells systemd (sd_notify(3)), heard on a socket as systemd's.</summary>
public sealed class SystemdTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Socket _systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };

    public SystemdTests() => _systemd.Bind(new UnixDomainSocketEndPoint(_folder.File("notify")));

    public void Dispose()
    {
        _systemd.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_service_is_ready_when_its_first_key_is_written_gives_signs_of_life_and_says_that_it_stops()
    {
        using var server = RosterProcess.Serve(
            _folder.Path, Service(("WATCHDOG_USEC", "20000")), "--first-key-file", "key", "--shutdown-seconds", "7");

        Assert.Equal("READY=1", Hear());
        Assert.True(File.Exists(_folder.File("key")));
        for (var i = 0; i < 3; i++)
            Assert.Equal("WATCHDOG=1", Hear());

        server.Terminate();
        string heard;
        do
            heard = Hear();
        while (heard == "WATCHDOG=1");
        // Seven seconds for requests, and 15 for the database.
        Assert.Equal("STOPPING=1\nEXTEND_TIMEOUT_USEC=22000000", heard);
        Assert.Equal(0, server.WaitForExit());
    }

    [Fact]
    public void Without_a_watchdog_or_with_one_for_another_process_there_are_no_signs_of_life()
    {
        using var server = RosterProcess.Serve(_folder.Path, Service(("WATCHDOG_USEC", "20000"), ("WATCHDOG_PID", "1")));

        Assert.Equal("READY=1", Hear());
        server.Terminate();
        Assert.StartsWith("STOPPING=1", Hear(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_that_nobody_reads_ends_no_server()
    {
        _systemd.Close();

        using var server = RosterProcess.Serve(_folder.Path, Service(("WATCHDOG_USEC", "20000")));

        Assert.Equal(200, (await server.FirstClient().PutAsync("""[{"name":"a"}]""")).Status);
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
    }

    private Dictionary<string, string> Service(params IEnumerable<(string Name, string Value)> variables) =>
        variables.Append(("NOTIFY_SOCKET", _folder.File("notify"))).ToDictionary(one => one.Item1, one => one.Item2);

    private string Hear()
    {
        var bytes = new byte[1_024];
        return Encoding.UTF8.GetString(bytes, 0, _systemd.Receive(bytes));
    }
}
