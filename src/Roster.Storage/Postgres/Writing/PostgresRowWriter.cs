using Npgsql;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres.Writing;

/// <summary>Writes, in a write's transaction, what plans leave: rows, the log's end, and change sets, in one or two round trips.</summary>
internal static class PostgresRowWriter
{
    /// <summary>Rows in one statement.</summary>
    private const int SentTogether = 2_500;

    /// <summary>Up to this many rows, a round trip takes longer than what could be done meanwhile.</summary>
    private const int WrittenInOneTrip = 200;

    /// <summary>
    /// Selected from the row of the workspace's log, too, so that Citus sees on which node they belong: rows that come out of arrays alone it collects
    /// on its coordinator first, and then commits in two phases.
    /// </summary>
    private static readonly string InsertPartners = $"""
        insert into partner (workspace_id, {PartnerColumns.All})
        select e.workspace_id, n.id, {PartnerColumns.Each(column => "n." + column)},
            coalesce(n.created_at, ${Rest + 4}), coalesce(n.updated_at, ${Rest + 5}), n.deleted_at, coalesce(n.revision, ${Rest + 6})
        from log_end as e, unnest($2::uuid[], {PartnerColumns.Each((_, i) => $"${FirstValue + i}::text[]")},
            ${Rest}::bigint[], ${Rest + 1}::bigint[], ${Rest + 2}::bigint[], ${Rest + 3}::bigint[])
            as n ({PartnerColumns.All})
        where e.workspace_id = $1
        """;

    /// <summary>
    /// The planner takes arrays that it does not see ("select $2") for ten rows, and finds each by its key; or reads the whole workspace, where that
    /// is small. Where it sees that they are thousands, it reads the whole of a large one, too.
    /// </summary>
    private static readonly string UpdatePartners = $"""
        update partner set {PartnerColumns.Each(column => $"{column} = n.{column}")},
            updated_at = coalesce(n.updated_at, ${Rest + 3}), deleted_at = n.deleted_at, revision = coalesce(n.revision, ${Rest + 4})
        from unnest((select $2::uuid[]), {PartnerColumns.Each((_, i) => $"(select ${FirstValue + i}::text[])")},
                (select ${Rest}::bigint[]), (select ${Rest + 1}::bigint[]), (select ${Rest + 2}::bigint[]))
            as n (id, {PartnerColumns.Each(column => column)}, updated_at, deleted_at, revision)
        where partner.workspace_id = $1 and partner.id = n.id
        """;

    /// <summary>The parameter of the first value's column in what is written; workspace and ids come before it.</summary>
    private const int FirstValue = 3;

    /// <summary>The parameter behind the values' columns.</summary>
    private const int Rest = FirstValue + FieldTexts.Length;

    private const string UpdateLogEnd =
        "update log_end set revision = $3, changed_at = $4, live = live + $5 where workspace_id = $1 and revision = $2";

    private const string InsertChangeSets = """
        insert into change_set
            (workspace_id, revision, kind, key_id, request_id, created, updated, unchanged, deleted, restored, at, undoes, changes)
        select e.workspace_id, n.revision, n.kind, n.key_id, n.request_id, n.created, n.updated, n.unchanged, n.deleted, n.restored, n.at, n.undoes,
            n.changes
        from log_end as e, unnest($2::bigint[], $3::text[], $4::uuid[], $5::uuid[], $6::int[], $7::int[], $8::int[], $9::int[], $10::int[],
            $11::bigint[], $12::bigint[], $13::bytea[])
            as n (revision, kind, key_id, request_id, created, updated, unchanged, deleted, restored, at, undoes, changes)
        where e.workspace_id = $1
        """;

    /// <summary>Sends what plans leave. Nobody sees it before the commit.</summary>
    /// <param name="written">In the order of their revisions.</param>
    public static async Task SendAsync(
        NpgsqlConnection connection, long workspaceId, (ChangePlan Plan, WriteRequest Request)[] written)
    {
        var isErasure = written[0].Plan.Kind == ChangeKind.Erase;
        if (isErasure)
            await PostgresStore.EraseAsync(connection, workspaceId, written[0].Plan);
        var (created, updated) = Outcome(isErasure ? [] : [.. written.Select(one => one.Plan)]);
        var end = written[^1].Plan.Revision;
        // In parts, all in one round trip: the database writes the first while the others are still being sent.
        PostgresStatement[] rows =
        [
            .. created.Chunk(SentTogether).Select(part => Insert(workspaceId, part)),
            .. updated.Chunk(SentTogether).Select(part => Update(workspaceId, part)),
            new(UpdateLogEnd, workspaceId, written[0].Plan.Revision.Number - 1, end.Number, end.At,
                written.Sum(one => (long)(one.Plan.Created + one.Plan.Restored - one.Plan.Deleted))),
        ];
        // Many rows go ahead, in a round trip of their own: the database writes them while the log's entries are encoded.
        var ahead = created.Length + updated.Length > WrittenInOneTrip ? connection.RunAsync(CancellationToken.None, rows) : null;
        var changes = Task.Run(() => Array.ConvertAll(written, one => ChangeEncoding.Encode(one.Plan)));
        var count = ahead is null ? 0 : await ahead;
        var log = LogOf(workspaceId, written, await changes);
        count += await connection.RunAsync(CancellationToken.None, ahead is null ? [.. rows, log] : [log]);
        if (count != created.Length + updated.Length + 1 + written.Length)
            throw new StoreException(StoreTrouble.Damaged,
                $"PostgreSQL wrote {count} rows instead of {created.Length + updated.Length + 1 + written.Length}: an index is damaged, or a trigger "
                + "changes what is written. Nothing was written; look at its triggers, and rebuild its indexes with reindex.");
    }

