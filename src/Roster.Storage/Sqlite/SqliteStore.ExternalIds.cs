using Roster.Changes;
using Roster.Partners;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite;

/// <summary>
/// Finding partners by external id. Every statement names the index: without statistics SQLite would rather read the whole workspace,
/// which is the first part of the table's key.
/// </summary>
internal sealed partial class SqliteStore
{
    private static readonly string SelectByExternalId = $"""
        select {PartnerColumns.All} from partner indexed by partner_external_id where workspace_id = ?1 and external_id = ?2 order by id
        """;

    private static readonly string SelectLiveByExternalId = $"""
        select {PartnerColumns.All} from partner indexed by partner_external_id
        where workspace_id = ?1 and external_id = ?2 and deleted_at is null order by id
        """;

    /// <summary>Reads nothing but the index. Parameters that are null find nothing.</summary>
    private static readonly string SelectHolders =
        "with sought (place, external_id) as (values " +
        string.Join(", ", Enumerable.Range(0, ReadTogether).Select(place => $"({place}, ?{place + 2})")) +
        ") select place, id from sought cross join partner indexed by partner_external_id using (external_id)" +
        " where workspace_id = ?1 and deleted_at is null";

    private static List<Partner> ReadByExternalId(SqliteDatabase database, long workspaceId, string externalId, DeletedPartners deleted)
    {
        var found = new List<Partner>();
        using var rows = database.Prepare(deleted == DeletedPartners.Without ? SelectLiveByExternalId : SelectByExternalId)
            .Bind(1, workspaceId).Bind(2, externalId).Query();
        while (rows.Step())
            found.Add(MapPartner(rows));
        return found;
    }

    /// <summary>Reads the partners that items match by external id, and notes who holds those external ids.</summary>
    /// <returns>The external ids that were looked up, sorted.</returns>
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
                for (var (i, together) = (0, 0); i < found.Count; i += together)
                {
                    var place = found[i].Place;
                    now.Hold(values[place], found[i].Id);
                    for (together = 1; i + together < found.Count && found[i + together].Place == place;)
                        together++;
                    if (together == 1)
                        yield return (found[i].Id, items[place]);
                    else
                        now.Match(items[place], [.. found.Skip(i).Take(together).Select(one => ReadPartner(database, workspaceId, one.Id)!)]);
                }
        }
    }

    /// <summary>Notes who holds the external ids that a change gives to partners.</summary>
    /// <param name="known">Those that are looked up already, sorted.</param>
    private void ReadClaimed(SqliteDatabase database, long workspaceId, Change change, string[] known, RowsNow now)
    {
        var claimed = change.Claimed(now).Where(value => Array.BinarySearch(known, value, StringComparer.Ordinal) < 0).ToArray();
        Array.Sort(claimed, StringComparer.Ordinal);
        foreach (var (place, id) in ReadHolders(database, workspaceId, claimed).SelectMany(part => part))
            now.Hold(claimed[place], id);
    }

    /// <summary>The live partners with these external ids, each with the place of its external id, in the same order and in parts.</summary>
    /// <param name="sorted">Sorted, so that the index's pages are touched one after the other.</param>
    private List<(int Place, Guid Id)>[] ReadHolders(SqliteDatabase database, long workspaceId, string[] sorted)
    {
        var parts = new List<(int Place, Guid Id)>[PartsOf(sorted.Length)];
        ReadInParts(database, sorted.Length, (reader, part, from, to) =>
        {
            var found = parts[part] = [];
            var select = reader.Prepare(SelectHolders);
            for (var i = from; i < to; i += ReadTogether)
            {
                select.Bind(1, workspaceId);
                for (var k = 0; k < ReadTogether; k++)
                    select.Bind(k + 2, i + k < to ? sorted[i + k] : null);
                using var rows = select.Query();
                while (rows.Step())
                    found.Add((i + (int)rows.Int64(0), rows.Guid(1)));
            }
        });
        return parts;
    }
}
