using Roster.Changes;
using Roster.Partners;

namespace Roster.Tests.Changes;

public sealed class PartnerIdsTests
{
    private static readonly Timestamp At = Timestamp.From(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(0UL, 0UL)]
    [InlineData(ulong.MaxValue, ulong.MaxValue)]
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
}
