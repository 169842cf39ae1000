using System.Text.RegularExpressions;
using Roster.Tests.Cli;

namespace Roster.Tests.Packaging;

/// <summary>Debian's package, installed in a Debian of its own. There is no systemd in it: the unit's command is run by hand.</summary>
[Collection(nameof(DebPackage))]
public sealed partial class DebTests(DebPackage package) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    internal const string PagePath = "docs/how-to/install-on-debian.md";

    /// <summary>Where the page's commands are typed.</summary>
    private const string Here = "/srv/roster";

    internal const string Settings = "/etc/roster/roster.env";

    /// <summary>The files of ops that pages name, but for those that need the sources.</summary>
    private static readonly string[] Ops =
        ["caddy/Caddyfile", "grafana/roster.json", "nginx/roster.conf", "prometheus/alerts.test.yml", "prometheus/alerts.yml",
            "prometheus/prometheus.yml"];

    [GeneratedRegex("roster_[0-9A-Za-z]{38}|#link=")]
    private static partial Regex Secret();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodeSpan();

    [Fact]
    public async Task Whoever_follows_the_page_has_a_service_that_is_upgraded_with_its_data_and_a_purge_leaves_the_data()
    {
        var page = new Page(PagePath);
        var root = await DebianRoot.UnpackAsync(_folder.File("root"));
        using var shell = new RosterCommand();
        var run = new PageRun(shell, new Uri("http://localhost:5080"), _folder.Path)
        {
            Folder = Directory.CreateDirectory(root.File(Here)).FullName,
            Functions = Sudo(root),
        };

        // The first block has made the package.
        page.Next();
        Directory.CreateDirectory(root.File(Here + "/artifacts"));
        File.Copy(package.File, root.File($"{Here}/artifacts/{Path.GetFileName(package.File)}"));
        File.Copy(package.Newer, root.File(Here + "/roster_NEWER_amd64.deb"));

        var installed = await run.RunAsync(page, page.Next());
        Assert.Contains("first key is in /var/lib/roster/first-key", installed, StringComparison.Ordinal);
        Assert.True(new FileInfo(root.File("/etc/systemd/system/multi-user.target.wants/roster.service")).LinkTarget is not null);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, Mode(root, "/var/lib/roster"));
        // It can have a password.
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, Mode(root, Settings));

        string key, id;
        using (var server = RosterProcess.ServeBy(Unit.CommandIn(root)))
        {
            // What a service prints ends in the journal.
            Assert.DoesNotMatch(Secret(), server.Output() + server.Log());
            Assert.Contains("/var/lib/roster/first-key", server.Output(), StringComparison.Ordinal);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, Mode(root, "/var/lib/roster/first-key"));
            var secrets = (await run.RunAsync(page, page.Next())).Split('\n');
            Assert.Contains("/console/#link=", secrets[1], StringComparison.Ordinal);
            key = secrets[0];
            id = await server.Client(key).CreateAsync();
            Assert.Equal("roster", (await root.RunAsync("stat", "--format=%U", "/var/lib/roster/roster.db")).Trim());

            // systemd's part is played by hand.
            await File.AppendAllTextAsync(root.File(Settings), "ROSTER_SERVER_TIMING=on\n");
            Assert.Equal("sudo systemctl restart roster\n", page.Next().Text);
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
        }

        using (var server = RosterProcess.ServeBy(Unit.CommandIn(root)))
        {
            Assert.True((await server.Client(key).PutAsync("""[{"name":"b"}]""")).Headers.Contains("Server-Timing"));
            Assert.Empty(await VerifiedAsync(page.Next("ini").Text));
            // The commands take the service's settings and its user.
            Assert.Contains("\tfirst\t", await run.RunAsync(page, page.Next()), StringComparison.Ordinal);
            Assert.Matches(@"^\d+\.\d+\.\d+", await root.RunAsync("roster", "--version"));

            var backup = page.Next();
            await run.RunAsync(page, backup);
            Assert.True(File.Exists(root.File("/var/backups/roster/monday.db.json")));
            // There the unit may write, too.
            Assert.Contains(File.ReadLines(Unit.Source), line => line.StartsWith("ReadWritePaths=-", StringComparison.Ordinal)
                && backup.Text.Contains($"roster-server backup {line.Split('-', 2)[1]}/", StringComparison.Ordinal));
            Assert.Empty(await VerifiedAsync(page.Next("ini").Text));
            await File.AppendAllTextAsync(root.File(Settings), "ROSTER_BACKUP_TO=/var/backups/roster\n");
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
        }

        var upgrade = page.Next();
        await run.RunAsync(page, upgrade);
        Assert.Contains("Version: 999.0.0", await root.RunAsync("dpkg", "--status", "roster"), StringComparison.Ordinal);
        using (var server = RosterProcess.ServeBy(Unit.CommandIn(root)))
        {
            Assert.Empty(server.Output());
            var kept = await server.Client(key).GetAsync($"/api/partners/{id}");
            Assert.Equal("Ada Lovelace", kept.Json.GetProperty("name").GetString());
            // The settings that the administrator added are still there, and in use.
            await server.HasSaidAsync("Backed up to");
            Assert.True((await server.Client(key).PutAsync("""[{"name":"c"}]""")).Headers.Contains("Server-Timing"));
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
        }

        await root.RunAsync("dpkg", "--remove", "roster");
        Assert.False(File.Exists(root.File("/usr/lib/roster/Roster.Server")));
        Assert.True(File.Exists(root.File(Settings)));
        await run.RunAsync(page, upgrade);
        var purged = await run.RunAsync(page, page.Next());
        page.HasEnded();
        Assert.Contains("the data is kept in /var/lib/roster", purged, StringComparison.Ordinal);
        Assert.False(File.Exists(root.File("/usr/lib/roster/Roster.Server")));
        Assert.False(File.Exists(root.File(Settings)));
        Assert.True(File.Exists(root.File("/var/lib/roster/roster.db")));
    }

    [Fact]
    public async Task Commands_take_the_last_line_of_a_setting_as_the_service_does_unless_the_caller_has_set_it()
    {
        var root = await package.InstallAsync(_folder.File("root"));
        await File.AppendAllTextAsync(root.File(Settings), "ROSTER_DATABASE=sqlite:/var/lib/roster/second.db\n");
        using var server = RosterProcess.ServeBy(Unit.CommandIn(root));

        Assert.Contains("\tfirst\t", await root.RunAsync("roster-server", "keys", "list"), StringComparison.Ordinal);
        Assert.False(File.Exists(root.File("/var/lib/roster/roster.db")));

        await root.RunAsync("env", "ROSTER_DATABASE=sqlite:/var/lib/roster/own.db", "roster-server", "migrate");
        Assert.True(File.Exists(root.File("/var/lib/roster/own.db")));
    }

    [Fact]
    public async Task Without_a_line_for_the_database_the_service_and_the_commands_have_the_one_of_before()
    {
        var root = await package.InstallAsync(_folder.File("root"));
        string key;
        using (var server = RosterProcess.ServeBy(Unit.CommandIn(root)))
        {
            key = (await File.ReadAllTextAsync(root.File("/var/lib/roster/first-key"))).Trim();
            Assert.Equal(200, (await server.Client(key).PutAsync("""[{"name":"a"}]""")).Status);
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
        }

        await File.WriteAllTextAsync(root.File(Settings), "ROSTER_URLS=http://localhost:5080\n");
        using var again = RosterProcess.ServeBy(Unit.CommandIn(root));
        Assert.Equal(200, (await again.Client(key).PutAsync("""[{"name":"b"}]""")).Status);
        Assert.Contains("\tfirst\t", await root.RunAsync("roster-server", "keys", "list"), StringComparison.Ordinal);

        File.Delete(root.File(Settings));
        Assert.Contains("\tfirst\t", await root.RunAsync("roster-server", "keys", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_starts_when_its_package_is_installed_again_and_an_upgrade_starts_none_that_was_stopped()
    {
        var root = await package.InstallAsync(_folder.File("root"));
        File.Copy(package.Newer, root.File("/newer.deb"));
        // For the package systemd runs.
        Directory.CreateDirectory(root.File("/run/systemd/system"));
        var (systemctl, calls) = (root.File("/usr/bin/systemctl"), root.File("/calls"));
        await File.WriteAllTextAsync(systemctl, """
            #!/bin/sh
            echo "$*" >>/calls
            case $* in *is-enabled*) echo enabled ;; esac

            """);
        File.SetUnixFileMode(systemctl, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        Assert.Equal(["try-restart"], await DoneToServiceAsync("--install", "/newer.deb"));
        Assert.Equal(["stop"], await DoneToServiceAsync("--remove", "roster"));
        Assert.Equal(["start"], await DoneToServiceAsync("--install", "/newer.deb"));
        Assert.Equal(["try-restart"], await DoneToServiceAsync("--install", "/newer.deb"));

        async Task<string[]> DoneToServiceAsync(params string[] arguments)
        {
            await File.WriteAllTextAsync(calls, "");
            await root.RunAsync(["dpkg", .. arguments]);
            // Questions about a unit have -- before its name.
            return [.. File.ReadLines(calls).Select(line => line.Split(' '))
                .Where(words => words[^1] == "roster.service" && words[^2] != "--").Select(words => words[^2])];
        }
    }

    [Fact]
    public void The_secrets_of_the_page_are_those_that_the_unit_reads_and_its_settings_those_of_the_server()
    {
        var text = new Page(PagePath).Text;
        var rows = text.Split('\n').Where(line => line.StartsWith("| `roster.", StringComparison.Ordinal)).ToList();
        var settings = RosterProcess.Run(_folder.Path, "--help").Output;

        Assert.Equal(
            File.ReadLines(Unit.Source).Where(line => line.StartsWith("LoadCredential=", StringComparison.Ordinal))
                .Select(line => line.Split('=')[1]).Order(),
            rows.SelectMany(row => CodeSpan().Matches(row.Split('|')[1])).Select(name => name.Groups[1].Value).Order());
        foreach (var span in rows.SelectMany(row => CodeSpan().Matches(row.Split('|')[2])))
        {
            var setting = span.Groups[1].Value.Split('=');
            Assert.Contains($"[env: {setting[0]}]", settings, StringComparison.Ordinal);
            Assert.StartsWith(setting[1] == "…" ? "…" : "/run/credentials/roster.service/roster.", setting[1], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Lintian_finds_no_fault_in_it() =>
        await Repository.RunAsync("", "lintian", "--allow-root", "--fail-on", "error,warning", package.File);

    [Fact]
    public async Task Its_pages_and_completions_are_where_the_system_looks_for_them()
    {
        var files = (await Repository.RunAsync("", "dpkg-deb", "--contents", package.File)).Split('\n')
            .Where(line => !line.EndsWith('/')).Select(line => line.Split(" ./")[^1]).ToList();

        foreach (var file in (string[])
            ["usr/bin/roster", "usr/bin/roster-server", "usr/share/man/man1/roster.1.gz", "usr/share/man/man8/roster-server.8.gz",
                "usr/share/bash-completion/completions/roster", "usr/share/zsh/vendor-completions/_roster",
                "usr/share/fish/vendor_completions.d/roster.fish", "usr/lib/systemd/system/roster.service",
                .. Ops.Select(file => "usr/share/doc/roster/examples/" + file)])
            Assert.Contains(file, files);
        Assert.Equal("/etc/roster/roster.env\n", await Repository.RunAsync("", "dpkg-deb", "--info", package.File, "conffiles"));
        var depends = await Repository.RunAsync("", "dpkg-deb", "--field", package.File, "Depends");
        Assert.Matches(@"^libc6 \(>= 2\.\d+\), libicu72 \| libicu74 \| libicu76, libssl3", depends);
    }

    /// <summary>A command of the shell that runs others as root in the root. Whoever is asked says yes.</summary>
    private static string Sudo(RootFolder root)
    {
        var command = root.Command("0:0", null, "sh", "-c", $"cd {Here} && exec \"$@\"", "sh").Select(PageRun.Quoted);
        return $"sudo() {{ echo y | env -i {string.Join(' ', RootFolder.Variables.Select(one => $"{one.Key}={one.Value}"))} "
            + $"{string.Join(' ', command)} \"$@\"; }}";
    }

    /// <summary>What systemd finds wrong with the unit and what <c>systemctl edit</c> makes of this.</summary>
    private async Task<string> VerifiedAsync(string settings)
    {
        var unit = _folder.File("unit");
        Directory.CreateDirectory(Path.Combine(unit, "roster.service.d"));
        await Unit.WriteAsync(unit);
        await File.WriteAllTextAsync(Path.Combine(unit, "roster.service.d/override.conf"), settings);
        return await Unit.VerifyAsync(unit);
    }

    private static UnixFileMode Mode(RootFolder root, string file) => File.GetUnixFileMode(root.File(file));
}
