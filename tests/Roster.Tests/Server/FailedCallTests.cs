namespace Roster.Tests.Server;

/// <summary>
/// A server on SQLite starts, writes in all ways, is backed up, stops, and its index is thrown away; and of all system
/// calls on its files one fails, once, or the process is killed there. ROSTER_TEST_CALLS says how many calls are tried in
/// this way, or <c>all</c>, each with all errors.
/// </summary>
public sealed class FailedCallTests
{
    private static readonly string[] Calls = ["sync", "write", "open", "truncate", "rename", "unlink", "read"];

    private static readonly string Size = Environment.GetEnvironmentVariable("ROSTER_TEST_CALLS") ?? "3";

    [Fact]
    public async Task Whichever_system_call_fails_no_answer_is_false_nothing_is_damaged_and_all_goes_on()
    {
        using var made = new TempFolder();
        var directory = await WriteScript.Directory.MakeAsync(made.Path, "--database", "sqlite:roster.db");
        IReadOnlyList<long> counts;
        using (var whole = new Run(made, directory))
        {
            whole.Disk.Fail(Calls.Select(call => $"{call} 0@0 {whole.Folder}"));
            await whole.GoAsync();
            Assert.Empty(whole.Refused);
            counts = whole.Disk.Counts();
        }
        ScriptRun.Say(string.Join(", ", Calls.Index().Select(call => $"{counts[call.Index]} {call.Item}")));
        var faults = Calls.Index().SelectMany(call => Enumerable.Range(1, (int)counts[call.Index])
            .SelectMany(number => ErrorsOf(call.Item).Select(error => $"{call.Item} {error}@{number}"))).ToList();
        await ScriptRun.TryAllAsync(ScriptRun.Some(faults, fault => fault.Split(' ')[0], Size), fault =>
        {
            var run = new Run(made, directory) { IsKilled = fault.Contains("kill", StringComparison.Ordinal) };
            run.Disk.Fail($"{fault} {run.Folder}");
            return run;
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_first_start_that_is_killed_at_whichever_call_is_made_up_for_by_the_next(bool isOnBackup)
    {
        using var made = new TempFolder();
        if (isOnBackup)
            MakeBackup(made);
        var failures = new List<string>();
        foreach (var call in Size == "all" ? Calls[..^1] : ["unlink"])
            for (var number = 1; ; number++)
            {
                using var folder = new TempFolder();
                using var disk = new FaultyDisk();
                string[] database = ["--database", "sqlite:" + folder.File("roster.db")];
                if (isOnBackup)
                    Assert.Equal(0, RosterProcess.Run(made.Path, ["restore", "copy.db", .. database]).ExitCode);
                disk.Fail($"{call} kill@{number} {folder.Path}");
                if (Starts(folder, disk.Environment, database) is null)
                    break;
                if (Starts(folder, new Dictionary<string, string>(), database) is { } refused)
                    failures.Add($"{call} {number}: {refused}");
                var check = RosterProcess.Run(folder.Path, ["check", .. database]);
                if (check.ExitCode != 0 || check.Output.Contains("\tkept\t", StringComparison.Ordinal) != isOnBackup)
                    failures.Add($"{call} {number}: {check.Output}{check.Errors}");
            }
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    [Fact]
    public void What_a_killed_first_start_left_is_not_taken_for_a_part_of_the_database_that_is_restored_then()
    {
        using var folder = new TempFolder();
        using var disk = new FaultyDisk();
        MakeBackup(folder);
        string[] database = ["--database", "sqlite:" + folder.File("roster.db")];
        Assert.Equal(0, RosterProcess.Run(folder.Path, ["restore", "copy.db", .. database]).ExitCode);
        disk.Fail($"unlink kill@1 {folder.File("roster.db")}");
        Assert.NotNull(Starts(folder, disk.Environment, database));
        Assert.True(File.Exists(folder.File("roster.db-journal")));

        Assert.Contains("Start the server once", RosterProcess.Run(folder.Path, ["check", .. database]).Errors, StringComparison.Ordinal);
        Assert.Equal(0, RosterProcess.Run(folder.Path, ["restore", "copy.db", "--replace", .. database]).ExitCode);

        Assert.False(File.Exists(folder.File("roster.db-journal")));
        Assert.Equal(0, RosterProcess.Run(folder.Path, ["check", .. database]).ExitCode);
    }

    /// <summary>As copy.db, with the workspace "kept".</summary>
    private static void MakeBackup(TempFolder folder)
    {
        foreach (var command in new[] { "migrate", "workspaces create kept", "backup copy.db" })
            Assert.Equal(0, RosterProcess.Run(folder.Path, [.. command.Split(' '), "--database", "sqlite:old.db"]).ExitCode);
    }

    /// <returns>Null if the server listens, or else what it says.</returns>
    private static string? Starts(TempFolder folder, IReadOnlyDictionary<string, string> environment, string[] database)
    {
        try
        {
            using var server = RosterProcess.Serve(folder.Path, environment, database);
            return null;
        }
        catch (InvalidOperationException failed)
        {
            return failed.Message;
        }
    }

    private static string[] ErrorsOf(string call) =>
        call == "read" ? [$"{FaultyDisk.InputOutputError}"] : [$"{FaultyDisk.InputOutputError}", $"{FaultyDisk.NoSpace}", "kill"];

    /// <summary>On a copy of the directory.</summary>
    private sealed class Run : ScriptRun
    {
        private readonly TempFolder _folder = new();
        private readonly Dictionary<string, string> _environment;

        public Run(TempFolder made, WriteScript.Directory directory)
            : base(directory)
        {
            _folder.CopyFrom(made, "db");
            Directory.CreateDirectory(_folder.File("db/tmp"));
            _environment = new(Disk.Environment) { ["TMPDIR"] = _folder.File("db/tmp") };
        }

        public FaultyDisk Disk { get; } = new();

        /// <summary>With all files that the server has.</summary>
        public string Folder => _folder.File("db");

        public override void Dispose()
        {
            Disk.Dispose();
            _folder.Dispose();
        }

        protected override RosterProcess Serve() =>
            RosterProcess.Serve(Folder, _environment, "--database", "sqlite:roster.db", "--rows-per-minute", "0");

        protected override void Heal() => Disk.Heal();

        protected override void Beside()
        {
            if (HasDone("backup", Command("backup", "copy.db")))
            {
                var restored = RosterProcess.Run(_folder.Path, "restore", "db/copy.db", "--database", "sqlite:restored/roster.db");
                Assert.True(restored.ExitCode == 0, restored.Errors);
                var check = RosterProcess.Run(_folder.Path, "check", "--database", "sqlite:restored/roster.db");
                Assert.True(check.ExitCode == 0, check.Output + check.Errors);
            }
            else if (!IsKilled)
                Assert.Empty(Directory.EnumerateFiles(Folder, "copy.db*"));
        }

        protected override void After()
        {
            HasDone("reindex", Command("reindex"));
            if (Start() is { } again)
                using (again)
                    End(again);
        }

        protected override void CheckWhole()
        {
            var check = Command("check");
            Assert.True(check.ExitCode == 0, check.Output + check.Errors);
            // Where the name of a temporary file cannot be removed, nothing is written to it.
            if (!IsKilled)
                Assert.All(new DirectoryInfo(_folder.File("db/tmp")).EnumerateFiles(), file => Assert.Equal(0, file.Length));
        }

        private (int ExitCode, string Output, string Errors) Command(params string[] arguments) =>
            RosterProcess.Run(Folder, _environment, [.. arguments, "--database", "sqlite:roster.db"]);
    }
}
