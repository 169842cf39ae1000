using Roster.Changes;
using Roster.Log;
using Roster.Storage.Sqlite.Connections;
using Roster.Storage.Sqlite.Writing;

namespace Roster.Storage.Sqlite;

/// <summary>Removing values for good: of some partners everywhere, or of all from old change sets.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>
    /// How many bytes of change sets are rewritten in one job of the writer: about 20,000 changes, some milliseconds. One change set is rewritten
    /// whatever its size, which is that of a batch.
    /// </summary>
    internal const int ForgottenBytes = 512 << 10;

    /// <summary>And how many change sets, each of which is a row somewhere else.</summary>
    internal const int ForgottenChangeSets = 1_000;

    private const string SelectForgotten = "select forgotten from workspace where id = ?1";

    private const string SelectOld = """
        select revision, at, changes from change_set where workspace_id = ?1 and revision > ?2 order by revision limit ?3
        """;

    private const string UpdateForgotten = "update workspace set forgotten = ?2 where id = ?1";

    private const string DeletePartner = "delete from partner where workspace_id = ?1 and id = ?2";

    private const string OweCleaning = "update upkeep set cleaning_owed = cleaning_owed + 1 where id = 1";

    private const string UpdateChanges = "update change_set set changes = ?3 where workspace_id = ?1 and revision = ?2";

    public async Task<ForgottenValues> ForgetValuesAsync(long workspaceId, Timestamp before, CancellationToken cancel)
    {
        var (from, upTo, hasMore) = (0L, 0L, false);
        var blanked = new List<(long Revision, byte[] Changes)>();
        var damaged = new List<long>();
        // Read, decoded and encoded beside the writer, which only has to write.
        _readers.ReadTogether(database =>
        {
            from = upTo = ReadForgotten(database, workspaceId);
            var (bytes, changeSets) = (0, 0);
            using var rows = database.Prepare(SelectOld).Bind(1, workspaceId).Bind(2, from).Bind(3, ForgottenChangeSets + 1).Query();
            // Times grow with revisions, so none that follows the first one that is not old enough is.
            while (rows.Step() && rows.Timestamp(1) < before)
            {
                cancel.ThrowIfCancellationRequested();
                var changes = rows.Blob(2).ToArray();
                hasMore = changeSets == ForgottenChangeSets || (changeSets > 0 && bytes + changes.Length > ForgottenBytes);
                if (hasMore)
                    break;
                if (Erasure.BlankAll(changes, out var isDamaged) is { } blank)
                    blanked.Add((rows.Int64(0), blank));
                if (isDamaged)
                    damaged.Add(rows.Int64(0));
                (upTo, bytes, changeSets) = (rows.Int64(0), bytes + changes.Length, changeSets + 1);
            }
            return true;
        });
        if (upTo == from)
            return new ForgottenValues(false, []);
        // Meanwhile an erasure may have taken values out of these change sets, but nothing ever adds any: without all of them it is the same.
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

    /// <summary>Removes the partners of an erasure from the table, and their values from every change set that has some.</summary>
    internal static void Erase(SqliteDatabase database, long workspaceId, ChangePlan plan)
    {
        var ids = plan.Changes.Select(change => change.After.Id).ToHashSet();
        foreach (var id in ids)
            database.Prepare(DeletePartner).Bind(1, workspaceId).Bind(2, id).Run();
        database.Execute(OweCleaning);
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
            WriteEntries(database, workspaceId, revision, ChangeEncoding.EncodeAgain(entries));
            toVisit.UnionWith(earlier.Select(one => one.Revision));
        }
    }

    private static void WriteEntries(SqliteDatabase database, long workspaceId, long revision, byte[] changes) =>
        database.Prepare(UpdateChanges).Bind(1, workspaceId).Bind(2, revision).Bind(3, changes).Run();
}
