using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Roster.Tests.Server;

/// <summary>
/// The most expensive request of each kind, sent to a server process whose partners are as large as they may be: the
/// memory it takes, beyond that of the idle server, stays below these limits. The engine is SQLite, inside the process.
/// </summary>
public sealed partial class AmplificationTests : IDisposable
{
    /// <summary>How often all partners are updated, with one change set each time.</summary>
    private const int Updates = 15;

    private static readonly string[] NoLimit = ["--rows-per-minute", "0"];

    private readonly TempFolder _folder = new();
    private readonly List<string> _ids = [];
    private RosterProcess _server;
    private RosterClient _api;

    [GeneratedRegex("roster_[0-9A-Za-z]{38}")]
    private static partial Regex Key();

    public AmplificationTests()
    {
        _server = RosterProcess.Serve(_folder.Path, NoLimit);
        _api = _server.Client(Key().Match(_server.Output()).Value);
    }

    /// <summary>
    /// Starts the server anew, with a small garbage collection budget: memory in use is then nearly all held by the request.
    /// </summary>
    private void Measure()
    {
        var key = Key().Match(_server.Output()).Value;
        _server.Dispose();
        _server = RosterProcess.Serve(
            _folder.Path, new Dictionary<string, string> { ["DOTNET_GCgen0MaxBudget"] = "400000" }, NoLimit);
        _api = _server.Client(key);
    }

    /// <summary>Partners that are as large as they may be, each changed again and again.</summary>
    private async Task FillAsync()
    {
        var (text, email) = (new string('é', 255), $"{new string('a', 64)}@{string.Concat(Enumerable.Repeat("abcdefghi.", 18))}example12");
        var created = await _api.PutAsync("[" + string.Join(',', Enumerable.Range(0, 10_000).Select(i =>
            $$"""{"name":"{{text}}","email":"{{email}}","phone":"{{text[..64]}}","externalId":"{{text[..250]}}{{i:00000}}"}""")) + "]");
        _ids.AddRange(created.Ids);
        for (var i = 0; i < Updates; i++)
            Assert.Equal(200, (await _api.PutAsync(
                "[" + string.Join(',', _ids.Select(id => $$"""{"id":"{{id}}","phone":"{{i}}"}""")) + "]")).Status);
    }

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_dearest_request_of_each_kind_takes_no_more_memory_than_is_said()
    {
        await FillAsync();
        Measure();
        var one = _ids[5_000];
        var ids = JsonSerializer.Serialize(_ids);
        var last = 1 + Updates;
        // The call, its limit in MiB, and its answer.
        (string Call, int MaxMebibytes, int Status, string? Body, string ContentType, string? Accept)[] calls =
        [
            Get($"/api/partners/{one}?asOf=1", 20),
            Get($"/api/partners/{one}/history?take=1000", 20),
            Get("/api/changesets?take=1000", 20),
            Get("/api/audit?take=1000", 20),
            Get("/api/partners/changes?after=0&take=1", 50),
            Get("/api/partners?take=10000", 100),
            Get("/api/partners?take=10000&asOf=1", 100),
            Get("/api/partners?take=10000&q=a", 100),
            Get("/api/partners?take=10000&sort=name", 100),
            Get("/api/partners/changes?after=0&take=10000", 100),
            Get("/api/partners/changes?full=true&take=10000", 100),
            Get($"/api/changesets/{last}/changes?take=10000", 150),
            Get("/api/changesets/2/changes?take=10000", 150),
            Get("/api/partners", 100, "text/csv"),
            Get("/api/partners?asOf=1", 100, "application/x-ndjson"),
            ($"POST /api/changesets/{last}/undo?dryRun=true", 200, 200, null, "", null),
            ("DELETE /api/partners?dryRun=true", 200, 200, ids, "application/json", null),
            ("POST /api/partners/erase?dryRun=true", 200, 200, ids, "application/json", null),
            ("PUT /api/partners?mode=mirror&matchOn=email&maxDeletes=10000&dryRun=true",
                200, 200, """[{"name":"n","email":"new@b.example"}]""", "application/json", null),
            ("PUT /api/partners?dryRun=true",
                300, 200, "[" + string.Join(',', _ids.Select(id => $$"""{"id":"{{id}}","name":"{{new string('ö', 255)}}"}""")) + "]",
                "application/json", null),
        ];
        var taken = new List<string>();
        var tooMuch = new List<string>();
        // A first pass warms up, so that one-time costs are not counted.
        foreach (var measures in new[] { false, true })
            foreach (var call in calls)
            {
                var rest = measures ? await RestAsync() : 0;
                await _server.ForgetPeakAsync();
                var answer = await SendAsync(call.Call, call.Body, call.ContentType, call.Accept);
                Assert.True(answer.Status == call.Status, $"{call.Call}: {answer.Status}");
                var took = _server.Mebibytes("VmHWM:") - rest;
                if (!measures)
                    continue;
                taken.Add($"{took,4} of {call.MaxMebibytes,3} MiB: {call.Call}");
                if (took > call.MaxMebibytes)
                    tooMuch.Add(taken[^1]);
            }

        TestContext.Current.TestOutputHelper!.WriteLine(string.Join('\n', taken));
        Assert.Empty(tooMuch);

        static (string, int, int, string?, string, string?) Get(string path, int maxMebibytes, string? accept = null) =>
            ("GET " + path, maxMebibytes, 200, null, "", accept);
    }

    [Fact]
    public async Task A_small_body_that_unpacks_to_the_same_fault_millions_of_times_takes_no_more_memory_than_others()
    {
        Measure();
        var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            await gzip.WriteAsync(Encoding.UTF8.GetBytes("[{" + string.Join(',', Enumerable.Repeat("\"a\":0", 5_000_000)) + "}]"));
        var rest = await RestAsync();
        await _server.ForgetPeakAsync();

        var answer = await _api.PutAsync(packed.ToArray(), contentEncoding: "gzip");

        var took = _server.Mebibytes("VmHWM:") - rest;
        TestContext.Current.TestOutputHelper!.WriteLine($"{packed.Length >> 10} KiB: {took} MiB");
        Assert.Equal(400, answer.Status);
        Assert.InRange(took, -1_000, 200);
    }

    /// <summary>The memory of the idle server, once it is stable.</summary>
    private async Task<long> RestAsync()
    {
        var lowest = long.MaxValue;
        for (var unchanged = 0; unchanged < 4; unchanged++)
        {
            await Task.Delay(100);
            if (_server.Mebibytes("VmRSS:") is var now && now < lowest)
                (lowest, unchanged) = (now, 0);
        }
        return lowest;
    }

    private Task<Answer> SendAsync(string call, string? body, string contentType, string? accept)
    {
        var (method, path) = (call.Split(' ')[0], call.Split(' ')[1]);
        var content = body is null ? null : new StringContent(body, Encoding.UTF8, contentType);
        return _api.SendAsync(new HttpMethod(method), path, content, accept: accept);
    }
}
