using Roster.Changes;
using Roster.Log;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Writing;

namespace Roster.Storage.Sqlite;

/// <summary>Removes values for good: of some partners everywhere, or all values from old change sets.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>
    /// Most bytes of change sets rewritten in one job of the writer: about 20,000 changes, some milliseconds. A single
    /// change set may be larger, up to the size of a batch.
    /// </summary>
    internal const int ForgottenBytes = 512 << 10;

    /// <summary>Most change sets rewritten in one job: each is a row on another page.</summary>
    internal const int ForgottenChangeSets = 1_000;

    private const string SelectForgotten = "select forgotten from workspace where id = ?1";

    private const string SelectOld = """
        select revision, at, changes, checksum from change_set where workspace_id = ?1 and revision > ?2 order by revision limit ?3
        """;

    private const string UpdateForgotten = "update workspace set forgotten = ?2 where id = ?1";

    private const string DeletePartner = "delete from partner where workspace_id = ?1 and id = ?2";

    private const string OweCleaning = "update upkeep set cleaning_owed = cleaning_owed + 1 where id = 1";

    private const string UpdateChanges =
        "update change_set set changes = ?3, checksum = ?4 where workspace_id = ?1 and revision = ?2";

    public async Task<ForgottenValues> ForgetValuesAsync(long workspaceId, Timestamp before, CancellationToken cancel)
    {
        var (from, upTo, hasMore) = (0L, 0L, false);
        var blanked = new List<(long Revision, byte[] Changes)>();
        var damaged = new List<long>();
        // Reading and encoding happen on another connection, so that the writer only writes.
        _readers.ReadTogether(database =>
        {
            from = upTo = ReadForgotten(database, workspaceId);
            var (bytes, changeSets) = (0, 0);
            using var rows = database.Prepare(SelectOld).Bind(1, workspaceId).Bind(2, from).Bind(3, ForgottenChangeSets + 1).Query();
            // Times grow with revisions: stop at the first change set that is too young.
            while (rows.Step() && rows.Timestamp(1) < before)
            {
                cancel.ThrowIfCancellationRequested();
                var changes = rows.Blob(2).ToArray();
                hasMore = changeSets == ForgottenChangeSets || (changeSets > 0 && bytes + changes.Length > ForgottenBytes);
                if (hasMore)
                    break;
                if (Erasure.BlankAll(changes, rows.Int64OrNull(3), out var isDamaged) is { } blank)
                    blanked.Add((rows.Int64(0), blank));
                if (isDamaged)
                    damaged.Add(rows.Int64(0));
                (upTo, bytes, changeSets) = (rows.Int64(0), bytes + changes.Length, changeSets + 1);
            }
            return true;
        });
        if (upTo == from)
            return new ForgottenValues(false, []);
        // An erasure may have changed these change sets meanwhile, but it only removes values, and all are removed
        // here.
        await _writer.RunAsync(SqliteWriter.MaxRowsTogether, database =>
        {
            if (ReadForgotten(database, workspaceId) != from)
                return false;
            foreach (var (revision, changes) in blanked)
                WriteEntries(database, workspaceId, revision, changes);
            database.Prepare(UpdateForgotten).Bind(1, workspaceId).Bind(2, upTo).Run();
            return true;
        }, cancel);
        return new ForgottenValues(hasMore, damaged);
    }

    private static long ReadForgotten(SqliteDatabase database, long workspaceId)
    {
        using var row = database.Prepare(SelectForgotten).Bind(1, workspaceId).Query();
        return row.Step() ? row.Int64(0) : 0;
    }

    /// <summary>Deletes the rows of erased partners, and removes their values from all change sets.</summary>
    internal static void Erase(SqliteDatabase database, long workspaceId, ChangePlan plan)
    {
        var ids = plan.Changes.Select(change => change.After.Id).ToHashSet();
        foreach (var id in ids)
            database.Prepare(DeletePartner).Bind(1, workspaceId).Bind(2, id).Run();
        database.Execute(OweCleaning);
        var toVisit = new SortedSet<long>(plan.Changes.Select(change => change.Before!.Revision));
        // Newest first: each entry names an earlier change set.
        while (toVisit.Count > 0)
        {
            var revision = toVisit.Max;
            toVisit.Remove(revision);
            IReadOnlyList<LoggedChange> logged;
            using (var row = database.Prepare(SelectLog).Bind(1, workspaceId).Bind(2, revision).Query())
            {
                row.Step();
                logged = ChangeEncoding.Decode(row.Blob(5).ToArray(), row.Int64OrNull(6));
            }
            var (entries, earlier) = Erasure.Blank(logged, ids.Contains);
            WriteEntries(database, workspaceId, revision, ChangeEncoding.EncodeAgain(entries));
            toVisit.UnionWith(earlier.Select(one => one.Revision));
        }
    }

    private static void WriteEntries(SqliteDatabase database, long workspaceId, long revision, byte[] changes) =>
        database.Prepare(UpdateChanges).Bind(1, workspaceId).Bind(2, revision).Bind(3, changes).Bind(4, Checksum.Of(changes)).Run();
}
