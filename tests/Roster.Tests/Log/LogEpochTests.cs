using Roster.Log;

namespace Roster.Tests.Log;

public sealed class LogEpochTests
{
    [Theory]
    [InlineData("2026-01-01T00:00:10Z", 7, 10_000_000)]
    [InlineData("2026-01-01T00:00:10.9Z", 7, 10_000_000)]
    [InlineData("2026-01-01T00:00:10Z", 10_000_000, 11_000_000)]
    [InlineData("2026-01-01T00:00:10Z", 12_345_678, 13_000_000)]
    [InlineData("2026-01-01T00:00:00Z", 0, 1_000_000)]
    [InlineData("1970-01-01T00:00:00Z", 999_999, 1_000_000)]
    [InlineData("2311-01-01T00:00:00Z", 7, 8_993_635_200_000_000)]
    public void A_restored_log_goes_on_beyond_the_clock_and_beyond_every_revision_that_is_known(string now, long newest, long first) =>
        Assert.Equal(first, LogEpoch.FirstRevision(DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture), newest));
}
