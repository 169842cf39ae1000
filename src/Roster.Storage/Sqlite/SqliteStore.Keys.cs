using Roster.Access;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite;

/// <summary>Keys, and the audit of their administration.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>Columns in the order of <see cref="MapKey"/>.</summary>
    private const string KeyColumns = """
        api_key.id, api_key.workspace_id, api_key.name, prefix, api_key.hash, scopes, api_key.created_at, api_key.expires_at, revoked_at,
        allowed_hostnames, api_key.last_used_at, kind
        """;

    private const string SelectKeys = $"select {KeyColumns} from api_key";

    private const string InsertKey = """
        insert into api_key (id, workspace_id, name, prefix, hash, scopes, created_at, expires_at, allowed_hostnames, kind, identity)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        """;

    private const string InsertAudit = """
        insert into audit_event (workspace_id, id, at, action, actor_key_id, address, subject) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """;

    private const string SelectKeyByHash = SelectKeys + " where hash = ?1";

    private const string SelectKeyById = SelectKeys + " where id = ?1";

    private const string SelectKeysOfWorkspace = SelectKeys + " where workspace_id = ?1 order by id";

    private const string SelectAllKeys = SelectKeys + " order by id";

    private const string SelectKeyName = "select name, kind from api_key where id = ?1 and workspace_id = ?2";

    private const string SelectAnyKey = "select min(id) from api_key";

    private const string SelectHostnames = """
        select distinct allowed_hostnames from api_key indexed by api_key_hostnames
        where allowed_hostnames is not null and revoked_at is null and (expires_at is null or expires_at > ?1)
        """;

    private const string SelectAudit = """
        select id, at, action, actor_key_id, address, subject from audit_event where workspace_id = ?1 order by number desc limit ?2
        """;

    private const string SelectAuditBefore = """
        select id, at, action, actor_key_id, address, subject from audit_event
        where workspace_id = ?1 and number < (select number from audit_event where workspace_id = ?1 and id = ?3)
        order by number desc limit ?2
        """;

    private const string RevokeKey = "update api_key set revoked_at = ?2 where id = ?1 and revoked_at is null returning 1";

    private const string ReplaceKey = """
        update api_key set expires_at = min(coalesce(expires_at, ?2), ?2)
        where id = ?1 and revoked_at is null and (expires_at is null or expires_at > ?3) returning 1
        """;

    private const string SelectPerson = SelectKeys + " where workspace_id = ?1 and identity = ?2";

    private const string SelectIdentity = "select identity from api_key where id = ?1";

    private const string UpdateIdentity = "update api_key set identity = ?2 where id = ?1";

    private const string UpdateKeyUse = "update api_key set last_used_at = max(coalesce(last_used_at, 0), ?2) where id = ?1";

    public Task<ApiKey?> FindKeyAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database =>
        {
            using var row = database.Prepare(SelectKeyByHash).Bind(1, hash.Span).Query();
            return row.Step() ? MapKey(row) : null;
        }));

    public Task<ApiKey?> FindKeyAsync(Guid id, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database => FindKey(database, id)));

    public Task<IReadOnlyDictionary<Guid, KeyName>> NameKeysAsync(
        long workspaceId, IReadOnlyCollection<Guid> ids, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyDictionary<Guid, KeyName>>(database =>
        {
            var names = new Dictionary<Guid, KeyName>();
            foreach (var id in ids)
            {
                using var row = database.Prepare(SelectKeyName).Bind(1, id).Bind(2, workspaceId).Query();
                if (row.Step())
                    names[id] = new KeyName(id, row.Text(0), KeyKindNames.Stored(row.Text(1)));
            }
            return names;
        }));

    public Task<bool> HasKeysAsync(CancellationToken cancel) => Task.FromResult(_readers.Read(database =>
    {
        using var row = database.Prepare(SelectAnyKey).Query();
        return row.Step() && !row.IsNull(0);
    }));

    public Task<IReadOnlyList<HostnameList>> ListHostnamesAsync(Timestamp now, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyList<HostnameList>>(database =>
        {
            var lists = new List<HostnameList>();
            using var rows = database.Prepare(SelectHostnames).Bind(1, now).Query();
            while (rows.Step())
                lists.Add(HostnameList.Stored(rows.Text(0)));
            return lists;
        }));

    public Task<bool> AddKeyAsync(ApiKey key, AuditEvent audit, (Guid Id, Timestamp EndsAt)? replaced, CancellationToken cancel) =>
        _writer.RunAsync(1, database =>
        {
            if (replaced is { } old && !EndKey(database, old.Id, old.EndsAt, key.CreatedAt))
                return false;
            Insert(database, key);
            if (replaced is { Id: var before })
                MoveIdentity(database, before, key.Id);
            Record(database, audit);
            return true;
        }, cancel);

    public Task<bool> AddFirstKeyAsync(ApiKey key, AuditEvent audit, CancellationToken cancel) =>
        _writer.RunAsync(1, database =>
        {
            using (var row = database.Prepare(SelectAnyKey).Query())
                if (row.Step() && !row.IsNull(0))
                    return false;
            Insert(database, key);
            Record(database, audit);
            return true;
        }, cancel);

    private static void Insert(SqliteDatabase database, ApiKey key, byte[]? identity = null) => database.Prepare(InsertKey)
        .Bind(1, key.Id).Bind(2, key.WorkspaceId).Bind(3, key.Name).Bind(4, key.Prefix).Bind(5, key.Hash)
        .Bind(6, key.Scopes.ToStored()).Bind(7, key.CreatedAt).Bind(8, key.ExpiresAt)
        .Bind(9, key.AllowedHostnames.ToStored())
        .Bind(10, key.Kind.Name()).Bind(11, identity).Run();

    /// <summary>Makes another key the one with which a person signs in by OpenID Connect.</summary>
    private static void MoveIdentity(SqliteDatabase database, Guid from, Guid to)
    {
        byte[]? identity;
        using (var row = database.Prepare(SelectIdentity).Bind(1, from).Query())
            identity = row.Step() && !row.IsNull(0) ? row.Blob(0).ToArray() : null;
        if (identity is null)
            return;
        database.Prepare(UpdateIdentity).Bind(1, from).Bind(2, default(byte[])).Run();
        database.Prepare(UpdateIdentity).Bind(1, to).Bind(2, identity).Run();
    }

    public Task RevokeKeyAsync(Guid id, AuditEvent audit, CancellationToken cancel) =>
        _writer.RunAsync(1, database =>
        {
            using (var row = database.Prepare(RevokeKey).Bind(1, id).Bind(2, audit.At).Query())
                if (!row.Step())
                    return false;
            database.Prepare(DeleteSessionsOfKey).Bind(1, id).Run();
            Record(database, audit);
            return true;
        }, cancel);

    public Task<IReadOnlyList<ApiKey>> ListKeysAsync(long? workspaceId, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyList<ApiKey>>(database =>
        {
            var keys = new List<ApiKey>();
            var statement = workspaceId is { } id
                ? database.Prepare(SelectKeysOfWorkspace).Bind(1, id)
                : database.Prepare(SelectAllKeys);
            using var rows = statement.Query();
            while (rows.Step())
                keys.Add(MapKey(rows));
            return keys;
        }));

    public Task NoteKeyUseAsync(IReadOnlyDictionary<Guid, Timestamp> lastUsedAt, CancellationToken cancel) =>
        _writer.RunAsync(lastUsedAt.Count, database =>
        {
            foreach (var (id, at) in lastUsedAt)
                database.Prepare(UpdateKeyUse).Bind(1, id).Bind(2, at).Run();
            return true;
        }, cancel);

    public Task<IReadOnlyList<AuditEvent>> ListAuditAsync(long workspaceId, Guid? before, int take, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyList<AuditEvent>>(database =>
        {
            var events = new List<AuditEvent>();
            var statement = database.Prepare(before is null ? SelectAudit : SelectAuditBefore).Bind(1, workspaceId).Bind(2, take);
            using var rows = (before is { } id ? statement.Bind(3, id) : statement).Query();
            while (rows.Step())
                events.Add(new AuditEvent(
                    rows.Guid(0),
                    workspaceId,
                    rows.Timestamp(1),
                    rows.Text(2),
                    rows.IsNull(3) ? null : rows.Guid(3),
                    rows.TextOrNull(4),
                    rows.Text(5)));
            return events;
        }));

    private static ApiKey? FindKey(SqliteDatabase database, Guid id)
    {
        using var row = database.Prepare(SelectKeyById).Bind(1, id).Query();
        return row.Step() ? MapKey(row) : null;
    }

    private static bool EndKey(SqliteDatabase database, Guid id, Timestamp endsAt, Timestamp now)
    {
        using var row = database.Prepare(ReplaceKey).Bind(1, id).Bind(2, endsAt).Bind(3, now).Query();
        return row.Step();
    }

    private static void Record(SqliteDatabase database, AuditEvent audit)
    {
        var statement = database.Prepare(InsertAudit)
            .Bind(1, audit.WorkspaceId).Bind(2, audit.Id).Bind(3, audit.At).Bind(4, audit.Action)
            .Bind(6, audit.Address).Bind(7, audit.Subject);
        _ = audit.ActorKeyId is { } actor ? statement.Bind(5, actor) : statement.Bind(5, default(string));
        statement.Run();
    }

    private static ApiKey MapKey(SqliteStatement.Rows row) => new(
        row.Guid(0), row.Int64(1), row.Text(2), row.Text(3), row.Blob(4).ToArray(),
        ScopeNames.Stored(row.Text(5)),
        row.Timestamp(6), row.TimestampOrNull(7), row.TimestampOrNull(8),
        HostnameList.Stored(row.TextOrNull(9)),
        row.TimestampOrNull(10),
        KeyKindNames.Stored(row.Text(11)));
}
