using Npgsql;
using Roster.Changes;
using Roster.Imports;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres.Writing;

/// <summary>
/// Writes plans in a write's transaction: rows, the log's end, and change sets, in one or two round trips.
/// </summary>
internal static class PostgresRowWriter
{
    /// <summary>Most rows of one statement.</summary>
    private const int RowsPerStatement = 2_500;

    /// <summary>
    /// Most rows written in one round trip. Up to this many, a second one would cost more than it saves.
    /// </summary>
    private const int MaxRowsOfOneTrip = 200;

    /// <summary>
    /// Also selects from log_end, so that Citus knows the rows' node. Rows from arrays alone would first go to its
    /// coordinator and then need a two-phase commit.
    /// </summary>
    private static readonly string InsertPartners = $"""
        insert into partner (workspace_id, {PartnerColumns.All}, checksum)
        select e.workspace_id, n.id, {PartnerColumns.Each(column => "n." + column)},
            coalesce(n.created_at, ${AfterValues + 4}), coalesce(n.updated_at, ${AfterValues + 5}), n.deleted_at,
            coalesce(n.revision, ${AfterValues + 6}), n.checksum
        from log_end as e, unnest($2::uuid[], {PartnerColumns.Each((_, i) => $"${FirstValue + i}::text[]")},
            ${AfterValues}::bigint[], ${AfterValues + 1}::bigint[], ${AfterValues + 2}::bigint[], ${AfterValues + 3}::bigint[],
            ${AfterValues + 7}::bigint[])
            as n ({PartnerColumns.All}, checksum)
        where e.workspace_id = $1
        """;

    /// <summary>
    /// The planner assumes ten rows for arrays in subqueries ("select $2"), and looks each up by key; or it reads the
    /// whole workspace if that is small. If it saw thousands of rows, it would read all of a large workspace, too.
    /// </summary>
    private static readonly string UpdatePartners = $"""
        update partner set {PartnerColumns.Each(column => $"{column} = n.{column}")},
            updated_at = coalesce(n.updated_at, ${AfterValues + 3}), deleted_at = n.deleted_at,
            revision = coalesce(n.revision, ${AfterValues + 4}), checksum = n.checksum
        from unnest((select $2::uuid[]), {PartnerColumns.Each((_, i) => $"(select ${FirstValue + i}::text[])")},
                (select ${AfterValues}::bigint[]), (select ${AfterValues + 1}::bigint[]), (select ${AfterValues + 2}::bigint[]),
                (select ${AfterValues + 5}::bigint[]))
            as n (id, {PartnerColumns.Each(column => column)}, updated_at, deleted_at, revision, checksum)
        where partner.workspace_id = $1 and partner.id = n.id
        """;

    /// <summary>The parameter of the first value column, after workspace and ids.</summary>
    private const int FirstValue = 3;

    /// <summary>The first parameter after the value columns.</summary>
    private const int AfterValues = FirstValue + FieldTexts.Length;

    private const string UpdateLogEnd =
        "update log_end set revision = $3, changed_at = $4, live = live + $5 where workspace_id = $1 and revision = $2";

    private const string InsertChangeSets = """
        insert into change_set
            (workspace_id, revision, kind, key_id, request_id, created, updated, unchanged, deleted, restored, at, undoes, changes,
            checksum)
        select e.workspace_id, n.revision, n.kind, n.key_id, n.request_id,
            n.created, n.updated, n.unchanged, n.deleted, n.restored, n.at, n.undoes, n.changes,
            n.checksum
        from log_end as e, unnest($2::bigint[], $3::text[], $4::uuid[], $5::uuid[], $6::int[], $7::int[], $8::int[], $9::int[],
            $10::int[], $11::bigint[], $12::bigint[], $13::bytea[], $14::bigint[])
            as n (revision, kind, key_id, request_id, created, updated, unchanged, deleted, restored, at, undoes, changes, checksum)
        where e.workspace_id = $1
        """;

    /// <summary>Writes nothing if the part is written already: a server that has lost its lease may come late.</summary>
    private const string InsertImportPart = """
        insert into import_part (workspace_id, import_id, part, parts, revision) values ($1, $2, $3, $4, $5) on conflict do nothing
        """;

