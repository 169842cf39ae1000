using Npgsql;
using Roster.Changes;
using Roster.Log;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres;

/// <summary>Removes values for good: of some partners everywhere, or all values from old change sets.</summary>
internal sealed partial class PostgresStore
{
    /// <summary>
    /// Change sets are rewritten in pieces: at most this many change sets, or <see cref="EntriesTogether"/> entries,
    /// though one change set can have more. This bounds the memory, and how long others wait for the workspace's log.
    /// </summary>
    private const int ChangeSetsTogether = 100;

    private const int EntriesTogether = 10_000;

    private const string DeletePartners = """
        delete from partner using unnest((select $2::uuid[])) as n (id) where partner.workspace_id = $1 and partner.id = n.id
        """;

    private const string UpdateChanges = """
        update change_set set changes = n.changes, checksum = n.checksum
        from unnest((select $2::bigint[]), (select $3::bytea[]), (select $4::bigint[])) as n (revision, changes, checksum)
        where change_set.workspace_id = $1 and change_set.revision = n.revision
        """;

    private const string SelectForgotten = "select forgotten from log_end where workspace_id = $1";

    private const string SelectSizesSince = """
        select revision, created + updated + deleted + restored, at from change_set where workspace_id = $1 and revision > $2
        order by revision limit (select $3::bigint)
        """;

    private const string SelectSizes = """
        select revision, created + updated + deleted + restored from unnest((select $2::bigint[])) as n (named) cross join lateral (
            select * from change_set where workspace_id = $1 and revision = n.named limit 1) as change_set
        order by revision desc
        """;

    private const string SelectChanges = """
        select revision, changes, checksum from unnest((select $2::bigint[])) as n (named) cross join lateral (
            select * from change_set where workspace_id = $1 and revision = n.named limit 1) as change_set
        """;

    private const string UpdateForgotten = "update log_end set forgotten = greatest(forgotten, $2) where workspace_id = $1";

    public async Task<ForgottenValues> ForgetValuesAsync(long workspaceId, Timestamp before, CancellationToken cancel)
    {
        var (hasMore, piece) = await _database.ReadAsync(
            async connection =>
            {
                var forgotten = await connection.OneAsync(
                    new PostgresStatement(SelectForgotten, workspaceId), row => row.GetInt64(0), cancel);
                var next = await connection.ListAsync(
                    new PostgresStatement(SelectSizesSince, workspaceId, forgotten, (long)ChangeSetsTogether),
                    row => (Size: MapSize(row), At: row.Timestamp(2)), cancel);
                // Times grow with revisions: stop at the first change set that is too young.
                var sizes = next.TakeWhile(one => one.At < before).Select(one => one.Size).ToList();
                if (sizes.Count == 0)
                    return (false, []);
                var first = Pieces(sizes).First();
                return (first.Length < sizes.Count || sizes.Count == ChangeSetsTogether, await connection.ListAsync(
                    new PostgresStatement(SelectChanges, workspaceId, first),
                    row => (
                        Revision: row.GetInt64(0),
                        Changes: Erasure.BlankAll(row.GetFieldValue<byte[]>(1), row.Int64OrNull(2), out var isDamaged),
                        IsDamaged: isDamaged),
                    cancel));
            },
            cancel);
        if (piece.Count == 0)
            return new ForgottenValues(false, []);
        var blank = piece.FindAll(one => one.Changes is not null);
        // The prepared bytes stay right until the log is locked: an erasure meanwhile only removes values, and they
        // have none.
        await _database.WriteAgainAsync(
            connection => connection.RunAsync(cancel,
            [
                new(PostgresDatabase.LockLogEnd, workspaceId),
                UpdateOf(workspaceId, [.. blank.Select(one => (one.Revision, one.Changes!))]),
                new(UpdateForgotten, workspaceId, piece.Max(one => one.Revision)),
            ]),
            cancel);
        return new ForgottenValues(hasMore, [.. piece.Where(one => one.IsDamaged).Select(one => one.Revision)]);
    }

    /// <summary>Deletes the rows of erased partners, and removes their values from all change sets.</summary>
    internal static async Task EraseAsync(NpgsqlConnection connection, long workspaceId, ChangePlan plan)
    {
        var ids = plan.Changes.Select(change => change.After.Id).ToArray();
        var erased = ids.ToHashSet();
        await connection.RunAsync(CancellationToken.None, new PostgresStatement(DeletePartners, workspaceId, ids));
        var visited = new HashSet<long>();
        var toVisit = new SortedSet<long>(plan.Changes.Select(change => change.Before!.Revision));
        // Newest first: each entry names an earlier change set.
        while (toVisit.Count > 0)
        {
            var next = toVisit.Reverse().Take(ChangeSetsTogether).ToArray();
            toVisit.ExceptWith(next);
            visited.UnionWith(next);
            foreach (var piece in next.Length == 1 ? [next] : Pieces(await connection.ListAsync(
                new PostgresStatement(SelectSizes, workspaceId, next), MapSize, CancellationToken.None)))
            {
                var blank = await ReadBlankAsync(connection, workspaceId, piece, erased);
                await connection.RunAsync(
                    CancellationToken.None, UpdateOf(workspaceId, [.. blank.Select(one => (one.Revision, one.Changes))]));
                toVisit.UnionWith(blank.SelectMany(one => one.Earlier).Where(revision => !visited.Contains(revision)));
            }
        }
    }

    private static PostgresStatement UpdateOf(long workspaceId, (long Revision, byte[] Changes)[] written) => new(
        UpdateChanges, workspaceId, Array.ConvertAll(written, one => one.Revision), Array.ConvertAll(written, one => one.Changes),
        Array.ConvertAll(written, one => Checksum.Of(one.Changes)));

    /// <summary>Splits change sets into pieces, each rewritten at once.</summary>
    private static IEnumerable<long[]> Pieces(IEnumerable<(long Revision, int Entries)> sizes)
    {
        var piece = new List<long>();
        var entries = 0;
        foreach (var size in sizes)
        {
            if (piece.Count > 0 && entries + size.Entries > EntriesTogether)
            {
                yield return [.. piece];
                piece.Clear();
                entries = 0;
            }
            piece.Add(size.Revision);
            entries += size.Entries;
        }
        if (piece.Count > 0)
            yield return [.. piece];
    }

    /// <returns>The change sets without these partners' values, and the change sets that wrote those values.</returns>
    private static Task<List<(long Revision, byte[] Changes, long[] Earlier)>> ReadBlankAsync(
        NpgsqlConnection connection, long workspaceId, long[] revisions, HashSet<Guid> erased) => connection.ListAsync(
            new PostgresStatement(SelectChanges, workspaceId, revisions),
            row =>
            {
                var logged = ChangeEncoding.Decode(row.GetFieldValue<byte[]>(1), row.Int64OrNull(2));
                var (entries, earlier) = Erasure.Blank(logged, erased.Contains);
                return (row.GetInt64(0), ChangeEncoding.EncodeAgain(entries), earlier.Select(one => one.Revision).Distinct().ToArray());
            },
            CancellationToken.None);

    private static (long Revision, int Entries) MapSize(NpgsqlDataReader row) => (row.GetInt64(0), row.GetInt32(1));
}
