using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Roster.Tests.Hosting;

/// <summary>A real Prometheus that scrapes a server several times a second, with our alerts.</summary>
internal sealed partial class Prometheus : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private readonly TempFolder _folder = new();
    private readonly Process _process;
    private readonly HttpClient _http;

    private Prometheus(Uri target)
    {
        var rules = File.ReadAllText(Rules);
        // The same alerts, without the patience that they have for an operator's sake.
        File.WriteAllText(_folder.File("alerts.yml"), Window().Replace(For().Replace(rules, "for: 0s"), "[30s]"));
        File.WriteAllText(_folder.File("prometheus.yml"), $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 200ms}
            rule_files: [alerts.yml]
            scrape_configs:
              - job_name: roster
                static_configs: [{targets: ["{{target.Authority}}"]}]
            """);
        var port = Ports.Free();
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        _process = Process.Start(new ProcessStartInfo(
            "prometheus",
            [
                "--config.file=prometheus.yml", "--storage.tsdb.path=data", $"--web.listen-address=127.0.0.1:{port}",
                "--log.level=error", "--storage.tsdb.retention.time=1h",
            ])
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardError = true,
        })!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
    }

    public static string Rules => Path.Combine(Repository.Root, "ops", "prometheus", "alerts.yml");

    /// <param name="target">Where the metrics are.</param>
    public static async Task<Prometheus> StartAsync(Uri target)
    {
        var prometheus = new Prometheus(target);
        try
        {
            await prometheus.UntilAsync(async () => (await prometheus.QueryAsync("up")).Count > 0);
            return prometheus;
        }
        catch
        {
            prometheus.Dispose();
            throw;
        }
    }

    /// <summary>The current series of an expression: their labels and values.</summary>
    public async Task<IReadOnlyList<(JsonElement Labels, string Value)>> QueryAsync(string expression)
    {
        var text = await _http.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}");
        return [
            .. JsonDocument.Parse(text).RootElement.GetProperty("data").GetProperty("result").EnumerateArray()
                .Select(one => (one.GetProperty("metric"), one.GetProperty("value")[1].GetString()!)),
        ];
    }

    /// <summary>Waits until an expression has a series.</summary>
    /// <param name="expression">In PromQL.</param>
    /// <param name="cause">What goes on until then.</param>
    public Task HasAsync(string expression, Func<Task>? cause = null) =>
        UntilAsync(async () => (await QueryAsync(expression)).Count > 0, expression, cause);

    /// <summary>The names of the alerts that fire.</summary>
    public async Task<IReadOnlyList<string>> FiringAsync()
    {
        var text = await _http.GetStringAsync("/api/v1/alerts");
        return [
            .. JsonDocument.Parse(text).RootElement.GetProperty("data").GetProperty("alerts").EnumerateArray()
                .Where(alert => alert.GetProperty("state").GetString() == "firing")
                .Select(alert => alert.GetProperty("labels").GetProperty("alertname").GetString()!)
                .Distinct().Order(StringComparer.Ordinal),
        ];
    }

    /// <param name="alert">The alert that is waited for.</param>
    /// <param name="cause">
    /// What the alert is for. It goes on until the alert fires: scrapes fail on a busy machine, and Prometheus sees nothing of a
    /// cause that is over before the next one.
    /// </param>
    /// <param name="patience">A minute, unless said otherwise.</param>
    public Task FiresAsync(string alert, Func<Task>? cause = null, TimeSpan? patience = null) =>
        UntilAsync(async () => (await FiringAsync()).Contains(alert), alert, cause, patience);

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _http.Dispose();
        _folder.Dispose();
    }

    private async Task UntilAsync(Func<Task<bool>> isSo, string? what = null, Func<Task>? cause = null, TimeSpan? patience = null)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            if (cause is not null)
                await cause();
            try
            {
                if (await isSo())
                    return;
            }
            catch (HttpRequestException)
            {
                // It starts.
                Assert.False(_process.HasExited, "Prometheus did not start.");
            }
            Assert.True(Stopwatch.GetElapsedTime(begun) < (patience ?? Patience), $"Prometheus never had {what}.");
            await Task.Delay(Between);
        }
    }

    [GeneratedRegex(@"\bfor: \w+")]
    private static partial Regex For();

    [GeneratedRegex(@"\[\d+m\]")]
    private static partial Regex Window();
}
