using System.Diagnostics;
using Npgsql;
using Roster.Access;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres;

/// <summary>
/// Keys, and the audit of their administration. Each action locks the workspace's log, so that audit events are in
/// commit order.
/// </summary>
internal sealed partial class PostgresStore
{
    /// <summary>Columns in the order of <see cref="MapKey"/>.</summary>
    private const string KeyColumns = """
        api_key.id, api_key.workspace_id, api_key.name, prefix, api_key.hash, scopes, api_key.created_at, api_key.expires_at, revoked_at,
        allowed_hostnames, api_key.last_used_at, kind
        """;

    private const string SelectKeys = $"select {KeyColumns} from api_key";

    private const string SelectKeysByHash = SelectKeys + " where hash = any ($1)";

    private const string SelectKeysOfWorkspace = SelectKeys + " where workspace_id = $1 order by id";

    private const string SelectAllKeys = SelectKeys + " order by id";

    private const string SelectKeyById = SelectKeys + " where id = $1";

    private const string SelectKeyNames = """
        select api_key.id, name, kind from unnest((select $1::uuid[])) as n (named) cross join lateral (
            select id, workspace_id, name, kind from api_key where id = n.named limit 1) as api_key
        where workspace_id = $2
        """;

    private const string SelectAnyKey = "select id from api_key limit 1";

    private const string SelectHostnames = """
        select distinct allowed_hostnames from api_key
        where allowed_hostnames is not null and revoked_at is null and (expires_at is null or expires_at > $1)
        """;

    private const string InsertKey = """
        insert into api_key (id, workspace_id, name, prefix, hash, scopes, created_at, expires_at, allowed_hostnames, kind, identity)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """;

    private const string EndKey = """
        update api_key set expires_at = least(coalesce(expires_at, $2), $2)
        where id = $1 and revoked_at is null and (expires_at is null or expires_at > $3)
        """;

    private const string RevokeKey = "update api_key set revoked_at = $2 where id = $1 and revoked_at is null";

    private const string SelectPerson = SelectKeys + " where workspace_id = $1 and identity = $2";

    private const string SelectIdentity = "select identity from api_key where id = $1";

    private const string UpdateIdentity = "update api_key set identity = $2 where id = $1";

    private const string NoteKeyUse = """
        update api_key set last_used_at = greatest(coalesce(last_used_at, 0), n.at)
        from unnest((select $1::uuid[]), (select $2::bigint[])) as n (id, at) where api_key.id = n.id
        """;

    private const string InsertAudit = """
        insert into audit_event (workspace_id, number, id, at, action, actor_key_id, address, subject)
        select e.workspace_id, (select coalesce(max(number), 0) + 1 from audit_event where workspace_id = $1),
            $2::uuid, $3::bigint, $4::text, $5::uuid, $6::text, $7::text
        from log_end as e where e.workspace_id = $1
        """;

    private const string SelectAudit = """
        select id, at, action, actor_key_id, address, subject from audit_event
        where workspace_id = $1 order by number desc limit (select $2::bigint)
        """;

    private const string SelectAuditBefore = """
        select id, at, action, actor_key_id, address, subject from audit_event
        where workspace_id = $1 and number < (select number from audit_event where workspace_id = $1 and id = $3)
        order by number desc limit (select $2::bigint)
        """;

    private const string SelectAuditEvent = "select number from audit_event where workspace_id = $1 and id = $2";

