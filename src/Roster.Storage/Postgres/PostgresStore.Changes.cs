using System.Diagnostics;
using Npgsql;
using Roster.Batches;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Search;
using Roster.Storage.Postgres.Writing;

namespace Roster.Storage.Postgres;

/// <summary>
/// Writing: change sets, from the rows that they must see to their commit, in a number of round trips that does not depend on how many
/// rows they have.
/// </summary>
internal sealed partial class PostgresStore
{
    /// <summary>More rows than this are read on two connections.</summary>
    private const int ReadByOne = 1_000;

    /// <summary>Rows in one statement.</summary>
    private const int SentTogether = 2_500;

    /// <summary>Up to this many rows, a round trip takes longer than what could be done meanwhile.</summary>
    private const int WrittenInOneTrip = 200;

    /// <summary>How long an erasure, which is carried out by then, waits for the places to be cleaned.</summary>
    private static readonly TimeSpan VacuumPatience = TimeSpan.FromSeconds(15);

    /// <summary>Looked up one by one, as by id. No two live partners have the same; if they did, that would be seen.</summary>
    private static readonly string SelectHolders = $"""
        select {PartnerColumns.All} from unnest((select $2::text[])) as n (sought) cross join lateral (
            select {PartnerColumns.All} from partner where workspace_id = $1 and external_id = n.sought and deleted_at is null limit 2) as partner
        """;

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

    private const string SelectKeptBy = "select revision from idempotency where workspace_id = $1 and key = $2 and request_id = $3";

    private static readonly string SelectRest = $"""
        select {PartnerColumns.All} from partner where workspace_id = $1 and deleted_at is null and not (id = any ($2)) order by id limit $3
        """;

    private const string SelectWritten =
        "select revision from change_set where workspace_id = $1 and revision = $2 and request_id = $3";

    public async Task<WrittenPlan> WriteAsync(long workspaceId, WriteRequest request, CancellationToken cancel)
    {
        if (request.Change.MatchOn == MatchOn.Email)
            await Search.ReachNewestAsync(workspaceId, cancel);
        var written = await _writer.RunAsync(workspaceId, request, cancel);
        if (request.Writes(written.Plan))
            _search?.Changed(workspaceId);
        if (written.Plan.Kind == ChangeKind.Erase && request.Writes(written.Plan))
            // Lets the server reuse, and so write over, the places where erased values were.
            await _database.TidyAsync(workspaceId, "vacuum", ["partner", "change_set"], VacuumPatience, CancellationToken.None);
        return written;
    }

    private async Task WriteTogetherAsync(long workspaceId, IReadOnlyList<PostgresWriter.Write> writes)
    {
        for (var left = writes; left.Count > 0;)
        {
            // One that lost its key to another attempt fails alone; those that share its transaction are planned again without it.
            var lost = await TryWriteTogetherAsync(workspaceId, left);
            foreach (var one in lost)
                one.Fail(new ClaimLostException());
            left = lost.Count == 0 ? [] : [.. left.Except(lost)];
        }
    }

    /// <returns>Those whose claim of an idempotency key is not theirs any more; where there are some, nothing was written.</returns>
    private async Task<List<PostgresWriter.Write>> TryWriteTogetherAsync(long workspaceId, IReadOnlyList<PostgresWriter.Write> writes)
    {
        var (plans, planned, lost) = await _database.WriteAsync(
            workspaceId, writes[0].Since,
            async connection =>
            {
                using var rows = new PostgresRows([.. writes.Select(write => write.Request.Change)]);
                var end = await BeginAsync(connection, workspaceId, rows);
                var plans = writes[0].SeesOnlyNamed ? PlanTogether(writes, rows, end)
                    : [await PlanAloneAsync(connection, workspaceId, writes[0].Request, rows, end)];
                var planned = Stopwatch.GetTimestamp();
                var outcomes = plans.Zip(writes, (plan, write) => (Plan: plan, write.Request)).ToArray();
                var toWrite = Array.FindAll(outcomes, one => one.Request.Writes(one.Plan));
                if (toWrite.Length > 0)
                    await WriteAsync(connection, workspaceId, toWrite);
                var toKeep = Array.FindAll(outcomes, one => one.Request.Keeps(one.Plan));
                var kept = toKeep.Length == 0 ? [] : (await connection.ListAsync(
                    Keep(workspaceId, toKeep), row => row.GetGuid(0), CancellationToken.None)).ToHashSet();
                var lost = writes.Zip(plans).Where(one => one.First.Request.Keeps(one.Second) && !kept.Contains(one.First.Request.Idempotency!.ClaimId))
                    .Select(one => one.First).ToList();
                return ((Plans: plans, Planned: planned, Lost: lost), lost.Count == 0 && toWrite.Length + toKeep.Length > 0);
            },
            written =>
            {
                var one = written.Plans.Zip(writes).FirstOrDefault(one => one.Second.Request.Writes(one.First));
                if (one.First is { } plan)
                    return new PostgresStatement(SelectWritten, workspaceId, plan.Revision.Number, one.Second.Request.Origin.RequestId);
                var kept = written.Plans.Zip(writes).First(one => one.Second.Request.Keeps(one.First)).Second.Request;
                return new PostgresStatement(SelectKeptBy, workspaceId, kept.Idempotency!.Key, kept.Origin.RequestId);
            },
            CancellationToken.None);
        if (lost.Count == 0)
            for (var i = 0; i < writes.Count; i++)
                writes[i].Complete(plans[i], planned);
        return lost;
    }

