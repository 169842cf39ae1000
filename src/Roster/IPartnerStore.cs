using Roster.Changes;
using Roster.Log;
using Roster.Partners;

namespace Roster;

/// <summary>The database operations on partners.</summary>
public interface IPartnerStore
{
    /// <summary>
    /// Plans the change on the current rows. Writes the plan as one change set if it has no faults, changes something
    /// and is not a dry run: atomically, and durably before this returns. Once the write has begun, cancelling has no
    /// effect.
    /// </summary>
    /// <exception cref="ClaimLostException">
    /// It took so long that its claim of the idempotency key expired; nothing was written.
    /// </exception>
    Task<WrittenPlan> WriteAsync(long workspaceId, WriteRequest request, CancellationToken cancel);

    /// <summary>The partners with these ids, also deleted ones; unknown ids are left out.</summary>
    Task<IReadOnlyDictionary<Guid, Partner>> FindAsync(long workspaceId, IEnumerable<Guid> ids, CancellationToken cancel);

    /// <summary>
    /// A page of a list. In creation order, following cursors never skips or repeats a partner that existed all the
    /// time, whatever is written meanwhile. In other orders, a partner that changes meanwhile can move.
    /// </summary>
    Task<PartnerPage> ListAsync(long workspaceId, PartnerQuery query, CancellationToken cancel);

    /// <summary>
    /// The tags or metadata keys of the workspace's partners, in the order of <see cref="TermCount.Term"/>, as of the
    /// newest write.
    /// </summary>
    /// <param name="after">Only terms after this one; null from the first.</param>
    Task<IReadOnlyList<TermCount>> ListTermsAsync(long workspaceId, TermKind kind, string? after, int take, CancellationToken cancel);

    /// <summary>
    /// Takes partners' rows as right as they are now: their checksums are made anew. Without it, a row that is not as it was
    /// written is neither served nor changed (<see cref="DamagedPartnerException"/>).
    /// </summary>
    /// <returns>Those of the partners that there are.</returns>
    Task<IReadOnlyList<Guid>> AcceptAsync(long workspaceId, IReadOnlyCollection<Guid> ids, CancellationToken cancel);

    /// <summary>The number of partners that pass the filter.</summary>
    Task<long> CountAsync(long workspaceId, PartnerFilter filter, CancellationToken cancel);
}

/// <summary>The result of a write.</summary>
/// <param name="Waiting">Time for which it waited for other writers.</param>
/// <param name="Planning">Time to read the rows and plan, with the wait for other writers.</param>
/// <param name="Writing">Time to write and commit.</param>
public sealed record WrittenPlan(ChangePlan Plan, TimeSpan Waiting, TimeSpan Planning, TimeSpan Writing);
