namespace Roster.Storage.Postgres.Search;

/// <summary>
/// The orders by name and by update. Their entries never change; whether one counts in a snapshot is what the partner was sorted by then,
/// which its row has, or for an hour what is kept of its row before.
/// </summary>
internal static class PostgresSearchOrders
{
    private const string InsertWas = """
        insert into search_was (workspace_id, id, since, until, name, updated_at)
        select $1, d.id, d.since, $2, d.name, d.updated_at
        from unnest($3::uuid[]) as n (id) join search_doc as d using (id) where d.workspace_id = $1
        """;

    private const string InsertNames = """
        insert into search_name (workspace_id, name, id) select $1, n.name, n.id from unnest($2::uuid[], $3::text[]) as n (id, name)
        on conflict do nothing
        """;

    private const string InsertUpdates = """
        insert into search_update (workspace_id, updated_at, id) select $1, n.updated_at, n.id from unnest($2::uuid[], $3::bigint[]) as n (id, updated_at)
        on conflict do nothing
        """;

    /// <summary>All that partners are or were sorted by.</summary>
    private const string Versions = """
        (select id, name, updated_at from search_doc where workspace_id = $1 and id = any ($2)
        union all select id, name, updated_at from search_was where workspace_id = $1 and id = any ($2))
        """;

    private const string DeleteNames =
        $"delete from search_name as s using {Versions} as v where s.workspace_id = $1 and s.name = v.name and s.id = v.id";

    private const string DeleteUpdates =
        $"delete from search_update as s using {Versions} as v where s.workspace_id = $1 and s.updated_at = v.updated_at and s.id = v.id";

    private const string DeleteWas = "delete from search_was where workspace_id = $1 and id = any ($2)";

    /// <summary>A partner can have got back the name that it had.</summary>
    private const string PruneNames = """
        delete from search_name as s using search_was as w
        where s.workspace_id = $1 and w.workspace_id = $1 and w.until <= $2 and s.name = w.name and s.id = w.id
            and not exists (select from search_doc where workspace_id = $1 and id = w.id and name = w.name)
            and not exists (select from search_was where workspace_id = $1 and id = w.id and until > $2 and name = w.name)
        """;

    private const string PruneUpdates = """
        delete from search_update as s using search_was as w
        where s.workspace_id = $1 and w.workspace_id = $1 and w.until <= $2 and s.updated_at = w.updated_at and s.id = w.id
            and not exists (select from search_doc where workspace_id = $1 and id = w.id and updated_at = w.updated_at)
            and not exists (select from search_was where workspace_id = $1 and id = w.id and until > $2 and updated_at = w.updated_at)
        """;

    private const string PruneWas = "delete from search_was where workspace_id = $1 and until <= $2";

    /// <summary>Keeps what partners were sorted by, before their rows are changed.</summary>
    /// <param name="until">The snapshot from which on they are as they will be.</param>
    public static PostgresStatement Keep(long workspaceId, long until, Guid[] ids) => new(InsertWas, workspaceId, until, ids);

    /// <summary>Makes sure that the orders have what the partners are sorted by now.</summary>
    /// <param name="renamed">Those whose name is not the one that they had.</param>
    public static PostgresStatement[] Enter(long workspaceId, SearchDoc[] changed, SearchDoc[] renamed) =>
    [
        new(InsertUpdates, workspaceId, Array.ConvertAll(changed, doc => doc.Id), Array.ConvertAll(changed, doc => doc.UpdatedAt)),
        new(InsertNames, workspaceId, Array.ConvertAll(renamed, doc => doc.Id), Array.ConvertAll(renamed, doc => doc.Name)),
    ];

    /// <summary>Forgets partners, before their rows are deleted.</summary>
    public static PostgresStatement[] Forget(long workspaceId, Guid[] ids) =>
        [new(DeleteNames, workspaceId, ids), new(DeleteUpdates, workspaceId, ids), new(DeleteWas, workspaceId, ids)];

    /// <summary>Forgets what only snapshots before this one need.</summary>
    public static PostgresStatement[] Prune(long workspaceId, long kept) =>
        [new(PruneNames, workspaceId, kept), new(PruneUpdates, workspaceId, kept), new(PruneWas, workspaceId, kept)];

    /// <summary>What <c>d</c>, a row of search_doc, was sorted by in a snapshot; nothing where it was not there yet.</summary>
    public static string VersionIn(string snapshot) => $"""
        (select d.name, d.updated_at where d.since <= {snapshot}
        union all select was.name, was.updated_at from search_was as was
        where was.workspace_id = $1 and was.id = d.id and d.since > {snapshot} and was.since <= {snapshot} and was.until > {snapshot})
        """;
}
