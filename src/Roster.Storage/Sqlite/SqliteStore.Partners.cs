using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Search;

namespace Roster.Storage.Sqlite;

/// <summary>Reading partners: by id, in creation order, or as the search index finds them.</summary>
internal sealed partial class SqliteStore
{
    internal static readonly string SelectPartner = $"select {PartnerColumns.Checked} from partner where workspace_id = ?1 and id = ?2";

    private const string UpdateChecksum = "update partner set checksum = ?3 where workspace_id = ?1 and id = ?2";

    private static readonly string SelectNewestFirst = $"""
        select {PartnerColumns.Checked} from partner
        where workspace_id = ?1 and id < ?2 and (?3 or deleted_at is null) order by id desc limit ?4 offset ?5
        """;

    private static readonly string SelectOldestFirst = $"""
        select {PartnerColumns.Checked} from partner
        where workspace_id = ?1 and id > ?2 and (?3 or deleted_at is null) order by id limit ?4 offset ?5
        """;

    private const string SelectLiveCount = "select live from workspace where id = ?1";

    private const string SelectRevision = "select revision from workspace where id = ?1";

    private const string SelectRequest = "select request_id from change_set where workspace_id = ?1 and revision = ?2";

    private const string SelectOfKindAfter = "select 1 from change_set where workspace_id = ?1 and kind = ?3 and revision > ?2 limit 1";

    private const string SelectChangesBetween =
        "select changes from change_set where workspace_id = ?1 and revision > ?2 and revision <= ?3";

    public Task<IReadOnlyDictionary<Guid, Partner>> FindAsync(long workspaceId, IEnumerable<Guid> ids, CancellationToken cancel) =>
        Task.FromResult(_readers.ReadTogether<IReadOnlyDictionary<Guid, Partner>>(database =>
        {
            var found = new Dictionary<Guid, Partner>();
            var text = new TextBudget();
            foreach (var id in ids)
            {
                if (ReadPartner(database, workspaceId, id) is not { } partner)
                    continue;
                text.Add(partner.Values);
                found[id] = partner;
            }
            return found;
        }));

    public Task<PartnerPage> ListAsync(long workspaceId, PartnerQuery query, CancellationToken cancel) =>
        ListPages.InPartsAsync(query, part => ListPartAsync(workspaceId, part, cancel));

    private async Task<PartnerPage> ListPartAsync(long workspaceId, PartnerQuery query, CancellationToken cancel)
    {
        var filter = query.Filter;
        if (filter.Id is { } id)
            return ListPages.Cut(query, _readers.Read(database => ReadPartner(database, workspaceId, id)) is { } one ? [one] : []);
        if (filter.ExternalId is { } externalId)
            return ListPages.Cut(query, _readers.Read(database => ReadByExternalId(database, workspaceId, externalId, filter.Deleted)));
        if (!ListPages.NeedSearch(query))
            return _readers.Read(database => ReadInCreationOrder(database, workspaceId, query));
        var index = await ReachNewestAsync(workspaceId, cancel);
        return await ListPages.SearchAsync(
            query,
            rest => Task.FromResult(index.Read(search => SqliteSearchQuery.Find(search, rest))),
            found => Task.FromResult(_readers.ReadTogether<IReadOnlyList<Partner?>>(
                database => [.. found.Select(one => ReadPartner(database, workspaceId, one.Id))])),
            cancel);
    }

    public async Task<IReadOnlyList<TermCount>> ListTermsAsync(
        long workspaceId, TermKind kind, string? after, int take, CancellationToken cancel)
    {
        var index = await ReachNewestAsync(workspaceId, cancel);
        return index.Read(search => SqliteSearchQuery.Terms(search, kind, after, take));
    }

    public async Task<long> CountAsync(long workspaceId, PartnerFilter filter, CancellationToken cancel)
    {
        if (filter == new PartnerFilter())
            return _readers.Read(database => ReadLive(database, workspaceId));
        if (filter.Id is not null || filter.ExternalId is not null)
        {
            var all = new PartnerQuery(filter, PartnerSort.CreatedAt, false, int.MaxValue - 1);
            return (await ListPartAsync(workspaceId, all, cancel)).Partners.Count;
        }
        var index = await ReachNewestAsync(workspaceId, cancel);
        return index.Read(search => SqliteSearchQuery.Count(search, filter));
    }

    public Task<IReadOnlyList<Guid>> AcceptAsync(long workspaceId, IReadOnlyCollection<Guid> ids, CancellationToken cancel) =>
        _writer.RunAsync<IReadOnlyList<Guid>>(ids.Count, database =>
        {
            var found = new List<Guid>();
            foreach (var id in ids)
                if (ReadUnchecked(database, workspaceId, id) is { } partner)
                {
                    database.Prepare(UpdateChecksum).Bind(1, workspaceId).Bind(2, id).Bind(3, Checksum.Of(partner)).Run();
                    found.Add(id);
                }
            return found;
        }, cancel);

