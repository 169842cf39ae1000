using System.Runtime.InteropServices;
using Roster.Log;

namespace Roster.Storage;

/// <summary>
/// The change sets that a step along the log counts, by day, kind and key. On each day the first
/// <see cref="DayCount.MaxOfDay"/> pairs of kind and key have a row each; the others of a kind share one.
/// </summary>
internal sealed class DayCounts
{
    /// <summary>Change sets that are counted in one transaction.</summary>
    public const int Together = 20_000;

    /// <summary>The key of rows that several keys share.</summary>
    public static readonly Guid Shared = Guid.Empty;

    private readonly Dictionary<(int Day, string Kind, Guid KeyId), DayCount> _counts = [];

    public void Add(DayCount count)
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, (count.Day, count.Kind, count.KeyId ?? Shared), out _);
        sum = sum?.Plus(count) ?? count;
    }

    /// <summary>The days that have counts.</summary>
    public int[] Days => [.. _counts.Keys.Select(key => key.Day).Distinct().Order()];

    /// <summary>What is to be added to the stored rows, in their order.</summary>
    /// <param name="known">The rows of these days that are stored.</param>
    public IReadOnlyList<DayCount> Rows(IEnumerable<(int Day, string Kind, Guid KeyId)> known)
    {
        var own = known.Where(row => row.KeyId != Shared).ToHashSet();
        var used = own.GroupBy(row => row.Day).ToDictionary(day => day.Key, day => day.Count());
        var rows = new DayCounts();
        foreach (var (key, count) in _counts.OrderBy(one => one.Key))
            if (own.Contains(key))
                rows.Add(count);
            else if (used.GetValueOrDefault(key.Day) is var others && others < DayCount.MaxOfDay)
            {
                used[key.Day] = others + 1;
                rows.Add(count);
            }
            else
                rows.Add(count with { KeyId = null });
        return [.. rows._counts.OrderBy(one => one.Key).Select(one => one.Value)];
    }
}
