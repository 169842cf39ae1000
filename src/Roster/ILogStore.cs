using Roster.Log;

namespace Roster;

/// <summary>What the server asks of a database about workspaces' logs.</summary>
public interface ILogStore
{
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

    /// <summary>
    /// Forgets the old values in some change sets from before a time, the oldest first: so few that writes beside it wait for it no longer
    /// than for each other.
    /// </summary>
    Task<ForgottenValues> ForgetValuesAsync(long workspaceId, Timestamp before, CancellationToken cancel);
}

/// <summary>What became of forgetting old values.</summary>
/// <param name="HasMore">Whether there may be more to forget.</param>
/// <param name="Damaged">The revisions that cannot be read, and were passed over.</param>
public sealed record ForgottenValues(bool HasMore, IReadOnlyList<long> Damaged);
