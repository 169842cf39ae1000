using Roster.Access;

namespace Roster;

/// <summary>The database operations on sessions of the console, and on links that begin them.</summary>
public interface ISessionStore
{
    /// <summary>The session whose secret has this SHA-256 hash, with its key; valid or not.</summary>
    Task<KeySession?> FindSessionAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel);

    /// <summary>The session with this id, of any workspace, with its key; valid or not.</summary>
    Task<KeySession?> FindSessionAsync(Guid id, CancellationToken cancel);

    /// <summary>
    /// Adds a session, with its audit event in the same transaction. Deletes the key's sessions beyond
    /// <see cref="Session.MaxOfKey"/>, the oldest, and up to <see cref="Session.MaxExpiredDeleted"/> expired ones of all
    /// keys.
    /// </summary>
    /// <param name="key">The session's key, as it was found by its secret.</param>
    /// <returns>False, with nothing added, if the key is not valid any more or has another secret now.</returns>
    Task<bool> AddSessionAsync(Session session, ApiKey key, AuditEvent audit, CancellationToken cancel);

    /// <summary>Ends a session, with its audit event. Does nothing if it has ended.</summary>
    Task EndSessionAsync(Guid id, AuditEvent audit, CancellationToken cancel);

    /// <summary>The valid sessions of a workspace, or of one of its keys, newest first.</summary>
    Task<IReadOnlyList<KeySession>> ListSessionsAsync(
        long workspaceId, Guid? keyId, Timestamp now, int take, CancellationToken cancel);

    /// <summary>Records when sessions were last used.</summary>
    Task NoteSessionUseAsync(IReadOnlyDictionary<Guid, Timestamp> lastUsedAt, CancellationToken cancel);

    /// <summary>
    /// Adds a link, with its audit event in the same transaction. Deletes the workspace's links beyond
    /// <see cref="ConsoleLink.MaxOpen"/>, the oldest, and up to <see cref="Session.MaxExpiredDeleted"/> expired ones.
    /// </summary>
    Task AddLinkAsync(ConsoleLink link, AuditEvent audit, CancellationToken cancel);

    /// <summary>The unused link whose secret has this SHA-256 hash, expired or not.</summary>
    Task<ConsoleLink?> FindLinkAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel);

    /// <summary>
    /// Uses a link: deletes it, and adds the person's key and first session, with their audit events, in one transaction.
    /// </summary>
    /// <returns>
    /// False, with nothing changed, if the link was used meanwhile, or if the key that made it is not valid any more or
    /// has lost a right that the link gives.
    /// </returns>
    Task<bool> UseLinkAsync(ConsoleLink link, ApiKey person, Session session, IReadOnlyList<AuditEvent> audit, CancellationToken cancel);

    /// <summary>The key of a person of this workspace who signs in by OpenID Connect, valid or not.</summary>
    /// <param name="identity">As of <see cref="PersonIdentity.HashOf"/>.</param>
    Task<ApiKey?> FindPersonAsync(long workspaceId, byte[] identity, CancellationToken cancel);

    /// <summary>
    /// Begins a session of a person who signs in by OpenID Connect, with the audit events, in one transaction. Adds the
    /// key if nobody has this identity yet, else gives the key its name and scopes. If it gains a scope, its old secret and
    /// all its earlier sessions end.
    /// </summary>
    /// <returns>
    /// False, with nothing changed, if another key has this identity, or if this key is not valid any more.
    /// </returns>
    Task<bool> SignInAsync(ApiKey person, byte[] identity, Session session, IReadOnlyList<AuditEvent> audit, CancellationToken cancel);
}
