using System.Runtime.ExceptionServices;
using Roster.Batches;
using Roster.Changes;
using Roster.Partners;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite.Writing;

/// <summary>Reads, in the writer's transaction, the rows that a change needs.</summary>
internal sealed class SqliteRowReader(SqliteReaders readers)
{
    private static readonly string SelectLive =
        $"select {PartnerColumns.Checked} from partner where workspace_id = ?1 and deleted_at is null order by id";

    /// <summary>Partners looked up per statement; saves a tenth of the time for 10,000.</summary>
    private const int IdsPerStatement = 20;

    /// <summary>Partners per part, if several connections share the reading.</summary>
    private const int PartSize = 500;

    private static readonly string SelectNamed =
        "with named (id) as (values (?" + string.Join("), (?", Enumerable.Range(2, IdsPerStatement)) + ")) " +
        $"select {PartnerColumns.Checked} from named cross join partner using (id) where workspace_id = ?1";

    /// <summary>Reads only the index. Null parameters find nothing.</summary>
    private static readonly string SelectHolders =
        "with sought (place, external_id) as (values " +
        string.Join(", ", Enumerable.Range(0, IdsPerStatement).Select(place => $"({place}, ?{place + 2})")) +
        ") select place, id from sought cross join partner indexed by partner_external_id using (external_id)" +
        " where workspace_id = ?1 and deleted_at is null";

    /// <summary>Reads the rows that the change needs.</summary>
    public RowsNow Read(SqliteDatabase database, long workspaceId, Change change, SqliteEmailMatches? byEmail)
    {
        var now = new RowsNow(change.Count);
        ReadById(database, workspaceId, change.Named.Select(one => (one.Id, one.Index)), change.Count, now);
        string[] known = [];
        if (byEmail is not null)
            foreach (var (at, value) in change.Sought)
                now.Match(at, byEmail.Find(value));
        else if (change.MatchOn == MatchOn.ExternalId)
            known = ReadMatches(database, workspaceId, change, now);
        ReadClaimed(database, workspaceId, change, known, now);
        foreach (var email in change.GivenEmails(now))
            now.HoldEmail(email, byEmail!.Find(email));
        if (change.Mirror is { } mirror)
            now.SetRest(ReadUnnamed(database, workspaceId, now, now.CountRest(SqliteStore.ReadLive(database, workspaceId), mirror)));
        return now;
    }

    private static int PartsOf(int count) => count <= SqliteWriter.MaxRowsTogether || Environment.ProcessorCount == 1
        ? 1 : (count + PartSize - 1) / PartSize;

    /// <summary>
    /// Reads many rows by several connections at once. All see the same state: the write lock is held, and the
    /// transaction has written nothing yet.
    /// </summary>
    /// <param name="read">Gets the connection, the part's number, its start and its end.</param>
    private void ReadInParts(SqliteDatabase database, int count, Action<SqliteDatabase, int, int, int> read)
    {
        if (PartsOf(count) == 1)
            read(database, 0, 0, count);
        else
            // At most one connection per core: each reads the inner pages of the tree for itself.
            ReadByMany();

        void ReadByMany()
        {
            try
            {
                Parallel.For(
                    0, PartsOf(count), new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
                    part => readers.ReadTogether(reader =>
                    {
                        read(reader, part, part * PartSize, Math.Min((part + 1) * PartSize, count));
                        return true;
                    }));
            }
            catch (AggregateException failures) when (failures.InnerExceptions.OfType<StoreException>().FirstOrDefault() is { } failure)
            {
                // As it is: a damaged partner is no damage of the file.
                ExceptionDispatchInfo.Throw(failure);
            }
        }
    }

