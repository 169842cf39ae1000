namespace Roster.Tests.Backups;

/// <summary>Only the server's own user can read what it writes, whatever the umask is.</summary>
public sealed class PrivacyTests : IDisposable
{
    private const UnixFileMode OwnersFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("000")]
    [InlineData("077")]
    public async Task All_files_of_a_server_and_its_backups_are_its_owner_s_alone(string umask)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes of files.");
        var (work, to) = (_folder.File("work"), _folder.File("to"));
        Directory.CreateDirectory(work);
        Directory.CreateDirectory(to);
        using (var server = RosterProcess.ServeWithUmask(umask, work, "--backup-to", to, "--database", "sqlite:made/by/us/roster.db"))
        {
            var api = server.FirstClient();
            await api.PutAsync("""[{"name":"needle"}]""");
            Assert.Single((await api.GetAsync("/api/partners?q=needle")).Items);
            await api.NewImportAsync("name,email\nAda,ada@example.com\n");
            await server.HasSaidAsync("Backed up to");
            AssertPrivate(
                work, "console-link", "roster.db", "roster.db-shm", "roster.db-wal", "roster.db.imports", "roster.db.last-backup",
                "roster.db.lock", "1.db");
        }
        var backup = Assert.Single(Directory.GetFiles(to, "*.db"));
        using (var restore = RosterProcess.StartWithUmask(
            umask, work, "restore", backup, "--database", "sqlite:made/by/us/roster.db", "--replace"))
        {
            await restore.WaitForExitAsync();
            Assert.Equal(0, restore.ExitCode);
        }
        using (var copy = RosterProcess.StartWithUmask(umask, work, "backup", "copy.db", "--database", "sqlite:made/by/us/roster.db"))
        {
            await copy.WaitForExitAsync();
            Assert.Equal(0, copy.ExitCode);
        }
        AssertPrivate(work, "roster.db", "copy.db", "copy.db.json");
        AssertPrivate(to, Path.GetFileName(backup), Path.GetFileName(backup) + ".json");
        Assert.All(
            Directory.EnumerateDirectories(work, "*", SearchOption.AllDirectories),
            made => Assert.Equal(OwnersFile | UnixFileMode.UserExecute, File.GetUnixFileMode(made)));
    }

    /// <param name="names">Files that must be there; all others must be private, too.</param>
    private static void AssertPrivate(string folder, params string[] names)
    {
        var files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories);
        Assert.Empty(names.Except(files.Select(file => Path.GetFileName(file))));
        Assert.All(files, file => Assert.True(File.GetUnixFileMode(file) == OwnersFile, $"{file}: {File.GetUnixFileMode(file)}"));
    }
}
