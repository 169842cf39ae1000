using System.Buffers;
using System.Buffers.Binary;

namespace Roster.Storage;

/// <summary>
/// Ids in the order of every engine's partner table, so that its pages are read one after the other. Each has its index
/// in the source. The arrays are pooled: 10,000 entries would be on .NET's large object heap.
/// </summary>
internal sealed class IdOrder : IDisposable
{
    private const int GuidLength = 16;

    /// <summary>
    /// The ids as big-endian numbers, which sort in the same order: they compare in two steps, a Guid in eleven.
    /// </summary>
    private readonly UInt128[] _ids;

    private readonly int[] _places;

    /// <param name="ids">Each with its index in the source.</param>
    /// <param name="atMost">The largest possible number of ids.</param>
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

    /// <summary>The position of an id. The expected position is tried before a binary search.</summary>
    /// <returns>Less than 0 if it is not there.</returns>
    public int Find(Guid id, int expected)
    {
        var number = Number(id);
        return expected < Count && _ids[expected] == number ? expected : Array.BinarySearch(_ids, 0, Count, number);
    }

    /// <summary>Returns the pooled arrays.</summary>
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
