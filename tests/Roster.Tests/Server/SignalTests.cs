using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Roster.Tests.Server;

/// <summary>How the process ends, and what does not end it.</summary>
public sealed partial class SignalTests : IDisposable
{
    private const int ShortStop = 5;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [GeneratedRegex("roster_[0-9A-Za-z]{38}")]
    private static partial Regex KeyPattern();

    [Fact]
    public async Task A_feed_that_waits_is_answered_when_the_server_stops_and_does_not_hold_it()
    {
        using var server = Serve(out var api);
        var end = (await api.PutAsync("""[{"name":"a"}]""")).Revision;
        var feed = api.GetAsync($"/api/partners/changes?after={end}&wait=30");
        // The order on the server cannot be seen from here: 20 later requests that are answered show that the feed has
        // arrived.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => api.GetAsync("/api/partners")));

        server.Terminate();

        // If it waited until the stop's deadline, it would be cut off.
        var answer = await feed;
        Assert.Equal((200, false), (answer.Status, answer.Json.GetProperty("more").GetBoolean()));
        Assert.Equal(0, server.WaitForExit());
        EndsWell(server);
    }

    [Fact]
    public async Task A_body_that_never_ends_is_cut_off_and_nothing_calls_it_a_bug()
    {
        using var server = Serve(out var api);
        using var body = new EndlessBody();
        var answer = api.SendAsync(HttpMethod.Put, "/api/partners", body, expectContinue: true);
        await body.Started;

        server.Terminate();

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => answer);
        Assert.Equal(0, server.WaitForExit());
        EndsWell(server);
    }

    [Fact]
    public async Task Writes_that_run_or_wait_when_the_server_stops_are_carried_out_whole_or_not_at_all()
    {
        const int Rows = 2_000;
        var batch = $"[{string.Join(',', Enumerable.Repeat("""{"name":"n"}""", Rows))}]";
        long acknowledged;
        string key;
        using (var server = Serve(out var api))
        {
            key = api.Key!;
            var writes = Enumerable.Range(0, 150).Select(_ => Task.Run(async () =>
            {
                try
                {
                    return (await api.PutAsync(batch)).Status;
                }
                catch (HttpRequestException)
                {
                    return 0;
                }
            })).ToList();
            await Task.WhenAny(writes);

            server.Terminate();

            var statuses = await Task.WhenAll(writes);
            // A waiting write is refused or loses its connection; none is reported as a bug.
            Assert.DoesNotContain(500, statuses);
            acknowledged = statuses.Count(status => status == 200);
            Assert.InRange(acknowledged, 1, 150);
            Assert.Equal(0, server.WaitForExit());
            EndsWell(server);
        }

        using var again = RosterProcess.Serve(_folder.Path);
        var client = again.Client(key);
        var written = (await client.PutAsync("""[{"name":"n"}]"""u8.ToArray(), path: "/api/partners?dryRun=true")).Revision;
        Assert.InRange(written, acknowledged, 150);
        Assert.Equal(written * Rows, (await client.GetAsync("/api/partners?take=1&count=true")).Count("Roster-Total"));
    }

    [Fact]
    public async Task SIGHUP_ends_nothing()
    {
        using var server = Serve(out var api);

        for (var i = 0; i < 3; i++)
        {
            server.Signal("HUP");
            Assert.Equal(200, (await api.PutAsync("""[{"name":"a"}]""")).Status);
        }
        server.Terminate();
        server.Signal("HUP");
        Assert.Equal(0, server.WaitForExit());
        EndsWell(server);
    }

    [Fact]
    public async Task SIGQUIT_stops_it_like_SIGTERM_and_dumps_nothing()
    {
        using var server = Serve(out var api);
        Assert.Equal(200, (await api.PutAsync("""[{"name":"Zaphod Privatus"}]""")).Status);
        var before = Directory.GetFiles(_folder.Path);

        server.Signal("QUIT");

        Assert.Equal(0, server.WaitForExit());
        EndsWell(server);
        Assert.DoesNotContain("Privatus", server.Log() + server.Output(), StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task SIGHUP_ends_no_server_that_still_waits_for_its_database()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var server = RosterProcess.Begin(
            _folder.Path, "--database", $"postgresql://u:p@127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/d");
        using var connection = await silent.AcceptTcpClientAsync();

        server.Signal("HUP");
        // A killed process would have closed its connection.
        silent.Stop();
        Assert.False(server.HasExited);
        connection.Close();
        Assert.Equal(1, server.WaitForExit());
    }

    [Fact]
    public async Task A_log_that_nobody_reads_any_more_ends_nothing()
    {
        Process.Start("mkfifo", [_folder.File("log")]).WaitForExit();
        using var server = Process.Start(new ProcessStartInfo(
            "sh", ["-c", "exec \"$@\" >out 2>log", "sh", .. RosterProcess.Command, "--urls", "http://127.0.0.1:0"])
        { WorkingDirectory = _folder.Path })!;
        try
        {
            string? line;
            using (var log = new StreamReader(_folder.File("log")))
                do
                    line = await log.ReadLineAsync() ?? throw new InvalidOperationException("The server did not start.");
                while (!line.Contains("Listening on", StringComparison.Ordinal));
            using var http = new HttpClient { BaseAddress = new Uri(Regex.Match(line, @"http://[\d.:]+\d").Value) };

            for (var i = 0; i < 100; i++)
                Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/errors")).StatusCode);

            Process.Start("kill", ["-TERM", $"{server.Id}"]).WaitForExit();
            Assert.True(server.WaitForExit(TimeSpan.FromSeconds(60)));
            Assert.Equal(0, server.ExitCode);
        }
        finally
        {
            if (!server.HasExited)
                server.Kill();
        }
    }

    [Fact]
    public void A_bug_on_any_thread_is_a_line_with_its_event_before_the_process_ends()
    {
        var pipe = _folder.File("bug");
        Process.Start("mkfifo", [pipe]).WaitForExit();
        using var server = RosterProcess.ServeBuilt(_folder.Path, new Dictionary<string, string>
        {
            ["DOTNET_STARTUP_HOOKS"] = typeof(SignalTests).Assembly.Location,
            ["ROSTER_TEST_BUG"] = pipe,
        });

        File.WriteAllText(pipe, "now");

        Assert.NotEqual(0, server.WaitForExit());
        var line = server.Rest().First(one => one.Contains("\"EventId\":6005", StringComparison.Ordinal));
        Assert.Contains("a bug of this test: now", line, StringComparison.Ordinal);
    }

    private RosterProcess Serve(out RosterClient api)
    {
        var server = RosterProcess.Serve(_folder.Path, "--shutdown-seconds", $"{ShortStop}");
        api = server.Client(KeyPattern().Match(server.Output()).Value);
        return server;
    }

    /// <summary>The last log line says that the server has stopped, and no line is an error.</summary>
    private static void EndsWell(RosterProcess server)
    {
        var lines = server.Rest().Select(line => JsonDocument.Parse(line).RootElement).ToList();

        Assert.Equal(6003, lines[^1].GetProperty("EventId").GetInt32());
        Assert.All(lines, line => Assert.Equal("Information", line.GetProperty("LogLevel").GetString()));
    }

    /// <summary>A body that begins and never ends.</summary>
    private sealed class EndlessBody : HttpContent
    {
        private readonly TaskCompletionSource _started = new();
        private readonly TaskCompletionSource _gone = new();

        public EndlessBody() => Headers.ContentType = new("application/json");

        public Task Started => _started.Task;

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync("[{\"name\":"u8.ToArray());
            await stream.FlushAsync();
            _started.SetResult();
            await _gone.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 1_000;
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            _gone.TrySetResult();
            base.Dispose(disposing);
        }
    }
}
