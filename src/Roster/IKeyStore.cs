using Roster.Access;

namespace Roster;

/// <summary>What the server asks of a database about workspaces, their API keys, and the audit of both.</summary>
public interface IKeyStore
{
    /// <summary>The key with this SHA-256 hash, whether it is valid or not.</summary>
    Task<ApiKey?> FindKeyAsync(ReadOnlyMemory<byte> hash, CancellationToken cancel);

    /// <summary>The key with this id, of any workspace, whether it is valid or not.</summary>
    Task<ApiKey?> FindKeyAsync(Guid id, CancellationToken cancel);

    /// <summary>Whether there has ever been a key.</summary>
    Task<bool> HasKeysAsync(CancellationToken cancel);

    /// <summary>The lists of hostnames that valid keys of all workspaces are bound to, each once; not those that allow any.</summary>
    Task<IReadOnlyList<HostnameList>> ListHostnamesAsync(Timestamp now, CancellationToken cancel);

    /// <summary>Adds a key, with its audit event in the same transaction.</summary>
    /// <param name="replaced">With a rotation: the key that it replaces, and when that one ends.</param>
    /// <returns>False, with nothing added, where the key to be replaced is not valid any more.</returns>
    Task<bool> AddKeyAsync(ApiKey key, AuditEvent audit, (Guid Id, Timestamp EndsAt)? replaced, CancellationToken cancel);

    /// <summary>
    /// Adds a key where there has never been one, with its audit event in the same transaction: of several servers that start together on an empty
    /// database, and add it to the same workspace, one does.
    /// </summary>
    /// <returns>False, with nothing added, where there is one.</returns>
    Task<bool> AddFirstKeyAsync(ApiKey key, AuditEvent audit, CancellationToken cancel);

    /// <summary>Revokes a key, with its audit event; revoking a revoked key changes nothing.</summary>
    Task RevokeKeyAsync(Guid id, AuditEvent audit, CancellationToken cancel);

    /// <summary>The keys of a workspace, or of all, oldest first.</summary>
    Task<IReadOnlyList<ApiKey>> ListKeysAsync(long? workspaceId, CancellationToken cancel);

    /// <summary>Notes when keys were last used.</summary>
    Task NoteKeyUseAsync(IReadOnlyDictionary<Guid, Timestamp> lastUsedAt, CancellationToken cancel);

    /// <summary>A workspace's audit events, newest first.</summary>
    /// <param name="before">Only events before this one; null for the newest.</param>
    Task<IReadOnlyList<AuditEvent>> ListAuditAsync(long workspaceId, Guid? before, int take, CancellationToken cancel);

    /// <summary>Adds a workspace, with its audit event.</summary>
    /// <returns>Null where the name is taken.</returns>
    Task<Workspace?> AddWorkspaceAsync(string name, Timestamp at, CancellationToken cancel);

    Task<IReadOnlyList<Workspace>> ListWorkspacesAsync(CancellationToken cancel);
}
