using Npgsql;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Search;
using Roster.Storage.Postgres.Writing;

namespace Roster.Storage.Postgres;

/// <summary>Reading partners: by id, in creation order, or as the search index finds them.</summary>
internal sealed partial class PostgresStore
{
    /// <summary>
    /// By ids, none of them twice. Looked up one by one (lateral, with a limit): joined, or asked for by "= any", they
    /// are found by reading the whole workspace where the planner knows too little. "select $2" hides from it that they
    /// are thousands: it would only plan for them longer.
    /// </summary>
    internal static readonly string SelectNamed = $"""
        select {PartnerColumns.Checked} from unnest((select $2::uuid[])) as n (named) cross join lateral (
            select {PartnerColumns.Checked} from partner where workspace_id = $1 and id = n.named limit 1) as partner
        """;

    private static readonly string SelectNewestFirst = $"""
        select {PartnerColumns.Checked} from partner
        where workspace_id = $1 and id < $2 and ((select $3::boolean) or deleted_at is null)
        order by id desc limit (select $4::bigint) offset $5
        """;

    private static readonly string SelectOldestFirst = $"""
        select {PartnerColumns.Checked} from partner
        where workspace_id = $1 and id > $2 and ((select $3::boolean) or deleted_at is null)
        order by id limit (select $4::bigint) offset $5
        """;

    /// <summary>
    /// The deleted ones that had an external id last, in any order: they have an index of their own, so that none of
    /// them is in a live one's way.
    /// </summary>
    private static readonly string SelectDeletedWith = $"""
        select {PartnerColumns.Checked} from partner where workspace_id = $1 and external_id = $2 and deleted_at is not null
        """;

    internal const string SelectLive = "select live from log_end where workspace_id = $1";

    private const string UpdateChecksums = """
        update partner set checksum = n.checksum from unnest((select $2::uuid[]), (select $3::bigint[])) as n (id, checksum)
        where partner.workspace_id = $1 and partner.id = n.id
        """;

    public async Task<IReadOnlyList<Guid>> AcceptAsync(long workspaceId, IReadOnlyCollection<Guid> ids, CancellationToken cancel)
    {
        List<Partner> found = [];
        // With the log locked, no write changes them meanwhile.
        await _database.WriteAgainAsync(async connection =>
        {
            await connection.RunAsync(cancel, new PostgresStatement(PostgresDatabase.LockLogEnd, workspaceId));
            found = await connection.ListAsync(new(SelectNamed, workspaceId, ids.Order().ToArray()), MapPartner, cancel);
            await connection.RunAsync(cancel, new PostgresStatement(
                UpdateChecksums, workspaceId, found.ConvertAll(one => one.Id).ToArray(), found.ConvertAll(Checksum.Of).ToArray()));
        }, cancel);
        return found.ConvertAll(partner => partner.Id);
    }

    public async Task<IReadOnlyDictionary<Guid, Partner>> FindAsync(long workspaceId, IEnumerable<Guid> ids, CancellationToken cancel) =>
        await FindAsync(workspaceId, ids.Distinct().ToArray(), cancel);

    public Task<PartnerPage> ListAsync(long workspaceId, PartnerQuery query, CancellationToken cancel) =>
        ListPages.InPartsAsync(query, part => ListPartAsync(workspaceId, part, cancel));

    private async Task<PartnerPage> ListPartAsync(long workspaceId, PartnerQuery query, CancellationToken cancel)
    {
        var filter = query.Filter;
        if (filter.Id is { } id)
            return ListPages.Cut(query, (await FindAsync(workspaceId, [id], cancel)).Values);
        if (filter.ExternalId is { } externalId)
            return ListPages.Cut(query, [
                .. filter.Deleted == DeletedPartners.Only ? []
                    : await ListAsync(new PostgresStatement(PostgresRowReader.SelectHolders, workspaceId, new[] { externalId }), cancel),
                .. filter.Deleted == DeletedPartners.Without ? []
                    : await ListAsync(new PostgresStatement(SelectDeletedWith, workspaceId, externalId), cancel)]);
        if (!ListPages.NeedSearch(query))
            return ListPages.Page(query, await ListInCreationOrderAsync(workspaceId, query, cancel));
        await Search.ReachNewestAsync(workspaceId, cancel);
        return await ListPages.SearchAsync(query, rest => Search.FindAsync(workspaceId, rest, cancel), ReadAsync, cancel);

        async Task<IReadOnlyList<Partner?>> ReadAsync(IReadOnlyList<PartnerCursor> found)
        {
            var partners = found.Count == 0 ? [] : await FindAsync(workspaceId, found.Select(one => one.Id).ToArray(), cancel);
            return [.. found.Select(one => partners.GetValueOrDefault(one.Id))];
        }
    }

