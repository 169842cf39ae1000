using Npgsql;
using Roster.Changes;

namespace Roster.Storage.Postgres.Search;

internal enum PassOutcome
{
    /// <summary>Another node is at it.</summary>
    Held,

    /// <summary>The index shows the newest revision.</summary>
    Reached,

    /// <summary>There is more to follow.</summary>
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

    private const long MaxChangeSets = 2_000;

    /// <summary>How long a list whose order writes change can be read on after its first page.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private const string HoldState = "select reached from search_state where workspace_id = $1 for update skip locked";

    private const string SelectChanges = """
        select changes from change_set where workspace_id = $1 and revision > $2 and revision <= $3
        """;

    private const string SelectDocs = "select id, text, name, updated_at from search_doc where workspace_id = $1 and id = any ($2)";

    private const string CloseNames = "update search_name set until = $2 where workspace_id = $1 and id = any ($3) and until is null";

    private const string OpenNames = """
        insert into search_name (workspace_id, since, id, name) select $1, $2, n.id, n.name from unnest($3::uuid[], $4::text[]) as n (id, name)
        """;

    private const string CloseUpdates = "update search_update set until = $2 where workspace_id = $1 and id = any ($3) and until is null";

    private const string OpenUpdates = """
        insert into search_update (workspace_id, since, id, updated_at)
        select $1, $2, n.id, n.updated_at from unnest($3::uuid[], $4::bigint[]) as n (id, updated_at)
        """;

    private const string InsertDocs = """
        insert into search_doc (workspace_id, id, text, grams, email, phone, name, updated_at, deleted)
        select $1, n.id, n.text, string_to_array(n.grams, ' ')::integer[], n.email, n.phone, n.name, n.updated_at, n.deleted
        from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::boolean[])
            as n (id, text, grams, email, phone, name, updated_at, deleted)
        """;

    private const string UpdateDocs = """
        update search_doc set text = n.text, grams = string_to_array(n.grams, ' ')::integer[], email = n.email, phone = n.phone,
            name = n.name, updated_at = n.updated_at, deleted = n.deleted
        from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::boolean[])
            as n (id, text, grams, email, phone, name, updated_at, deleted)
        where search_doc.workspace_id = $1 and search_doc.id = n.id
        """;

    /// <summary>Where the text stays, so do its grams, and their index is not written: it is what a pass spends its time on.</summary>
    private const string UpdateDocsWithSameText = """
        update search_doc set email = n.email, phone = n.phone, name = n.name, updated_at = n.updated_at, deleted = n.deleted
        from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::boolean[]) as n (id, email, phone, name, updated_at, deleted)
        where search_doc.workspace_id = $1 and search_doc.id = n.id
        """;

    private const string DeleteDocs = "delete from search_doc where workspace_id = $1 and id = any ($2)";

    private const string DeleteNames = "delete from search_name where workspace_id = $1 and id = any ($2)";

    private const string DeleteUpdates = "delete from search_update where workspace_id = $1 and id = any ($2)";

    private const string InsertPass = "insert into search_pass (workspace_id, reached, at) values ($1, $2, $3)";

    private const string UpdateState = "update search_state set reached = $2 where workspace_id = $1";

    private const string SelectKept = "select max(reached) from search_pass where workspace_id = $1 and at < $2";

    private const string PruneNames = "delete from search_name where workspace_id = $1 and until <= $2";

    private const string PruneUpdates = "delete from search_update where workspace_id = $1 and until <= $2";

    private const string PrunePasses = "delete from search_pass where workspace_id = $1 and reached < $2";

    private const string UpdateKept = "update search_state set kept = greatest(kept, $2) where workspace_id = $1";

    /// <summary>Takes the next step in the connection's transaction.</summary>
    public static async Task<PassOutcome> RunAsync(NpgsqlConnection connection, long workspaceId, Timestamp now)
    {
        if (await connection.ListAsync(new PostgresStatement(HoldState, workspaceId), row => row.GetInt64(0), default) is not [var reached])
            return PassOutcome.Held;
        if (await PostgresStore.FindUpToAsync(connection, workspaceId, reached, MaxChanges, MaxChangeSets, default) is not { } upTo)
            return PassOutcome.Reached;
        await PutAsync(connection, workspaceId, [.. await ReadChangedAsync(connection, workspaceId, reached, upTo)], upTo);
        await connection.RunAsync(default, new(InsertPass, workspaceId, upTo, now), new(UpdateState, workspaceId, upTo));
        await PruneAsync(connection, workspaceId, now);
        return PassOutcome.More;
    }

