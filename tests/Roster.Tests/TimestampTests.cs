using System.Globalization;

namespace Roster.Tests;

public sealed class TimestampTests
{
    [Fact]
    public void A_time_is_written_as_rfc_3339_says_with_milliseconds_rounded_down()
    {
        var random = new Random(3);
        var last = (DateTime.MaxValue - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        var first = (DateTime.MinValue - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        long[] edges = [first, -1, 0, 999, 1_000, last, 1_709_164_799_999_999, 1_709_164_800_000_000];
        foreach (var microseconds in edges.Concat(Enumerable.Range(0, 1_000).Select(_ => random.NextInt64(first, last))))
        {
            var time = new Timestamp(microseconds);
            Assert.Equal(time.ToDateTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), time.ToString());
        }
    }

    [Fact]
    public void A_time_that_was_written_is_read_as_the_same_millisecond() =>
        Assert.True(Timestamp.TryParse(new Timestamp(1_709_164_799_123_999).ToString(), out var read)
            && read == new Timestamp(1_709_164_799_123_000));
}
