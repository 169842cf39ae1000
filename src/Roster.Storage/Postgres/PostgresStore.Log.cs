using Npgsql;
using Roster.Changes;

namespace Roster.Storage.Postgres;

/// <summary>Reading the log.</summary>
internal sealed partial class PostgresStore
{
    private const string SelectEnd = "select revision, changed_at from log_end where workspace_id = $1";

    private const string SelectChangeSets = """
        select revision, at, kind, key_id, request_id, created, updated, unchanged, deleted, restored, undoes,
            (select max(revision) from change_set as later where workspace_id = $1 and later.undoes = change_set.revision)
        from change_set
        where workspace_id = $1 and revision < $2 and ($3::uuid is null or key_id = $3::uuid) and at >= $4 and ($5::text is null or kind = $5::text)
        order by revision desc limit $6
        """;

    private const string SelectLog =
        "select revision, at, kind, key_id, request_id, changes from change_set where workspace_id = $1 and revision = any ($2) order by revision";

    private const string SelectSizesAfter = """
        select revision, created + updated + deleted + restored from change_set where workspace_id = $1 and revision > $2 order by revision limit $3
        """;

    private const string SelectLogBetween = """
        select revision, at, kind, key_id, request_id, changes from change_set where workspace_id = $1 and revision > $2 and revision <= $3 order by revision
        """;

    public async Task<Revision> FindEndAsync(long workspaceId, CancellationToken cancel) => (await _database.ReadAsync(
        connection => connection.ListAsync(
            new PostgresStatement(SelectEnd, workspaceId), row => new Revision(row.GetInt64(0), row.Timestamp(1)), cancel), cancel))[0];

    public async Task<IReadOnlyList<ChangeSet>> ListChangeSetsAsync(long workspaceId, ChangeSetQuery query, CancellationToken cancel) =>
        await _database.ReadAsync(connection => connection.ListAsync(
            new PostgresStatement(
                SelectChangeSets, workspaceId, query.Before ?? long.MaxValue, query.KeyId, query.Since ?? default(Timestamp), query.Kind, (long)query.Take),
            row => new ChangeSet(
                new Revision(row.GetInt64(0), row.Timestamp(1)), row.GetString(2), new Origin(row.GetGuid(3), row.GetGuid(4)),
                new ChangeCounts(row.GetInt32(5), row.GetInt32(6), row.GetInt32(7), row.GetInt32(8), row.GetInt32(9)),
                row.Int64OrNull(10), row.Int64OrNull(11)),
            cancel), cancel);

    public async Task<IReadOnlyList<LoggedChangeSet>> ReadLogAsync(long workspaceId, IReadOnlyCollection<long> revisions, CancellationToken cancel) =>
        await _database.ReadAsync(
            connection => connection.ListAsync(new PostgresStatement(SelectLog, workspaceId, revisions.ToArray()), MapLogged, cancel), cancel);

    public async Task<IReadOnlyList<LoggedChangeSet>> ReadLogAfterAsync(long workspaceId, long revision, int changes, CancellationToken cancel) =>
        await _database.ReadAsync(async connection =>
        {
            var upTo = await FindUpToAsync(connection, workspaceId, revision, changes, changes, cancel);
            return upTo is null ? []
                : await connection.ListAsync(new PostgresStatement(SelectLogBetween, workspaceId, revision, upTo.Value), MapLogged, cancel);
        }, cancel);

    /// <summary>How far to read the log after a revision: to the change set with which there are so many changes, or so many change sets.</summary>
    /// <returns>Null where nothing comes after it.</returns>
    internal static async Task<long?> FindUpToAsync(
        NpgsqlConnection connection, long workspaceId, long after, long changes, long changeSets, CancellationToken cancel)
    {
        var sizes = await connection.ListAsync(
            new PostgresStatement(SelectSizesAfter, workspaceId, after, changeSets), row => (Revision: row.GetInt64(0), Changes: row.GetInt32(1)), cancel);
        var count = 0L;
        return sizes.Count == 0 ? null : sizes.FirstOrDefault(size => (count += size.Changes) >= changes, sizes[^1]).Revision;
    }

    private static LoggedChangeSet MapLogged(NpgsqlDataReader row) => new(
        new Revision(row.GetInt64(0), row.Timestamp(1)), row.GetString(2), new Origin(row.GetGuid(3), row.GetGuid(4)),
        ChangeEncoding.Decode(row.GetFieldValue<byte[]>(5)));
}
