using System.Buffers;
using Npgsql;
using Roster.Changes;
using Roster.Log;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres;

/// <summary>Reads the log.</summary>
internal sealed partial class PostgresStore
{
    /// <summary>Bytes of a buffer, below .NET's limit for large objects (85,000 bytes).</summary>
    private const int PieceBytes = 64 << 10;

    internal const string SelectEnd = "select revision, changed_at from log_end where workspace_id = $1";

    private const string Heads = "revision, at, kind, key_id, request_id, created, updated, unchanged, deleted, restored, undoes";

    /// <summary>
    /// Columns in the order of <see cref="MapChangeSet"/>, from a page named found. The newest undo is looked up by
    /// index, for the page alone.
    /// </summary>
    private const string HeadsFound = $"""
        {Heads}, (
            select later.revision from change_set as later
            where later.workspace_id = $1 and later.undoes = found.revision order by later.revision desc limit 1) as undone_by,
            (select part.import_id from import_part as part where part.workspace_id = $1 and part.revision = found.revision),
            (select part.part from import_part as part where part.workspace_id = $1 and part.revision = found.revision),
            (select part.parts from import_part as part where part.workspace_id = $1 and part.revision = found.revision)
        """;

    /// <summary>
    /// The planner cannot see a limit in a subquery, so it reads in index order. A visible limit may make it sort the
    /// whole workspace, if it lacks statistics and assumes a small one.
    /// </summary>
    private const string SelectChangeSets = $"""
        select {HeadsFound}
        from (
            select {Heads} from change_set
            where workspace_id = $1 and revision < $2 order by revision desc limit (select $3::bigint)) as found
        order by found.revision desc
        """;

    /// <summary>
    /// As a range of its index, in index order: with "kind =", the planner may read the whole log for a rare kind.
    /// </summary>
    private const string SelectChangeSetsOfKind = $"""
        select {HeadsFound}
        from (
            select {Heads} from change_set
            where workspace_id = $1 and (kind, revision) < ($4, $2) and (kind, revision) >= ($4, 0)
            order by kind desc, revision desc limit (select $3::bigint)) as found
        order by found.revision desc
        """;

    /// <summary>
    /// Change sets of one key: a page of each kind, so that one index serves a key with and without a kind. There are
    /// few kinds.
    /// </summary>
    private const string SelectChangeSetsOfKey = $"""
        select {HeadsFound}
        from (
            select one.* from unnest($5::text[]) as k (kind) cross join lateral (
                select {Heads} from change_set
                where workspace_id = $1 and (key_id, kind, revision) < ($4, k.kind, $2) and (key_id, kind, revision) >= ($4, k.kind, 0)
                order by key_id desc, kind desc, revision desc limit (select $3::bigint)) as one
            order by one.revision desc limit $3) as found
        order by found.revision desc
        """;

    private const string SelectLog = """
        select revision, at, kind, key_id, request_id, checksum, changes
        from unnest((select $2::bigint[])) as n (named) cross join lateral (
            select * from change_set where workspace_id = $1 and revision = n.named limit 1) as change_set
        order by revision
        """;

    private const string SelectLogBackwards = SelectLog + " desc";

    private const string SelectSizesAfter = """
        select revision, created + updated + deleted + restored from change_set where workspace_id = $1 and revision > $2
        order by revision limit (select $3::bigint)
        """;

    private const string SelectLogBetween = """
        select revision, at, kind, key_id, request_id, checksum, changes from change_set
        where workspace_id = $1 and revision > $2 and revision <= $3 order by revision
        """;

    public Task<Revision> FindEndAsync(long workspaceId, CancellationToken cancel) => _database.ReadAsync(
        connection => connection.OneAsync(
            new PostgresStatement(SelectEnd, workspaceId), row => new Revision(row.GetInt64(0), row.Timestamp(1)), cancel), cancel);

