using System.Text.RegularExpressions;

namespace Roster.Tests.Packaging;

/// <summary>Debian's package, installed in a Debian of its own. There is no systemd in it: the unit's command is run by hand.</summary>
public sealed partial class DebTests(DebPackage package) : IClassFixture<DebPackage>, IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [GeneratedRegex("roster_[0-9A-Za-z]{38}|#link=")]
    private static partial Regex Secret();

    [Fact]
    public async Task It_is_installed_serves_is_upgraded_with_its_data_and_a_purge_leaves_the_data()
    {
        var root = await DebianRoot.UnpackAsync(_folder.File("root"));
        File.Copy(package.File, root.File("roster.deb"));
        File.Copy(package.Newer, root.File("newer.deb"));

        var installed = await root.RunAsync("dpkg", "--install", "/roster.deb");
        Assert.Contains("first key is in /var/lib/roster/first-key", installed, StringComparison.Ordinal);
        Assert.True(new FileInfo(root.File("/etc/systemd/system/multi-user.target.wants/roster.service")).LinkTarget is not null);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, Mode(root, "/var/lib/roster"));
        // It can have a password.
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, Mode(root, "/etc/roster/roster.env"));

        string key, id;
        using (var server = RosterProcess.ServeBy(Unit.CommandIn(root)))
        {
            // What a service prints ends in the journal.
            Assert.DoesNotMatch(Secret(), server.Output() + server.Log());
            Assert.Contains("/var/lib/roster/first-key", server.Output(), StringComparison.Ordinal);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, Mode(root, "/var/lib/roster/first-key"));
            key = (await File.ReadAllTextAsync(root.File("/var/lib/roster/first-key"))).Trim();
            id = await server.Client(key).CreateAsync();

            // The commands take the service's settings and its user.
            Assert.Contains("default", await root.RunAsync("roster-server", "workspaces", "list"), StringComparison.Ordinal);
            Assert.Equal("roster", (await root.RunAsync("stat", "--format=%U", "/var/lib/roster/roster.db")).Trim());
            Assert.Matches(@"^\d+\.\d+\.\d+", await root.RunAsync("roster", "--version"));
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
        }

        await File.AppendAllTextAsync(root.File("/etc/roster/roster.env"), "ROSTER_SERVER_TIMING=on\n");
        await root.RunAsync("dpkg", "--install", "/newer.deb");
        Assert.Contains("Version: 999.0.0", await root.RunAsync("dpkg", "--status", "roster"), StringComparison.Ordinal);
        using (var server = RosterProcess.ServeBy(Unit.CommandIn(root)))
        {
            Assert.Empty(server.Output());
            var kept = await server.Client(key).GetAsync($"/api/partners/{id}");
            Assert.Equal("Ada Lovelace", kept.Json.GetProperty("name").GetString());
            // The setting that the administrator added is still there, and in use.
            Assert.True((await server.Client(key).PutAsync("""[{"name":"b"}]""")).Headers.Contains("Server-Timing"));
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
        }

        await root.RunAsync("dpkg", "--remove", "roster");
        Assert.False(File.Exists(root.File("/usr/lib/roster/Roster.Server")));
        Assert.True(File.Exists(root.File("/etc/roster/roster.env")));
        var purged = await root.RunAsync("dpkg", "--purge", "roster");
        Assert.Contains("the data is kept in /var/lib/roster", purged, StringComparison.Ordinal);
        Assert.False(File.Exists(root.File("/etc/roster/roster.env")));
        Assert.True(File.Exists(root.File("/var/lib/roster/roster.db")));
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
                "usr/share/fish/vendor_completions.d/roster.fish", "usr/lib/systemd/system/roster.service"])
            Assert.Contains(file, files);
        Assert.Equal("/etc/roster/roster.env\n", await Repository.RunAsync("", "dpkg-deb", "--info", package.File, "conffiles"));
        var depends = await Repository.RunAsync("", "dpkg-deb", "--field", package.File, "Depends");
        Assert.Matches(@"^libc6 \(>= 2\.\d+\), libicu72 \| libicu74 \| libicu76, libssl3", depends);
    }

    private static UnixFileMode Mode(RootFolder root, string file) => File.GetUnixFileMode(root.File(file));
}
