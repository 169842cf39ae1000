using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Roster.Tests.Operations;

/// <summary>ops/prometheus with the real Prometheus.</summary>
public sealed class AlertTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_page_s_commands_find_the_configuration_valid_and_the_rules_tests_passing()
    {
        var page = new Page("docs/how-to/watch.md");

        foreach (var block in page.Rest())
            Assert.Contains("SUCCESS", await Repository.RunAsync("", "sh", "-c", block.Text), StringComparison.Ordinal);

        // It has Prometheus look where it has the server serve metrics.
        var target = Regex.Match(page.Text, "`--metrics-urls http://([^`]+)`").Groups[1].Value;
        Assert.Contains(
            $"[\"{target}\"]", await File.ReadAllTextAsync(Path.Combine(Repository.Root, "ops/prometheus/prometheus.yml")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alerts_fire_when_what_they_are_for_happens_and_not_before()
    {
        WriteCertificate();
        using var server = RosterProcess.Serve(
            _folder.Path, "--database", "sqlite:roster.db", "--urls", "https://127.0.0.1:0", "--certificate", "cert.pem",
            "--certificate-key", "key.pem", "--metrics-urls", "http://127.0.0.1:0");
        var api = server.FirstClient();
        using var prometheus = await Prometheus.StartAsync(MetricsTests.UrlOf(server));
        Assert.Equal(200, (await api.PutAsync("""[{"name":"a"}]""")).Status);
        await prometheus.HasAsync("roster_ready == 1 and on() roster_write_rows_total == 1");

        // The certificate of this test ends tomorrow. All else is well.
        await prometheus.FiresAsync("RosterCertificateExpiring");
        Assert.Equal(["RosterCertificateExpiring"], await prometheus.FiringAsync());

        // A key that is used, and ends soon.
        var made = RosterProcess.Run(
            _folder.Path, "keys", "create", "--database", "sqlite:roster.db", "--workspace", "default", "--name", "crm", "--scopes", "all",
            "--expires", "3d");
        Assert.Equal(200, (await server.Client(made.Output.Trim()).GetAsync("/api/partners")).Status);
        await prometheus.FiresAsync("RosterKeysExpiring");

        // Somebody guesses. A counter counts from its first value on.
        await server.Client("wrong").GetAsync("/api/partners");
        await prometheus.HasAsync("roster_auth_failures_total");
        await prometheus.FiresAsync("RosterAuthenticationFailures", async () =>
        {
            for (var i = 0; i < 50; i++)
                await server.Client("wrong").GetAsync("/api/partners");
        });
        Assert.DoesNotContain("RosterNotReady", await prometheus.FiringAsync());

        // The file of the database is lost, so requests fail.
        File.Move(_folder.File("roster.db"), _folder.File("elsewhere.db"));
        await api.PutAsync("""[{"name":"b"}]""");
        await prometheus.HasAsync("http_server_request_duration_seconds_count{http_response_status_code=\"503\"}");
        await prometheus.FiresAsync("RosterErrors", () => api.PutAsync("""[{"name":"b"}]"""));
        await prometheus.FiresAsync("RosterNotReady");
        await prometheus.FiresAsync("RosterNotice");

        server.Kill();
        await prometheus.FiresAsync("RosterDown");
    }

    [Fact]
    public async Task Alerts_fire_while_writes_wait_for_another_program_and_when_they_have_taken_long()
    {
        using var server = RosterProcess.Serve(
            _folder.Path, "--database", "sqlite:roster.db", "--metrics-urls", "http://127.0.0.1:0");
        var api = server.FirstClient();
        using var prometheus = await Prometheus.StartAsync(MetricsTests.UrlOf(server));
        Assert.Equal(200, (await api.PutAsync("""[{"name":"a"}]""")).Status);
        await prometheus.HasAsync("roster_write_duration_seconds_count > 0");
        Assert.Empty(await prometheus.FiringAsync());

        var sent = new List<Task<Answer>>();
        await using (var other = new SqliteConnection($"Data Source={_folder.File("roster.db")};Pooling=false"))
        {
            await other.OpenAsync();
            await using var command = other.CreateCommand();
            command.CommandText = "begin immediate";
            await command.ExecuteNonQueryAsync();
            await prometheus.FiresAsync("RosterWritesWait", KeepWaitingAsync);
            // So long is slow. The writes are given up after ten seconds, and others take their place.
            await prometheus.HasAsync("max_over_time(roster_write_queue_length[4s] offset 3s) > 1000", KeepWaitingAsync);
        }

        await prometheus.FiresAsync("RosterWritesSlow");
        Assert.All((await Task.WhenAll(sent)).Select(answer => answer.Status), status => Assert.Contains(status, new[] { 200, 503 }));
        Assert.Equal(200, (await api.PutAsync("""[{"name":"c"}]""")).Status);

        Task KeepWaitingAsync()
        {
            var waiting = sent.Count(one => !one.IsCompleted);
            sent.AddRange(Enumerable.Range(0, Math.Max(0, 1_500 - waiting)).Select(_ => api.PutAsync("""[{"name":"b"}]""")));
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task Alerts_fire_on_a_small_disk_and_when_the_newest_backup_is_old()
    {
        using var disk = new SmallDisk(mebibytes: 200);
        using var clock = new SetClock();
        Assert.Equal(0, disk.Run("mkdir", disk.File("backups")).ExitCode);
        var variables = clock.Environment.Select(one => $"{one.Key}={one.Value}");
        using var server = RosterProcess.ServeBy(
            disk.Command(["env", .. variables, .. RosterProcess.Command]), "--database", "sqlite:" + disk.File("roster.db"),
            "--backup-to", disk.File("backups"), "--backup-every", "7d", "--metrics-urls", "http://127.0.0.1:0");
        using var prometheus = await Prometheus.StartAsync(MetricsTests.UrlOf(server));
        await prometheus.HasAsync("roster_backup_age_seconds");

        await prometheus.FiresAsync("RosterDiskLow");
        Assert.DoesNotContain("RosterBackupOld", await prometheus.FiringAsync());

        // No other one can be made. Two days are not long for who wants one each week.
        Assert.Equal(0, disk.Run("rm", "-r", disk.File("backups")).ExitCode);
        clock.Set("+2d");
        await prometheus.HasAsync("roster_backup_age_seconds > 26 * 3600 and roster_backup_every_seconds == 7 * 24 * 3600");
        Assert.DoesNotContain("RosterBackupOld", await prometheus.FiringAsync());

        clock.Set("+8d");
        await prometheus.FiresAsync("RosterBackupOld");
    }

    /// <summary>Takes more than a minute and a gigabyte of the disk: ./test.sh -explicit only -method '*stands_still*'.</summary>
    [Fact(Explicit = true)]
    public async Task Alerts_fire_while_the_search_index_stands_still_and_the_write_ahead_log_cannot_begin_again()
    {
        using var server = RosterProcess.Serve(
            _folder.Path, "--database", "sqlite:roster.db", "--metrics-urls", "http://127.0.0.1:0");
        var api = server.FirstClient();
        using var prometheus = await Prometheus.StartAsync(MetricsTests.UrlOf(server));
        Assert.Equal(200, (await api.PutAsync("""[{"name":"Ada"}]""")).Status);
        Assert.Equal(["Ada"], (await api.GetAsync("/api/partners?q=ada")).Names);
        Assert.Empty(await prometheus.FiringAsync());

        // Another program reads the file for long, and holds the index.
        await using var reader = await OpenAsync("roster.db", "begin", "select count(*) from partner");
        await using var holder = await OpenAsync("roster.db.search/1.db", "begin immediate");
        var text = new string('x', 400);
        var batch = "[" + string.Join(',', Enumerable.Range(0, 10_000).Select(i =>
            $$"""{"metadata":{"a":"{{text}}","b":"{{text}}","c":"{{text}}","d":"{{text}}"},"name":"{{i}}"}""")) + "]";
        await prometheus.FiresAsync(
            "RosterLogLarge", async () => Assert.Equal(200, (await api.PutAsync(batch)).Status), TimeSpan.FromMinutes(3));
        await prometheus.FiresAsync("RosterSearchBehind", patience: TimeSpan.FromMinutes(3));

        async Task<SqliteConnection> OpenAsync(string file, params string[] statements)
        {
            var other = new SqliteConnection($"Data Source={_folder.File(file)};Pooling=false");
            await other.OpenAsync();
            foreach (var statement in statements)
            {
                await using var command = other.CreateCommand();
                command.CommandText = statement;
                await command.ExecuteNonQueryAsync();
            }
            return other;
        }
    }

    private void WriteCertificate()
    {
        using var key = ECDsa.Create();
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(_folder.File("cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(_folder.File("key.pem"), key.ExportPkcs8PrivateKeyPem());
    }
}
