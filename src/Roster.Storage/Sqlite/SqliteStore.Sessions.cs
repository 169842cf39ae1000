using Roster.Access;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite;

/// <summary>Sessions of the console, and the links that begin them.</summary>
internal sealed partial class SqliteStore
{
    /// <summary>Columns in the order of <see cref="MapSession"/>.</summary>
    private const string SelectSessions = $"""
        select {KeyColumns}, session.id, session.hash, session.created_at, session.last_used_at, session.address, session.user_agent
        from session cross join api_key on api_key.id = session.key_id
        """;

    private const string IsValid =
        "session.expires_at > ?2 and api_key.revoked_at is null and (api_key.expires_at is null or api_key.expires_at > ?2)";

    private const string SelectSessionByHash = SelectSessions + " where session.hash = ?1";

    private const string SelectSessionById = SelectSessions + " where session.id = ?1";

    private const string SelectSessionsOfWorkspace =
        $"{SelectSessions} where session.workspace_id = ?1 and {IsValid} order by session.id desc limit ?3";

    private const string SelectSessionsOfKey =
        $"{SelectSessions} where session.key_id = ?1 and {IsValid} order by session.id desc limit ?3";

    private const string InsertSession = """
        insert into session (id, workspace_id, key_id, hash, created_at, last_used_at, expires_at, address, user_agent)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """;

    private const string DeleteSession = "delete from session where id = ?1 returning 1";

    private const string DeleteSessionsOfKey = "delete from session where key_id = ?1";

    /// <summary>Deletes those beyond a number of the key's sessions up to one, the new one.</summary>
    private const string DeleteOldSessions = """
        delete from session where key_id = ?1
            and id <= (select id from session where key_id = ?1 and id <= ?2 order by id desc limit 1 offset ?3)
        """;

    private const string DeleteExpiredSessions = """
        delete from session where id in (select id from session where expires_at <= ?1 order by expires_at, id limit ?2)
        """;

    private const string UpdateSessionUse = """
        update session set last_used_at = max(last_used_at, ?2), expires_at = min(max(last_used_at, ?2) + ?3, created_at + ?4)
        where id = ?1
        """;

    private const string InsertLink = """
        insert into console_link
            (id, workspace_id, hash, made_by, name, scopes, allowed_hostnames, key_expires_at, created_at, expires_at)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        """;

    private const string SelectLinkByHash = """
        select id, workspace_id, hash, made_by, name, scopes, allowed_hostnames, key_expires_at, created_at
        from console_link where hash = ?1
        """;

    private const string DeleteLink = "delete from console_link where id = ?1 returning 1";

    /// <summary>Deletes those beyond a number of the links up to one, the new one.</summary>
    private const string DeleteOldLinks = """
        delete from console_link where workspace_id = ?1
            and id <= (select id from console_link where workspace_id = ?1 and id <= ?2 order by id desc limit 1 offset ?3)
        """;

    private const string DeleteExpiredLinks = """
        delete from console_link where id in (select id from console_link where expires_at <= ?1 order by expires_at, id limit ?2)
        """;

    private const string UpdatePerson = "update api_key set name = ?2, scopes = ?3 where id = ?1";

    private const string UpdateSecret = "update api_key set prefix = ?2, hash = ?3 where id = ?1";