    /// <summary>Reads partners by id into the items with these indexes.</summary>
    private void ReadById(SqliteDatabase database, long workspaceId, IEnumerable<(Guid Id, int Index)> ids, int atMost, RowsNow now)
    {
        using var named = new IdOrder(ids, atMost);
        ReadInParts(database, named.Count, (reader, _, from, to) =>
        {
            var remainder = (to - from) % IdsPerStatement;
            ReadBy(reader, SelectNamed, from, to - remainder, IdsPerStatement);
            ReadBy(reader, SqliteStore.SelectPartner, to - remainder, to, 1);
        });

        void ReadBy(SqliteDatabase reader, string sql, int from, int to, int perStatement)
        {
            if (from == to)
                return;
            var select = reader.Prepare(sql);
            for (var i = from; i < to; i += perStatement)
            {
                select.Bind(1, workspaceId);
                for (var k = 0; k < perStatement; k++)
                    select.Bind(k + 2, named[i + k].Id);
                using var rows = select.Query();
                // The existing partners come in the same order.
                for (var at = i; rows.Step(); at++)
                {
                    var partner = SqliteStore.MapWhole(rows);
                    at = named.Find(partner.Id, at);
                    now[named.Places[at]] = partner;
                }
            }
        }
    }

    /// <summary>The first live partners that no item names.</summary>
    private static List<Partner> ReadUnnamed(SqliteDatabase database, long workspaceId, RowsNow now, int count)
    {
        var found = now.Found.Select(partner => partner.Id).ToHashSet();
        var unnamed = new List<Partner>(count);
        var text = new TextBudget();
        using var rows = database.Prepare(SelectLive).Bind(1, workspaceId).Query();
        while (unnamed.Count < count && rows.Step())
        {
            if (found.Contains(rows.Guid(0)))
                continue;
            unnamed.Add(SqliteStore.MapWhole(rows));
            text.Add(unnamed[^1].Values);
        }
        return unnamed;
    }

    /// <summary>Reads the partners that items match by external id, and sets the holders of those ids.</summary>
    /// <returns>The looked-up external ids, sorted.</returns>
    private string[] ReadMatches(SqliteDatabase database, long workspaceId, Change change, RowsNow now)
    {
        var values = change.Sought.Select(one => one.Value).ToArray();
        var items = change.Sought.Select(one => one.Index).ToArray();
        Array.Sort(values, items, StringComparer.Ordinal);
        ReadById(database, workspaceId, Matches(), values.Length, now);
        return values;

        IEnumerable<(Guid Id, int Index)> Matches()
        {
            foreach (var found in ReadHolders(database, workspaceId, values))
                for (var (i, count) = (0, 0); i < found.Count; i += count)
                {
                    var place = found[i].Place;
                    now.Hold(values[place], found[i].Id);
                    for (count = 1; i + count < found.Count && found[i + count].Place == place;)
                        count++;
                    if (count == 1)
                        yield return (found[i].Id, items[place]);
                    else
                        now.Match(
                            items[place],
                            [.. found.Skip(i).Take(count).Select(one => SqliteStore.ReadPartner(database, workspaceId, one.Id)!)]);
                }
        }
    }

    /// <summary>Sets the holders of the external ids that a change gives to partners.</summary>
    /// <param name="known">External ids that are looked up already, sorted.</param>
    private void ReadClaimed(SqliteDatabase database, long workspaceId, Change change, string[] known, RowsNow now)
    {
        var claimed = change.Claimed(now).Where(value => Array.BinarySearch(known, value, StringComparer.Ordinal) < 0).ToArray();
        Array.Sort(claimed, StringComparer.Ordinal);
        foreach (var (place, id) in ReadHolders(database, workspaceId, claimed).SelectMany(part => part))
            now.Hold(claimed[place], id);
    }

    /// <summary>
    /// The live partners with these external ids, each with its index in <paramref name="sorted"/>, in that order and
    /// in parts.
    /// </summary>
    /// <param name="sorted">External ids, sorted so that the index pages are read in order.</param>
    private List<(int Place, Guid Id)>[] ReadHolders(SqliteDatabase database, long workspaceId, string[] sorted)
    {
        var parts = new List<(int Place, Guid Id)>[PartsOf(sorted.Length)];
        ReadInParts(database, sorted.Length, (reader, part, from, to) =>
        {
            var found = parts[part] = [];
            var select = reader.Prepare(SelectHolders);
            for (var i = from; i < to; i += IdsPerStatement)
            {
                select.Bind(1, workspaceId);
                for (var k = 0; k < IdsPerStatement; k++)
                    select.Bind(k + 2, i + k < to ? sorted[i + k] : null);
                using var rows = select.Query();
                while (rows.Step())
                    found.Add((i + (int)rows.Int64(0), rows.Guid(1)));
            }
        });
        return parts;
    }
}
