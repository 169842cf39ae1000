using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Roster.Partners;

namespace Roster.Log;

/// <summary>
/// CRC-32C of what is stored, so that the check finds what neither the database nor the disk noticed. It finds every change of
/// a single bit, and every other with a probability of 1 - 2^-32. It is no protection against somebody who wants to deceive.
/// </summary>
public record struct Checksum
{
    private uint _crc;

    public Checksum() => _crc = uint.MaxValue;

    public readonly long Value => ~_crc;

    /// <summary>
    /// Of a partner's row: its CRC-32C in the low 32 bits, and above them 31 bits of its revision. A row that an earlier
    /// version has changed since has the checksum of another revision, which says nothing.
    /// </summary>
    public static long Of(Partner partner)
    {
        var sum = new Checksum();
        Span<byte> id = stackalloc byte[16];
        partner.Id.TryWriteBytes(id, bigEndian: true, out _);
        sum.Add(id);
        sum.Add(partner.Revision);
        sum.Add(partner.CreatedAt.Microseconds);
        sum.Add(partner.UpdatedAt.Microseconds);
        sum.Add(partner.DeletedAt?.Microseconds ?? long.MinValue);
        foreach (var field in PartnerField.Values)
            sum.Add(partner.Values[field]);
        return sum.Value | RevisionPart(partner);
    }

    /// <summary>Of a change set's bytes: the usual CRC-32C.</summary>
    public static long Of(ReadOnlySpan<byte> changes)
    {
        var sum = new Checksum();
        sum.Add(changes);
        return sum.Value;
    }

    /// <summary>Whether a stored checksum is of this revision of the partner, and not of an earlier one.</summary>
    public static bool IsOfRevision(long checksum, Partner partner) => checksum >> 32 == RevisionPart(partner) >> 32;

    /// <summary>
    /// Whether a partner's row is not as it was written. A row without a checksum, or with that of an earlier revision, was
    /// written by an earlier version, which says nothing.
    /// </summary>
    public static bool Contradicts(long? stored, Partner partner) =>
        stored is { } checksum && IsOfRevision(checksum, partner) && checksum != Of(partner);

    public void Add(ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            _crc = BitOperations.Crc32C(_crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var one in bytes)
            _crc = BitOperations.Crc32C(_crc, one);
    }

    private static long RevisionPart(Partner partner) => (partner.Revision & int.MaxValue) << 32;

    private void Add(long number) => _crc = BitOperations.Crc32C(_crc, (ulong)number);

    /// <summary>The length, -1 for null, then UTF-16.</summary>
    private void Add(string? text)
    {
        Add((long)(text?.Length ?? -1));
        Add(MemoryMarshal.AsBytes(text.AsSpan()));
    }
}