    public async Task<IReadOnlyList<ChangeSet>> ListChangeSetsAsync(long workspaceId, ChangeSetQuery query, CancellationToken cancel)
    {
        var (before, take) = (query.Before ?? long.MaxValue, (long)query.Take);
        var statement = query switch
        {
            { KeyId: { } keyId } => new PostgresStatement(
                SelectChangeSetsOfKey, workspaceId, before, take, keyId, query.Kind is { } one ? [one] : ChangeKind.All.ToArray<string?>()),
            { Kind: { } kind } => new PostgresStatement(SelectChangeSetsOfKind, workspaceId, before, take, kind),
            _ => new PostgresStatement(SelectChangeSets, workspaceId, before, take),
        };
        var page = query is { KeyId: null, Kind: null }
            ? await _database.ReadAsync(ReadAsync, cancel) : await _database.ReadPlannedWithoutValuesAsync(ReadAsync, cancel);
        // Times grow with revisions: stop at the first change set that is too old.
        return query.Since is { } since ? [.. page.TakeWhile(changeSet => changeSet.Revision.At >= since)] : page;

        Task<List<ChangeSet>> ReadAsync(NpgsqlConnection connection) => connection.ListAsync(statement, MapChangeSet, cancel);
    }

    public async Task VisitLogAsync(long workspaceId, IReadOnlyCollection<long> revisions, LogVisitor visitor, CancellationToken cancel) =>
        await _database.ReadAsync(
            connection =>
                ShowAsync(connection, new PostgresStatement(SelectLogBackwards, workspaceId, revisions.ToArray()), visitor, cancel),
            cancel);

    public async Task<ChangedPartners> ReadChangedAfterAsync(long workspaceId, long revision, int changes, CancellationToken cancel) =>
        await _database.ReadAsync(async connection =>
        {
            var changed = new ChangedPartners();
            if (await FindUpToAsync(connection, workspaceId, revision, changes, changes, cancel) is { } upTo)
                await ShowAsync(connection, new PostgresStatement(SelectLogBetween, workspaceId, revision, upTo), changed, cancel);
            return changed;
        }, cancel);

    public Task<Statistics> ReadStatisticsAsync(long workspaceId, int fromDay, CancellationToken cancel) =>
        Search.StatisticsAsync(workspaceId, fromDay, cancel);

    /// <summary>Shows change sets to a visitor as their bytes arrive.</summary>
    private static async Task<bool> ShowAsync(
        NpgsqlConnection connection, PostgresStatement statement, LogVisitor visitor, CancellationToken cancel)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            await using var rows = await connection.QueryInPiecesAsync(statement, cancel);
            while (await rows.ReadAsync(cancel))
            {
                visitor.Begin(new ChangeSetHead(
                    new Revision(rows.GetInt64(0), rows.Timestamp(1)), rows.GetString(2), new Origin(rows.GetGuid(3), rows.GetGuid(4))));
                using var decoder = new ChangeSetDecoder(visitor, rows.Int64OrNull(5));
                await using var changes = await rows.GetStreamAsync(6, cancel);
                var isWanted = true;
                while (isWanted && await changes.ReadAsync(piece.AsMemory(0, PieceBytes), cancel) is > 0 and var length)
                    isWanted = decoder.Write(piece.AsSpan(0, length));
                if (isWanted)
                    decoder.Complete();
            }
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>
    /// How far to read the log after a revision: until this many changes or change sets, whichever comes first.
    /// </summary>
    /// <returns>The last revision to read; null if there is none.</returns>
    internal static async Task<long?> FindUpToAsync(
        NpgsqlConnection connection, long workspaceId, long after, long changes, long changeSets, CancellationToken cancel)
    {
        var sizes = await connection.ListAsync(
            new PostgresStatement(SelectSizesAfter, workspaceId, after, changeSets),
            row => (Revision: row.GetInt64(0), Changes: row.GetInt32(1)),
            cancel);
        var count = 0L;
        return sizes.Count == 0 ? null : sizes.FirstOrDefault(size => (count += size.Changes) >= changes, sizes[^1]).Revision;
    }

    private static ChangeSet MapChangeSet(NpgsqlDataReader row) => new(
        new Revision(row.GetInt64(0), row.Timestamp(1)), row.GetString(2), new Origin(row.GetGuid(3), row.GetGuid(4)),
        new ChangeCounts(row.GetInt32(5), row.GetInt32(6), row.GetInt32(7), row.GetInt32(8), row.GetInt32(9)),
        row.Int64OrNull(10), row.Int64OrNull(11),
        row.IsDBNull(12) ? null : new ImportMark(row.GetGuid(12), row.GetInt32(13), row.GetInt32(14)));
}
