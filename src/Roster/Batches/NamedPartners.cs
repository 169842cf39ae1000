using System.Collections;
using System.Runtime.InteropServices;

namespace Roster.Batches;

/// <summary>
/// The partners that items name, in the order of the request. Finds duplicate ids. No array is as large as 85,000
/// bytes, so none goes to the large object heap; a dictionary of 10,000 would.
/// </summary>
internal sealed class NamedPartners : IEnumerable<NamedPartner>
{
    private const int PartSize = 1_024;

    private readonly List<List<NamedPartner>> _parts = [];

    /// <summary>Hash table with open addressing: slot = 1 + index of the partner, 0 is empty.</summary>
    private ushort[] _slots = new ushort[64];

    private int _count;

    /// <returns>The earlier item with the same id, or null.</returns>
    public int? Add(int index, Guid id)
    {
        if (_count * 4 >= _slots.Length * 3)
            Enlarge();
        var slot = FindSlot(id);
        var first = _slots[slot] == 0 ? (int?)null : this[_slots[slot] - 1].Index;
        if (_count % PartSize == 0)
            _parts.Add([]);
        _parts[^1].Add(new NamedPartner(index, id));
        _count++;
        if (first is null)
            _slots[slot] = (ushort)_count;
        return first;
    }

    public IEnumerator<NamedPartner> GetEnumerator()
    {
        for (var i = 0; i < _count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private NamedPartner this[int number] => _parts[number / PartSize][number % PartSize];

    private void Enlarge()
    {
        _slots = new ushort[_slots.Length * 4];
        for (var i = 0; i < _count; i++)
        {
            var slot = FindSlot(this[i].Id);
            if (_slots[slot] == 0)
                _slots[slot] = (ushort)(i + 1);
        }
    }

    /// <summary>The slot of an id: its own, or the empty one where it goes.</summary>
    private int FindSlot(Guid id)
    {
        // HashCode is seeded per process, so that callers cannot choose ids that collide.
        var parts = MemoryMarshal.Cast<Guid, int>(new ReadOnlySpan<Guid>(in id));
        var slot = HashCode.Combine(parts[0], parts[1], parts[2], parts[3]) & (_slots.Length - 1);
        while (_slots[slot] != 0 && this[_slots[slot] - 1].Id != id)
            slot = (slot + 1) & (_slots.Length - 1);
        return slot;
    }
}
