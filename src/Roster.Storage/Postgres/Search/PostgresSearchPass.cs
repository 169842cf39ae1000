using Npgsql;
using Roster.Changes;

namespace Roster.Storage.Postgres.Search;

internal enum PassOutcome
{
    /// <summary>Another node is at it.</summary>
    Held,

    /// <summary>The index shows what was the newest revision when the step began.</summary>
    Reached,

    /// <summary>There was more to follow than one step takes.</summary>
    More,
}

/// <summary>
/// One step of a workspace's index along its log, in one transaction. Partners are taken as they are when their turn comes: one that is
/// newer than the step's revision will be looked at again.
/// </summary>
internal static class PostgresSearchPass
{
    /// <summary>A pass ends with the change set that brings it to so many changes.</summary>
    private const long MaxChanges = 10_000;

    /// <summary>So what an hour of many writes left is forgotten in many steps, too.</summary>
    private const long MaxPrunedPasses = 4;

    /// <summary>How long a list whose order writes change can be read on after its first page.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private const string HoldState = """
        select reached, kept, (select revision from log_end where workspace_id = $1) from search_state where workspace_id = $1 for update skip locked
        """;

    private const string SelectChanges = """
        select changes from change_set where workspace_id = $1 and revision > $2 and revision <= $3
        """;

    private const string SelectDocs = """
        select id, number, text, email, phone, name, updated_at, deleted
        from unnest($2::uuid[]) as n (id) join search_doc using (id) where workspace_id = $1
        """;

    private const string SelectLastNumber = "select coalesce(max(number), 0) from search_doc where workspace_id = $1";

    private const string InsertDocs = """
        insert into search_doc (workspace_id, since, id, number, text, email, phone, name, updated_at, deleted)
        select $1, $2, n.id, n.number, n.text, n.email, n.phone, n.name, n.updated_at, n.deleted
        from unnest($3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::boolean[])
            as n (id, number, text, email, phone, name, updated_at, deleted)
        """;

    private const string UpdateDocs = """
        update search_doc set since = $2, text = n.text, email = n.email, phone = n.phone, name = n.name, updated_at = n.updated_at, deleted = n.deleted
        from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::boolean[])
            as n (id, text, email, phone, name, updated_at, deleted)
        where search_doc.workspace_id = $1 and search_doc.id = n.id
        """;

    private const string DeleteDocs = "delete from search_doc where workspace_id = $1 and id = any ($2)";

    private const string InsertPass = "insert into search_pass (workspace_id, reached, at) values ($1, $2, $3)";

    private const string UpdateState = "update search_state set reached = $2 where workspace_id = $1";

    private const string SelectExpired = """
        select coalesce(max(reached), 0) from (
            select reached, at from search_pass where workspace_id = $1 and reached > $2 order by reached limit $3) as oldest
        where at < $4
        """;

    private const string PrunePasses = "delete from search_pass where workspace_id = $1 and reached < $2";

    private const string UpdateKept = "update search_state set kept = $2 where workspace_id = $1";

    /// <summary>Takes the next step in the connection's transaction.</summary>
    public static async Task<PassOutcome> RunAsync(NpgsqlConnection connection, long workspaceId, Timestamp now)
    {
        if (await connection.ListAsync(
            new(HoldState, workspaceId), row => (Reached: row.GetInt64(0), Kept: row.GetInt64(1), Newest: row.GetInt64(2)), default) is not [var state])
            return PassOutcome.Held;
        if (await PostgresStore.FindUpToAsync(connection, workspaceId, state.Reached, MaxChanges, MaxChanges, default) is not { } upTo)
            return PassOutcome.Reached;
        await PutAsync(connection, workspaceId, await ReadChangedAsync(connection, workspaceId, state.Reached, upTo), upTo);
        await connection.RunAsync(default, new(InsertPass, workspaceId, upTo, now), new(UpdateState, workspaceId, upTo));
        await PruneAsync(connection, workspaceId, state.Kept, now);
        return upTo < state.Newest ? PassOutcome.More : PassOutcome.Reached;
    }

    /// <summary>The partners that were changed after one revision and up to another.</summary>
    public static async Task<HashSet<Guid>> ReadChangedAsync(NpgsqlConnection connection, long workspaceId, long after, long upTo)
    {
        var changed = new HashSet<Guid>();
        await using var rows = await connection.QueryAsync(default, new PostgresStatement(SelectChanges, workspaceId, after, upTo));
        while (await rows.ReadAsync())
        {
            var ids = ChangeEncoding.DecodeIds(rows.GetFieldValue<byte[]>(0));
            changed.EnsureCapacity(changed.Count + ids.Count);
            changed.UnionWith(ids);
        }
        return changed;
    }

    /// <summary>Brings the index of these partners up to date.</summary>
    private static async Task PutAsync(NpgsqlConnection connection, long workspaceId, HashSet<Guid> changed, long revision)
    {
        // As they lie in the tables.
        Guid[] ids = [.. changed.Order()];
        var partners = (await connection.ListAsync(new(PostgresStore.SelectNamed, workspaceId, ids), PostgresStore.MapPartner, default))
            .ConvertAll(SearchDoc.Of).ToDictionary(doc => doc.Id);
        var docs = (await connection.ListAsync(new(SelectDocs, workspaceId, ids), SearchDoc.Map, default)).ToDictionary(doc => doc.Id);
        var last = (await connection.ListAsync(new(SelectLastNumber, workspaceId), row => row.GetInt32(0), default))[0];
        // Ids are in the order of creation, and so are numbers.
        var created = ids.Where(id => partners.ContainsKey(id) && !docs.ContainsKey(id)).Select((id, i) => partners[id] with { Number = last + 1 + i }).ToArray();
        var updated = ids.Where(id => partners.ContainsKey(id) && docs.ContainsKey(id))
            .Select(id => partners[id] with { Number = docs[id].Number }).Where(doc => doc != docs[doc.Id]).ToArray();
        // What is not there any more was erased.
        var erased = docs.Values.Where(doc => !partners.ContainsKey(doc.Id)).ToArray();
        if (erased.Length > 0)
            await connection.RunAsync(default, [
                .. PostgresSearchOrders.Forget(workspaceId, Ids(erased)), new PostgresStatement(DeleteDocs, workspaceId, Ids(erased))]);
        SearchDoc[] entered = [.. created, .. updated];
        await connection.RunAsync(default, [
            PostgresSearchOrders.Keep(workspaceId, revision, Ids(updated)),
            new(InsertDocs, [workspaceId, revision, Ids(created), Array.ConvertAll(created, doc => doc.Number), .. Fields(created)]),
            new(UpdateDocs, [workspaceId, revision, Ids(updated), .. Fields(updated)]),
            .. PostgresSearchOrders.Enter(workspaceId, entered, [.. created, .. updated.Where(doc => doc.Name != docs[doc.Id].Name)])]);
        await PostgresSearchSegments.AddAsync(connection, workspaceId, revision, [
            .. entered.Where(doc => !docs.TryGetValue(doc.Id, out var was) || (doc.Text, doc.Email, doc.Phone) != (was.Text, was.Email, was.Phone))
                .Concat(erased).OrderBy(doc => doc.Number)
                .Select(doc => (doc.Number, partners.ContainsKey(doc.Id) ? SearchKeys.Of(doc.Text, doc.Email, doc.Phone) : []))], erased.Length > 0);

        static Guid[] Ids(SearchDoc[] docs) => Array.ConvertAll(docs, doc => doc.Id);

        static Parameter[] Fields(SearchDoc[] docs) =>
        [
            Array.ConvertAll(docs, doc => doc.Text),
            Array.ConvertAll(docs, doc => doc.Email),
            Array.ConvertAll(docs, doc => doc.Phone),
            Array.ConvertAll(docs, doc => doc.Name),
            Array.ConvertAll(docs, doc => doc.UpdatedAt),
            Array.ConvertAll(docs, doc => doc.IsDeleted),
        ];
    }

    /// <summary>Forgets the orders of snapshots that are older than <see cref="Kept"/>.</summary>
    private static async Task PruneAsync(NpgsqlConnection connection, long workspaceId, long kept, Timestamp now)
    {
        var keep = (await connection.ListAsync(
            new(SelectExpired, workspaceId, kept, MaxPrunedPasses, now.AddMilliseconds(-(long)Kept.TotalMilliseconds)),
            row => row.GetInt64(0), default))[0];
        if (keep > kept)
            await connection.RunAsync(default, [
                .. PostgresSearchOrders.Prune(workspaceId, keep),
                new PostgresStatement(PrunePasses, workspaceId, keep), new PostgresStatement(UpdateKept, workspaceId, keep)]);
    }
}