    /// <exception cref="DamagedPartnerException">It is not as it was written.</exception>
    internal static Partner? ReadPartner(SqliteDatabase database, long workspaceId, Guid id)
    {
        using var row = database.Prepare(SelectPartner).Bind(1, workspaceId).Bind(2, id).Query();
        return row.Step() ? MapWhole(row) : null;
    }

    /// <summary>The partner as it is now, whether or not it is as it was written.</summary>
    internal static Partner? ReadUnchecked(SqliteDatabase database, long workspaceId, Guid id)
    {
        using var row = database.Prepare(SelectPartner).Bind(1, workspaceId).Bind(2, id).Query();
        return row.Step() ? MapPartner(row) : null;
    }

    internal static long ReadLive(SqliteDatabase database, long workspaceId)
    {
        using var row = database.Prepare(SelectLiveCount).Bind(1, workspaceId).Query();
        row.Step();
        return row.Int64(0);
    }

    internal static long ReadRevision(SqliteDatabase database, long workspaceId)
    {
        using var row = database.Prepare(SelectRevision).Bind(1, workspaceId).Query();
        return row.Step() ? row.Int64(0) : 0;
    }

    /// <summary>The request that made a revision; null where the log has no such revision.</summary>
    internal static Guid? ReadRequestOf(SqliteDatabase database, long workspaceId, long revision)
    {
        using var row = database.Prepare(SelectRequest)
            .Bind(1, workspaceId).Bind(2, revision).Query();
        return row.Step() ? row.Guid(0) : null;
    }

    /// <summary>Whether partners were erased after a revision.</summary>
    internal static bool HasErased(SqliteDatabase database, long workspaceId, long after)
    {
        using var row = database.Prepare(SelectOfKindAfter)
            .Bind(1, workspaceId).Bind(2, after).Bind(3, ChangeKind.Erase).Query();
        return row.Step();
    }

    /// <summary>The partners that were changed after one revision and up to another; null where they are more than this.</summary>
    internal static HashSet<Guid>? ReadChanged(SqliteDatabase database, long workspaceId, long after, long upTo, int max)
    {
        var changed = new HashSet<Guid>();
        using var rows = database.Prepare(SelectChangesBetween)
            .Bind(1, workspaceId).Bind(2, after).Bind(3, upTo).Query();
        while (rows.Step())
        {
            var ids = ChangeEncoding.DecodeIds(rows.Blob(0).ToArray());
            changed.EnsureCapacity(changed.Count + ids.Count);
            changed.UnionWith(ids);
            if (changed.Count > max)
                return null;
        }
        return changed;
    }

    /// <param name="row">Of <see cref="PartnerColumns.All"/>.</param>
    internal static Partner MapPartner(SqliteStatement.Rows row)
    {
        var values = new FieldTexts();
        for (var i = 0; i < FieldTexts.Length; i++)
            values[i] = row.TextOrNull(PartnerColumns.FirstValue + i);
        var rest = PartnerColumns.FirstOfServer;
        return new Partner(
            row.Guid(0), new PartnerValues(values),
            row.Timestamp(rest), row.Timestamp(rest + 1), row.TimestampOrNull(rest + 2), row.Int64(rest + 3));
    }

    /// <param name="row">Of <see cref="PartnerColumns.Checked"/>.</param>
    /// <exception cref="DamagedPartnerException">It is not as it was written.</exception>
    internal static Partner MapWhole(SqliteStatement.Rows row) =>
        PartnerColumns.Whole(MapPartner(row), row.Int64OrNull(PartnerColumns.OfChecksum));

    /// <summary>The search index, as soon as it shows all that is written now.</summary>
    private Task<SqliteSearchIndex> ReachNewestAsync(long workspaceId, CancellationToken cancel)
    {
        var search = _search
            ?? throw new StoreException(StoreTrouble.SearchBehind, _isReadOnly
                ? "The server was started with --read-only on, without the search index."
                : "There is no room on the disk to open the search index.");
        var newest = _readers.Read(database => ReadRevision(database, workspaceId));
        return search.IndexAtAsync(workspaceId, newest, cancel);
    }

    private static PartnerPage ReadInCreationOrder(SqliteDatabase database, long workspaceId, PartnerQuery query)
    {
        var partners = new List<Partner>();
        var from = query.After?.Id ?? (query.IsDescending ? Guid.AllBitsSet : Guid.Empty);
        using var rows = database.Prepare(query.IsDescending ? SelectNewestFirst : SelectOldestFirst)
            .Bind(1, workspaceId).Bind(2, from).Bind(3, query.Filter.Deleted == DeletedPartners.With ? 1 : 0)
            .Bind(4, query.Take + 1L).Bind(5, query.Skip).Query();
        while (rows.Step())
            partners.Add(MapWhole(rows));
        return ListPages.Page(query, partners);
    }
}
