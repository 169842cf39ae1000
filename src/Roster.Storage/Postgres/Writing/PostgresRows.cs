using Npgsql;
using Roster.Changes;
using Roster.Partners;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres.Writing;

/// <summary>
/// The partners that changes name by id: as read, then as changed. Several connections may add rows concurrently, each
/// for different partners.
/// </summary>
internal sealed class PostgresRows : IDisposable
{
    private readonly bool _isOneChange;

    /// <summary>In the order of the table. For a single change, with its items.</summary>
    private readonly IdOrder _ids;

    private readonly Partner?[] _partners;
    private readonly TextBudget _text = new();

    public PostgresRows(IReadOnlyCollection<Change> changes)
    {
        _isOneChange = changes.Count == 1;
        var named = changes.SelectMany(change => change.Named);
        // A single change names each partner once.
        _ids = new IdOrder(
            (_isOneChange ? named : named.DistinctBy(one => one.Id)).Select(one => (one.Id, one.Index)),
            changes.Sum(change => change.Count));
        _partners = new Partner?[Count];
    }

    public int Count => _ids.Count;

    /// <summary>Reads a range of them, in the order of the table.</summary>
    /// <returns>No statement if the range is empty.</returns>
    public PostgresStatement[] Select(long workspaceId, Range part)
    {
        var (from, count) = part.GetOffsetAndLength(Count);
        if (count == 0)
            return [];
        var ids = new Guid[count];
        for (var i = 0; i < count; i++)
            ids[i] = _ids[from + i].Id;
        return [new PostgresStatement(PostgresStore.SelectNamed, workspaceId, ids)];
    }

    /// <summary>Adds the rows of a reader's current result.</summary>
    public async Task AddAsync(NpgsqlDataReader rows)
    {
        var next = 0;
        while (await rows.ReadAsync())
        {
            var partner = PostgresStore.MapWhole(rows);
            var at = _ids.Find(partner.Id, next);
            _text.Add(partner.Values);
            _partners[at] = partner;
            next = at + 1;
        }
    }

    /// <summary>The rows that one of the changes names.</summary>
    public RowsNow Of(Change change)
    {
        var now = new RowsNow(change.Count);
        if (_isOneChange)
            for (var i = 0; i < Count; i++)
                now[_ids.Places[i]] = _partners[i];
        else
            foreach (var named in change.Named)
                now[named.Index] = _partners[_ids.Find(named.Id, 0)];
        return now;
    }

    /// <summary>Stores a partner's state after a change, for later changes that name it.</summary>
    public void Change(Partner after)
    {
        if (_ids.Find(after.Id, 0) is >= 0 and var at)
            _partners[at] = after;
    }

    public void Dispose() => _ids.Dispose();
}
