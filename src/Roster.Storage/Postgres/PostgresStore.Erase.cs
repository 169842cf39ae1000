using Npgsql;
using Roster.Changes;

namespace Roster.Storage.Postgres;

/// <summary>Removing values for good: of some partners everywhere, or of all from old change sets.</summary>
internal sealed partial class PostgresStore
{
    private const int ForgottenTogether = 100;

    private const string DeletePartners = "delete from partner where workspace_id = $1 and id = any ($2)";

    private const string UpdateChanges = """
        update change_set set changes = n.changes from unnest($2::bigint[], $3::bytea[]) as n (revision, changes)
        where change_set.workspace_id = $1 and change_set.revision = n.revision
        """;

    private const string SelectForgotten = "select forgotten from log_end where workspace_id = $1 for update";

    private const string SelectOld = """
        select revision, changes from change_set where workspace_id = $1 and revision > $2 and at < $3 order by revision limit $4
        """;

    private const string UpdateForgotten = "update log_end set forgotten = $2 where workspace_id = $1";

    public async Task<ForgottenValues> ForgetValuesAsync(long workspaceId, Timestamp before, CancellationToken cancel)
    {
        var hasMore = false;
        var damaged = new List<long>();
        await _database.WriteAgainAsync(async connection =>
        {
            damaged.Clear();
            var forgotten = (await connection.ListAsync(new PostgresStatement(SelectForgotten, workspaceId), row => row.GetInt64(0), cancel))[0];
            var old = await connection.ListAsync(
                new PostgresStatement(SelectOld, workspaceId, forgotten, before, (long)ForgottenTogether),
                row => (Revision: row.GetInt64(0), Changes: Erasure.BlankAll(row.GetFieldValue<byte[]>(1), out var isDamaged), IsDamaged: isDamaged), cancel);
            hasMore = old.Count == ForgottenTogether;
            if (old.Count == 0)
                return;
            damaged.AddRange(old.Where(one => one.IsDamaged).Select(one => one.Revision));
            var blanked = old.Where(one => one.Changes is not null).ToList();
            await connection.RunAsync(cancel,
                new(UpdateChanges, workspaceId, blanked.Select(one => one.Revision).ToArray(), blanked.Select(one => one.Changes!).ToArray()),
                new(UpdateForgotten, workspaceId, old[^1].Revision));
        }, cancel);
        return new ForgottenValues(hasMore, damaged);
    }

    /// <summary>Removes the partners of an erasure from the table, and their values from every change set that has some.</summary>
    private static async Task EraseAsync(NpgsqlConnection connection, long workspaceId, ChangePlan plan)
    {
        var ids = plan.Changes.Select(change => change.After.Id).ToArray();
        var erased = ids.ToHashSet();
        await connection.RunAsync(CancellationToken.None, new PostgresStatement(DeletePartners, workspaceId, ids));
        var visited = new HashSet<long>();
        var toVisit = plan.Changes.Select(change => change.Before!.Revision).Distinct().ToArray();
        while (toVisit.Length > 0)
        {
            visited.UnionWith(toVisit);
            var blanked = (await connection.ListAsync(new PostgresStatement(SelectLog, workspaceId, toVisit), MapLogged, CancellationToken.None))
                .ConvertAll(changeSet => (changeSet.Revision.Number, Blank: Erasure.Blank(changeSet.Changes, erased.Contains)));
            await connection.RunAsync(CancellationToken.None, new PostgresStatement(
                UpdateChanges, workspaceId, blanked.Select(one => one.Number).ToArray(),
                blanked.Select(one => ChangeEncoding.EncodeAgain(one.Blank.Entries)).ToArray()));
            toVisit = [.. blanked.SelectMany(one => one.Blank.Earlier).Select(one => one.Revision).Distinct().Where(revision => !visited.Contains(revision))];
        }
    }

    /// <summary>Lets the server reuse, and so write over, the places where erased values were.</summary>
    private async Task VacuumAsync()
    {
        try
        {
            await _database.ReadAsync(connection => connection.RunAsync(CancellationToken.None, new PostgresStatement("vacuum partner, change_set")), CancellationToken.None);
        }
        catch (StoreException)
        {
            // Autovacuum comes by later.
        }
    }
}
