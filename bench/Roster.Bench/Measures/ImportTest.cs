using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Roster.Bench.Engines;
using Roster.Bench.People;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <param name="Loader">The engine's own loader, with the same rows.</param>
/// <param name="PeakMemory">Of the server, in MB.</param>
/// <param name="Others">Milliseconds of single updates meanwhile, sorted.</param>
internal sealed record ImportResult(
    long Rows, TimeSpan Loader, TimeSpan Upload, TimeSpan Plan, TimeSpan Apply, double PeakMemory, IReadOnlyList<double> Others);

/// <summary>
/// An import of a CSV file that creates all its partners, in a workspace of its own, beside the engine's own loader. Another
/// client updates one partner after the other in the same workspace, with 20 ms between.
/// </summary>
internal sealed class ImportTest : IDisposable
{
    private const string Workspace = "imports";
    private const int OthersPartners = 500;

    private static readonly TimeSpan BetweenUpdates = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _http;

    private ImportTest(RosterServer server)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = server.Partners,
            Timeout = TimeSpan.FromMinutes(15),
        };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Key);
    }

    /// <inheritdoc cref="MatchTest.RunAsync"/>
    public static async Task<ImportResult> RunAsync(
        IEngine engine, Func<string[], Task<string>> run, Func<string, Task<RosterServer>> start, int rows, string directory,
        CancellationToken cancel)
    {
        Progress.Say($"imports: the engine's loader with {rows.ToString("N0", CultureInfo.InvariantCulture)} rows");
        var (file, raw) = (Path.Combine(directory, "import.csv"), Path.Combine(directory, "loader.csv"));
        await WriteFilesAsync(file, raw, rows, cancel);
        var loader = engine.Load(raw);
        await run(["workspaces", "create", Workspace]);
        var key = await run(["keys", "create", "--workspace", Workspace, "--name", "bench", "--scopes", "partnersRead,linksWrite"]);
        using var server = await start(key.Trim());
        ImportResult result;
        using (var test = new ImportTest(server))
        {
            await engine.RestAsync([server.State], cancel);
            server.State.ResetPeak();
            result = await test.RunAsync(file, rows, loader, cancel) with { PeakMemory = server.State.PeakMegabytes };
        }
        await server.StopAsync(cancel);
        return result;
    }

    public void Dispose() => _http.Dispose();

    private async Task<ImportResult> RunAsync(string file, int rows, TimeSpan loader, CancellationToken cancel)
    {
        Progress.Say("imports: upload, plan, apply");
        var begun = Stopwatch.GetTimestamp();
        await using var stream = File.OpenRead(file);
        using var content = new StreamContent(stream);
        content.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        var id = (await SendAsync(HttpMethod.Post, "/api/imports?filename=import.csv", content, cancel)).GetProperty("id").GetString()!;
        var upload = Stopwatch.GetElapsedTime(begun);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var others = Task.Run(() => UpdateAsync(done.Token), cancel);
        var plan = await WorkAsync(id, "plan", null, cancel);
        var apply = await WorkAsync(id, "apply", $$"""{"created":{{rows}}}""", cancel);
        await done.CancelAsync();
        return new ImportResult(rows, loader, upload, plan, apply, 0, [.. (await others).Order()]);
    }

    private async Task<TimeSpan> WorkAsync(string id, string work, string? body, CancellationToken cancel)
    {
        var begun = Stopwatch.GetTimestamp();
        await SendAsync(
            HttpMethod.Post, $"/api/imports/{id}/{work}", body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
            cancel);
        while (true)
        {
            var import = await SendAsync(HttpMethod.Get, $"/api/imports/{id}", null, cancel);
            if (import.GetProperty("work").ValueKind == JsonValueKind.Null)
                return import.GetProperty("state").GetString() == (work == "plan" ? "planned" : "applied")
                    ? Stopwatch.GetElapsedTime(begun) : throw new InvalidOperationException($"The import is {import}.");
            await Task.Delay(BetweenLooks, cancel);
        }
    }

    /// <returns>The milliseconds of each update.</returns>
    private async Task<List<double>> UpdateAsync(CancellationToken done)
    {
        var times = new List<double>();
        for (var i = 0; !done.IsCancellationRequested; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            await SendAsync(
                HttpMethod.Put, "/api/partners?matchOn=externalId",
                new StringContent(
                    $$"""[{"externalId":"other-{{i % OthersPartners}}","name":"Other {{i}}"}]""", Encoding.UTF8, "application/json"),
                CancellationToken.None);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            await Task.Delay(BetweenUpdates, done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        return times;
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var response = await _http.SendAsync(request, cancel);
        var body = await response.Content.ReadAsByteArrayAsync(cancel);
        return response.IsSuccessStatusCode ? JsonDocument.Parse(body).RootElement
            : throw new InvalidOperationException($"{path} answers {(int)response.StatusCode}: {Encoding.UTF8.GetString(body)}");
    }

    /// <summary>Writes the same partners as a file for the import and as one for the engine's loader.</summary>
    private static async Task WriteFilesAsync(string file, string raw, int rows, CancellationToken cancel)
    {
        const long At = 1_790_000_000_000_000;
        await using var import = new StreamWriter(file);
        await using var loader = new StreamWriter(raw);
        await import.WriteLineAsync("External ID,Name,Email,Phone".AsMemory(), cancel);
        for (var i = 0; i < rows; i++)
        {
            var person = Person.Of(i);
            var name = $"\"{person.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
            var email = $"p{i}.{person.Email}";
            // Scattered, as the ids of another system are.
            var externalId = string.Create(CultureInfo.InvariantCulture, $"crm-{i * 7_919L % 1_000_003}-{i / 1_000_003}");
            await import.WriteLineAsync($"{externalId},{name},{email},{person.Phone}".AsMemory(), cancel);
            var id = string.Create(CultureInfo.InvariantCulture, $"019e0000-0000-7000-8000-{i:x12}");
            var row = $"1,{id},{name},{email},{person.Phone},{At},{At},{1 + (i / 10_000)},{externalId}";
            await loader.WriteLineAsync(row.AsMemory(), cancel);
        }
    }
}
