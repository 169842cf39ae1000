using Roster.Access;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;

namespace Roster;

/// <summary>
/// All that the server asks of a database. A store reads rows and writes plans; it decides nothing. Times come from the
/// caller's clock. Every call can throw <see cref="StoreException"/> when the database cannot serve it.
/// </summary>
public interface IRosterStore : IAsyncDisposable
{
    /// <summary>Whether other servers may write to the same database.</summary>
    bool IsShared { get; }

    /// <summary>
    /// Plans the change on the rows as they are and, where the plan has no faults, changes something and is not a dry run, writes it as
    /// one change set: whole or not at all, and durable before this returns. Once the write has begun, cancelling has no effect.
    /// </summary>
    /// <exception cref="ClaimLostException">It took so long that its idempotency key is not its own any more; nothing was written.</exception>
    Task<WrittenPlan> WriteAsync(long workspaceId, WriteRequest request, CancellationToken cancel);

    /// <summary>The partners with these ids, deleted ones included; unknown ones are left out.</summary>
    Task<IReadOnlyDictionary<Guid, Partner>> FindAsync(long workspaceId, IEnumerable<Guid> ids, CancellationToken cancel);

    /// <summary>
    /// A page of a list. In creation order, following cursors never skips or repeats a partner that was there throughout, whatever is
    /// written meanwhile; in another order that is so for each partner that is not changed, and one that is can move.
    /// </summary>
    Task<PartnerPage> ListAsync(long workspaceId, PartnerQuery query, CancellationToken cancel);

    /// <summary>How many partners a list has.</summary>
    Task<long> CountAsync(long workspaceId, PartnerFilter filter, CancellationToken cancel);

    /// <summary>The end of the workspace's log.</summary>
    Task<Revision> FindEndAsync(long workspaceId, CancellationToken cancel);

    /// <summary>Change sets, newest first.</summary>
    Task<IReadOnlyList<ChangeSet>> ListChangeSetsAsync(long workspaceId, ChangeSetQuery query, CancellationToken cancel);

    /// <summary>
    /// Shows the change sets with these revisions, newest first; there are none for revisions that the log does not have. What a visitor wants of
    /// one it says when that comes, so it can depend on those before.
    /// </summary>
    /// <exception cref="DamagedLogException">A change set is damaged.</exception>
    Task VisitLogAsync(long workspaceId, IReadOnlyCollection<long> revisions, LogVisitor visitor, CancellationToken cancel);

    /// <summary>
    /// The partners that the change sets after a revision named, oldest first, until there are so many changes; fewer only where the log
    /// ends. A change set, which always comes as a whole, has at most 20,000.
    /// </summary>
    /// <exception cref="DamagedLogException">A change set is damaged.</exception>
    Task<ChangedPartners> ReadChangedAfterAsync(long workspaceId, long revision, int changes, CancellationToken cancel);

    /// <summary>What is known of an idempotency key.</summary>
    /// <param name="staleSince">As for <see cref="ClaimAsync"/>.</param>
    Task<IdempotencyState> FindIdempotencyAsync(
        long workspaceId, ReadOnlyMemory<byte> key, Timestamp keptSince, Timestamp staleSince, CancellationToken cancel);

    /// <summary>Takes an idempotency key for one attempt, where it is <see cref="IdempotencyState.Unused"/>.</summary>
    /// <param name="staleSince">A claim from before this time is of an attempt that has ended without a trace, and can be taken over.</param>
    Task<IdempotencyState> ClaimAsync(long workspaceId, Idempotency idempotency, Timestamp now, Timestamp staleSince, CancellationToken cancel);

    /// <summary>Gives a claimed key back, since nothing was carried out under it.</summary>
    Task ReleaseAsync(long workspaceId, Idempotency idempotency, CancellationToken cancel);

    /// <summary>
    /// Forgets the old values in some change sets from before a time, the oldest first: so few that writes beside it wait for it no longer
    /// than for each other.
    /// </summary>
    Task<ForgottenValues> ForgetValuesAsync(long workspaceId, Timestamp before, CancellationToken cancel);

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

    /// <summary>
    /// The server stops: what runs or waits may go on so long. After that it ends with <see cref="StoreTrouble.Unavailable"/>, or with
    /// <see cref="StoreTrouble.OutcomeUnknown"/> where it commits, and nothing new begins. An engine in the process itself needs no such end.
    /// </summary>
    void EndWithin(TimeSpan grace)
    {
    }

    /// <summary>Returns where the database can read and write now, and throws where it cannot.</summary>
    Task CheckAsync(CancellationToken cancel);

    /// <summary>What is amiss with the database, for health and the log.</summary>
    StoreNotices Notices { get; }
}

/// <summary>What became of forgetting old values.</summary>
/// <param name="HasMore">Whether there may be more to forget.</param>
/// <param name="Damaged">The revisions that cannot be read, and were passed over.</param>
public sealed record ForgottenValues(bool HasMore, IReadOnlyList<long> Damaged);

/// <summary>What became of a write.</summary>
/// <param name="Planning">How long reading the rows and planning took, waiting for other writers included.</param>
/// <param name="Writing">How long writing and committing took.</param>
public sealed record WrittenPlan(ChangePlan Plan, TimeSpan Planning, TimeSpan Writing);

/// <summary>Why a database cannot serve.</summary>
public enum StoreTrouble
{
    /// <summary>Not reachable, locked by another process, or failing to read or write.</summary>
    Unavailable,

    /// <summary>It can be read but not written.</summary>
    ReadOnly,

    /// <summary>Its disk is full.</summary>
    Full,

    /// <summary>The database was lost while it committed, and none can tell yet whether it did.</summary>
    OutcomeUnknown,

    /// <summary>The search index has not reached the newest writes in time.</summary>
    SearchBehind,

    /// <summary>It is damaged, or not where it was any more: waiting cures nothing, an operator does.</summary>
    Damaged,

    /// <summary>More writes wait than it takes.</summary>
    Overloaded,
}

/// <summary>The database cannot serve now. It is an outage, never the caller's fault, and nothing was written, but where the outcome is unknown.</summary>
public class StoreException(StoreTrouble trouble, string message, Exception? inner = null) : Exception(message, inner)
{
    public StoreTrouble Trouble { get; } = trouble;
}

/// <summary>A change set is damaged, or not in the log any more. What does not need it goes on.</summary>
public sealed class DamagedLogException(string message, Exception? inner = null)
    : StoreException(StoreTrouble.Damaged, message + " Restore it from a backup; what does not read it goes on.", inner);