    /// <summary>The partners that were changed after one revision and up to another.</summary>
    public static async Task<HashSet<Guid>> ReadChangedAsync(NpgsqlConnection connection, long workspaceId, long after, long upTo)
    {
        var changed = new HashSet<Guid>();
        await using var rows = await connection.QueryAsync(default, new PostgresStatement(SelectChanges, workspaceId, after, upTo));
        while (await rows.ReadAsync())
            foreach (var change in ChangeEncoding.Decode(rows.GetFieldValue<byte[]>(0)))
                changed.Add(change.Id);
        return changed;
    }

    /// <summary>Brings the index of these partners up to date.</summary>
    private static async Task PutAsync(NpgsqlConnection connection, long workspaceId, Guid[] ids, long revision)
    {
        var partners = await connection.ListAsync(new PostgresStatement(PostgresStore.SelectNamed, workspaceId, ids), PostgresStore.MapPartner, default);
        var docs = (await connection.ListAsync(
            new PostgresStatement(SelectDocs, workspaceId, ids),
            row => (Id: row.GetGuid(0), Text: row.GetString(1), Name: row.GetString(2), UpdatedAt: row.Timestamp(3)), default)).ToDictionary(doc => doc.Id);
        // What is not there any more was erased.
        var erased = ids.Except(partners.Select(partner => partner.Id)).ToArray();
        if (erased.Length > 0)
            await connection.RunAsync(default,
                new(DeleteDocs, workspaceId, erased), new(DeleteNames, workspaceId, erased), new(DeleteUpdates, workspaceId, erased));
        // In one order on all nodes, and as they lie in the table.
        partners.Sort((left, right) => left.Id.CompareTo(right.Id));
        var rows = partners.ConvertAll(partner => (Partner: partner, Text: SearchText.Of(partner), Is: docs.TryGetValue(partner.Id, out var doc), Was: doc));
        var renamed = rows.Where(row => !row.Is || row.Was.Name != row.Partner.Name).Select(row => row.Partner).ToArray();
        var updated = rows.Where(row => !row.Is || row.Was.UpdatedAt != row.Partner.UpdatedAt).Select(row => row.Partner).ToArray();
        await connection.RunAsync(default,
            new(CloseNames, workspaceId, revision, Ids(renamed)),
            new(OpenNames, workspaceId, revision, Ids(renamed), Array.ConvertAll(renamed, partner => partner.Name)),
            new(CloseUpdates, workspaceId, revision, Ids(updated)),
            new(OpenUpdates, workspaceId, revision, Ids(updated), Array.ConvertAll(updated, partner => partner.UpdatedAt.Microseconds)),
            WithText(InsertDocs, rows.Where(row => !row.Is).Select(row => (row.Partner, row.Text))),
            WithText(UpdateDocs, rows.Where(row => row.Is && row.Was.Text != row.Text).Select(row => (row.Partner, row.Text))),
            new(UpdateDocsWithSameText, [workspaceId, .. Fields([.. rows.Where(row => row.Is && row.Was.Text == row.Text).Select(row => row.Partner)])]));

        PostgresStatement WithText(string sql, IEnumerable<(Partner Partner, string Text)> put)
        {
            var (partners, texts) = (put.Select(one => one.Partner).ToArray(), put.Select(one => one.Text).ToArray());
            var fields = Fields(partners);
            return new(sql, [
                workspaceId, fields[0], texts, Array.ConvertAll(texts, text => string.Join(' ', Grams.Of(workspaceId, text))), .. fields[1..]]);
        }

        static Guid[] Ids(Partner[] partners) => Array.ConvertAll(partners, partner => partner.Id);

        static Parameter[] Fields(Partner[] partners) =>
        [
            Ids(partners),
            Array.ConvertAll(partners, partner => partner.Email is null ? null : Upsert.FoldEmail(partner.Email)),
            Array.ConvertAll(partners, partner => partner.Phone is null ? null : SearchText.Digits(partner.Phone)),
            Array.ConvertAll(partners, partner => partner.Name),
            Array.ConvertAll(partners, partner => partner.UpdatedAt.Microseconds),
            Array.ConvertAll(partners, partner => partner.DeletedAt is not null),
        ];
    }

    /// <summary>Forgets the orders of snapshots that are older than <see cref="Kept"/>.</summary>
    private static async Task PruneAsync(NpgsqlConnection connection, long workspaceId, Timestamp now)
    {
        var old = await connection.ListAsync(
            new PostgresStatement(SelectKept, workspaceId, now.AddMilliseconds(-(long)Kept.TotalMilliseconds)),
            row => row.IsDBNull(0) ? default(long?) : row.GetInt64(0), default);
        if (old[0] is { } kept)
            await connection.RunAsync(default,
                new(PruneNames, workspaceId, kept), new(PruneUpdates, workspaceId, kept), new(PrunePasses, workspaceId, kept),
                new(UpdateKept, workspaceId, kept));
    }
}
