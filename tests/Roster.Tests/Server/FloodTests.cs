using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Roster.Tests.Server;

/// <summary>
/// A server process under clients that send too slowly, never read, only connect, or send all that is allowed at once.
/// bench/flood.py does it with more of them, and measures what others wait.
/// </summary>
public sealed partial class FloodTests : IDisposable
{
    private const int MaxMebibytes = 512;

    private const int SlowSenders = 60;
    private const int NonReaders = 20;
    private const int IdleConnections = 300;
    private const int Batches = 12;

    private static readonly TimeSpan Span = TimeSpan.FromSeconds(3);

    /// <summary>Batches sent at the same time.</summary>
    private const int AtOnce = 4;

    /// <summary>MiB by which equal requests differ: as much as one batch and its answer take, and a good deal less than six.</summary>
    private const int Noise = 50;

    private readonly TempFolder _folder = new();
    private readonly RosterProcess _server;
    private readonly RosterClient _api;
    private readonly string _key;

    public FloodTests()
    {
        // The same heap budget on every machine, so that equal requests take about the same.
        _server = RosterProcess.Serve(
            _folder.Path, new Dictionary<string, string> { ["DOTNET_GCgen0MaxBudget"] = "400000" }, "--rows-per-minute", "0");
        _key = Key().Match(_server.Output()).Value;
        _api = _server.Client(_key);
    }

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [GeneratedRegex("roster_[0-9A-Za-z]{38}")]
    private static partial Regex Key();

