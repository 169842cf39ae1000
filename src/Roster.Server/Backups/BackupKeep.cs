using System.Globalization;
using Roster.Server.Commands;

namespace Roster.Server.Backups;

/// <summary>
/// Which backups of a schedule stay: the newest one of each hour for some hours, of each day for some days, and of each week, which
/// begins on Monday, for some weeks. Hours and days are of UTC.
/// </summary>
internal sealed record BackupKeep(int Hours, int Days, int Weeks)
{
    private const int Most = 10_000;

    public static BackupKeep Default { get; } = new(24, 7, 4);

    /// <param name="text">Such as <c>24h,7d,4w</c>; what is not there keeps none.</param>
    /// <exception cref="SettingException" />
    public static BackupKeep Parse(string setting, string text)
    {
        var numbers = new Dictionary<char, int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
            if (part.Length < 2 || part[^1] is not ('h' or 'd' or 'w')
                || !int.TryParse(part.AsSpan(0, part.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number is < 1 or > Most || !numbers.TryAdd(part[^1], number))
                throw new SettingException(
                    $"{setting} says for how many hours, days and weeks one backup of each is kept, such as 24h,7d,4w, not '{text}'.");
        return new BackupKeep(numbers.GetValueOrDefault('h'), numbers.GetValueOrDefault('d'), numbers.GetValueOrDefault('w'));
    }

    /// <summary>The backups that are not kept any more. The newest of all is always kept, and one from the future.</summary>
    /// <param name="taken">When each was taken, in any order.</param>
    public IReadOnlyList<DateTime> Outdated(IEnumerable<DateTime> taken, DateTime now)
    {
        var newestFirst = taken.Distinct().OrderDescending().ToList();
        var kept = new HashSet<DateTime>(newestFirst.Take(1));
        kept.UnionWith(newestFirst.Where(one => one > now));
        Keep(TimeSpan.FromHours(Hours), one => one.Ticks / TimeSpan.TicksPerHour);
        Keep(TimeSpan.FromDays(Days), one => one.Ticks / TimeSpan.TicksPerDay);
        // The first day of the calendar, 0001-01-01, is a Monday.
        Keep(TimeSpan.FromDays(7 * Weeks), one => one.Ticks / (7 * TimeSpan.TicksPerDay));
        return newestFirst.FindAll(one => !kept.Contains(one));

        void Keep(TimeSpan window, Func<DateTime, long> span) =>
            kept.UnionWith(newestFirst.Where(one => now - one < window).DistinctBy(span));
    }
}