    public async Task<IReadOnlyList<TermCount>> ListTermsAsync(
        long workspaceId, TermKind kind, string? after, int take, CancellationToken cancel)
    {
        await Search.ReachNewestAsync(workspaceId, cancel);
        return await Search.TermsAsync(workspaceId, kind, after, take, cancel);
    }

    public async Task<long> CountAsync(long workspaceId, PartnerFilter filter, CancellationToken cancel)
    {
        if (filter == new PartnerFilter())
            return await _database.ReadAsync(
                connection => connection.OneAsync(new PostgresStatement(SelectLive, workspaceId), row => row.GetInt64(0), cancel), cancel);
        if (filter.Id is not null || filter.ExternalId is not null)
        {
            var all = new PartnerQuery(filter, PartnerSort.CreatedAt, false, int.MaxValue - 1);
            return (await ListPartAsync(workspaceId, all, cancel)).Partners.Count;
        }
        await Search.ReachNewestAsync(workspaceId, cancel);
        return await Search.CountAsync(workspaceId, filter, cancel);
    }

    /// <param name="row">Of <see cref="PartnerColumns.All"/>.</param>
    internal static Partner MapPartner(NpgsqlDataReader row)
    {
        var values = new FieldTexts();
        for (var i = 0; i < FieldTexts.Length; i++)
            values[i] = row.TextOrNull(PartnerColumns.FirstValue + i);
        var rest = PartnerColumns.FirstOfServer;
        return new Partner(
            row.GetGuid(0), new PartnerValues(values),
            row.Timestamp(rest), row.Timestamp(rest + 1), row.TimestampOrNull(rest + 2), row.GetInt64(rest + 3));
    }

    /// <param name="row">Of <see cref="PartnerColumns.Checked"/>.</param>
    /// <exception cref="DamagedPartnerException">It is not as it was written.</exception>
    internal static Partner MapWhole(NpgsqlDataReader row) =>
        PartnerColumns.Whole(MapPartner(row), row.Int64OrNull(PartnerColumns.OfChecksum));

    private async Task<Dictionary<Guid, Partner>> FindAsync(long workspaceId, Guid[] ids, CancellationToken cancel) =>
        (await ListAsync(new PostgresStatement(SelectNamed, workspaceId, ids), cancel)).ToDictionary(partner => partner.Id);

    private Task<List<Partner>> ListInCreationOrderAsync(long workspaceId, PartnerQuery query, CancellationToken cancel)
    {
        var from = query.After?.Id ?? (query.IsDescending ? Guid.AllBitsSet : Guid.Empty);
        return ListAsync(new PostgresStatement(
            query.IsDescending ? SelectNewestFirst : SelectOldestFirst,
            workspaceId, from, query.Filter.Deleted == DeletedPartners.With, query.Take + 1L, (long)query.Skip), cancel);
    }

    /// <summary>Reads partners, at most as much text as one request may.</summary>
    internal static Task<List<Partner>> ListAsync(NpgsqlConnection connection, PostgresStatement statement, CancellationToken cancel)
    {
        var text = new TextBudget();
        return connection.ListAsync(
            statement,
            row =>
            {
                var partner = MapWhole(row);
                text.Add(partner.Values);
                return partner;
            },
            cancel);
    }

    private Task<List<Partner>> ListAsync(PostgresStatement statement, CancellationToken cancel) =>
        _database.ReadAsync(connection => ListAsync(connection, statement, cancel), cancel);

    private PostgresSearch Search => _search ?? throw new InvalidOperationException("Only a server searches.");
}
