using Roster.Access;

namespace Roster.Storage.Sqlite;

internal sealed partial class SqliteStore
{
    private const string SelectKeys = """
        select id, workspace_id, name, prefix, hash, scopes, created_at, expires_at, revoked_at from api_key
        """;

    private const string InsertKey = """
        insert into api_key (id, workspace_id, name, prefix, hash, scopes, created_at, expires_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """;

    public Task<ApiKey?> FindKeyAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database =>
        {
            using var row = database.Prepare(SelectKeys + " where hash = ?1").Bind(1, hash.Span).Query();
            return row.Step() ? MapKey(row) : null;
        }));

    public Task AddKeyAsync(ApiKey key, CancellationToken cancel) =>
        _writer.RunAsync(1, database =>
        {
            database.Prepare(InsertKey)
                .Bind(1, key.Id).Bind(2, key.WorkspaceId).Bind(3, key.Name).Bind(4, key.Prefix).Bind(5, key.Hash)
                .Bind(6, string.Join(',', key.Scopes.Names())).Bind(7, key.CreatedAt).Bind(8, key.ExpiresAt).Run();
            return true;
        }, cancel);

    public Task<bool> RevokeKeyAsync(Guid id, Timestamp at, CancellationToken cancel) =>
        _writer.RunAsync(1, database =>
        {
            using var row = database.Prepare(
                "update api_key set revoked_at = coalesce(revoked_at, ?2) where id = ?1 returning 1").Bind(1, id).Bind(2, at).Query();
            return row.Step();
        }, cancel);

    public Task<IReadOnlyList<ApiKey>> ListKeysAsync(CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyList<ApiKey>>(database =>
        {
            var keys = new List<ApiKey>();
            using var rows = database.Prepare(SelectKeys + " order by id").Query();
            while (rows.Step())
                keys.Add(MapKey(rows));
            return keys;
        }));

    private static ApiKey MapKey(SqliteStatement.Rows row) => new(
        row.Guid(0), row.Int64(1), row.Text(2), row.Text(3), row.Blob(4).ToArray(),
        ScopeNames.TryParse(row.Text(5), out var scopes, out _) ? scopes : Scopes.None,
        row.Timestamp(6), row.TimestampOrNull(7), row.TimestampOrNull(8));
}