    public Task<ApiKey?> FindKeyAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel) => _keysByHash.FindAsync(hash, cancel);

    private Task<List<ApiKey>> FindKeysAsync(long since, byte[][] hashes) => _database.ReadAsync(
        since,
        connection => connection.ListAsync(new PostgresStatement(SelectKeysByHash, hashes), MapKey, CancellationToken.None),
        CancellationToken.None);

    public async Task<ApiKey?> FindKeyAsync(Guid id, CancellationToken cancel) =>
        (await ListKeysAsync(new PostgresStatement(SelectKeyById, id), cancel)).FirstOrDefault();

    public async Task<IReadOnlyDictionary<Guid, KeyName>> NameKeysAsync(
        long workspaceId, IReadOnlyCollection<Guid> ids, CancellationToken cancel) =>
        ids.Count == 0 ? new Dictionary<Guid, KeyName>()
            : (await _database.ReadAsync(
                connection => connection.ListAsync(
                    new PostgresStatement(SelectKeyNames, (Guid[])[.. ids], workspaceId),
                    row => new KeyName(row.GetGuid(0), row.GetString(1), KeyKindNames.Stored(row.GetString(2))), cancel),
                cancel)).ToDictionary(key => key.Id);

    public async Task<bool> HasKeysAsync(CancellationToken cancel) => (await _database.ReadAsync(
        connection => connection.ListAsync(new PostgresStatement(SelectAnyKey), row => row.GetGuid(0), cancel), cancel)).Count > 0;

    public async Task<IReadOnlyList<HostnameList>> ListHostnamesAsync(Timestamp now, CancellationToken cancel) => await _database.ReadAsync(
        connection => connection.ListAsync(
            new PostgresStatement(SelectHostnames, now), row => HostnameList.Stored(row.GetString(0)), cancel), cancel);

    public Task<bool> AddKeyAsync(ApiKey key, AuditEvent audit, (Guid Id, Timestamp EndsAt)? replaced, CancellationToken cancel) =>
        AdministerAsync(audit, async connection =>
        {
            if (replaced is { } old
                && await connection.RunAsync(cancel, new PostgresStatement(EndKey, old.Id, old.EndsAt, key.CreatedAt)) == 0)
                return false;
            await connection.RunAsync(cancel, Insert(key));
            if (replaced is { Id: var before })
                await MoveIdentityAsync(connection, before, key.Id, cancel);
            return true;
        }, cancel);

    public Task<bool> AddFirstKeyAsync(ApiKey key, AuditEvent audit, CancellationToken cancel) =>
        AdministerAsync(audit, async connection =>
        {
            // The workspace's log is locked, so a concurrent call sees the added key.
            if ((await connection.ListAsync(new PostgresStatement(SelectAnyKey), _ => true, cancel)).Count > 0)
                return false;
            await connection.RunAsync(cancel, Insert(key));
            return true;
        }, cancel);

    public Task RevokeKeyAsync(Guid id, AuditEvent audit, CancellationToken cancel) =>
        AdministerAsync(audit, async connection =>
        {
            if (await connection.RunAsync(cancel, new PostgresStatement(RevokeKey, id, audit.At)) == 0)
                return false;
            await connection.RunAsync(cancel, new PostgresStatement(DeleteSessionsOfKey, id));
            return true;
        }, cancel);

    public async Task<IReadOnlyList<ApiKey>> ListKeysAsync(long? workspaceId, CancellationToken cancel) => await ListKeysAsync(
        workspaceId is { } id ? new PostgresStatement(SelectKeysOfWorkspace, id) : new PostgresStatement(SelectAllKeys), cancel);

    public Task NoteKeyUseAsync(IReadOnlyDictionary<Guid, Timestamp> lastUsedAt, CancellationToken cancel)
    {
        // The same order on all nodes avoids deadlocks.
        var used = lastUsedAt.OrderBy(one => one.Key).ToArray();
        return _database.WriteAgainAsync(
            connection => connection.RunAsync(cancel, new PostgresStatement(
                NoteKeyUse, Array.ConvertAll(used, one => one.Key), Array.ConvertAll(used, one => one.Value.Microseconds))),
            cancel);
    }

    public async Task<IReadOnlyList<AuditEvent>> ListAuditAsync(long workspaceId, Guid? before, int take, CancellationToken cancel) =>
        await _database.ReadAsync(connection => connection.ListAsync(
            before is { } last
                ? new PostgresStatement(SelectAuditBefore, workspaceId, (long)take, last)
                : new PostgresStatement(SelectAudit, workspaceId, (long)take),
            row => new AuditEvent(
                row.GetGuid(0), workspaceId, row.Timestamp(1), row.GetString(2), row.GuidOrNull(3), row.TextOrNull(4), row.GetString(5)),
            cancel), cancel);

    /// <summary>Runs an action. If it had an effect, records its audit event in the same transaction.</summary>
    private Task<bool> AdministerAsync(AuditEvent audit, Func<NpgsqlConnection, Task<bool>> act, CancellationToken cancel) =>
        AdministerAsync([audit], act, cancel);

    /// <param name="events">One or more, of one workspace.</param>
    /// <inheritdoc cref="AdministerAsync(AuditEvent, Func{NpgsqlConnection, Task{bool}}, CancellationToken)"/>
    private Task<bool> AdministerAsync(
        IReadOnlyList<AuditEvent> events, Func<NpgsqlConnection, Task<bool>> act, CancellationToken cancel) =>
        _database.WriteAsync(
            events[0].WorkspaceId, Stopwatch.GetTimestamp(),
            async connection =>
            {
                await connection.RunAsync(cancel, [.. _database.Begin, new(PostgresDatabase.LockLogEnd, events[0].WorkspaceId)]);
                var isDone = await act(connection);
                foreach (var audit in isDone ? events : [])
                    await RecordAsync(connection, audit, cancel);
                return (isDone, isDone);
            },
            _ => new PostgresStatement(SelectAuditEvent, events[0].WorkspaceId, events[0].Id),
            cancel);

    private static async Task RecordAsync(NpgsqlConnection connection, AuditEvent audit, CancellationToken cancel)
    {
        var recorded = await connection.RunAsync(cancel, new PostgresStatement(
            InsertAudit, audit.WorkspaceId, audit.Id, audit.At, audit.Action, audit.ActorKeyId, audit.Address, audit.Subject));
        if (recorded != 1)
            throw PostgresFailure.MissingRow(PostgresDatabase.LockLogEnd);
    }

    /// <summary>Makes another key the one with which a person signs in by OpenID Connect.</summary>
    private static async Task MoveIdentityAsync(NpgsqlConnection connection, Guid from, Guid to, CancellationToken cancel)
    {
        var found = await connection.ListAsync(
            new PostgresStatement(SelectIdentity, from), row => row.IsDBNull(0) ? null : row.GetFieldValue<byte[]>(0), cancel);
        if (found is not [{ } identity])
            return;
        await connection.RunAsync(cancel, new PostgresStatement(UpdateIdentity, from, default(byte[])));
        await connection.RunAsync(cancel, new PostgresStatement(UpdateIdentity, to, identity));
    }

    private static PostgresStatement Insert(ApiKey key, byte[]? identity = null) => new(
        InsertKey, key.Id, key.WorkspaceId, key.Name, key.Prefix, key.Hash, key.Scopes.ToStored(), key.CreatedAt,
        key.ExpiresAt, key.AllowedHostnames.ToStored(),
        key.Kind.Name(), identity);

    private Task<List<ApiKey>> ListKeysAsync(PostgresStatement statement, CancellationToken cancel) =>
        _database.ReadAsync(connection => connection.ListAsync(statement, MapKey, cancel), cancel);

    private static ApiKey MapKey(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetFieldValue<byte[]>(4),
        ScopeNames.Stored(row.GetString(5)),
        row.Timestamp(6), row.TimestampOrNull(7), row.TimestampOrNull(8),
        HostnameList.Stored(row.TextOrNull(9)),
        row.TimestampOrNull(10),
        KeyKindNames.Stored(row.GetString(11)));
}
