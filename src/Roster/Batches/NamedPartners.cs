using System.Collections;
using System.Runtime.InteropServices;

namespace Roster.Batches;

/// <summary>
/// The partners that items name, in the order of the request, and which of them is named twice. Takes nothing that .NET keeps apart as
/// large (85,000 bytes), as a dictionary of 10,000 would.
/// </summary>
internal sealed class NamedPartners : IEnumerable<NamedPartner>
{
    private const int InPart = 1_024;

    private readonly List<List<NamedPartner>> _parts = [];

    /// <summary>At the place of an id's hash, or where that is taken after it: one more than its number here. 0 where there is none.</summary>
    private ushort[] _places = new ushort[64];

    private int _count;

    /// <returns>Null; or the item that names it already.</returns>
    public int? Add(int index, Guid id)
    {
        if (_count * 4 >= _places.Length * 3)
            Enlarge();
        var place = FindPlace(id);
        var first = _places[place] == 0 ? (int?)null : this[_places[place] - 1].Index;
        if (_count % InPart == 0)
            _parts.Add([]);
        _parts[^1].Add(new NamedPartner(index, id));
        _count++;
        if (first is null)
            _places[place] = (ushort)_count;
        return first;
    }

    public IEnumerator<NamedPartner> GetEnumerator()
    {
        for (var i = 0; i < _count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private NamedPartner this[int number] => _parts[number / InPart][number % InPart];

    private void Enlarge()
    {
        _places = new ushort[_places.Length * 4];
        for (var i = 0; i < _count; i++)
        {
            var place = FindPlace(this[i].Id);
            if (_places[place] == 0)
                _places[place] = (ushort)(i + 1);
        }
    }

    /// <summary>Where an id is, or is to be.</summary>
    private int FindPlace(Guid id)
    {
        // With the process' own seed, so that nobody can choose ids that share a hash.
        var parts = MemoryMarshal.Cast<Guid, int>(new ReadOnlySpan<Guid>(in id));
        var place = HashCode.Combine(parts[0], parts[1], parts[2], parts[3]) & (_places.Length - 1);
        while (_places[place] != 0 && this[_places[place] - 1].Id != id)
            place = (place + 1) & (_places.Length - 1);
        return place;
    }
}
