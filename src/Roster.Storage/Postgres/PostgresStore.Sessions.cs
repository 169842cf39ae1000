using Npgsql;
using Roster.Access;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres;

/// <summary>Sessions of the console, and the links that begin them.</summary>
internal sealed partial class PostgresStore
{
    /// <summary>Columns in the order of <see cref="MapSession"/>.</summary>
    private const string SelectSessions = $"""
        select {KeyColumns}, session.id, session.hash, session.created_at, session.last_used_at, session.address, session.user_agent
        from session join api_key on api_key.id = session.key_id
        """;

    private const string IsValid =
        "session.expires_at > $2 and api_key.revoked_at is null and (api_key.expires_at is null or api_key.expires_at > $2)";

    private const string SelectSessionByHash = SelectSessions + " where session.hash = $1";

    private const string SelectSessionById = SelectSessions + " where session.id = $1";

    private const string SelectSessionsOfWorkspace =
        $"{SelectSessions} where session.workspace_id = $1 and {IsValid} order by session.id desc limit (select $3::bigint)";

    private const string SelectSessionsOfKey =
        $"{SelectSessions} where session.key_id = $1 and {IsValid} order by session.id desc limit (select $3::bigint)";

    private const string InsertSession = """
        insert into session (id, workspace_id, key_id, hash, created_at, last_used_at, expires_at, address, user_agent)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """;

    private const string DeleteSession = "delete from session where id = $1";

    private const string DeleteSessionsOfKey = "delete from session where key_id = $1";

    /// <summary>Selects the first session that is beyond a number of the key's sessions up to one, the new one.</summary>
    private const string SelectOldSession =
        "select id from session where key_id = $1 and id <= $2 order by id desc limit 1 offset $3";

    private const string DeleteOldSessions = "delete from session where key_id = $1 and id <= $2";

    private const string DeleteExpiredSessions = """
        delete from session where id = any (
            array(select id from session where expires_at <= $1 order by expires_at, id limit (select $2::bigint)))
        """;

    private const string UpdateSessionUse = """
        update session set last_used_at = greatest(last_used_at, n.at),
            expires_at = least(greatest(last_used_at, n.at) + $3, created_at + $4)
        from unnest((select $1::uuid[]), (select $2::bigint[])) as n (id, at) where session.id = n.id
        """;

    private const string InsertLink = """
        insert into console_link
            (id, workspace_id, hash, made_by, name, scopes, allowed_hostnames, key_expires_at, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """;

    private const string SelectLinkByHash = """
        select id, workspace_id, hash, made_by, name, scopes, allowed_hostnames, key_expires_at, created_at
        from console_link where hash = $1
        """;

    private const string DeleteLink = "delete from console_link where id = $1";

    /// <summary>Selects the first link that is beyond a number of the links up to one, the new one.</summary>
    private const string SelectOldLink =
        "select id from console_link where workspace_id = $1 and id <= $2 order by id desc limit 1 offset $3";

    private const string DeleteOldLinks = "delete from console_link where workspace_id = $1 and id <= $2";

    private const string DeleteExpiredLinks = """
        delete from console_link where id = any (
            array(select id from console_link where expires_at <= $1 order by expires_at, id limit (select $2::bigint)))
        """;

    private const string UpdatePerson = "update api_key set name = $2, scopes = $3 where id = $1";

    private const string UpdateSecret = "update api_key set prefix = $2, hash = $3 where id = $1";

