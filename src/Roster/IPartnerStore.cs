using Roster.Changes;
using Roster.Log;
using Roster.Partners;

namespace Roster;

/// <summary>What the server asks of a database about partners.</summary>
public interface IPartnerStore
{
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

    /// <summary>
    /// The tags, or the keys of metadata, that partners of the workspace have, in the order of <see cref="TermCount.Term"/>, as of the newest write.
    /// </summary>
    /// <param name="after">Only terms behind this one; null from the first.</param>
    Task<IReadOnlyList<TermCount>> ListTermsAsync(long workspaceId, TermKind kind, string? after, int take, CancellationToken cancel);

    /// <summary>How many partners a list has.</summary>
    Task<long> CountAsync(long workspaceId, PartnerFilter filter, CancellationToken cancel);
}

/// <summary>What became of a write.</summary>
/// <param name="Planning">How long reading the rows and planning took, waiting for other writers included.</param>
/// <param name="Writing">How long writing and committing took.</param>
public sealed record WrittenPlan(ChangePlan Plan, TimeSpan Planning, TimeSpan Writing);
