using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Roster.Tests.Backups;

/// <summary>The page about backups: its commands work, from top to bottom, beside a real server.</summary>
public sealed partial class BackupPageTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [GeneratedRegex(@"^ *```(?<kind>sh|ini)\n(?<text>.*?)^ *```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [Fact]
    public async Task What_the_page_types_works_from_top_to_bottom()
    {
        var page = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "docs/how-to/back-up-and-restore.md"), TestContext.Current.CancellationToken);
        var blocks = Block().Matches(page).Select(block => (Kind: block.Groups["kind"].Value, Text: block.Groups["text"].Value)).ToList();
        Assert.Equal(["sh", "ini", "sh", "sh", "sh"], blocks.Select(block => block.Kind));
        Directory.CreateDirectory(_folder.File("own"));
        var settings = blocks[1].Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim().Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        settings["ROSTER_BACKUP_TO"] = _folder.File("own");
        using (var server = RosterProcess.Serve(_folder.Path, settings))
        {
            var api = server.FirstClient();
            Assert.Equal(1, (await api.PutAsync("""[{"name":"Ada Lovelace"}]""")).Revision);
            await RunAsync(blocks[0].Text, server.Address, api.Key!);
            await server.HasSaidAsync("Backed up to");
            await RunAsync(blocks[2].Text, server.Address, api.Key!);
            await RunAsync(blocks[3].Text, server.Address, api.Key!);
            Assert.Equal(2, (await api.PutAsync("""[{"name":"Grace Hopper"}]""")).Revision);
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());

            await RunAsync(blocks[4].Text, server.Address, api.Key!);
            using var restored = RosterProcess.Serve(_folder.Path);
            Assert.Equal(["Ada Lovelace"], (await restored.Client(api.Key).GetAsync("/api/partners")).Names);
        }
    }

    private async Task RunAsync(string commands, Uri address, string key)
    {
        var server = string.Join(' ', RosterProcess.Command.Select(part => $"'{part}'"));
        var here = commands.Replace("http://localhost:5080", address.ToString().TrimEnd('/'), StringComparison.Ordinal);
        var functions = $$"""
            set -e; exec 2>&1
            roster-server() { {{server}} "$@"; }
            curl() { command curl -sS --fail-with-body "$@"; }
            """;
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", $"{functions}\n{here}"])
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
            Environment = { ["ROSTER_KEY"] = key },
        })!;
        var output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(shell.ExitCode == 0, $"{commands}\n{output}");
    }
}
