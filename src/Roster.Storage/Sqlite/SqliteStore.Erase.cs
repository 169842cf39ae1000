using Roster.Changes;

namespace Roster.Storage.Sqlite;

/// <summary>Removing values for good: of some partners everywhere, or of all from old change sets.</summary>
internal sealed partial class SqliteStore
{
    private const int ForgottenTogether = 100;

    private const string SelectOld = """
        select revision, changes from change_set
        where workspace_id = ?1 and revision > (select forgotten from workspace where id = ?1) and at < ?2 order by revision limit ?3
        """;

    private const string UpdateForgotten = "update workspace set forgotten = ?2 where id = ?1";

    private const string DeletePartner = "delete from partner where workspace_id = ?1 and id = ?2";

    private const string UpdateChanges = "update change_set set changes = ?3 where workspace_id = ?1 and revision = ?2";

    public Task<bool> ForgetValuesAsync(long workspaceId, Timestamp before, CancellationToken cancel) =>
        _writer.RunAsync(ForgottenTogether, database =>
        {
            var old = new List<(long Revision, byte[] Changes)>();
            using (var rows = database.Prepare(SelectOld).Bind(1, workspaceId).Bind(2, before).Bind(3, ForgottenTogether).Query())
                while (rows.Step())
                    old.Add((rows.Int64(0), rows.Blob(1).ToArray()));
            foreach (var (revision, changes) in old)
                WriteEntries(database, workspaceId, revision, Erasure.Blank(ChangeEncoding.Decode(changes), null).Entries);
            if (old.Count > 0)
                database.Prepare(UpdateForgotten).Bind(1, workspaceId).Bind(2, old[^1].Revision).Run();
            return old.Count == ForgottenTogether;
        }, cancel);

    /// <summary>Removes the partners of an erasure from the table, and their values from every change set that has some.</summary>
    private static void Erase(SqliteDatabase database, long workspaceId, ChangePlan plan)
    {
        var ids = plan.Changes.Select(change => change.After.Id).ToHashSet();
        foreach (var id in ids)
            database.Prepare(DeletePartner).Bind(1, workspaceId).Bind(2, id).Run();
        var toVisit = new SortedSet<long>(plan.Changes.Select(change => change.Before!.Revision));
        // Backwards, since each entry names an earlier change set.
        while (toVisit.Count > 0)
        {
            var revision = toVisit.Max;
            toVisit.Remove(revision);
            byte[] changes;
            using (var row = database.Prepare(SelectLog).Bind(1, workspaceId).Bind(2, revision).Query())
            {
                row.Step();
                changes = row.Blob(5).ToArray();
            }
            var (entries, earlier) = Erasure.Blank(ChangeEncoding.Decode(changes), ids.Contains);
            WriteEntries(database, workspaceId, revision, entries);
            toVisit.UnionWith(earlier.Select(one => one.Revision));
        }
    }

    private static void WriteEntries(SqliteDatabase database, long workspaceId, long revision, IReadOnlyList<LoggedChange> entries) =>
        database.Prepare(UpdateChanges)
            .Bind(1, workspaceId).Bind(2, revision).Bind(3, ChangeEncoding.EncodeAgain(entries)).Run();

    /// <summary>
    /// Makes the file anew without what was erased: SQLite leaves it in free pages and in gaps of others. Then empties the write-ahead log,
    /// which has the old pages too.
    /// </summary>
    private Task CleanFileAsync() => _writer.MaintainAsync(database =>
    {
        database.Execute("vacuum");
        database.ReadInt64("pragma wal_checkpoint(truncate)");
    });
}
