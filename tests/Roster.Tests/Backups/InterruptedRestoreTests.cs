using Roster.Storage;
using Roster.Storage.Sqlite.Connections;
using Roster.Tests.Server;

namespace Roster.Tests.Backups;

/// <summary>
/// roster-server restore, killed before one of its system calls that change files or their names. ROSTER_TEST_CALLS says how many
/// are tried, or <c>all</c>.
/// </summary>
public sealed class InterruptedRestoreTests : IDisposable
{
    private const string Partners = "/api/partners?sort=asc";

    private static readonly string[] Before = ["a", "b", "c"];
    private static readonly string[] BackedUp = ["a", "b"];
    private static readonly string Size = Environment.GetEnvironmentVariable("ROSTER_TEST_CALLS") ?? "2";

    private readonly TempFolder _made = new();
    private string _key = "";

    public void Dispose() => _made.Dispose();

    [Fact]
    public async Task Whenever_a_restore_is_killed_nothing_else_is_served_meanwhile_and_restoring_again_is_a_whole_restore()
    {
        using (var server = RosterProcess.Serve(_made.Path))
        {
            var api = server.FirstClient();
            _key = api.Key!;
            await api.PutAsync("""[{"name":"a"},{"name":"b"}]""");
            Assert.Equal(0, RosterProcess.Run(_made.Path, "backup", "copy.db").ExitCode);
            await api.PutAsync("""[{"name":"c"}]""");
            Assert.Equal(["c"], (await api.GetAsync("/api/partners?q=c")).Names);
            server.Terminate();
            Assert.Equal(0, server.WaitForExit());
        }
        var faults = Possible().ToList();
        ScriptRun.Say($"{faults.Count} steps");
        foreach (var fault in ScriptRun.Some(faults, fault => fault.Split(' ')[0], Size))
            await KillAsync(fault);
    }

    private IEnumerable<string> Possible()
    {
        using var whole = Copy(_made);
        using var disk = new FaultyDisk();
        // Names are few, and each of them is a state of its own.
        disk.Fail("rename 0 roster.db", "change 0 roster.db");
        Assert.Equal(0, Restore(whole, disk));
        var (renames, others) = (disk.Counts()[0], disk.Counts()[1]);
        Assert.InRange(renames, 2, others);
        return [.. Steps("rename", renames), .. Steps("change", others)];

        static IEnumerable<string> Steps(string call, long count) =>
            Enumerable.Range(1, (int)count).Select(step => $"{call} kill@{step} roster.db");
    }

    private async Task KillAsync(string fault)
    {
        using var folder = Copy(_made);
        using (var disk = new FaultyDisk())
        {
            disk.Fail(fault.StartsWith("rename", StringComparison.Ordinal) ? [fault] : ["rename 0 roster.db", fault]);
            Assert.Equal((fault, RosterProcess.Killed), (fault, Restore(folder, disk)));
        }
        using (var meanwhile = Copy(folder))
            await DemandMeanwhileAsync(meanwhile, fault);

        using (var healthy = new FaultyDisk())
            Assert.Equal((fault, 0), (fault, Restore(folder, healthy)));
        using (var server = RosterProcess.Serve(folder.Path))
        {
            var api = server.Client(_key);
            Assert.Equal(BackedUp, (await api.GetAsync(Partners)).Names);
            Assert.Equal("recover", (await api.GetAsync("/api/changesets?take=1")).Items[0].GetProperty("kind").GetString());
            Assert.Equal(200, (await api.PutAsync("""[{"name":"d"}]""")).Status);
        }
        var check = RosterProcess.Run(folder.Path, "check");
        Assert.True(check.ExitCode == 0, fault + check.Output + check.Errors);
        var data = folder.File("data");
        Assert.Contains(Directory.EnumerateFiles(data, "roster.db.replaced-*Z"), kept => Names(kept).SequenceEqual(Before));
        Assert.Empty(Directory.EnumerateFiles(data, "*" + PrivateFile.PartEnd + "*"));
    }

    /// <summary>Whoever starts the server then gets all that was there, or all of the backup, or one sentence.</summary>
    private async Task DemandMeanwhileAsync(TempFolder folder, string fault)
    {
        RosterProcess server;
        try
        {
            server = RosterProcess.Serve(folder.Path);
        }
        catch (InvalidOperationException refused)
        {
            Assert.Matches($"^The server did not start: \\S+/roster.db is missing or empty, but .* restore .*$", refused.Message);
            return;
        }
        using (server)
        {
            var answer = await server.Client(_key).GetAsync(Partners);
            Assert.True(answer.Status == 200 && (answer.Names.SequenceEqual(Before) || answer.Names.SequenceEqual(BackedUp)),
                $"{fault}: {answer.Text}");
        }
    }

    private static int Restore(TempFolder folder, FaultyDisk disk) =>
        RosterProcess.Run(folder.Path, disk.Environment, "restore", "copy.db", "--replace").ExitCode;

    private static List<string> Names(string file)
    {
        var names = new List<string>();
        using var database = SqliteDatabase.Open(file);
        using var rows = database.Prepare("select name from partner order by 1").Query();
        while (rows.Step())
            names.Add(rows.Text(0));
        return names;
    }

    private static TempFolder Copy(TempFolder folder)
    {
        var copy = new TempFolder();
        copy.CopyFrom(folder);
        return copy;
    }
}