    public Task<KeySession?> FindSessionAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database =>
        {
            using var row = database.Prepare(SelectSessionByHash).Bind(1, hash.Span).Query();
            return row.Step() ? MapSession(row) : null;
        }));

    public Task<KeySession?> FindSessionAsync(Guid id, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database =>
        {
            using var row = database.Prepare(SelectSessionById).Bind(1, id).Query();
            return row.Step() ? MapSession(row) : null;
        }));

    public Task<bool> AddSessionAsync(Session session, ApiKey key, AuditEvent audit, CancellationToken cancel) =>
        _writer.RunAsync(1, database =>
        {
            if (FindKey(database, key.Id) is not { } now || !now.Matches(key.Hash) || !now.IsValidAt(session.CreatedAt))
                return false;
            Insert(database, session);
            Record(database, audit);
            return true;
        }, cancel);

    public Task EndSessionAsync(Guid id, AuditEvent audit, CancellationToken cancel) =>
        _writer.RunAsync(1, database =>
        {
            if (!IsAnyRow(database.Prepare(DeleteSession).Bind(1, id)))
                return false;
            Record(database, audit);
            return true;
        }, cancel);

    public Task<IReadOnlyList<KeySession>> ListSessionsAsync(
        long workspaceId, Guid? keyId, Timestamp now, int take, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyList<KeySession>>(database =>
        {
            var sessions = new List<KeySession>();
            var statement = keyId is { } id
                ? database.Prepare(SelectSessionsOfKey).Bind(1, id) : database.Prepare(SelectSessionsOfWorkspace).Bind(1, workspaceId);
            using var rows = statement.Bind(2, now).Bind(3, take).Query();
            while (rows.Step())
                sessions.Add(MapSession(rows));
            return sessions;
        }));

    public Task NoteSessionUseAsync(IReadOnlyDictionary<Guid, Timestamp> lastUsedAt, CancellationToken cancel) =>
        _writer.RunAsync(lastUsedAt.Count, database =>
        {
            foreach (var (id, at) in lastUsedAt)
                database.Prepare(UpdateSessionUse).Bind(1, id).Bind(2, at)
                    .Bind(3, Session.LongestIdle.Ticks / TimeSpan.TicksPerMicrosecond)
                    .Bind(4, Session.Longest.Ticks / TimeSpan.TicksPerMicrosecond).Run();
            return true;
        }, cancel);

    public Task AddLinkAsync(ConsoleLink link, AuditEvent audit, CancellationToken cancel) =>
        _writer.RunAsync(1, database =>
        {
            var (scopes, hostnames, end) = link.Grant;
            database.Prepare(InsertLink).Bind(1, link.Id).Bind(2, link.WorkspaceId).Bind(3, link.Hash).Bind(4, link.MadeBy)
                .Bind(5, link.Name).Bind(6, scopes.ToStored())
                .Bind(7, hostnames.ToStored()).Bind(8, end)
                .Bind(9, link.CreatedAt).Bind(10, link.ExpiresAt).Run();
            database.Prepare(DeleteOldLinks).Bind(1, link.WorkspaceId).Bind(2, link.Id).Bind(3, ConsoleLink.MaxOpen).Run();
            database.Prepare(DeleteExpiredLinks).Bind(1, Timestamp.From(_steady.Earliest)).Bind(2, Session.MaxExpiredDeleted).Run();
            Record(database, audit);
            return true;
        }, cancel);

    public Task<ConsoleLink?> FindLinkAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database =>
        {
            using var row = database.Prepare(SelectLinkByHash).Bind(1, hash.Span).Query();
            return !row.Step() ? null : new ConsoleLink(
                row.Guid(0), row.Int64(1), row.Blob(2).ToArray(), row.IsNull(3) ? null : row.Guid(3), row.Text(4),
                new Grant(ScopeNames.Stored(row.Text(5)), HostnameList.Stored(row.TextOrNull(6)), row.TimestampOrNull(7)),
                row.Timestamp(8));
        }));

    public Task<bool> UseLinkAsync(
        ConsoleLink link, ApiKey person, Session session, IReadOnlyList<AuditEvent> audit, CancellationToken cancel) =>
        _writer.RunAsync(1, database =>
        {
            if ((link.MadeBy is { } maker && !link.IsGivenBy(FindKey(database, maker), session.CreatedAt))
                || !IsAnyRow(database.Prepare(DeleteLink).Bind(1, link.Id)))
                return false;
            Insert(database, person);
            Insert(database, session);
            foreach (var one in audit)
                Record(database, one);
            return true;
        }, cancel);

    public Task<ApiKey?> FindPersonAsync(long workspaceId, byte[] identity, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database => FindPerson(database, workspaceId, identity)));

    public Task<bool> SignInAsync(
        ApiKey person, byte[] identity, Session session, IReadOnlyList<AuditEvent> audit, CancellationToken cancel) =>
        _writer.RunAsync(1, database =>
        {
            if (FindPerson(database, person.WorkspaceId, identity) is not { } known)
                Insert(database, person, identity);
            else if (known.Id != person.Id || !known.IsValidAt(session.CreatedAt))
                return false;
            else
                Update(database, known, person);
            Insert(database, session);
            foreach (var one in audit)
                Record(database, one);
            return true;
        }, cancel);

    private static ApiKey? FindPerson(SqliteDatabase database, long workspaceId, byte[] identity)
    {
        using var row = database.Prepare(SelectPerson).Bind(1, workspaceId).Bind(2, identity).Query();
        return row.Step() ? MapKey(row) : null;
    }

    /// <summary>
    /// Gives a person another name and other scopes. More scopes end the old secret and its sessions: somebody else may
    /// have seen it, by a rotation with fewer rights.
    /// </summary>
    private static void Update(SqliteDatabase database, ApiKey known, ApiKey person)
    {
        database.Prepare(UpdatePerson).Bind(1, known.Id).Bind(2, person.Name)
            .Bind(3, person.Scopes.ToStored()).Run();
        if ((person.Scopes & ~known.Scopes) == Scopes.None)
            return;
        // Nobody learns the new secret.
        var secret = ApiKeySecret.Mint();
        database.Prepare(UpdateSecret).Bind(1, known.Id).Bind(2, secret.Prefix).Bind(3, secret.Hash()).Run();
        database.Prepare(DeleteSessionsOfKey).Bind(1, known.Id).Run();
    }

    private void Insert(SqliteDatabase database, Session session)
    {
        database.Prepare(InsertSession).Bind(1, session.Id).Bind(2, session.WorkspaceId).Bind(3, session.KeyId).Bind(4, session.Hash)
            .Bind(5, session.CreatedAt).Bind(6, session.LastUsedAt).Bind(7, session.ExpiresAt)
            .Bind(8, session.Address).Bind(9, session.UserAgent).Run();
        database.Prepare(DeleteOldSessions).Bind(1, session.KeyId).Bind(2, session.Id).Bind(3, Session.MaxOfKey).Run();
        database.Prepare(DeleteExpiredSessions).Bind(1, Timestamp.From(_steady.Earliest)).Bind(2, Session.MaxExpiredDeleted).Run();
    }

    private static KeySession MapSession(SqliteStatement.Rows row)
    {
        const int first = 12;
        var key = MapKey(row);
        return new KeySession(
            new Session(
                row.Guid(first), key.WorkspaceId, key.Id, row.Blob(first + 1).ToArray(), row.Timestamp(first + 2),
                row.Timestamp(first + 3), row.TextOrNull(first + 4), row.TextOrNull(first + 5)),
            key);
    }
}
