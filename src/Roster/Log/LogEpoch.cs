namespace Roster.Log;

/// <summary>
/// Where the logs of a restored directory go on. The lost log had revisions that the backup does not have. They must never be
/// given again: a caller that knows one would take the new state for the one that it has seen. So each workspace's log goes on
/// far beyond them, with a change set of the kind <see cref="Changes.ChangeKind.Recover"/>.
/// </summary>
public static class LogEpoch
{
    /// <summary>
    /// Revisions per second of the clock. No log grows that fast, so the time of a restore is beyond all revisions before it,
    /// also those of logs that nobody can read any more. Revisions stay below 2^53, as JavaScript needs it, until the year 2311.
    /// </summary>
    public const long Step = 1_000_000;

    private static readonly DateTimeOffset Zero = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="newest">The newest revision of all logs that are known: those of the backup, and of what it replaces.</param>
    /// <returns>A multiple of <see cref="Step"/>, beyond <paramref name="newest"/> even if the clock is wrong.</returns>
    public static long FirstRevision(DateTimeOffset now, long newest) =>
        Math.Max((long)Math.Floor((now - Zero).TotalSeconds), (newest / Step) + 1) * Step;
}