    /// <summary>Writes plans, visible after the commit.</summary>
    /// <param name="written">Plans and requests in the order of their revisions.</param>
    public static async Task SendAsync(
        NpgsqlConnection connection, long workspaceId, (ChangePlan Plan, WriteRequest Request)[] written)
    {
        var isErasure = written[0].Plan.Kind == ChangeKind.Erase;
        if (isErasure)
            await PostgresStore.EraseAsync(connection, workspaceId, written[0].Plan);
        var (created, updated) = Outcome(isErasure ? [] : [.. written.Select(one => one.Plan)]);
        var end = written[^1].Plan.Revision;
        // In parts, all in one round trip: the database writes the first part while the others are being sent.
        PostgresStatement[] rows =
        [
            .. created.Chunk(RowsPerStatement).Select(part => Insert(workspaceId, part)),
            .. updated.Chunk(RowsPerStatement).Select(part => Update(workspaceId, part)),
            new(UpdateLogEnd, workspaceId, written[0].Plan.Revision.Number - 1, end.Number, end.At,
                written.Sum(one => (long)(one.Plan.Created + one.Plan.Restored - one.Plan.Deleted))),
        ];
        // Many rows go first, in their own round trip: the database writes them while the change sets are encoded.
        var ahead = created.Length + updated.Length > MaxRowsOfOneTrip ? connection.RunAsync(CancellationToken.None, rows) : null;
        var changes = Task.Run(() => Array.ConvertAll(written, one => ChangeEncoding.Encode(one.Plan)));
        var count = ahead is null ? 0 : await ahead;
        var log = LogOf(workspaceId, written, await changes);
        count += await connection.RunAsync(CancellationToken.None, ahead is null ? [.. rows, log] : [log]);
        foreach (var (plan, request) in written)
            if (request.Import is { } import && await connection.RunAsync(CancellationToken.None, PartOf(workspaceId, import, plan)) == 0)
                throw new ImportPartWrittenException();
        if (count != created.Length + updated.Length + 1 + written.Length)
            throw new StoreException(StoreTrouble.Damaged,
                $"PostgreSQL wrote {count} rows instead of {created.Length + updated.Length + 1 + written.Length}: "
                + "an index is damaged, or a trigger changes what is written. Nothing was written; "
                + "look at its triggers, and rebuild its indexes with reindex.");
    }

    private static PostgresStatement PartOf(long workspaceId, ImportMark import, ChangePlan plan) => new(
        InsertImportPart, workspaceId, import.ImportId, import.Part, import.Parts, plan.Revision.Number);

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
            changes,
            Array.ConvertAll(changes, one => Checksum.Of(one)));

    /// <summary>The partners after the plans, each once and in id order, as in the table.</summary>
    private static (Partner[] Created, Partner[] Updated) Outcome(IReadOnlyList<ChangePlan> plans)
    {
        // A single plan has each partner once.
        IEnumerable<(bool IsNew, Partner Partner)> after =
            plans.Count == 1 ? plans[0].Changes.Select(change => (change.Before is null, change.After)) : Last(plans);
        return (Sorted(areNew: true), Sorted(areNew: false));

        Partner[] Sorted(bool areNew)
        {
            Partner[] partners = [.. after.Where(one => one.IsNew == areNew).Select(one => one.Partner)];
            using var order = new IdOrder(partners.Select((partner, place) => (partner.Id, place)), partners.Length);
            return [.. order.Places.Select(place => partners[place])];
        }
    }

    /// <summary>Each partner after the last plan that changes it, and whether one of the plans creates it.</summary>
    private static (bool IsNew, Partner Partner)[] Last(IEnumerable<ChangePlan> plans)
    {
        var after = new Dictionary<Guid, (bool IsNew, Partner Partner)>();
        foreach (var change in plans.SelectMany(plan => plan.Changes))
        {
            var isNew = change.Before is null || (after.TryGetValue(change.After.Id, out var earlier) && earlier.IsNew);
            after[change.After.Id] = (isNew, change.After);
        }
        return [.. after.Values];
    }

    private static PostgresStatement Insert(long workspaceId, Partner[] partners) => new(
        InsertPartners,
        [
            workspaceId, Array.ConvertAll(partners, partner => partner.Id), .. ValueColumns(partners),
            Differing(partners, partner => partner.CreatedAt.Microseconds), Differing(partners, partner => partner.UpdatedAt.Microseconds),
            Column(partners, partner => partner.DeletedAt?.Microseconds), Differing(partners, partner => partner.Revision),
            partners[0].CreatedAt, partners[0].UpdatedAt, partners[0].Revision, Array.ConvertAll(partners, Checksum.Of),
        ]);

    private static PostgresStatement Update(long workspaceId, Partner[] partners) => new(
        UpdatePartners,
        [
            workspaceId, Array.ConvertAll(partners, partner => partner.Id), .. ValueColumns(partners),
            Differing(partners, partner => partner.UpdatedAt.Microseconds), Column(partners, partner => partner.DeletedAt?.Microseconds),
            Differing(partners, partner => partner.Revision), partners[0].UpdatedAt, partners[0].Revision,
            Array.ConvertAll(partners, Checksum.Of),
        ]);

    private static IEnumerable<Parameter> ValueColumns(Partner[] partners)
    {
        foreach (var field in PartnerField.Values)
            yield return Column(partners, partner => partner.Values[field]);
    }

    /// <summary>
    /// A column of numbers; empty if all are equal, as within one change set. The statement then uses a single
    /// parameter.
    /// </summary>
    private static long[] Differing(Partner[] partners, Converter<Partner, long> value) =>
        Array.TrueForAll(partners, partner => value(partner) == value(partners[0])) ? [] : Array.ConvertAll(partners, value);

    /// <summary>A column of values; empty if all are null: unnest fills up with nulls.</summary>
    private static T[] Column<T>(Partner[] partners, Converter<Partner, T> value) =>
        Array.TrueForAll(partners, partner => value(partner) is null) ? [] : Array.ConvertAll(partners, value);
}
