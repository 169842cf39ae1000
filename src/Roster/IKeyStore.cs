using Roster.Access;

namespace Roster;

/// <summary>The database operations on workspaces, their API keys, and the audit of both.</summary>
public interface IKeyStore
{
    /// <summary>The key whose secret has this SHA-256 hash, valid or not.</summary>
    Task<ApiKey?> FindKeyAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel);

    /// <summary>The key with this id, of any workspace, valid or not.</summary>
    Task<ApiKey?> FindKeyAsync(Guid id, CancellationToken cancel);

    /// <summary>The names of those of these keys that are the workspace's, valid or not.</summary>
    Task<IReadOnlyDictionary<Guid, KeyName>> NameKeysAsync(long workspaceId, IReadOnlyCollection<Guid> ids, CancellationToken cancel);

    /// <summary>Whether a key has ever been created.</summary>
    Task<bool> HasKeysAsync(CancellationToken cancel);

    /// <summary>The distinct host name lists of valid keys of all workspaces, without lists that allow any.</summary>
    Task<IReadOnlyList<HostnameList>> ListHostnamesAsync(Timestamp now, CancellationToken cancel);

    /// <summary>
    /// Adds a key, with its audit event in the same transaction. It takes over the identity of the key that it replaces.
    /// </summary>
    /// <param name="replaced">For a rotation: the key that it replaces, and when that one expires.</param>
    /// <returns>False, with nothing added, if the key to be replaced is not valid any more.</returns>
    Task<bool> AddKeyAsync(ApiKey key, AuditEvent audit, (Guid Id, Timestamp EndsAt)? replaced, CancellationToken cancel);

    /// <summary>
    /// Adds the first key ever, with its audit event in the same transaction. If several servers start together on an
    /// empty database and add it to the same workspace, only one succeeds.
    /// </summary>
    /// <returns>False, with nothing added, if there is a key.</returns>
    Task<bool> AddFirstKeyAsync(ApiKey key, AuditEvent audit, CancellationToken cancel);

    /// <summary>Revokes a key, with its audit event. Does nothing if it is revoked already.</summary>
    Task RevokeKeyAsync(Guid id, AuditEvent audit, CancellationToken cancel);

    /// <summary>The keys of a workspace, or of all, oldest first.</summary>
    Task<IReadOnlyList<ApiKey>> ListKeysAsync(long? workspaceId, CancellationToken cancel);

    /// <summary>Records when keys were last used.</summary>
    Task NoteKeyUseAsync(IReadOnlyDictionary<Guid, Timestamp> lastUsedAt, CancellationToken cancel);

    /// <summary>A workspace's audit events, newest first.</summary>
    /// <param name="before">Only events before this one; null for the newest.</param>
    Task<IReadOnlyList<AuditEvent>> ListAuditAsync(long workspaceId, Guid? before, int take, CancellationToken cancel);

    /// <summary>Adds a workspace, with its audit event.</summary>
    /// <returns>Null if the name is taken.</returns>
    Task<Workspace?> AddWorkspaceAsync(string name, Timestamp at, CancellationToken cancel);

    /// <returns>Null if there is no such workspace.</returns>
    Task<string?> FindWorkspaceNameAsync(long id, CancellationToken cancel);

    /// <summary>The ids of those of these workspaces that exist, by name.</summary>
    Task<IReadOnlyDictionary<string, long>> FindWorkspacesAsync(IReadOnlyCollection<string> names, CancellationToken cancel);

    Task<IReadOnlyList<Workspace>> ListWorkspacesAsync(CancellationToken cancel);

    /// <summary>The ids of all workspaces, also of those that cannot be read now.</summary>
    Task<IReadOnlyList<long>> ListWorkspaceIdsAsync(CancellationToken cancel);
}