    /// <summary>Plans changes that see only the rows that they name, each on what those before it leave.</summary>
    private List<ChangePlan> PlanTogether(IReadOnlyList<PostgresWriter.Write> writes, PostgresRows rows, Revision end)
    {
        var plans = new List<ChangePlan>(writes.Count);
        foreach (var write in writes)
        {
            var plan = write.Request.PlanOn(rows.Of(write.Request.Change), Moment.At(end, _clock));
            plans.Add(plan);
            if (writes.Count == 1 || !write.Request.Writes(plan))
                continue;
            end = plan.Revision;
            foreach (var done in plan.Changes)
                rows.Change(done.After);
        }
        return plans;
    }

    private async Task<ChangePlan> PlanAloneAsync(
        NpgsqlConnection connection, long workspaceId, WriteRequest request, PostgresRows rows, Revision end)
    {
        var change = request.Change;
        var now = rows.Of(change);
        string[] given = [.. change.GivenEmails(now)];
        string[] values = [.. change.Sought.Select(sought => sought.Value).Concat(given).Distinct()];
        var sought = new HashSet<string>();
        if (values.Length > 0)
        {
            var isByEmail = change.MatchOn == MatchOn.Email;
            var matches = isByEmail ? await PostgresSearch.WithEmailAsync(connection, workspaceId, values, end.Number)
                : (await HoldersAsync(connection, workspaceId, values, end)).ToLookup(partner => partner.ExternalId!);
            foreach (var (index, value) in change.Sought)
                now.Match(index, [.. matches[value]]);
            foreach (var email in given)
                now.HoldEmail(email, [.. matches[email]]);
            if (!isByEmail)
            {
                foreach (var holder in matches.SelectMany(one => one))
                    now.Hold(holder.ExternalId!, holder.Id);
                sought = [.. values];
            }
        }
        // What was sought is known already.
        var claimed = change.Claimed(now).Where(value => !sought.Contains(value)).Distinct().ToArray();
        if (claimed.Length > 0)
            foreach (var holder in await HoldersAsync(connection, workspaceId, claimed, end))
                now.Hold(holder.ExternalId!, holder.Id);
        if (change.Mirror is { } mirror)
        {
            var live = await connection.OneAsync(new PostgresStatement(SelectLive, workspaceId), row => row.GetInt64(0), CancellationToken.None);
            now.SetRest(await connection.ListAsync(
                new PostgresStatement(SelectRest, workspaceId, now.Found.Select(partner => partner.Id).ToArray(), (long)now.CountRest(live, mirror)),
                MapPartner, CancellationToken.None));
        }
        return request.PlanOn(now, Moment.At(end, _clock));
    }

    /// <summary>The live partners with these external ids: many on two connections, as those that are named.</summary>
    private async Task<IReadOnlyList<Partner>> HoldersAsync(
        NpgsqlConnection connection, long workspaceId, string[] externalIds, Revision end)
    {
        if (externalIds.Length <= ReadByOne)
            return await ReadAsync(externalIds);
        var second = externalIds[(externalIds.Length / 2)..];
        var beside = Task.Run(() => ReadBesideAsync(
            workspaceId, end, [Select(second)], reader => reader.ReadAsync(MapPartner, CancellationToken.None)));
        List<Partner> first;
        try
        {
            first = await ReadAsync(externalIds[..(externalIds.Length / 2)]);
        }
        finally
        {
            await beside;
        }
        return [.. first, .. await beside ?? await ReadAsync(second)];

        PostgresStatement Select(string[] some) => new(SelectHolders, workspaceId, some);

        Task<List<Partner>> ReadAsync(string[] some) => connection.ListAsync(Select(some), MapPartner, CancellationToken.None);
    }

