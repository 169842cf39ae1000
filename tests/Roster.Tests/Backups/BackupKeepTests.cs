using System.Globalization;
using Roster.Server.Backups;
using Roster.Server.Commands;

namespace Roster.Tests.Backups;

/// <summary>Which backups of a schedule stay. 28 November 2026 is a Saturday.</summary>
public sealed class BackupKeepTests
{
    private const string Now = "2026-11-28T12:30:00Z";

    [Theory]
    // The newest of an hour stays, also where there are several.
    [InlineData("24h", "28T12:10 28T11:50 28T11:10", "28T11:10")]
    [InlineData("24h", "28T12:10 27T12:31 27T12:29", "27T12:29")]
    // The newest of a day stays for seven days.
    [InlineData("7d", "28T12:10 28T11:10 27T23:00 27T22:00", "28T11:10 27T22:00")]
    [InlineData("7d", "28T12:10 21T12:31 21T12:29", "21T12:29")]
    // The newest of a week, which ends on Sunday, stays for four weeks.
    [InlineData("4w", "28T12:10 23T00:00 22T23:00 16T00:00 01T01:00", "23T00:00 16T00:00")]
    // The same backup can stay for several reasons.
    [InlineData("24h,7d,4w", "28T12:10 28T11:50 28T11:10 27T23:00 27T13:00 22T23:00 22T01:00 15T10:00 01T01:00", "28T11:10 22T01:00")]
    // The newest of all stays, however old it is.
    [InlineData("24h", "05T12:10 04T11:10", "04T11:10")]
    [InlineData("24h", "", "")]
    // A clock that was wrong is no reason to delete.
    [InlineData("24h", "30T12:00 29T12:00 28T12:10 27T12:00", "27T12:00")]
    public void Of_each_hour_day_and_week_the_newest_backup_stays(string keep, string taken, string outdated) => Assert.Equal(
        Times(outdated), BackupKeep.Parse("--backup-keep", keep).Outdated(Times(taken), Time(Now)));

    [Fact]
    public void However_long_it_runs_no_more_backups_stay_than_are_to_be_kept()
    {
        var kept = new List<DateTime>();
        var start = new DateTime(2026, 1, 1, 0, 0, 30, DateTimeKind.Utc);
        for (var now = start; now < start.AddDays(90); now = now.AddMinutes(20))
        {
            kept.Add(now);
            foreach (var one in BackupKeep.Default.Outdated(kept, now))
                kept.Remove(one);
            Assert.InRange(kept.Count, 1, 24 + 7 + 4 + 3);
        }
        // One of each of the last 24 hours, seven days and four weeks is there.
        var end = kept[^1];
        foreach (var (span, count) in new[] { (TimeSpan.FromHours(1), 24), (TimeSpan.FromDays(1), 7), (TimeSpan.FromDays(7), 4) })
            Assert.All(
                Enumerable.Range(0, count).Select(i => end - (i * span)),
                until => Assert.Contains(kept, one => one <= until && one > until - span));
    }

    [Theory]
    [InlineData("")]
    [InlineData("24")]
    [InlineData("0h")]
    [InlineData("-1h")]
    [InlineData("24h,24h")]
    [InlineData("24h,")]
    [InlineData("24m")]
    [InlineData("10001d")]
    public void Anything_else_is_refused_with_an_example(string text)
    {
        var refused = Assert.Throws<SettingException>(() => BackupKeep.Parse("--backup-keep", text));

        Assert.Contains("such as 24h,7d,4w", refused.Message, StringComparison.Ordinal);
    }

    private static DateTime[] Times(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one => Time($"2026-11-{one}:00Z"))];

    private static DateTime Time(string text) => DateTime.Parse(
        text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
}
