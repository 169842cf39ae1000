using Roster.Changes;
using Roster.Log;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Search;

namespace Roster.Storage.Sqlite;

/// <summary>Reads the log.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>
    /// Columns in the order of <see cref="MapChangeSet"/>. In the table they come before the changes, which lists do
    /// not read.
    /// </summary>
    private const string SelectHeads = """
        select revision, at, kind, key_id, request_id, created, updated, unchanged, deleted, restored, undoes,
            (select max(revision) from change_set as later indexed by change_set_undoes
                where later.workspace_id = ?1 and later.undoes = change_set.revision),
            (select import_id from import_part where workspace_id = ?1 and revision = change_set.revision),
            (select part from import_part where workspace_id = ?1 and revision = change_set.revision),
            (select parts from import_part where workspace_id = ?1 and revision = change_set.revision)
        from change_set
        """;

    private const string SelectChangeSets = SelectHeads + " where workspace_id = ?1 and revision < ?2 order by revision desc limit ?3";

    private const string SelectChangeSetsOfKind = SelectHeads + """
         indexed by change_set_kind where workspace_id = ?1 and revision < ?2 and kind = ?4 order by revision desc limit ?3
        """;

    private const string SelectChangeSetsOfKey = SelectHeads + """
         indexed by change_set_key where workspace_id = ?1 and revision < ?2 and kind = ?4 and key_id = ?5 order by revision desc limit ?3
        """;

    private const string SelectEnd = "select revision, changed_at from workspace where id = ?1";

    /// <summary>
    /// Columns in the order of <see cref="Show"/>. Changes up to 64 KiB come with the row; larger ones are read in
    /// pieces, since SQLite allocates memory for all columns of a row.
    /// </summary>
    private const string SelectShown = """
        select revision, at, kind, key_id, request_id, rowid, case when length(changes) <= 65536 then changes end, checksum
        from change_set
        """;

    private const string SelectLogged = SelectShown + " where workspace_id = ?1 and revision = ?2";

    private const string SelectLoggedAfter = SelectShown + " where workspace_id = ?1 and revision > ?2 order by revision";

    /// <summary>Without the changes, which come last in the table.</summary>
    private const string SelectCountsBetween = """
        select at, kind, key_id, created, updated, deleted, restored from change_set
        where workspace_id = ?1 and revision > ?2 and revision <= ?3
        """;

    private const string SelectRevisionAfter =
        "select revision from change_set where workspace_id = ?1 and revision > ?2 order by revision limit 1 offset ?3";

    private const string SelectLog =
        "select revision, at, kind, key_id, request_id, changes, checksum from change_set where workspace_id = ?1 and revision = ?2";

    public Task<Revision> FindEndAsync(long workspaceId, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database => ReadEnd(database, workspaceId)));

    private static Revision ReadEnd(SqliteDatabase database, long workspaceId)
    {
        using var row = database.Prepare(SelectEnd).Bind(1, workspaceId).Query();
        return row.Step() ? new Revision(row.Int64(0), row.Timestamp(1))
            : throw new InvalidOperationException("The workspace is gone while one of its keys is in use.");
    }

    public Task<IReadOnlyList<ChangeSet>> ListChangeSetsAsync(long workspaceId, ChangeSetQuery query, CancellationToken cancel) =>
        Task.FromResult(_readers.ReadTogether<IReadOnlyList<ChangeSet>>(database => query is { KeyId: not null, Kind: null }
            // By kind, so that one index serves a key with and without a kind. There are few kinds.
            ? [.. ChangeKind.All.SelectMany(kind => ReadChangeSets(database, workspaceId, query with { Kind = kind }))
                .OrderByDescending(changeSet => changeSet.Revision.Number).Take(query.Take)]
            : ReadChangeSets(database, workspaceId, query)));

    private static List<ChangeSet> ReadChangeSets(SqliteDatabase database, long workspaceId, ChangeSetQuery query)
    {
        var sql = query.KeyId is not null ? SelectChangeSetsOfKey : query.Kind is not null ? SelectChangeSetsOfKind : SelectChangeSets;
        var select = database.Prepare(sql)
            .Bind(1, workspaceId).Bind(2, query.Before ?? long.MaxValue).Bind(3, query.Take);
        if (query.Kind is not null)
            select.Bind(4, query.Kind);
        if (query.KeyId is not null)
            select.Bind(5, query.KeyId);
        var found = new List<ChangeSet>();
        using var rows = select.Query();
        // Times grow with revisions: stop at the first change set that is too old.
        while (rows.Step() && !(rows.Timestamp(1) < query.Since))
            found.Add(MapChangeSet(rows));
        return found;
    }

    private static ChangeSet MapChangeSet(SqliteStatement.Rows row) => new(
        new Revision(row.Int64(0), row.Timestamp(1)), row.Text(2), new Origin(row.Guid(3), row.Guid(4)),
        new ChangeCounts((int)row.Int64(5), (int)row.Int64(6), (int)row.Int64(7), (int)row.Int64(8), (int)row.Int64(9)),
        row.Int64OrNull(10), row.Int64OrNull(11),
        row.IsNull(12) ? null : new ImportMark(row.Guid(12), (int)row.Int64(13), (int)row.Int64(14)));

    public Task VisitLogAsync(long workspaceId, IReadOnlyCollection<long> revisions, LogVisitor visitor, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database =>
        {
            foreach (var revision in revisions.OrderDescending())
            {
                cancel.ThrowIfCancellationRequested();
                using var row = database.Prepare(SelectLogged).Bind(1, workspaceId).Bind(2, revision).Query();
                if (row.Step())
                    Show(database, row, visitor);
            }
            return true;
        }));

    public Task<ChangedPartners> ReadChangedAfterAsync(long workspaceId, long revision, int changes, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database =>
        {
            var changed = new ChangedPartners();
            using var rows = database.Prepare(SelectLoggedAfter).Bind(1, workspaceId).Bind(2, revision).Query();
            while (changed.Count < changes && rows.Step())
                Show(database, rows, changed);
            return changed;
        }));

    public async Task<Statistics> ReadStatisticsAsync(long workspaceId, int fromDay, CancellationToken cancel)
    {
        var index = await ReachNewestAsync(workspaceId, cancel);
        return index.Read(search => SqliteSearchQuery.Statistics(search, fromDay));
    }

    /// <summary>The revision of the change set that comes this many change sets later; null if there is none.</summary>
    internal static long? ReadRevisionAfter(SqliteDatabase database, long workspaceId, long revision, int changeSets)
    {
        using var row = database.Prepare(SelectRevisionAfter).Bind(1, workspaceId).Bind(2, revision).Bind(3, changeSets - 1).Query();
        return row.Step() ? row.Int64(0) : null;
    }

    /// <summary>The change sets after one revision and up to another, by day.</summary>
    internal static DayCounts ReadDayCounts(SqliteDatabase database, long workspaceId, long after, long upTo)
    {
        var counts = new DayCounts();
        using var rows = database.Prepare(SelectCountsBetween).Bind(1, workspaceId).Bind(2, after).Bind(3, upTo).Query();
        while (rows.Step())
            counts.Add(new DayCount(
                DayCount.DayOf(rows.Timestamp(0)), rows.Text(1), rows.Guid(2), 1,
                rows.Int64(3), rows.Int64(4), rows.Int64(5), rows.Int64(6)));
        return counts;
    }

    /// <summary>Shows a row of <see cref="SelectShown"/> to a visitor.</summary>
    private static void Show(SqliteDatabase database, SqliteStatement.Rows row, LogVisitor visitor)
    {
        visitor.Begin(new ChangeSetHead(new Revision(row.Int64(0), row.Timestamp(1)), row.Text(2), new Origin(row.Guid(3), row.Guid(4))));
        var checksum = row.Int64OrNull(7);
        if (row.IsNull(6))
        {
            using var decoder = new ChangeSetDecoder(visitor, checksum);
            if (database.ReadBlob("change_set", "changes", row.Int64(5), decoder.Write))
                decoder.Complete();
        }
        else
            ChangeEncoding.Show(row.Blob(6), visitor, checksum);
    }
}
