using Npgsql;
using NpgsqlTypes;
using Roster.Changes;

namespace Roster.Storage.Postgres;

/// <summary>
/// The partners that changes name by id, as they were read and as the changes leave them, and where each lies in the table. Several
/// connections may add to it at once, each other partners.
/// </summary>
internal sealed class PostgresRows : IDisposable
{
    private const int PlaceColumn = 9;

    private readonly bool _arePlaced;
    private readonly bool _areOfOne;

    /// <summary>As they lie in the table; those of one change with their items.</summary>
    private readonly IdOrder _ids;

    private readonly Partner?[] _partners;
    private readonly NpgsqlTid[] _places;

    /// <summary>Where those lie that were found by something else than their id: at most as many as the change has items.</summary>
    private readonly Dictionary<Guid, NpgsqlTid> _placesFound = [];

    /// <param name="arePlaced">Whether the engine says where rows lie.</param>
    public PostgresRows(IReadOnlyCollection<Change> changes, bool arePlaced)
    {
        _arePlaced = arePlaced;
        _areOfOne = changes.Count == 1;
        var named = changes.SelectMany(change => change.Named);
        // One change names none twice.
        _ids = new IdOrder(
            (_areOfOne ? named : named.DistinctBy(one => one.Id)).Select(one => (one.Id, one.Index)), changes.Sum(change => change.Count));
        _partners = new Partner?[Count];
        _places = new NpgsqlTid[Count];
    }

    public int Count => _ids.Count;

    /// <summary>Reads some of them, in the order in which they lie.</summary>
    /// <returns>No statement where there are none to read.</returns>
    public PostgresStatement[] Select(long workspaceId, Range part)
    {
        var (from, count) = part.GetOffsetAndLength(Count);
        if (count == 0)
            return [];
        var ids = new Guid[count];
        for (var i = 0; i < count; i++)
            ids[i] = _ids[from + i].Id;
        return [new PostgresStatement(_arePlaced ? PostgresStore.SelectNamedPlaced : PostgresStore.SelectNamed, workspaceId, ids)];
    }

    /// <summary>Takes the rows of the result that a reader is at.</summary>
    public async Task AddAsync(NpgsqlDataReader rows)
    {
        var next = 0;
        while (await rows.ReadAsync())
        {
            var partner = PostgresStore.MapPartner(rows);
            var at = _ids.Find(partner.Id, next);
            _partners[at] = partner;
            if (_arePlaced)
                _places[at] = rows.GetFieldValue<NpgsqlTid>(PlaceColumn);
            next = at + 1;
        }
    }

    /// <summary>Takes the partners of a result that a reader is at, which were found by something else than their id.</summary>
    public async Task<List<Partner>> ReadFoundAsync(NpgsqlDataReader rows)
    {
        var found = new List<Partner>();
        while (await rows.ReadAsync())
        {
            found.Add(PostgresStore.MapPartner(rows));
            if (!_arePlaced)
                continue;
            var place = rows.GetFieldValue<NpgsqlTid>(PlaceColumn);
            lock (_placesFound)
                _placesFound[found[^1].Id] = place;
        }
        return found;
    }

    /// <summary>Those that one of the changes names.</summary>
    public RowsNow Of(Change change)
    {
        var now = new RowsNow(change.Count);
        if (_areOfOne)
            for (var i = 0; i < Count; i++)
                now[_ids.Places[i]] = _partners[i];
        else
            foreach (var named in change.Named)
                now[named.Index] = _partners[_ids.Find(named.Id, 0)];
        return now;
    }

    /// <summary>Where partners' rows were read.</summary>
    /// <param name="partners">In the order in which they lie.</param>
    /// <returns>None where the engine does not say it, or one of them was not read here.</returns>
    public string[] PlacesOf(Partner[] partners)
    {
        var places = new string[_arePlaced ? partners.Length : 0];
        var next = 0;
        for (var i = 0; i < places.Length; i++)
        {
            var at = _ids.Find(partners[i].Id, next);
            var place = at >= 0 ? _places[at] : _placesFound.GetValueOrDefault(partners[i].Id);
            if (place == default)
                return [];
            places[i] = place.ToString();
            next = at >= 0 ? at + 1 : next;
        }
        return places;
    }

    /// <summary>Notes a partner as a change leaves it, for later changes that name it.</summary>
    public void Change(Partner after)
    {
        if (_ids.Find(after.Id, 0) is >= 0 and var at)
            _partners[at] = after;
    }

    public void Dispose() => _ids.Dispose();
}