    private static PostgresStatement LogOf(long workspaceId, (ChangePlan Plan, WriteRequest Request)[] written, byte[][] changes) =>
        new(
            InsertChangeSets, workspaceId,
            written.Select(one => one.Plan.Revision.Number).ToArray(),
            written.Select(one => one.Plan.Kind).ToArray(),
            written.Select(one => one.Request.Origin.KeyId).ToArray(),
            written.Select(one => one.Request.Origin.RequestId).ToArray(),
            written.Select(one => one.Plan.Created).ToArray(),
            written.Select(one => one.Plan.Updated).ToArray(),
            written.Select(one => one.Plan.Unchanged).ToArray(),
            written.Select(one => one.Plan.Deleted).ToArray(),
            written.Select(one => one.Plan.Restored).ToArray(),
            written.Select(one => one.Plan.Revision.At.Microseconds).ToArray(),
            written.Select(one => one.Request.Change.Undoes).ToArray(),
            changes);

    /// <summary>The partners as the plans leave them, each once, in id order, as they lie in the table.</summary>
    private static (Partner[] Created, Partner[] Updated) Outcome(IReadOnlyList<ChangePlan> plans)
    {
        // One plan alone has each once already.
        IEnumerable<(bool IsNew, Partner Partner)> after =
            plans.Count == 1 ? plans[0].Changes.Select(change => (change.Before is null, change.After)) : Last(plans);
        return (Those(areNew: true), Those(areNew: false));

        Partner[] Those(bool areNew)
        {
            Partner[] those = [.. after.Where(one => one.IsNew == areNew).Select(one => one.Partner)];
            using var order = new IdOrder(those.Select((partner, place) => (partner.Id, place)), those.Length);
            return [.. order.Places.Select(place => those[place])];
        }
    }

    /// <summary>Each partner as the last plan that changes it leaves it, and whether one of them creates it.</summary>
    private static (bool IsNew, Partner Partner)[] Last(IEnumerable<ChangePlan> plans)
    {
        var after = new Dictionary<Guid, (bool IsNew, Partner Partner)>();
        foreach (var change in plans.SelectMany(plan => plan.Changes))
            after[change.After.Id] = (change.Before is null || (after.TryGetValue(change.After.Id, out var earlier) && earlier.IsNew), change.After);
        return [.. after.Values];
    }

    private static PostgresStatement Insert(long workspaceId, Partner[] partners) => new(
        InsertPartners,
        [
            workspaceId, Array.ConvertAll(partners, partner => partner.Id), .. ValueColumns(partners),
            Differing(partners, partner => partner.CreatedAt.Microseconds), Differing(partners, partner => partner.UpdatedAt.Microseconds),
            Column(partners, partner => partner.DeletedAt?.Microseconds), Differing(partners, partner => partner.Revision),
            partners[0].CreatedAt, partners[0].UpdatedAt, partners[0].Revision,
        ]);

    private static PostgresStatement Update(long workspaceId, Partner[] partners) => new(
        UpdatePartners,
        [
            workspaceId, Array.ConvertAll(partners, partner => partner.Id), .. ValueColumns(partners),
            Differing(partners, partner => partner.UpdatedAt.Microseconds), Column(partners, partner => partner.DeletedAt?.Microseconds),
            Differing(partners, partner => partner.Revision), partners[0].UpdatedAt, partners[0].Revision,
        ]);

    private static IEnumerable<Parameter> ValueColumns(Partner[] partners)
    {
        foreach (var field in PartnerField.Values)
            yield return Column(partners, partner => partner.Values[field]);
    }

    /// <summary>A column of numbers; none where all are the same, as within one change set, and the statement takes that one instead.</summary>
    private static long[] Differing(Partner[] partners, Converter<Partner, long> value) =>
        Array.TrueForAll(partners, partner => value(partner) == value(partners[0])) ? [] : Array.ConvertAll(partners, value);

    /// <summary>A column of values; none where all of them are null, which unnest makes of what is missing.</summary>
    private static T[] Column<T>(Partner[] partners, Converter<Partner, T> value) =>
        Array.TrueForAll(partners, partner => value(partner) is null) ? [] : Array.ConvertAll(partners, value);
}
