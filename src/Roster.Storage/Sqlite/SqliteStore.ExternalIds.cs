using Roster.Partners;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite;

/// <summary>
/// Finds partners by external id. Each statement names the index: without statistics, SQLite would read the whole
/// workspace by the primary key.
/// </summary>
internal sealed partial class SqliteStore
{
    private static readonly string SelectByExternalId = $"""
        select {PartnerColumns.Checked} from partner indexed by partner_external_id where workspace_id = ?1 and external_id = ?2 order by id
        """;

    private static readonly string SelectLiveByExternalId = $"""
        select {PartnerColumns.Checked} from partner indexed by partner_external_id
        where workspace_id = ?1 and external_id = ?2 and deleted_at is null order by id
        """;

    private static List<Partner> ReadByExternalId(SqliteDatabase database, long workspaceId, string externalId, DeletedPartners deleted)
    {
        var found = new List<Partner>();
        using var rows = database.Prepare(deleted == DeletedPartners.Without ? SelectLiveByExternalId : SelectByExternalId)
            .Bind(1, workspaceId).Bind(2, externalId).Query();
        while (rows.Step())
            found.Add(MapWhole(rows));
        return found;
    }
}
