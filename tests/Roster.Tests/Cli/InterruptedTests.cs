using System.Diagnostics;
using System.Text;

namespace Roster.Tests.Cli;

/// <summary>What becomes of a sync that is interrupted, cut or stopped in the middle.</summary>
public sealed class InterruptedTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly RosterProcess _server;
    private readonly RosterClient _api;

    public InterruptedTests()
    {
        // Two parts of 5,000 rows take all rows of a minute, so an import of six waits in the middle.
        _server = RosterProcess.Serve(_folder.Path, "--rows-per-minute", "10000");
        _api = _server.FirstClient();
    }

    [Fact]
    public async Task Ctrl_C_says_what_was_done_and_the_same_command_goes_on_until_somebody_stops_it()
    {
        using var roster = new RosterCommand(_server.Address, _api.Key);
        WriteRows(roster, 30_000);
        using var terminal = new Tmux(roster, 150, 40);

        terminal.Type("roster sync rows.csv --match externalId --yes");
        var id = await PartsAreWrittenAsync(2);
        terminal.Press("C-c");
        var interrupted = await terminal.SeesAsync($"roster import cancel {id}");
        Assert.Matches("The server goes on: it is applying, [2-5] of 6 parts are written.", interrupted);
        terminal.Type("echo ended $?");
        await terminal.SeesAsync("ended 130");

        using var again = roster.Start("sync", "rows.csv", "--match", "externalId", "--yes");
        Assert.Equal(
            "Going on with what the same command has begun.",
            await again.StandardError.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Equal(0, (await roster.RunAsync("import", "cancel", id)).Code);
        var stopped = await RosterCommand.EndAsync(again);
        Assert.Equal(5, stopped.Code);
        Assert.Matches("[2-5] of 6 parts were written: revisions 1 to [2-5].", stopped.Errors);
        Assert.Contains($"roster undo --import {id}", stopped.Errors, StringComparison.Ordinal);
        Assert.Single((await _api.GetAsync("/api/imports")).Items);
    }

    [Fact]
    public async Task A_sync_that_was_killed_before_it_was_applied_uploads_its_file_once()
    {
        using var roster = new RosterCommand(_server.Address, _api.Key);
        WriteRows(roster, 50);
        var first = await roster.RunAsync("sync", "rows.csv", "--match", "externalId");
        Assert.Equal(2, first.Code);

        var second = await roster.RunAsync("sync", "rows.csv", "--match", "externalId", "--yes");

        Assert.Equal(0, second.Code);
        Assert.Contains("The file is on the server", second.Errors, StringComparison.Ordinal);
        Assert.Single((await _api.GetAsync("/api/imports")).Items);
        Assert.Equal(50, (await _api.GetAsync("/api/partners?take=100")).Items.Count);
        Assert.Empty(Directory.GetFiles(roster.File(".local/state/roster/runs")));
    }

    [Fact]
    public async Task A_sync_of_which_a_part_was_written_and_the_rest_deleted_begins_anew()
    {
        using var roster = new RosterCommand(_server.Address, _api.Key);
        // The third part waits for some seconds.
        WriteRows(roster, 12_000);
        using var first = roster.Start("sync", "rows.csv", "--match", "externalId", "--yes");
        var id = await PartsAreWrittenAsync(2);
        Assert.Equal(0, (await roster.RunAsync("import", "cancel", id)).Code);
        Assert.Equal(5, (await RosterCommand.EndAsync(first)).Code);
        Assert.Equal(0, (await roster.RunAsync("import", "delete", id)).Code);

        var again = await roster.RunAsync("sync", "rows.csv", "--match", "externalId", "--yes");

        Assert.True(again.Code == 0, again.Errors);
        Assert.Contains("has written 2 of 3 parts", again.Errors, StringComparison.Ordinal);
        Assert.Equal("12000", (await _api.GetAsync("/api/partners?take=1&count=true")).Headers.GetValues("Roster-Total").Single());
    }

    [Fact]
    public async Task A_sync_that_was_killed_when_it_was_applied_is_done_and_begins_anew_only_if_others_have_written_since()
    {
        using var roster = new RosterCommand(_server.Address, _api.Key);
        WriteRows(roster, 3);
        Assert.Equal(2, (await roster.RunAsync("sync", "rows.csv", "--match", "externalId")).Code);
        var runFile = Directory.GetFiles(roster.File(".local/state/roster/runs")).Single();
        // As it is left behind then.
        var killed = (await File.ReadAllTextAsync(runFile, TestContext.Current.CancellationToken))
            .Replace("\"isApplying\":false", "\"isApplying\":true", StringComparison.Ordinal);
        await _api.AppliedAsync((await _api.GetAsync("/api/imports")).Items[0].GetProperty("id").GetString()!);

        File.WriteAllText(runFile, killed);
        var done = await roster.RunAsync("sync", "rows.csv", "--match", "externalId", "--yes");
        Assert.True(done.Code == 0, done.Errors);
        Assert.Contains("Undo: roster undo 1", done.Errors, StringComparison.Ordinal);
        Assert.Single((await _api.GetAsync("/api/imports")).Items);

        var id = (await _api.GetAsync("/api/partners?externalId=e1")).Ids[0];
        await _api.PutAsync($$"""[{"id":"{{id}}","name":"Another name"}]""");
        File.WriteAllText(runFile, killed);
        var again = await roster.RunAsync("sync", "rows.csv", "--match", "externalId", "--yes");

        Assert.True(again.Code == 0, again.Errors);
        Assert.Contains("Others have written since", again.Errors, StringComparison.Ordinal);
        Assert.Equal("Partner 1", (await _api.GetAsync("/api/partners?externalId=e1")).Names[0]);
    }

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    private static void WriteRows(RosterCommand roster, int count)
    {
        var text = new StringBuilder("externalId,name\n");
        for (var i = 0; i < count; i++)
            text.Append(null, $"e{i},Partner {i}\n");
        roster.Write("rows.csv", text.ToString());
    }

    /// <summary>Waits until so many parts of the only import are written.</summary>
    private async Task<string> PartsAreWrittenAsync(int parts)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            if ((await _api.GetAsync("/api/imports")).Items is [var import])
            {
                var id = import.GetProperty("id").GetString()!;
                var step = import.GetProperty("step").GetInt64();
                var now = (await _api.GetAsync($"/api/imports/{id}?after={step}&wait=1")).Json;
                if (now.GetProperty("revisions").GetArrayLength() >= parts)
                    return id;
            }
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60), "The import did not get so far.");
        }
    }
}
