using CsCheck;
using Roster.Batches;
using Roster.Partners;

namespace Roster.Tests.Batches;

public sealed class NamedPartnersTests
{
    [Fact]
    public void Each_repeated_id_is_said_with_the_item_that_had_it_first()
    {
        // Few different ids, so that many repeat. Their first halves are equal, so that a poor hash gives collisions.
        Gen.Int[0, 12_000].Array[0, PartnerRules.MaxItems].Sample(numbers =>
        {
            var named = new NamedPartners();
            var firsts = new Dictionary<int, int>();
            for (var i = 0; i < numbers.Length; i++)
            {
                int? expected = firsts.TryGetValue(numbers[i], out var first) ? first : null;
                Assert.Equal(expected, named.Add(i, IdOf(numbers[i])));
                firsts.TryAdd(numbers[i], i);
            }
            Assert.Equal(numbers.Select((number, index) => new NamedPartner(index, IdOf(number))), named);
        }, iter: 40);

        static Guid IdOf(int number) =>
            new(0x019324e6, 0x3c1d, 0x7d0a, 0xa1, 0xf5, 0, 0, 0, (byte)(number >> 16), (byte)(number >> 8), (byte)number);
    }
}
