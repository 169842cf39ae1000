namespace Roster.Tests.Packaging;

/// <summary>The command health, which containers run.</summary>
public sealed class HealthCommandTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_server_that_is_ready_is_0_and_one_that_is_not_there_is_1()
    {
        string url;
        using (var server = RosterProcess.Serve(_folder.Path))
        {
            url = server.Address.ToString();
            foreach (var asked in new[] { url, url.Replace("127.0.0.1", "*", StringComparison.Ordinal), $"{url};http://localhost:1" })
            {
                var ready = RosterProcess.Run(_folder.Path, "health", "--urls", asked);
                Assert.Equal((0, "{\"status\":\"ok\"}\n", ""), ready);
            }
        }

        var gone = RosterProcess.Run(_folder.Path, "health", "--urls", url);

        Assert.Equal((1, ""), (gone.ExitCode, gone.Output));
        Assert.StartsWith($"{url} does not answer: ", gone.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_is_not_ready_is_1_with_its_reason()
    {
        using var server = RosterProcess.Serve(_folder.Path);
        File.Move(_folder.File("data/roster.db"), _folder.File("data/moved.db"));

        var ended = RosterProcess.Run(_folder.Path, "health", "--urls", server.Address.ToString());

        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("\"code\": \"storage_", ended.Output, StringComparison.Ordinal);
        var alive = RosterProcess.Run(_folder.Path, "health", "--live", "--urls", server.Address.ToString());
        Assert.Equal(0, alive.ExitCode);
        Assert.StartsWith("{\"status\":\"ok\",\"version\"", alive.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_that_is_reset_as_soon_as_it_is_made_is_1_and_a_sentence()
    {
        using var disk = new FaultyDisk();
        using var server = RosterProcess.Serve(_folder.Path);
        disk.Fail($"connect {FaultyDisk.NotConnected} {server.Address.Authority}");

        var reset = RosterProcess.Run(_folder.Path, disk.Environment, "health", "--urls", server.Address.ToString());

        Assert.Equal((1, ""), (reset.ExitCode, reset.Output));
        Assert.Equal($"{server.Address} does not answer: Transport endpoint is not connected\n", reset.Errors);
    }

    [Fact]
    public void It_asks_over_TLS_whatever_the_certificates_name()
    {
        var (certificate, key) = SelfSigned.Write(_folder.Path, "roster.example");
        using var server = RosterProcess.Serve(
            _folder.Path, "--urls", "https://127.0.0.1:0", "--certificate", certificate, "--certificate-key", key);

        Assert.Equal(0, RosterProcess.Run(_folder.Path, "health", "--urls", server.Address.ToString()).ExitCode);
    }

    [Fact]
    public void A_wrong_address_is_a_sentence()
    {
        var wrong = RosterProcess.Run(_folder.Path, "health", "--urls", "nonsense");

        Assert.NotEqual(0, wrong.ExitCode);
        Assert.StartsWith("--urls takes addresses", wrong.Errors, StringComparison.Ordinal);
    }
}
