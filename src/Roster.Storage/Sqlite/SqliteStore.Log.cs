using Roster.Changes;

namespace Roster.Storage.Sqlite;

/// <summary>Reading the log.</summary>
internal sealed partial class SqliteStore
{
    private const string SelectChangeSets = """
        select revision, at, kind, key_id, request_id, created, updated, unchanged, deleted, restored, undoes,
            (select max(revision) from change_set as later where later.workspace_id = ?1 and later.undoes = change_set.revision)
        from change_set
        where workspace_id = ?1 and revision < ?2 and (?3 is null or key_id = ?3) and at >= ?4 and (?5 is null or kind = ?5)
        order by revision desc limit ?6
        """;

    private const string SelectLog = "select revision, at, kind, key_id, request_id, changes from change_set where workspace_id = ?1 and revision = ?2";

    private const string SelectLogAfter = """
        select revision, at, kind, key_id, request_id, changes from change_set where workspace_id = ?1 and revision > ?2 order by revision
        """;

    public Task<Revision> FindEndAsync(long workspaceId, CancellationToken cancel) => Task.FromResult(_readers.Read(database => ReadEnd(database, workspaceId)));

    private static Revision ReadEnd(SqliteDatabase database, long workspaceId)
    {
        using var row = database.Prepare("select revision, changed_at from workspace where id = ?1").Bind(1, workspaceId).Query();
        return row.Step() ? new Revision(row.Int64(0), row.Timestamp(1))
            : throw new InvalidOperationException("The workspace is gone while one of its keys is in use.");
    }

    public Task<IReadOnlyList<ChangeSet>> ListChangeSetsAsync(long workspaceId, ChangeSetQuery query, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyList<ChangeSet>>(database =>
        {
            var found = new List<ChangeSet>();
            using var rows = database.Prepare(SelectChangeSets)
                .Bind(1, workspaceId).Bind(2, query.Before ?? long.MaxValue).Bind(3, query.KeyId).Bind(4, query.Since ?? default)
                .Bind(5, query.Kind).Bind(6, query.Take).Query();
            while (rows.Step())
                found.Add(new ChangeSet(
                    new Revision(rows.Int64(0), rows.Timestamp(1)), rows.Text(2), new Origin(rows.Guid(3), rows.Guid(4)),
                    new ChangeCounts((int)rows.Int64(5), (int)rows.Int64(6), (int)rows.Int64(7), (int)rows.Int64(8), (int)rows.Int64(9)),
                    rows.Int64OrNull(10), rows.Int64OrNull(11)));
            return found;
        }));

    public Task<IReadOnlyList<LoggedChangeSet>> ReadLogAsync(long workspaceId, IReadOnlyCollection<long> revisions, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyList<LoggedChangeSet>>(database =>
        {
            var found = new List<LoggedChangeSet>();
            foreach (var revision in revisions.Order())
            {
                using var row = database.Prepare(SelectLog).Bind(1, workspaceId).Bind(2, revision).Query();
                if (row.Step())
                    found.Add(MapLogged(row));
            }
            return found;
        }));

    public Task<IReadOnlyList<LoggedChangeSet>> ReadLogAfterAsync(long workspaceId, long revision, int changes, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyList<LoggedChangeSet>>(database =>
        {
            var found = new List<LoggedChangeSet>();
            using var rows = database.Prepare(SelectLogAfter).Bind(1, workspaceId).Bind(2, revision).Query();
            for (var count = 0; count < changes && rows.Step(); count += found[^1].Changes.Count)
                found.Add(MapLogged(rows));
            return found;
        }));

    private static LoggedChangeSet MapLogged(SqliteStatement.Rows row) => new(
        new Revision(row.Int64(0), row.Timestamp(1)), row.Text(2), new Origin(row.Guid(3), row.Guid(4)),
        ChangeEncoding.Decode(row.Blob(5).ToArray()));
}