    [Fact]
    public async Task Drip_feeding_deaf_and_idle_connections_do_not_grow_the_server_or_shut_others_out()
    {
        await _api.PutAsync("[" + string.Join(
            ',', Enumerable.Repeat("""{"name":"a name of some length","email":"a@b.example"}""", 10_000)) + "]");
        var before = await OthersAsync(Span / 3);
        var memoryBefore = _server.Mebibytes("VmRSS:");
        using var end = new CancellationTokenSource();
        var flood = Enumerable.Range(0, SlowSenders).Select(_ => DripAsync(end.Token))
            .Concat(Enumerable.Range(0, NonReaders).Select(_ => BeDeafAsync(end.Token)))
            .Concat(Enumerable.Range(0, IdleConnections).Select(_ => BeIdleAsync(end.Token))).ToList();

        var during = await OthersAsync(Span);
        var memory = _server.Mebibytes("VmRSS:");
        await end.CancelAsync();
        await Task.WhenAll(flood);

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"Others: {before.Count} requests, p99 {before.P99:0.0} ms before; {during.Count} requests, p99 {during.P99:0.0} ms during. "
            + $"Memory: {memoryBefore} MiB before, {memory} MiB during.");
        Assert.InRange(memory, 1, memoryBefore + 150);
    }

    [Fact]
    public async Task The_largest_batches_at_once_are_done_or_refused_in_order_and_memory_stays_within_bounds()
    {
        var body = LargestBatch();

        var answers = await Task.WhenAll(Enumerable.Range(0, Batches).Select(_ => Task.Run(() => _api.PutAsync(body))));

        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { 200, 429, 503 }));
        Assert.Contains(answers, answer => answer.Status == 200);
        Assert.All(answers.Where(answer => answer.Status == 503), answer => Assert.Equal("overloaded", answer.Code));
        var peak = _server.Mebibytes("VmHWM:");
        var done = answers.Count(answer => answer.Status == 200);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{body.Length >> 20} MiB each: {done} done, {answers.Length - done} refused; peak {peak} MiB.");
        Assert.InRange(peak, 1, MaxMebibytes);
    }

    [Fact]
    public async Task The_largest_requests_again_and_again_take_no_more_memory()
    {
        var body = LargestBatch();
        await RoundsAsync(1, "");
        await RoundsAsync(1, "?dryRun=true");
        var before = new List<long>();
        for (var i = 0; i < 5; i++)
            before.Add(await AloneAsync());

        await RoundsAsync(6, "?dryRun=true");

        // How requests overlap is chance; what one takes alone is not. What is kept of others, even of one in each round, all of them have.
        var after = new List<long>();
        do
            after.Add(await AloneAsync());
        while (after[^1] > before.Min() + Noise && after.Count < 20);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"One alone takes {string.Join(", ", before)} MiB, after many {string.Join(", ", after)} MiB.");
        Assert.InRange(after[^1], 1, before.Min() + Noise);

        async Task<long> AloneAsync()
        {
            await _server.ForgetPeakAsync();
            Assert.Equal(200, (await _api.PutAsync(body, path: "/api/partners?dryRun=true")).Status);
            return _server.Mebibytes("VmHWM:");
        }

        async Task RoundsAsync(int rounds, string query)
        {
            for (var i = 0; i < rounds; i++)
                foreach (var answer in await Task.WhenAll(
                    Enumerable.Range(0, AtOnce).Select(_ => Task.Run(() => _api.PutAsync(body, path: "/api/partners" + query)))))
                    Assert.Equal(200, answer.Status);
        }
    }

    /// <summary>As many partners as a request may have, with every field at its longest.</summary>
    private static byte[] LargestBatch()
    {
        var text = new string('é', 255);
        var email = $"{new string('a', 64)}@{string.Concat(Enumerable.Repeat("abcdefghi.", 18))}example12";
        return Encoding.UTF8.GetBytes("[" + string.Join(',', Enumerable.Repeat(
            $$"""{"name":"{{text}}","email":"{{email}}","phone":"{{text[..64]}}"}""", 10_000)) + "]");
    }

    /// <summary>What a normal client sees meanwhile: every request succeeds.</summary>
    private async Task<(int Count, double P99)> OthersAsync(TimeSpan span)
    {
        var times = new List<double>();
        for (var begun = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(begun) < span;)
        {
            var start = TimeProvider.System.GetTimestamp();
            var answer = times.Count % 2 == 0 ? await _api.PutAsync("""[{"name":"n"}]""") : await _api.GetAsync("/api/partners?take=1");
            Assert.Equal(200, answer.Status);
            times.Add(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
        }
        times.Sort();
        return (times.Count, times[(int)(times.Count * 0.99)]);
    }

    /// <summary>Announces a large body and sends a byte now and then, again and again.</summary>
    private Task DripAsync(CancellationToken end) => ConnectAgainAndAgainAsync(
        $"PUT /api/partners HTTP/1.1\r\nHost: h\r\nAuthorization: {_key}\r\nContent-Type: application/json\r\n"
            + "Content-Length: 60000\r\n\r\n[",
        async stream =>
        {
            await Task.Delay(200, end);
            await stream.WriteAsync(" "u8.ToArray(), end);
        }, end);

    /// <summary>Requests megabytes and never reads them.</summary>
    private Task BeDeafAsync(CancellationToken end) => ConnectAgainAndAgainAsync(
        $"GET /api/partners?take=10000 HTTP/1.1\r\nHost: h\r\nAuthorization: {_key}\r\n\r\n", async stream =>
        {
            await Task.Delay(200, end);
            stream.Socket.Poll(0, SelectMode.SelectError);
        }, end);

    /// <summary>Connects, and says nothing.</summary>
    private Task BeIdleAsync(CancellationToken end) => ConnectAgainAndAgainAsync(
        "", async stream => await stream.ReadExactlyAsync(new byte[1], end), end);

    private async Task ConnectAgainAndAgainAsync(string request, Func<NetworkStream, Task> step, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                using var socket = new TcpClient { ReceiveBufferSize = 4_096 };
                await socket.ConnectAsync(_server.Address.Host, _server.Address.Port, end);
                await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), end);
                while (socket.Connected)
                    await step(socket.GetStream());
            }
            catch (Exception gone) when (gone is IOException or SocketException or OperationCanceledException or InvalidOperationException)
            {
                // The server cut the connection, as it should, or the test is over.
            }
        }
    }
}
