namespace Roster.Tests.Operations;

/// <summary>What a real server sends to a collector.</summary>
public sealed class TraceTests : IDisposable
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Caller = "b7ad6b7169203331";

    private static readonly Dictionary<string, string> Soon = new()
    {
        ["OTEL_BSP_SCHEDULE_DELAY"] = "50",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
    };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_write_is_a_span_in_its_callers_trace_with_its_stages_as_children()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var server = RosterProcess.Serve(_folder.Path, Soon, "--otlp", collector.Url);

        var answer = await server.FirstClient().SendAsync(
            HttpMethod.Put, "/api/partners", Json("""[{"name":"a"}]"""), headers: [("traceparent", $"00-{Trace}-{Caller}-01")]);
        var spans = await collector.SpansUntilAsync(spans => spans.Any(span => span.Parent == Caller));

        var request = spans.Single(span => span.Parent == Caller);
        Assert.Equal(Trace, request.Trace);
        Assert.StartsWith("PUT /api/partners", request.Name, StringComparison.Ordinal);
        Assert.Equal(("PUT", "200"), (request.Attributes["http.request.method"], request.Attributes["http.response.status_code"]));
        Assert.Equal(answer.Headers.GetValues("Roster-Request-Id").Single(), request.Attributes["roster.request.id"]);
        Assert.Equal("roster", request.Resource["service.name"]);
        var stages = spans.Where(span => span.Parent == request.Id).OrderBy(span => span.Start).ToList();
        Assert.Equal(["read", "plan", "write", "respond"], stages.Select(span => span.Name));
        Assert.All(stages, stage => Assert.Equal(Trace, stage.Trace));
        Assert.All(stages, stage => Assert.InRange(stage.End, request.Start, request.End));
    }

    [Fact]
    public async Task Nothing_that_is_sent_has_a_partners_data_or_what_was_searched_for()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var server = RosterProcess.Serve(_folder.Path, Soon, "--otlp", collector.Url);
        var api = server.FirstClient();

        var id = await api.CreateAsync("""{"name":"Zaphod Privatus","email":"zaphod@privatus.example","phone":"+44 20 7946 0958"}""");
        await api.GetAsync("/api/partners?q=privatus");
        await api.GetAsync($"/api/partners/{id}");
        await api.GetAsync("/privatus/nowhere");
        await api.PutAsync("""[{"name":"","email":"privatus"}]""");
        await api.GetAsync("/health/live");
        var spans = await collector.SpansUntilAsync(spans => spans.Count(span => span.Attributes.ContainsKey("roster.request.id")) == 5);
        await collector.MetricsUntilAsync(metrics => metrics.Any(metric => metric.Name == "roster.faults"));

        Assert.Contains("GET /api/partners/{id}", spans.Select(span => span.Name));
        foreach (var secret in new[] { "rivatus", "zaphod", "7946", id, api.Key![..20] })
            Assert.DoesNotContain(secret, collector.Everything, StringComparison.OrdinalIgnoreCase);
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
        Assert.DoesNotContain("health", collector.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_standard_variables_do_the_same()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var server = RosterProcess.Serve(_folder.Path, new Dictionary<string, string>(Soon)
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_SERVICE_NAME"] = "directory",
            ["OTEL_METRICS_EXPORTER"] = "none",
        });

        Assert.Equal(200, (await server.FirstClient().GetAsync("/api/partners")).Status);

        var spans = await collector.SpansUntilAsync(spans => spans.Count > 0);
        Assert.Equal("directory", spans[0].Resource["service.name"]);
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
        Assert.DoesNotContain("roster.ready", collector.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_are_sent_with_their_units()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var server = RosterProcess.Serve(_folder.Path, Soon, "--otlp", collector.Url);

        Assert.Equal(200, (await server.FirstClient().PutAsync("""[{"name":"a"}]""")).Status);

        Measured[] wanted =
        [
            new("Roster", "roster.write.duration", "s"), new("Roster", "roster.disk.free", "By"),
            new("Microsoft.AspNetCore.Hosting", "http.server.request.duration", "s"),
        ];
        await collector.MetricsUntilAsync(metrics => wanted.All(metrics.Contains));
    }

    [Fact]
    public async Task A_collector_that_is_away_is_said_once_and_holds_up_nothing()
    {
        var url = $"http://127.0.0.1:{Ports.Free()}";
        using var server = RosterProcess.Serve(_folder.Path, Soon, "--otlp", url);
        var api = server.FirstClient();

        for (var i = 0; i < 5; i++)
            Assert.Equal(200, (await api.PutAsync($$"""[{"name":"{{i}}"}]""")).Status);
        await server.SaysAsync($"The collector at {url}/v1/");
        await using (var back = await OtlpReceiver.StartAsync(url))
            await server.SaysAsync("takes what is sent again");
        server.Terminate();

        Assert.Equal(0, server.WaitForExit());
        // One for traces, one for metrics, and again after the collector has gone.
        Assert.InRange(server.Log().Split('\n').Count(line => line.Contains("does not take what is sent", StringComparison.Ordinal)), 1, 4);
    }

    [Fact]
    public async Task A_collector_whose_connections_are_reset_as_soon_as_they_are_made_is_said_once()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var disk = new FaultyDisk();
        disk.Fail($"connect {FaultyDisk.NotConnected} {new Uri(collector.Url).Authority}");
        using var server = RosterProcess.Serve(
            _folder.Path, disk.Environment.Concat(Soon).ToDictionary(StringComparer.Ordinal), "--otlp", collector.Url);

        await server.SaysAsync("does not take what is sent: Transport endpoint is not connected");
        disk.Heal();
        await server.SaysAsync("takes what is sent again");
    }

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");
}
