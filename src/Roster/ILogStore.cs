using Roster.Log;

namespace Roster;

/// <summary>The database operations on workspaces' logs.</summary>
public interface ILogStore
{
    /// <summary>The newest revision of the workspace's log.</summary>
    Task<Revision> FindEndAsync(long workspaceId, CancellationToken cancel);

    /// <summary>Change sets, newest first.</summary>
    Task<IReadOnlyList<ChangeSet>> ListChangeSetsAsync(long workspaceId, ChangeSetQuery query, CancellationToken cancel);

    /// <summary>
    /// Shows the change sets with these revisions to a visitor, newest first. Revisions that the log does not have are
    /// skipped. The visitor decides at each entry, so it can depend on earlier change sets.
    /// </summary>
    /// <exception cref="DamagedLogException">A change set is damaged.</exception>
    Task VisitLogAsync(long workspaceId, IReadOnlyCollection<long> revisions, LogVisitor visitor, CancellationToken cancel);

    /// <summary>
    /// The ids of the partners changed after a revision, oldest change set first, until at least this many changes;
    /// fewer only at the log's end. Change sets come whole; each has at most 20,000 changes.
    /// </summary>
    /// <exception cref="DamagedLogException">A change set is damaged.</exception>
    Task<ChangedPartners> ReadChangedAfterAsync(long workspaceId, long revision, int changes, CancellationToken cancel);

    /// <summary>
    /// How many partners there are, and the change sets by day, as of the newest write. Both are kept beside the
    /// search index, so this reads neither partners nor the log.
    /// </summary>
    /// <param name="fromDay">The first day, as in <see cref="DayCount.Day"/>.</param>
    Task<Statistics> ReadStatisticsAsync(long workspaceId, int fromDay, CancellationToken cancel);

    /// <summary>
    /// Removes the old values from some change sets before a time, oldest first: so few that concurrent writes wait no
    /// longer than for each other.
    /// </summary>
    Task<ForgottenValues> ForgetValuesAsync(long workspaceId, Timestamp before, CancellationToken cancel);
}

/// <summary>The result of removing old values.</summary>
/// <param name="HasMore">Whether there may be more to remove.</param>
/// <param name="Damaged">The revisions that were skipped because they cannot be read.</param>
public sealed record ForgottenValues(bool HasMore, IReadOnlyList<long> Damaged);
