using Roster.Access;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite;

internal sealed partial class SqliteStore
{
    private const string InsertWorkspace = """
        insert into workspace (name, revision, changed_at, created_at) values (?1, 0, ?2, ?2)
        on conflict (name) do nothing returning id
        """;

    private const string SelectWorkspaces = "select id, name, revision, created_at from workspace order by name";

    private const string SelectWorkspaceByName = "select id from workspace where name = ?1";

    private const string SelectWorkspaceName = "select name from workspace where id = ?1";

    public Task<string?> FindWorkspaceNameAsync(long id, CancellationToken cancel) => Task.FromResult(_readers.Read(database =>
    {
        using var row = database.Prepare(SelectWorkspaceName).Bind(1, id).Query();
        return row.Step() ? row.Text(0) : null;
    }));

    public Task<IReadOnlyDictionary<string, long>> FindWorkspacesAsync(IReadOnlyCollection<string> names, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyDictionary<string, long>>(database =>
        {
            var ids = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (var name in names)
            {
                using var row = database.Prepare(SelectWorkspaceByName).Bind(1, name).Query();
                if (row.Step())
                    ids[name] = row.Int64(0);
            }
            return ids;
        }));

    public Task<Workspace?> AddWorkspaceAsync(string name, Timestamp at, CancellationToken cancel) =>
        _writer.RunAsync(1, database =>
        {
            long id;
            using (var row = database.Prepare(InsertWorkspace).Bind(1, name).Bind(2, at).Query())
            {
                if (!row.Step())
                    return null;
                id = row.Int64(0);
            }
            Record(database, AuditEvent.Of(AuditAction.WorkspaceCreated, id, at, Actor.Command, name));
            return new Workspace(id, name, 0, at);
        }, cancel);

    public Task<IReadOnlyList<Workspace>> ListWorkspacesAsync(CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyList<Workspace>>(database =>
        {
            var workspaces = new List<Workspace>();
            using var rows = database.Prepare(SelectWorkspaces).Query();
            while (rows.Step())
                workspaces.Add(new Workspace(rows.Int64(0), rows.Text(1), rows.Int64(2), rows.Timestamp(3)));
            return workspaces;
        }));

    public Task<IReadOnlyList<long>> ListWorkspaceIdsAsync(CancellationToken cancel) => Task.FromResult(
        _readers.Read<IReadOnlyList<long>>(database => ReadWorkspaceNames(database).ConvertAll(one => one.Id)));

    internal static List<(long Id, string Name)> ReadWorkspaceNames(SqliteDatabase database)
    {
        var names = new List<(long Id, string Name)>();
        using var rows = database.Prepare(SelectWorkspaces).Query();
        while (rows.Step())
            names.Add((rows.Int64(0), rows.Text(1)));
        return names;
    }
}