    /// <summary>Begins the transaction, takes the workspace's log, and reads the partners that are named.</summary>
    /// <returns>The log's end.</returns>
    private async Task<Revision> BeginAsync(NpgsqlConnection connection, long workspaceId, PostgresRows rows)
    {
        PostgresStatement[] begin = [.. PostgresDatabase.Begin, new(PostgresDatabase.LockLogEnd, workspaceId)];
        if (rows.Count <= ReadByOne)
            return await ReadAsync(connection, rows, [.. begin, .. rows.Select(workspaceId, ..)]);
        var end = await ReadAsync(connection, rows, begin);
        var (first, second) = (..(rows.Count / 2), (rows.Count / 2)..);
        // On a thread of its own: where nothing made it wait, it would send and read much before the first half is asked for.
        var beside = Task.Run(() => ReadBesideAsync<object>(workspaceId, end, rows.Select(workspaceId, second), async reader =>
        {
            await rows.AddAsync(reader);
            return rows;
        }));
        try
        {
            await ReadAsync(connection, workspaceId, rows, first);
        }
        finally
        {
            await beside;
        }
        if (await beside is null)
            await ReadAsync(connection, workspaceId, rows, second);
        return end;
    }

    /// <summary>
    /// Reads half of a large change's partners on another connection, in one round trip: the workspace's log is held, so both see the
    /// same, and the server finds them in half the time.
    /// </summary>
    /// <returns>Null where they cannot be had so, or it is a server that has another log.</returns>
    private async Task<T?> ReadBesideAsync<T>(
        long workspaceId, Revision end, PostgresStatement[] select, Func<NpgsqlDataReader, Task<T>> read)
        where T : class
    {
        PostgresStatement[] statements = [.. PostgresDatabase.Begin, new(SelectEnd, workspaceId), .. select, new("rollback")];
        try
        {
            return await _database.ReadNowAsync(
                async connection =>
                {
                    await using var reader = await connection.QueryAsync(CancellationToken.None, statements);
                    return await ReadEndAsync(reader) == end && await reader.NextResultAsync() ? await read(reader) : null;
                },
                CancellationToken.None);
        }
        catch (StoreException)
        {
            return null;
        }
    }

    /// <param name="statements">Of those that give rows, the first gives the log's end, and the second, where there is one, partners.</param>
    /// <returns>The log's end.</returns>
    private static async Task<Revision> ReadAsync(NpgsqlConnection connection, PostgresRows rows, PostgresStatement[] statements)
    {
        await using var reader = await connection.QueryAsync(CancellationToken.None, statements);
        var end = await ReadEndAsync(reader);
        if (await reader.NextResultAsync())
            await rows.AddAsync(reader);
        return end;
    }

    private static async Task<Revision> ReadEndAsync(NpgsqlDataReader reader) => await reader.ReadAsync()
        ? new Revision(reader.GetInt64(0), reader.Timestamp(1)) : throw PostgresFailure.MissingRow(PostgresDatabase.LockLogEnd);

    private static async Task ReadAsync(NpgsqlConnection connection, long workspaceId, PostgresRows rows, Range part)
    {
        await using var reader = await connection.QueryAsync(CancellationToken.None, rows.Select(workspaceId, part));
        await rows.AddAsync(reader);
    }

    private static async Task WriteAsync(
        NpgsqlConnection connection, long workspaceId, (ChangePlan Plan, WriteRequest Request)[] written)
    {
        var isErasure = written[0].Plan.Kind == ChangeKind.Erase;
        if (isErasure)
            await EraseAsync(connection, workspaceId, written[0].Plan);
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
        var log = new PostgresStatement(
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
            await changes);
        count += await connection.RunAsync(CancellationToken.None, ahead is null ? [.. rows, log] : [log]);
        if (count != created.Length + updated.Length + 1 + written.Length)
            throw new StoreException(StoreTrouble.Damaged,
                $"PostgreSQL wrote {count} rows instead of {created.Length + updated.Length + 1 + written.Length}: an index is damaged, or a trigger "
                + "changes what is written. Nothing was written; look at its triggers, and rebuild its indexes with reindex.");
    }

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