    public Task<KeySession?> FindSessionAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel) =>
        FindSessionAsync(new PostgresStatement(SelectSessionByHash, hash.ToArray()), cancel);

    public Task<KeySession?> FindSessionAsync(Guid id, CancellationToken cancel) =>
        FindSessionAsync(new PostgresStatement(SelectSessionById, id), cancel);

    public Task<bool> AddSessionAsync(Session session, ApiKey key, AuditEvent audit, CancellationToken cancel) =>
        AdministerAsync(audit, async connection =>
        {
            if (await FindKeyAsync(connection, key.Id, cancel) is not { } now || !now.Matches(key.Hash)
                || !now.IsValidAt(session.CreatedAt))
                return false;
            await InsertAsync(connection, session, cancel);
            return true;
        }, cancel);

    public Task EndSessionAsync(Guid id, AuditEvent audit, CancellationToken cancel) =>
        AdministerAsync(
            audit, async connection => await connection.RunAsync(cancel, new PostgresStatement(DeleteSession, id)) > 0, cancel);

    public async Task<IReadOnlyList<KeySession>> ListSessionsAsync(
        long workspaceId, Guid? keyId, Timestamp now, int take, CancellationToken cancel) =>
        await _database.ReadAsync(
            connection => connection.ListAsync(
                keyId is { } id ? new PostgresStatement(SelectSessionsOfKey, id, now, (long)take)
                    : new PostgresStatement(SelectSessionsOfWorkspace, workspaceId, now, (long)take),
                MapSession, cancel),
            cancel);

    public Task NoteSessionUseAsync(IReadOnlyDictionary<Guid, Timestamp> lastUsedAt, CancellationToken cancel)
    {
        // The same order on all nodes avoids deadlocks.
        var used = lastUsedAt.OrderBy(one => one.Key).ToArray();
        return _database.WriteAgainAsync(
            connection => connection.RunAsync(cancel, new PostgresStatement(
                UpdateSessionUse, Array.ConvertAll(used, one => one.Key), Array.ConvertAll(used, one => one.Value.Microseconds),
                Session.LongestIdle.Ticks / TimeSpan.TicksPerMicrosecond, Session.Longest.Ticks / TimeSpan.TicksPerMicrosecond)),
            cancel);
    }

    public Task AddLinkAsync(ConsoleLink link, AuditEvent audit, CancellationToken cancel) =>
        AdministerAsync(audit, async connection =>
        {
            var (scopes, hostnames, end) = link.Grant;
            await connection.RunAsync(cancel, new PostgresStatement(
                InsertLink, link.Id, link.WorkspaceId, link.Hash, link.MadeBy, link.Name, scopes.ToStored(),
                hostnames.ToStored(), end, link.CreatedAt, link.ExpiresAt));
            var old = new PostgresStatement(SelectOldLink, link.WorkspaceId, link.Id, (long)ConsoleLink.MaxOpen);
            if (await IdsAsync(connection, old, cancel) is [var last])
                await connection.RunAsync(cancel, new PostgresStatement(DeleteOldLinks, link.WorkspaceId, last));
            await connection.RunAsync(
                cancel, new PostgresStatement(DeleteExpiredLinks, Timestamp.From(_steady.Earliest), (long)Session.MaxExpiredDeleted));
            return true;
        }, cancel);

    public async Task<ConsoleLink?> FindLinkAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel) => (await _database.ReadAsync(
        connection => connection.ListAsync(
            new PostgresStatement(SelectLinkByHash, hash.ToArray()),
            row => new ConsoleLink(
                row.GetGuid(0), row.GetInt64(1), row.GetFieldValue<byte[]>(2), row.GuidOrNull(3), row.GetString(4),
                new Grant(ScopeNames.Stored(row.GetString(5)), HostnameList.Stored(row.TextOrNull(6)), row.TimestampOrNull(7)),
                row.Timestamp(8)),
            cancel), cancel)).SingleOrDefault();

    public Task<bool> UseLinkAsync(
        ConsoleLink link, ApiKey person, Session session, IReadOnlyList<AuditEvent> audit, CancellationToken cancel) =>
        AdministerAsync(audit, async connection =>
        {
            // The workspace's log is locked, so a concurrent call finds the link deleted.
            if (link.MadeBy is { } maker && !link.IsGivenBy(await FindKeyAsync(connection, maker, cancel), session.CreatedAt))
                return false;
            if (await connection.RunAsync(cancel, new PostgresStatement(DeleteLink, link.Id)) == 0)
                return false;
            await connection.RunAsync(cancel, Insert(person));
            await InsertAsync(connection, session, cancel);
            return true;
        }, cancel);

    public async Task<ApiKey?> FindPersonAsync(long workspaceId, byte[] identity, CancellationToken cancel) =>
        (await ListKeysAsync(new PostgresStatement(SelectPerson, workspaceId, identity), cancel)).SingleOrDefault();

    public Task<bool> SignInAsync(
        ApiKey person, byte[] identity, Session session, IReadOnlyList<AuditEvent> audit, CancellationToken cancel) =>
        AdministerAsync(audit, async connection =>
        {
            // The workspace's log is locked, so a concurrent call sees the person that this one adds.
            var found = await connection.ListAsync(new PostgresStatement(SelectPerson, person.WorkspaceId, identity), MapKey, cancel);
            if (found is not [var known])
                await connection.RunAsync(cancel, Insert(person, identity));
            else if (known.Id != person.Id || !known.IsValidAt(session.CreatedAt))
                return false;
            else
                await UpdateAsync(connection, known, person, cancel);
            await InsertAsync(connection, session, cancel);
            return true;
        }, cancel);

    private async Task<KeySession?> FindSessionAsync(PostgresStatement statement, CancellationToken cancel) =>
        (await _database.ReadAsync(connection => connection.ListAsync(statement, MapSession, cancel), cancel)).SingleOrDefault();

    /// <summary>
    /// Gives a person another name and other scopes. More scopes end the old secret and its sessions: somebody else may
    /// have seen it, by a rotation with fewer rights.
    /// </summary>
    private static async Task UpdateAsync(NpgsqlConnection connection, ApiKey known, ApiKey person, CancellationToken cancel)
    {
        await connection.RunAsync(
            cancel, new PostgresStatement(UpdatePerson, known.Id, person.Name, person.Scopes.ToStored()));
        if ((person.Scopes & ~known.Scopes) == Scopes.None)
            return;
        // Nobody learns the new secret.
        var secret = ApiKeySecret.Mint();
        await connection.RunAsync(
            cancel, new PostgresStatement(UpdateSecret, known.Id, secret.Prefix, secret.Hash()),
            new PostgresStatement(DeleteSessionsOfKey, known.Id));
    }

    private static async Task<ApiKey?> FindKeyAsync(NpgsqlConnection connection, Guid id, CancellationToken cancel) =>
        (await connection.ListAsync(new PostgresStatement(SelectKeyById, id), MapKey, cancel)).SingleOrDefault();

    private async Task InsertAsync(NpgsqlConnection connection, Session session, CancellationToken cancel)
    {
        await connection.RunAsync(cancel, new PostgresStatement(
            InsertSession, session.Id, session.WorkspaceId, session.KeyId, session.Hash, session.CreatedAt, session.LastUsedAt,
            session.ExpiresAt, session.Address, session.UserAgent));
        var old = new PostgresStatement(SelectOldSession, session.KeyId, session.Id, (long)Session.MaxOfKey);
        if (await IdsAsync(connection, old, cancel) is [var last])
            await connection.RunAsync(cancel, new PostgresStatement(DeleteOldSessions, session.KeyId, last));
        await connection.RunAsync(
            cancel, new PostgresStatement(DeleteExpiredSessions, Timestamp.From(_steady.Earliest), (long)Session.MaxExpiredDeleted));
    }

    private static async Task<Guid[]> IdsAsync(NpgsqlConnection connection, PostgresStatement statement, CancellationToken cancel) =>
        [.. await connection.ListAsync(statement, row => row.GetGuid(0), cancel)];

    private static KeySession MapSession(NpgsqlDataReader row)
    {
        const int first = 12;
        var key = MapKey(row);
        return new KeySession(
            new Session(
                row.GetGuid(first), key.WorkspaceId, key.Id, row.GetFieldValue<byte[]>(first + 1), row.Timestamp(first + 2),
                row.Timestamp(first + 3), row.TextOrNull(first + 4), row.TextOrNull(first + 5)),
            key);
    }
}
