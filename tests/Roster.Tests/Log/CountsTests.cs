using Roster.Changes;
using Roster.Log;

namespace Roster.Tests.Log;

/// <summary>The numbers of change sets and of days.</summary>
public sealed class CountsTests
{
    [Fact]
    public void Partners_that_were_changed_are_all_but_the_unchanged_ones() =>
        Assert.Equal(10_111, new ChangeCounts(Created: 1, Updated: 10, Unchanged: 5, Deleted: 100, Restored: 10_000).Changed);

    [Fact]
    public void Two_counts_of_a_day_add_up()
    {
        var day = new DayCount(20_000, ChangeKind.Upsert, null, ChangeSets: 1, Created: 2, Updated: 3, Deleted: 4, Restored: 5);
        var other = day with { ChangeSets = 10, Created = 20, Updated = 30, Deleted = 40, Restored = 50 };

        var sum = day.Plus(other);

        Assert.Equal(day with { ChangeSets = 11, Created = 22, Updated = 33, Deleted = 44, Restored = 55 }, sum);
        Assert.Equal(154, sum.Changed);
    }
}
