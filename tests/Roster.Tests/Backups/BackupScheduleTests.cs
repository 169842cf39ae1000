using Microsoft.Extensions.Logging.Abstractions;
using Roster.Server.Backups;
using Roster.Server.Hosting;
using Roster.Storage;

namespace Roster.Tests.Backups;

/// <summary>The backups that a server makes by itself.</summary>
public sealed class BackupScheduleTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private string To => _folder.File("backups");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_server_makes_the_first_backup_when_it_starts_and_it_can_be_restored()
    {
        Directory.CreateDirectory(To);
        using (var server = RosterProcess.Serve(_folder.Path, "--backup-to", To, "--backup-every", "1h"))
        {
            await server.HasSaidAsync("Backed up to");
            var file = Assert.Single(Directory.GetFiles(To, "*.db"));
            Assert.Matches(@"^roster-\d{8}T\d{6}Z\.db$", Path.GetFileName(file));
            Assert.Matches(
                @"^\d{4}-", (await server.FirstClient().GetAsync("/api/status")).Json.GetProperty("backupAt").GetString()!);
        }
        // The next start has nothing to do for an hour.
        using (var again = RosterProcess.Serve(_folder.Path, "--backup-to", To))
        {
            again.Terminate();
            Assert.Equal(0, again.WaitForExit());
        }
        var newest = Assert.Single(Directory.GetFiles(To, "*.db"));
        var restored = RosterProcess.Run(_folder.Path, "restore", newest, "--database", "sqlite:other/roster.db");
        Assert.True(restored.ExitCode == 0, restored.Errors);
    }

    [Fact]
    public async Task A_folder_that_is_missing_is_said_and_not_made()
    {
        using var server = RosterProcess.Serve(_folder.Path, "--backup-to", To);

        await server.HasSaidAsync("A backup failed");

        Assert.Contains($"The folder {To} does not exist", server.Log(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(To));
        Assert.Equal(200, (await server.FirstClient().GetAsync("/health/ready")).Status);
    }

    [Theory]
    [InlineData("--backup-every", "0h")]
    [InlineData("--backup-every", "1w")]
    [InlineData("--backup-keep", "24")]
    [InlineData("--database", "postgresql://nobody@localhost/none")]
    public void A_setting_that_is_not_valid_is_refused_by_name(string setting, string value)
    {
        var refused = RosterProcess.Run(_folder.Path, "--backup-to", To, setting, value);

        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains(setting == "--database" ? "--backup-to is for SQLite" : setting, refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backups_are_made_when_they_are_due_and_thinned_and_what_is_not_its_own_stays()
    {
        Directory.CreateDirectory(To);
        string[] others = ["roster.db", "roster-notes.db", "roster-20200101T000000Z.db", "roster-20200101T000000Z.db.bak"];
        foreach (var other in others)
            await File.WriteAllTextAsync(Path.Combine(To, other), "mine");
        string[] remains = ["roster-20200102T000000Z.db.0123abcd.part", "roster-20200102T000000Z.db.json"];
        foreach (var remain in remains)
            await File.WriteAllTextAsync(Path.Combine(To, remain), "half");
        var (schedule, store, clock) = await BeginAsync(keep: "3h");
        await using (store)
            // Every 20 minutes for 5 hours.
            for (var pass = 0; pass < 15; pass++)
            {
                await schedule.PassNowAsync(CancellationToken.None);
                // Twice at one time changes nothing.
                await schedule.PassNowAsync(CancellationToken.None);
                clock.Move(TimeSpan.FromMinutes(20));
            }

        Assert.All(others, other => Assert.Equal("mine", File.ReadAllText(Path.Combine(To, other))));
        Assert.All(remains, remain => Assert.False(File.Exists(Path.Combine(To, remain))));
        var made = Directory.GetFiles(To, "*.json").Select(file => file[..^".json".Length]).ToList();
        Assert.All(made, file => Assert.True(File.Exists(file)));
        Assert.InRange(made.Count, 3, 4);
    }

    [Fact]
    public async Task What_a_killed_backup_has_left_does_not_take_the_room_of_the_next_one()
    {
        using var disk = new SmallDisk(mebibytes: 40);
        var left = disk.File("roster-20200102T000000Z.db.0123abcd.part");
        Assert.Equal(0, disk.Run("fallocate", "--length", "30M", left).ExitCode);

        using var server = RosterProcess.ServeBy(
            disk.Command(RosterProcess.Command), "--database", $"sqlite:{_folder.File("data/roster.db")}", "--backup-to", disk.File(""));

        await server.HasSaidAsync("Backed up to");
        Assert.NotEqual(0, disk.Run("test", "-e", left).ExitCode);
    }

    [Fact]
    public async Task A_backup_whose_time_cannot_be_written_down_is_said_to_be_whole_and_why_its_age_is_wrong()
    {
        Directory.CreateDirectory(To);
        Directory.CreateDirectory(_folder.File("data/roster.db.last-backup/taken"));

        using var server = RosterProcess.Serve(_folder.Path, "--backup-to", To);

        await server.HasSaidAsync("its time could not be written beside the database");
        Assert.Single(Directory.GetFiles(To, "*.db"));
    }

    [Fact]
    public async Task When_backups_fail_for_twice_the_time_between_two_a_notice_says_so_until_one_succeeds()
    {
        var (schedule, store, clock) = await BeginAsync(keep: "3h");
        await using (store)
        {
            await schedule.PassNowAsync(CancellationToken.None);
            clock.Move(TimeSpan.FromMinutes(38));
            await schedule.PassNowAsync(CancellationToken.None);
            Assert.Empty(store.Notices.Codes);

            clock.Move(TimeSpan.FromMinutes(3));
            await schedule.PassNowAsync(CancellationToken.None);
            Assert.Equal(["backup_old"], store.Notices.Codes);

            Directory.CreateDirectory(To);
            clock.Move(TimeSpan.FromMinutes(20));
            await schedule.PassNowAsync(CancellationToken.None);
            Assert.Empty(store.Notices.Codes);
            var age = new ServerBackups(store, clock).Age;
            Assert.InRange(age!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        }
    }

    [Fact]
    public async Task A_clock_that_is_set_a_day_ahead_loses_no_backup_and_one_set_back_delays_none()
    {
        Directory.CreateDirectory(To);
        var (schedule, store, clock) = await BeginAsync(keep: "9h");
        await using (store)
        {
            for (var pass = 0; pass < 3; pass++)
            {
                await schedule.PassNowAsync(CancellationToken.None);
                clock.Move(TimeSpan.FromHours(1));
            }
            var before = Made();

            clock.Set(TimeSpan.FromDays(1));
            await schedule.PassNowAsync(CancellationToken.None);
            Assert.Equal(before.Length + 1, Made().Length);
            Assert.Subset(Made().ToHashSet(), before.ToHashSet());

            clock.Set(TimeSpan.FromDays(-1) - TimeSpan.FromHours(5));
            clock.Move(TimeSpan.FromMinutes(20));
            await schedule.PassNowAsync(CancellationToken.None);
            Assert.Equal(before.Length + 2, Made().Length);
        }

        string[] Made() => Directory.GetFiles(To, "*.db");
    }

    /// <summary>A schedule of 20 minutes, with a clock of its own.</summary>
    private async Task<(BackupSchedule Schedule, IRosterStore Store, MovableClock Clock)> BeginAsync(string keep)
    {
        var clock = new MovableClock();
        var database = Store.Parse("sqlite:" + _folder.File("data/roster.db"));
        var store = await database.OpenAsync(StoreUse.Serve, clock, CancellationToken.None);
        var plan = new BackupPlan(database, To, TimeSpan.FromMinutes(20), BackupKeep.Parse("--backup-keep", keep));
        var start = new ServerStart(Timestamp.Now(clock));
        return (new BackupSchedule(plan, store, start, clock, new SteadyClock(clock), NullLogger<BackupSchedule>.Instance), store, clock);
    }
}
