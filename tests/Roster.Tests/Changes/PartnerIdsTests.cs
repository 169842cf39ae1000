using Roster.Changes;
using Roster.Partners;

namespace Roster.Tests.Changes;

public sealed class PartnerIdsTests
{
    private static readonly Timestamp At = Timestamp.From(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(0UL, 0UL)]
    [InlineData(ulong.MaxValue, ulong.MaxValue)]
    [InlineData(ulong.MaxValue, 0xFFFFF7FFFFFFFFFFUL)]
    [InlineData(0x123456789ABCDEFUL, 42UL)]
    public void Ids_are_version_7_of_the_given_millisecond_and_ascend(ulong high, ulong low)
    {
        var ids = new PartnerIds(At, new UInt128(high, low));
        var before = Guid.Empty;
        for (var i = 0; i < PartnerRules.MaxItems; i++)
        {
            var id = ids.Next();
            Assert.Equal((7, 8), (id.Version, id.Variant & 0xC));
            Assert.Equal(At.Milliseconds.ToString("x12", null), id.ToString("N")[..12]);
            Assert.True(string.CompareOrdinal(before.ToString(), id.ToString()) < 0);
            Assert.True(before.CompareTo(id) < 0);
            before = id;
        }
    }

    /// <summary>The steps are those of SplitMix64.</summary>
    [Fact]
    public void From_the_same_random_bits_come_the_same_ids()
    {
        var ids = new PartnerIds(At, new UInt128(0x0123456789ABCDEF, 0xFEDCBA9876543210));

        Assert.Equal(
            ["019b76da-a800-77bf-bedc-ba988bce6a18", "019b76da-a800-77bf-bedc-ba996141bcb4", "019b76da-a800-77bf-bedc-ba9990d273e3"],
            Enumerable.Range(0, 3).Select(_ => ids.Next().ToString()));
    }
}
