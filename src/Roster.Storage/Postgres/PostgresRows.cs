using Npgsql;
using NpgsqlTypes;

namespace Roster.Storage.Postgres;

/// <summary>
/// The partners that changes name by id, as they were read and as the changes leave them, and where each lies in the table. Several
/// connections may add to it at once, each other partners.
/// </summary>
internal sealed class PostgresRows
{
    /// <summary>What <see cref="PostgresStore.SelectNamed"/> gives, and after it where each row lies.</summary>
    public const string SelectPlaced = $"select {PostgresStore.Columns}, partner.ctid {PostgresStore.FromNamed}";

    private const int PlaceColumn = 9;

    private readonly bool _arePlaced;
    private readonly Guid[] _ids;
    private readonly Partner?[] _partners;
    private readonly NpgsqlTid[] _places;

    /// <param name="ids">None of them twice.</param>
    /// <param name="arePlaced">Whether the engine says where rows lie.</param>
    public PostgresRows(IEnumerable<Guid> ids, bool arePlaced)
    {
        _arePlaced = arePlaced;
        _ids = [.. ids];
        // As they lie in the table.
        Array.Sort(_ids);
        _partners = new Partner?[_ids.Length];
        _places = new NpgsqlTid[_ids.Length];
    }

    public int Count => _ids.Length;

    /// <summary>The partner as it is now; null where there is none, or it was not named.</summary>
    public Partner? this[Guid id] => Find(id) is >= 0 and var index ? _partners[index] : null;

    /// <summary>Reads some of them, in the order in which they lie.</summary>
    /// <returns>Null where there are none to read.</returns>
    public PostgresStatement? Select(long workspaceId, Range part) => _ids[part] is { Length: > 0 } ids
        ? new PostgresStatement(_arePlaced ? SelectPlaced : PostgresStore.SelectNamed, workspaceId, ids) : null;

    /// <summary>Takes the rows of the result that a reader is at.</summary>
    public async Task AddAsync(NpgsqlDataReader rows)
    {
        while (await rows.ReadAsync())
        {
            var partner = PostgresStore.MapPartner(rows);
            var index = Find(partner.Id);
            _partners[index] = partner;
            if (_arePlaced)
                _places[index] = rows.GetFieldValue<NpgsqlTid>(PlaceColumn);
        }
    }

    /// <summary>Where the partner's row was read; null where it was not, or the engine does not say.</summary>
    public NpgsqlTid? PlaceOf(Guid id) => Find(id) is >= 0 and var index && _places[index] != default ? _places[index] : null;

    /// <summary>Notes a partner as a change leaves it, for later changes that name it.</summary>
    public void Change(Partner after)
    {
        if (Find(after.Id) is >= 0 and var index)
            _partners[index] = after;
    }

    private int Find(Guid id) => Array.BinarySearch(_ids, id);
}
