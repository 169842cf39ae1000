using System.Buffers;
using System.Buffers.Binary;

namespace Roster.Storage;

/// <summary>
/// Ids in the order in which partners lie in every engine's table, so that its pages are touched one after the other; with each, where it
/// came from. In pooled memory: 10,000 of them would be what .NET keeps apart as large.
/// </summary>
internal sealed class IdOrder : IDisposable
{
    private const int GuidLength = 16;

    /// <summary>They compare as their ids, in two steps where ids take eleven.</summary>
    private readonly UInt128[] _ids;

    private readonly int[] _places;

    /// <param name="ids">Each with its place in what it is from.</param>
    /// <param name="atMost">How many there can be.</param>
    public IdOrder(IEnumerable<(Guid Id, int Place)> ids, int atMost)
    {
        _ids = ArrayPool<UInt128>.Shared.Rent(atMost);
        _places = ArrayPool<int>.Shared.Rent(atMost);
        foreach (var (id, place) in ids)
        {
            _ids[Count] = Number(id);
            _places[Count++] = place;
        }
        Array.Sort(_ids, _places, 0, Count);
    }

    public int Count { get; }

    public ArraySegment<int> Places => new(_places, 0, Count);

    public (Guid Id, int Place) this[int index]
    {
        get
        {
            Span<byte> bytes = stackalloc byte[GuidLength];
            BinaryPrimitives.WriteUInt128BigEndian(bytes, _ids[index]);
            return (new Guid(bytes, bigEndian: true), _places[index]);
        }
    }

    /// <summary>Where an id is: at once, where that is where it is expected.</summary>
    /// <returns>Less than 0 where it is not there.</returns>
    public int Find(Guid id, int expected)
    {
        var number = Number(id);
        return expected < Count && _ids[expected] == number ? expected : Array.BinarySearch(_ids, 0, Count, number);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        ArrayPool<UInt128>.Shared.Return(_ids);
        ArrayPool<int>.Shared.Return(_places);
    }

    private static UInt128 Number(Guid id)
    {
        Span<byte> bytes = stackalloc byte[GuidLength];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
