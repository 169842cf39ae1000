using System.Text;
using Roster.Log;
using Roster.Partners;

namespace Roster.Tests.Log;

/// <summary>Checksums are stored, so what they are of never changes.</summary>
public sealed class ChecksumTests
{
    private static readonly Partner Ada = new(
        Guid.Parse("019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10"), Some.Values("Ada", "ada@example.com", null, "e1"),
        new(1_700_000_000_000_000), new(1_700_000_000_001_000), null, 12);

    public static TheoryData<byte[], long> Vectors => new()
    {
        { Encoding.ASCII.GetBytes("123456789"), 0xE3069283 },
        { [], 0 },
        { new byte[32], 0x8A9136AA },
        { [.. Enumerable.Repeat((byte)0xFF, 32)], 0x62A8AB43 },
        { [.. Enumerable.Range(0, 32).Select(i => (byte)i)], 0x46DD794E },
        { [.. Enumerable.Range(0, 32).Select(i => (byte)(31 - i))], 0x113FDB5C },
    };

    /// <summary>The first is the check value of CRC-32C; the others are those of RFC 3720, B.4.</summary>
    [Theory]
    [MemberData(nameof(Vectors))]
    public void The_checksum_of_a_change_set_is_the_usual_CRC_32C_of_its_bytes(byte[] bytes, long crc) =>
        Assert.Equal(crc, Checksum.Of(bytes));

    [Fact]
    public void The_checksum_of_a_row_is_of_its_fields_in_order_and_begins_with_31_bits_of_its_revision()
    {
        Assert.Equal(0xC_2E84774D, Checksum.Of(Ada));
        Assert.Equal(0xC_BA5F3528, Checksum.Of(Ada with { DeletedAt = Ada.UpdatedAt, Revision = Ada.Revision + (1L << 31) }));
    }

    [Fact]
    public void A_row_in_which_anything_is_not_as_it_was_written_is_found()
    {
        var stored = Checksum.Of(Ada);
        Partner[] changed =
        [
            Ada with { Id = Guid.Parse("019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f11") },
            Ada with { CreatedAt = new(Ada.CreatedAt.Microseconds + 1) },
            Ada with { UpdatedAt = new(Ada.UpdatedAt.Microseconds + 1) },
            Ada with { DeletedAt = new(0) },
            Ada with { Revision = Ada.Revision + (1L << 31) },
            .. PartnerField.Values.Select(field => Ada.With(field, Ada.Values[field] + "'")),
            Ada.With(PartnerField.Phone, ""),
            Ada.With(PartnerField.Name, "Adaa").With(PartnerField.Email, "da@example.com"),
        ];

        Assert.False(Checksum.Contradicts(stored, Ada));
        Assert.All(changed, partner => Assert.True(Checksum.Contradicts(stored, partner), partner.ToString()));
    }

    [Fact]
    public void A_row_without_a_checksum_or_with_that_of_another_revision_says_nothing()
    {
        Assert.False(Checksum.Contradicts(null, Ada));
        Assert.False(Checksum.Contradicts(Checksum.Of(Ada), Ada with { Revision = 13 }));
        Assert.False(Checksum.Contradicts(Checksum.Of(Ada) + 1, Ada with { Revision = 13 }));
    }
}
