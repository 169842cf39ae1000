using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Roster.Server.Commands;

namespace Roster.Tests.Server;

/// <summary>The executable as an operator uses it, as a process of its own.</summary>
public sealed partial class CommandLineTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [GeneratedRegex("roster_[0-9A-Za-z]{38}")]
    private static partial Regex KeyPattern();

    [Fact]
    public async Task The_first_start_prints_a_key_that_works_once_and_SIGTERM_ends_with_0()
    {
        string key;
        using (var first = RosterProcess.Serve(_folder.Path))
        {
            key = KeyPattern().Match(first.Output()).Value;
            Assert.Contains($"curl -X PUT {first.Address.ToString().TrimEnd('/')}/api/partners", first.Output(), StringComparison.Ordinal);
            Assert.Equal(1, (await first.Client(key).PutAsync("""[{"name":"a"}]""")).Revision);
            first.Terminate();
            Assert.Equal(0, first.WaitForExit());
        }
        Assert.Equal(
            ["console-link", "roster.db", "roster.db.lock"],
            Directory.GetFiles(_folder.File("data")).Select(Path.GetFileName).Order());

        using var second = RosterProcess.Serve(_folder.Path);
        Assert.Empty(second.Output());
        Assert.Equal(2, (await second.Client(key).PutAsync("""[{"name":"a"}]""")).Revision);
    }

    [Fact]
    public async Task The_first_start_prints_a_link_to_the_console_and_writes_it_for_its_owner_only()
    {
        using var server = RosterProcess.Serve(_folder.Path);
        var origin = server.Address.ToString().TrimEnd('/');
        var link = Regex.Match(server.Output(), $"{Regex.Escape(origin)}/console/#link=[0-9A-Za-z_-]{{43}}").Value;
        var file = _folder.File(Path.Combine("data", "console-link"));

        Assert.Equal($"{link}\n", await File.ReadAllTextAsync(file));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.DoesNotContain("#link=", server.Log(), StringComparison.Ordinal);
        var begun = await ConsoleClient.OpenAsync(server.Client(null), link);
        Assert.Equal((201, "Administrator"), (begun.Status, begun.Json.GetProperty("actor").GetProperty("name").GetString()));
        Assert.Equal(6, begun.Json.GetProperty("scopes").GetArrayLength());
        Assert.Equal(401, (await ConsoleClient.OpenAsync(server.Client(null), link)).Status);
    }

    [Fact]
    public void The_file_with_the_link_makes_its_folder_for_its_owner_only()
    {
        var folder = _folder.File("new");

        Assert.Equal(Path.Combine(folder, "console-link"), ConsoleLinkFile.TryWrite(folder, "link"));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
    }

    [Fact]
    public async Task A_command_prints_a_link_and_the_server_exchanges_it()
    {
        using var server = RosterProcess.Serve(_folder.Path);
        string[] invitation = ["console", "link", "--workspace", "default", "--name", "Amal Haddad", "--role", "editor"];

        var made = RosterProcess.Run(_folder.Path, [.. invitation, "--url", "https://roster.example/"]);
        var begun = await ConsoleClient.OpenAsync(server.Client(null), made.Output.Trim());

        Assert.Matches("^https://roster.example/console/#link=[0-9A-Za-z_-]{43}\n$", made.Output);
        Assert.Equal((201, "editor"), (begun.Status, begun.Json.GetProperty("role").GetString()));
        foreach (var (exit, setting, value) in new[]
        {
            (2, "--role", "owner"), (2, "--url", "roster"), (2, "--name", " "), (1, "--workspace", "none"),
        })
        {
            string[] wrong = [.. invitation, "--url", "https://roster.example"];
            wrong[Array.IndexOf(wrong, setting) + 1] = value;
            var refused = RosterProcess.Run(_folder.Path, wrong);
            Assert.Equal((exit, true), (refused.ExitCode, refused.Errors.StartsWith(setting, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Without_a_console_the_first_start_makes_no_link()
    {
        using var server = RosterProcess.Serve(_folder.Path, "--console", "off");
        Assert.Matches(KeyPattern(), server.Output());
        Assert.DoesNotContain("#link=", server.Output(), StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File(Path.Combine("data", "console-link"))));
        Assert.Equal(404, (await server.FirstClient().PostAsync("""{"name":"a","role":"viewer"}""", "/api/links")).Status);
    }

    [Fact]
    public async Task SIGTERM_lets_a_request_that_is_under_way_finish()
    {
        using var server = RosterProcess.Serve(_folder.Path);
        var key = KeyPattern().Match(server.Output()).Value;
        using var body = new SlowBody("""[{"name":"slow"}]""");
        var answer = server.Client(key).SendAsync(HttpMethod.Put, "/api/partners", body, expectContinue: true);
        await body.Started;

        server.Terminate();
        await server.SaysAsync("Stopping");
        body.Finish();

        Assert.Equal(200, (await answer).Status);
        Assert.Equal(0, server.WaitForExit());
    }

    [Fact]
    public void A_second_server_on_the_same_file_refuses_with_a_sentence()
    {
        using var first = RosterProcess.Serve(_folder.Path);

        var second = RosterProcess.Run(_folder.Path, "--urls", "http://127.0.0.1:0");

        Assert.Equal(1, second.ExitCode);
        Assert.StartsWith("Another Roster server uses ./data/roster.db", second.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_that_is_taken_is_a_sentence_and_the_first_key_is_not_spent_on_it()
    {
        using var first = RosterProcess.Serve(_folder.Path);

        var second = RosterProcess.Run(_folder.Path, "--urls", first.Address.ToString(), "--database", "sqlite:other.db");

        Assert.Equal(1, second.ExitCode);
        Assert.StartsWith("--urls: Failed to bind", second.Errors, StringComparison.Ordinal);
        Assert.Single(second.Errors.TrimEnd().Split('\n'));
        Assert.DoesNotMatch(KeyPattern(), second.Output);
        using var third = RosterProcess.Serve(_folder.Path, "--database", "sqlite:other.db");
        Assert.Matches(KeyPattern(), third.Output());
    }

    [Theory]
    [InlineData("--urls", "nonsense")]
    [InlineData("--urls", "http://nohost.example:5080")]
    [InlineData("--urls", "http://localhost:99999")]
    [InlineData("--urls", "http://localhost:0")]
    [InlineData("--urls", "")]
    [InlineData("--database", "roster.db")]
    [InlineData("--database", "sqlite:")]
    [InlineData("--database", "mysql://localhost")]
    [InlineData("--server-timing", "yes")]
    [InlineData("--log-format", "xml")]
    [InlineData("--rows-per-minute", "9999")]
    [InlineData("--rows-per-minute", "many")]
    [InlineData("--failed-authentications", "0")]
    [InlineData("--failed-authentications", "1000001")]
    [InlineData("--rows-per-minute", "1000000001")]
    [InlineData("--idempotency-hours", "1000001")]
    [InlineData("--import-lease-seconds", "3601")]
    [InlineData("--max-import-mb", "65537")]
    [InlineData("--open-indexes", "100001")]
    [InlineData("--shutdown-seconds", "3601")]
    [InlineData("--shutdown-seconds", "0")]
    [InlineData("--trusted-proxies", "10.0.0.0/99")]
    [InlineData("--console", "yes")]
    [InlineData("--oidc-issuer", "https://id.example.com")]
    public void A_wrong_setting_exits_with_2_and_a_sentence_that_names_it(string setting, string value) =>
        Fails(2, setting, value);

    [Theory]
    [InlineData("--urls", "http://192.0.2.1:5080")]
    [InlineData("--first-key-file", "nowhere/key")]
    [InlineData("--certificate", "nowhere.pem", "--certificate-key", "nowhere.pem")]
    [InlineData("--database-password-file", "nowhere/password", "--database", "postgresql://u@localhost/d")]
    [InlineData("--database-password-file", "/dev/zero", "--database", "postgresql://u@localhost/d")]
    [InlineData("--oidc-client-secret-file", "/dev/null", "--oidc-issuer", "https://id.example.com", "--oidc-client-id", "roster")]
    public void A_setting_that_cannot_be_followed_here_exits_with_1_and_a_sentence_that_names_it(string setting, params string[] values) =>
        Fails(1, setting, values);

    private void Fails(int exitCode, string setting, params string[] values)
    {
        var result = RosterProcess.Run(_folder.Path, [setting, .. values]);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith(setting, result.Errors, StringComparison.Ordinal);
        Assert.Single(result.Errors.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "htps://me:secret@localhost:4318")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "Authorization: Bearer secret")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "nonsense")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "secret")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "0")]
    [InlineData("OTEL_METRIC_EXPORT_INTERVAL", "often")]
    [InlineData("OTEL_BSP_MAX_QUEUE_SIZE", "-1")]
    public void A_wrong_variable_of_OpenTelemetry_exits_with_2_and_a_sentence_that_names_it(string variable, string value)
    {
        var result = RosterProcess.Run(_folder.Path, new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] = "http://127.0.0.1:4318",
            [variable] = value,
        });

        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith(variable + " is ", result.Errors, StringComparison.Ordinal);
        Assert.Single(result.Errors.TrimEnd().Split('\n'));
        Assert.DoesNotContain("secret", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Health_without_an_address_says_what_is_empty()
    {
        var result = RosterProcess.Run(_folder.Path, "health", "--urls", "");

        Assert.Equal((2, "--urls is empty.\n"), (result.ExitCode, result.Errors));
    }

    [Fact]
    public async Task The_first_key_goes_into_the_file_that_is_named_for_it_and_is_printed_nowhere()
    {
        using (var server = RosterProcess.Serve(_folder.Path, "--first-key-file", "key"))
        {
            var key = await File.ReadAllTextAsync(_folder.File("key"));
            Assert.Matches($"^{KeyPattern()}\n$", key);
            Assert.Equal(200, (await server.Client(key.TrimEnd()).PutAsync("""[{"name":"a"}]""")).Status);
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.File("key")));
            Assert.Contains(_folder.File("key"), server.Output(), StringComparison.Ordinal);
            Assert.DoesNotMatch(KeyPattern(), server.Output());
            Assert.DoesNotContain("#link=", server.Output(), StringComparison.Ordinal);
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
        }

        // Only the first start writes a key.
        File.Delete(_folder.File("key"));
        using var again = RosterProcess.Serve(_folder.Path, "--first-key-file", "key");
        Assert.False(File.Exists(_folder.File("key")));
    }

    [Fact]
    public void A_first_key_is_written_over_no_file_and_is_not_spent_on_it()
    {
        File.WriteAllText(_folder.File("key"), "of another database");

        var refused = RosterProcess.Run(_folder.Path, "--urls", "http://127.0.0.1:0", "--first-key-file", "key");

        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.StartsWith("--first-key-file: key exists already", refused.Errors, StringComparison.Ordinal);
        Assert.Equal("of another database", File.ReadAllText(_folder.File("key")));
        using var server = RosterProcess.Serve(_folder.Path, "--first-key-file", "other");
        Assert.Matches(KeyPattern(), File.ReadAllText(_folder.File("other")));
    }

    [Fact]
    public async Task The_version_is_in_the_start_line_and_in_the_answer_that_it_lives()
    {
        var version = RosterProcess.Run(_folder.Path, "--version").Output.Trim().Split('+')[0];
        using var server = RosterProcess.Begin(_folder.Path);

        await server.SaysAsync($"version {version};");
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());
        using var again = RosterProcess.Serve(_folder.Path);
        Assert.Equal(version, (await again.Client("").GetAsync("/health/live")).Json.GetProperty("version").GetString());
    }

    [Fact]
    public void An_unknown_option_or_command_and_one_that_lacks_something_exit_with_2_and_name_the_help()
    {
        foreach (var (command, help) in new[]
        {
            ("--prot 1", "roster-server --help"), ("serv", "roster-server --help"), ("keys create", "roster-server keys create --help"),
        })
        {
            var result = RosterProcess.Run(_folder.Path, command.Split(' '));
            Assert.Equal((2, ""), (result.ExitCode, result.Output));
            Assert.EndsWith($"See: {help}\n", result.Errors, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("keys")]
    [InlineData("keys create")]
    [InlineData("keys list")]
    [InlineData("keys revoke")]
    [InlineData("workspaces")]
    [InlineData("workspaces create")]
    [InlineData("workspaces list")]
    [InlineData("migrate")]
    [InlineData("copy")]
    [InlineData("distribute")]
    [InlineData("sbom")]
    public void Every_command_has_help(string command)
    {
        var result = RosterProcess.Run(_folder.Path, [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
        Assert.Contains("--database", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_and_workspaces_are_administered_while_the_server_runs()
    {
        using var server = RosterProcess.Serve(_folder.Path);
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "workspaces", "create", "north").ExitCode);
        Assert.Equal(1, RosterProcess.Run(_folder.Path, "workspaces", "create", "north").ExitCode);
        Assert.Equal(["Name", "default", "north"], RosterProcess.Run(_folder.Path, "workspaces", "list").Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')[0]));

        var created = RosterProcess.Run(
            _folder.Path, "keys", "create", "--workspace", "north", "--name", "crm",
            "--scopes", "linksWrite,partnersRead", "--expires", "90d");
        Assert.Matches($"^{KeyPattern()}\n$", created.Output);
        var api = server.Client(created.Output.Trim());
        Assert.Equal(200, (await api.PutAsync("""[{"name":"a"}]""")).Status);

        var listed = RosterProcess.Run(_folder.Path, "keys", "list").Output
            .Split('\n').Single(line => line.Contains("crm", StringComparison.Ordinal));
        Assert.Contains("partnersRead,linksWrite", listed, StringComparison.Ordinal);
        Assert.EndsWith("valid", listed, StringComparison.Ordinal);
        Assert.DoesNotContain(created.Output.Trim(), listed, StringComparison.Ordinal);

        Assert.Equal(0, RosterProcess.Run(_folder.Path, "keys", "revoke", listed.Split('\t')[0]).ExitCode);
        Assert.Equal(401, (await api.PutAsync("""[{"name":"a"}]""")).Status);
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "migrate").ExitCode);
    }

    [Theory]
    [InlineData(1, "--workspace", "nowhere")]
    [InlineData(2, "--scopes", "everything")]
    [InlineData(2, "--scopes", "")]
    [InlineData(2, "--expires", "soon")]
    [InlineData(2, "--expires", "0d")]
    [InlineData(2, "--name", " ")]
    [InlineData(2, "--name", "a\tb")]
    public void A_wrong_argument_of_keys_create_is_a_sentence_that_names_it(int exitCode, string option, string value)
    {
        RosterProcess.Run(_folder.Path, "migrate");
        RosterProcess.Run(_folder.Path, "workspaces", "create", "w");
        var arguments = new Dictionary<string, string> { ["--workspace"] = "w", ["--name"] = "n", ["--scopes"] = "all" };
        arguments[option] = value;

        var result = RosterProcess.Run(_folder.Path, ["keys", "create", .. arguments.SelectMany(pair => new[] { pair.Key, pair.Value })]);

        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
        Assert.StartsWith(option, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_on_a_database_that_does_not_exist_says_so()
    {
        var result = RosterProcess.Run(_folder.Path, "keys", "list", "--database", "sqlite:typo.db");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains("no database at typo.db", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_certificate_the_server_speaks_TLS_and_says_to_come_back_so()
    {
        using var key = ECDsa.Create();
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(_folder.File("cert.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(_folder.File("key.pem"), key.ExportPkcs8PrivateKeyPem());

        using var server = RosterProcess.Serve(
            _folder.Path, "--urls", "https://127.0.0.1:0", "--certificate", "cert.pem", "--certificate-key", "key.pem");
        var answer = await server.Client("").GetAsync("/health/live");

        Assert.Equal((200, "https"), (answer.Status, server.Address.Scheme));
        Assert.Equal("max-age=31536000", answer.Headers.GetValues("Strict-Transport-Security").Single());
    }

    [Fact]
    public void An_https_address_without_a_certificate_is_a_sentence()
    {
        var result = RosterProcess.Run(_folder.Path, "--urls", "https://localhost:5443");

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("--certificate", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void The_bill_of_materials_names_what_the_build_is_made_of()
    {
        var result = RosterProcess.Run(_folder.Path, "sbom");

        using var sbom = System.Text.Json.JsonDocument.Parse(result.Output);
        Assert.Equal((0, "CycloneDX"), (result.ExitCode, sbom.RootElement.GetProperty("bomFormat").GetString()));
        var sqlite = sbom.RootElement.GetProperty("components")
            .EnumerateArray().Single(one => one.GetProperty("name").GetString() == "SQLite");
        Assert.StartsWith("pkg:nuget/SQLite@3.", sqlite.GetProperty("purl").GetString(), StringComparison.Ordinal);
        Assert.Equal(128, sqlite.GetProperty("hashes")[0].GetProperty("content").GetString()!.Length);
    }

    /// <summary>A body whose end is sent only when the test says so.</summary>
    private sealed class SlowBody : HttpContent
    {
        private readonly TaskCompletionSource _started = new();
        private readonly TaskCompletionSource _finish = new();
        private readonly byte[] _bytes;

        public SlowBody(string json)
        {
            _bytes = System.Text.Encoding.UTF8.GetBytes(json);
            Headers.ContentType = new("application/json");
        }

        public Task Started => _started.Task;

        public void Finish() => _finish.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.WriteAsync(_bytes.AsMemory(0, 5));
            await stream.FlushAsync();
            _started.SetResult();
            await _finish.Task;
            await stream.WriteAsync(_bytes.AsMemory(5));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _bytes.Length;
            return true;
        }
    }
}
