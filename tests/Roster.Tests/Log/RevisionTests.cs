using Roster.Log;

namespace Roster.Tests.Log;

public sealed class RevisionTests
{
    private static readonly Timestamp Noon = Timestamp.From(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void The_next_revision_has_the_clocks_time_in_whole_milliseconds()
    {
        var next = new Revision(7, Noon).Next(new Timestamp(Noon.Microseconds + 5_999));

        Assert.Equal(new Revision(8, Noon.AddMilliseconds(5)), next);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(999)]
    [InlineData(-3_600_000_000)]
    public void The_next_revision_is_a_millisecond_later_where_the_clock_is_not(long microseconds)
    {
        var next = new Revision(7, Noon).Next(new Timestamp(Noon.Microseconds + microseconds));

        Assert.Equal(new Revision(8, Noon.AddMilliseconds(1)), next);
    }

    [Fact]
    public void Times_are_written_as_RFC_3339_in_UTC_with_milliseconds() =>
        Assert.Equal("2026-01-01T12:00:00.007Z", Noon.AddMilliseconds(7).ToString());

    [Fact]
    public void Each_moment_has_random_bits_of_its_own()
    {
        var moments = Enumerable.Range(0, 100).Select(_ => Moment.At(new Revision(7, Noon), TimeProvider.System)).ToList();

        Assert.Equal(100, moments.Select(moment => (ulong)moment.IdSeed).Distinct().Count());
        Assert.Equal(100, moments.Select(moment => (ulong)(moment.IdSeed >> 64)).Distinct().Count());
        Assert.All(moments, moment => Assert.Equal(new Revision(7, Noon), moment.End));
    }
}
