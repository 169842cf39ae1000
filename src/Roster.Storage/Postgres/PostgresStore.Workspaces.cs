using Npgsql;
using Roster.Access;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres;

internal sealed partial class PostgresStore
{
    /// <summary>
    /// Ids count up without a sequence. Of two concurrent inserts, one finds its number taken and tries again.
    /// </summary>
    private const string InsertWorkspace = """
        insert into workspace (id, name, created_at) select coalesce(max(id), 0) + 1, $1, $2::bigint from workspace
        on conflict do nothing
        """;

    private const string SelectWorkspaceByName = "select id from workspace where name = $1";

    /// <summary>One by one, as <see cref="SelectNamed"/>: else the planner may read all workspaces.</summary>
    private const string SelectWorkspacesByName = """
        select name, id from unnest((select $1::text[])) as n (named) cross join lateral (
            select name, id from workspace where name = n.named limit 1) as one
        """;

    private const string SelectWorkspaceName = "select name from workspace where id = $1";

    private const string InsertLogEnd = "insert into log_end (workspace_id, revision, changed_at, live) values ($1, 0, $2, 0)";

    private const string InsertSearchState = "insert into search_state (workspace_id, reached) values ($1, 0)";

    /// <summary>On Citus every node has the names, so none has to be asked.</summary>
    private const string SelectWorkspaceNames = "select id, name from workspace order by name";

    /// <summary>Reads all workspaces, so on Citus it reads all nodes.</summary>
    internal const string SelectWorkspaces = """
        select workspace.id, workspace.name, log_end.revision, workspace.created_at
        from workspace join log_end on log_end.workspace_id = workspace.id order by workspace.name
        """;

    public async Task<string?> FindWorkspaceNameAsync(long id, CancellationToken cancel) =>
        (await _database.ReadAsync(
            connection => connection.ListAsync(new PostgresStatement(SelectWorkspaceName, id), row => row.GetString(0), cancel), cancel))
        .SingleOrDefault();

    public async Task<Workspace?> AddWorkspaceAsync(string name, Timestamp at, CancellationToken cancel)
    {
        var added = default(Workspace);
        var auditId = Guid.CreateVersion7();
        await _database.WriteAgainAsync(async connection =>
        {
            added = null;
            while (await connection.RunAsync(cancel, new PostgresStatement(InsertWorkspace, name, at)) == 0)
            {
                if (await IdAsync(connection) is not { } taken)
                    continue;
                // If an earlier attempt committed without an answer, this is its workspace.
                if ((await connection.ListAsync(new PostgresStatement(SelectAuditEvent, taken, auditId), _ => true, cancel)).Count > 0)
                    added = new Workspace(taken, name, 0, at);
                return;
            }
            var id = (await IdAsync(connection))!.Value;
            await connection.RunAsync(cancel, new(InsertLogEnd, id, at), new(InsertSearchState, id));
            var audit = AuditEvent.Of(AuditAction.WorkspaceCreated, id, at, Actor.Command, name) with { Id = auditId };
            await RecordAsync(connection, audit, cancel);
            added = new Workspace(id, name, 0, at);
        }, cancel);
        return added;

        async Task<long?> IdAsync(NpgsqlConnection connection) =>
            await connection.ListAsync(new PostgresStatement(SelectWorkspaceByName, name), row => row.GetInt64(0), cancel) is [var id]
                ? id : null;
    }

    public async Task<IReadOnlyDictionary<string, long>> FindWorkspacesAsync(
        IReadOnlyCollection<string> names, CancellationToken cancel)
    {
        // PostgreSQL has no text with U+0000.
        var possible = names.Where(name => !name.Contains('\0')).Distinct().ToArray();
        return possible.Length == 0 ? new Dictionary<string, long>()
            : (await _database.ReadAsync(
                connection => connection.ListAsync(
                    new PostgresStatement(SelectWorkspacesByName, possible), row => (Name: row.GetString(0), Id: row.GetInt64(1)), cancel),
                cancel)).ToDictionary(one => one.Name, one => one.Id, StringComparer.Ordinal);
    }

    public async Task<IReadOnlyList<Workspace>> ListWorkspacesAsync(CancellationToken cancel) => await _database.ReadAsync(
        connection => connection.ListAsync(
            new PostgresStatement(SelectWorkspaces),
            row => new Workspace(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.Timestamp(3)), cancel), cancel);

    public async Task<IReadOnlyList<long>> ListWorkspaceIdsAsync(CancellationToken cancel) => await _database.ReadAsync(
        async connection => (await ReadWorkspaceNamesAsync(connection, cancel)).ConvertAll(one => one.Id), cancel);

    internal static Task<List<(long Id, string Name)>> ReadWorkspaceNamesAsync(NpgsqlConnection connection, CancellationToken cancel) =>
        connection.ListAsync(new PostgresStatement(SelectWorkspaceNames), row => (row.GetInt64(0), row.GetString(1)), cancel);
}
