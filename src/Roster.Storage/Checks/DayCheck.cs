using System.Globalization;
using Roster.Log;

namespace Roster.Storage.Checks;

/// <summary>Compares the counts of change sets by day with the log.</summary>
internal static class DayCheck
{
    private static readonly DateOnly Epoch = new(1970, 1, 1);

    /// <param name="log">What the log has, by day and kind.</param>
    /// <param name="kept">What is kept beside it, summed up over keys.</param>
    public static void Compare(
        IReadOnlyDictionary<(int Day, string Kind), DayCount> log, IReadOnlyDictionary<(int Day, string Kind), DayCount> kept,
        CheckPart part)
    {
        foreach (var day in log.Keys.Union(kept.Keys).Where(key => log.GetValueOrDefault(key) != kept.GetValueOrDefault(key))
            .Select(key => key.Day).Distinct().Order())
            part.Add(Damage.Days, Epoch.AddDays(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
    }
}
