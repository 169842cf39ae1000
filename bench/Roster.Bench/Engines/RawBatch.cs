using Roster.Bench.People;
using Roster.Changes;
using Roster.Log;

namespace Roster.Bench.Engines;

/// <summary>A row for the engine alone.</summary>
internal readonly record struct RawRow(bool IsNew, Guid Id, Person Person);

/// <summary>A batch's rows in key order, which is the fastest order.</summary>
internal sealed record RawBatch(Revision Revision, RawRow[] Rows);

/// <summary>Prepares ids, times and order outside the clock: the engine alone is not measured by them.</summary>
internal sealed class RawBatches(int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<Guid> _ids = [];
    private Revision _end;

    /// <summary>In the order of the population.</summary>
    public IReadOnlyList<Guid> Ids => _ids;

    public RawBatch Prepare(IReadOnlyList<Row> rows)
    {
        _end = _end.Next(Timestamp.Now(TimeProvider.System));
        var ids = new PartnerIds(_end.At, new UInt128((ulong)_random.NextInt64(), (ulong)_random.NextInt64()));
        foreach (var row in rows)
            if (row.IsNew)
                _ids.Add(ids.Next());
        return new RawBatch(
            _end, [.. rows.Select(row => new RawRow(row.IsNew, _ids[row.Partner], row.Person)).OrderBy(row => row.Id)]);
    }

    /// <summary>Updates of partners picked at random, with another person's data.</summary>
    public RawBatch PrepareSingles(int count)
    {
        _end = _end.Next(Timestamp.Now(TimeProvider.System));
        var rows = Enumerable.Range(0, count)
            .Select(_ => new RawRow(false, _ids[_random.Next(_ids.Count)], Person.Of(_random.Next())));
        return new RawBatch(_end, [.. rows]);
    }
}
