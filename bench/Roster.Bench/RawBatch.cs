using System.Text;
using Roster.Changes;

namespace Roster.Bench;

/// <summary>A row as SQLite takes it: text in UTF-8, ready to bind.</summary>
internal readonly record struct RawRow(bool IsNew, byte[] Id, byte[] Name, byte[] Email, byte[] Phone);

/// <summary>A batch's rows in the order of the key, which is the fastest one.</summary>
internal sealed record RawBatch(Revision Revision, RawRow[] Rows);

/// <summary>Does outside the clock what the engine alone is not measured by: ids, times, encoding and order.</summary>
internal sealed class RawBatches(int seed)
{
    private readonly Random _random = new(seed);
    private readonly List<Guid> _ids = [];
    private Revision _end;

    public RawBatch Prepare(IReadOnlyList<Row> rows)
    {
        _end = _end.Next(Timestamp.Now(TimeProvider.System));
        var ids = new PartnerIds(_end.At, new UInt128((ulong)_random.NextInt64(), (ulong)_random.NextInt64()));
        foreach (var row in rows)
            if (row.IsNew)
                _ids.Add(ids.Next());
        return new RawBatch(_end, [.. rows.OrderBy(row => _ids[row.Partner]).Select(row => new RawRow(
            row.IsNew, _ids[row.Partner].ToByteArray(bigEndian: true), Encoding.UTF8.GetBytes(row.Person.Name),
            Encoding.UTF8.GetBytes(row.Person.Email), Encoding.UTF8.GetBytes(row.Person.Phone)))]);
    }
}
