using Roster.Tests.Cli;

namespace Roster.Tests.Backups;

/// <summary>The page about backups: its commands work, from top to bottom, beside a real server.</summary>
public sealed class BackupPageTests : IDisposable
{
    private readonly RosterCommand _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public async Task What_the_page_types_works_from_top_to_bottom()
    {
        var page = new Page("docs/how-to/back-up-and-restore.md");
        var (backup, settings, status, rehearsal, restore) = (page.Next(), page.Next("ini"), page.Next(), page.Next(), page.Next());
        page.HasEnded();
        var own = Directory.CreateDirectory(_shell.File("own")).FullName;
        var variables = settings.With("/var/backups/roster", own).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        using var server = RosterProcess.Serve(_shell.Folder, variables);
        var api = server.FirstClient();
        _shell.Variables["ROSTER_KEY"] = api.Key!;
        var run = new PageRun(_shell, server.Address, _shell.Folder);

        Assert.Equal(1, (await api.PutAsync("""[{"name":"Ada Lovelace"}]""")).Revision);
        await run.RunAsync(page, backup);
        await server.HasSaidAsync("Backed up to");
        await run.RunAsync(page, [status, rehearsal]);
        Assert.Equal(2, (await api.PutAsync("""[{"name":"Grace Hopper"}]""")).Revision);
        server.Terminate();
        Assert.Equal(0, server.WaitForExit());

        await run.RunAsync(page, restore);
        using var restored = RosterProcess.Serve(_shell.Folder);
        Assert.Equal(["Ada Lovelace"], (await restored.Client(api.Key).GetAsync("/api/partners")).Names);
    }
}
