using System.Text.Json;
using System.Text.RegularExpressions;

namespace Roster.Tests.Operations;

/// <summary>What a real server serves for Prometheus, and what is written about it.</summary>
public sealed partial class MetricsTests(MeasuredServer server) : IClassFixture<MeasuredServer>
{
    /// <summary>They need what this server has not got: https, backups by itself, and trouble.</summary>
    private static readonly string[] Elsewhere =
        ["roster_backup_every_seconds", "roster_certificate_remaining_seconds", "roster_notices"];

    /// <summary>A row of the page's table: names, type, labels.</summary>
    [GeneratedRegex(
        @"^\| `(?<name>[a-z._]+)` \| `(?<text>\w+)` \| (?<type>\w+)(, (?<unit>\S+))? \| (?<labels>[^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"^# TYPE (?<name>\w+) (?<type>\w+)$", RegexOptions.Multiline)]
    private static partial Regex Type();

    /// <summary>The expression of an alert, perhaps in several lines.</summary>
    [GeneratedRegex(@"^ {8}expr: (>-\n)?(?<expr>(.+\n)(?: {10}.+\n)*)", RegexOptions.Multiline)]
    private static partial Regex Expression();

    [GeneratedRegex(@"`(\w+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"Metrics are served at (http://[^\s""]+/metrics)")]
    private static partial Regex Served();

    /// <summary>Where Prometheus finds the metrics of a server.</summary>
    internal static Uri UrlOf(RosterProcess server) => new(Served().Match(server.Log()).Groups[1].Value);

    [Fact]
    public void The_page_has_each_metric_of_ours_with_its_type_and_labels_and_no_other()
    {
        var page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "pages", "docs", "reference", "metrics.md"));
        var written = Row().Matches(page).Select(row => (
            Name: row.Groups["text"].Value, Type: row.Groups["type"].Value,
            Labels: InOrder(Code().Matches(row.Groups["labels"].Value).Select(label => label.Groups[1].Value))));
        var served = Type().Matches(server.Text)
            .Select(type => (Name: type.Groups["name"].Value, Type: type.Groups["type"].Value, Labels: LabelsOf(type.Groups["name"].Value)))
            .Where(metric => metric.Name.StartsWith("roster_", StringComparison.Ordinal));

        Assert.Equal(
            written.Where(one => !Elsewhere.Contains(one.Name)).Order(),
            served.Where(one => !Elsewhere.Contains(one.Name)).Order());
    }

    [Fact]
    public void Names_for_Prometheus_follow_from_names_and_units()
    {
        var page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "pages", "docs", "reference", "metrics.md"));

        Assert.All(Row().Matches(page), row => Assert.Equal(
            row.Groups["name"].Value.Replace('.', '_')
            + row.Groups["unit"].Value switch { "s" => "_seconds", "By" => "_bytes", _ => "" }
            + (row.Groups["type"].Value == "counter" ? "_total" : ""),
            row.Groups["text"].Value));
    }

    [Fact]
    public async Task The_dashboard_and_the_alerts_name_only_metrics_that_a_server_serves()
    {
        var dashboard = JsonDocument.Parse(
            await File.ReadAllTextAsync(Path.Combine(Repository.Root, "ops", "grafana", "roster.json"))).RootElement;
        var panels = dashboard.GetProperty("panels").EnumerateArray().ToList();
        var expressions = panels.SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!).ToList();
        var rules = Expression().Matches(await File.ReadAllTextAsync(Prometheus.Rules)).Select(rule => rule.Groups["expr"].Value).ToList();

        Assert.InRange(panels.Count, 12, 16);
        Assert.Equal(13, rules.Count);
        Assert.All(panels, panel => Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString()));
        Assert.All(expressions.Concat(rules).SelectMany(NamesIn), name => Assert.True(
            name == "up" || Elsewhere.Contains(name) || Regex.IsMatch(server.Text, $@"^{name}(\{{| )", RegexOptions.Multiline),
            $"Nothing serves {name}."));
        Assert.InRange(expressions.Concat(rules).SelectMany(NamesIn).Distinct().Count(), 20, 100);
    }

    [Fact]
    public async Task Metrics_are_on_their_own_address_only()
    {
        Assert.Equal(404, (await server.Api.GetAsync("/metrics")).Status);
        using var http = new HttpClient();
        foreach (var path in new[] { "/", "/api/partners", "/health/live" })
            Assert.Equal(404, (int)(await http.GetAsync(new Uri(server.Url, path))).StatusCode);
    }

    [Fact]
    public void Neither_health_checks_nor_scrapes_count_as_requests()
    {
        Assert.Matches(new Regex("http_server_request_duration_seconds_count\\{.*http_route=\"/api/partners"), server.Text);
        Assert.DoesNotMatch(new Regex("http_route=\"/(health|metrics)"), server.Text);
    }

    [Fact]
    public void No_label_has_a_partners_data_an_id_or_a_key()
    {
        foreach (var secret in new[] { "rivatus", "zaphod", "7946", server.Api.Key![..20] })
            Assert.DoesNotContain(secret, server.Text, StringComparison.OrdinalIgnoreCase);
        // The server's own name for itself, a new one at each start, is the only id.
        Assert.DoesNotMatch(new Regex("^(?!target_info).*[0-9a-f]{8}-[0-9a-f]{4}-", RegexOptions.Multiline), server.Text);
    }

    [Fact]
    public void Only_one_folder_knows_OpenTelemetry() => Assert.All(
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)
                && !file.Contains("/Roster.Server/Operations/", StringComparison.Ordinal)),
        file => Assert.DoesNotContain("using OpenTelemetry", File.ReadAllText(file), StringComparison.Ordinal));

    [Theory]
    [InlineData("--metrics-urls", "9464", "--metrics-urls takes addresses such as")]
    [InlineData("--metrics-urls", "https://localhost:9464", "--metrics-urls takes http addresses only")]
    [InlineData("--otlp", "collector:4318", "--otlp takes the address of a collector such as")]
    public void A_wrong_address_is_a_sentence(string setting, string value, string why)
    {
        using var folder = new TempFolder();
        var result = RosterProcess.Run(folder.Path, "--urls", "http://127.0.0.1:0", setting, value);

        Assert.NotEqual(0, result.ExitCode);
        Assert.StartsWith(why, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_that_is_taken_is_a_sentence()
    {
        using var folder = new TempFolder();
        var result = RosterProcess.Run(
            folder.Path, "--urls", "http://127.0.0.1:0", "--metrics-urls", server.Url.GetLeftPart(UriPartial.Authority));

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("--metrics-urls: Failed to bind to address", result.Errors, StringComparison.Ordinal);
    }

    /// <summary>The names of a metric's labels, but for those of a histogram's buckets.</summary>
    private string LabelsOf(string name)
    {
        var series = Regex.Matches(server.Text, $@"^{name}(_bucket|_sum|_count)?\{{(?<labels>.*)\}} ", RegexOptions.Multiline);
        return InOrder(series.SelectMany(one => Regex.Matches(one.Groups["labels"].Value, "(?<name>\\w+)=\""))
            .Select(label => label.Groups["name"].Value).Where(label => label != "le").Distinct());
    }

    private static string InOrder(IEnumerable<string> labels) => string.Join(' ', labels.Order(StringComparer.Ordinal));

    /// <summary>The metrics that an expression names, without labels and functions.</summary>
    private static IEnumerable<string> NamesIn(string expression)
    {
        var bare = Regex.Replace(expression, @"\{[^}]*\}|\b(by|without|on|ignoring) ?\([^)]*\)|\[[^\]]*\]", " ");
        return Regex.Matches(bare, @"\b(up|[a-z]+_[a-z_]+)\b(?! ?\()").Select(name => name.Value);
    }
}

/// <summary>A server that has done a bit of everything, and its metrics.</summary>
public sealed class MeasuredServer : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private RosterProcess _server = null!;

    internal Uri Url => MetricsTests.UrlOf(_server);

    internal RosterClient Api { get; private set; } = null!;

    /// <summary>The metrics as Prometheus gets them.</summary>
    public string Text { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        _server = RosterProcess.Serve(_folder.Path, "--metrics-urls", "http://127.0.0.1:0");
        Api = _server.FirstClient();
        var id = await Api.CreateAsync("""{"name":"Zaphod Privatus","email":"zaphod@privatus.example","phone":"+44 20 7946 0958"}""");
        await Api.PutAsync("""[{"name":"","email":"privatus"}]""");
        await Api.GetAsync("/api/partners?q=privatus");
        await Api.DeleteAsync(id);
        await Api.RestoreAsync(id);
        await _server.Client("wrong").GetAsync("/api/partners");
        await Api.GetAsync("/health/live");
        await Api.GetAsync("/health/ready");
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "backup", "copy.db").ExitCode);
        await Api.SettledAsync(await Api.NewImportAsync("name\nTrillian Privatus\n"));
        using var http = new HttpClient();
        // Checkpoints come a moment after writes, and the first look at readiness after the start.
        for (var i = 0; i < 600 && !(Text.Contains("roster_sqlite_checkpoint_duration", StringComparison.Ordinal)
            && Text.Contains("roster_ready", StringComparison.Ordinal) && Text.Contains("dotnet_gc_last", StringComparison.Ordinal)); i++)
        {
            GC.KeepAlive(await Api.GetAsync("/api/partners"));
            Text = await http.GetStringAsync(Url);
        }
    }

    public ValueTask DisposeAsync()
    {
        _server.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
