namespace Roster.Log;

/// <summary>A workspace's numbers as of a revision.</summary>
/// <param name="Days">In the order of day, kind and key.</param>
public sealed record Statistics(long Revision, PartnerNumbers Partners, IReadOnlyList<DayCount> Days);

/// <summary>How many partners there are.</summary>
/// <param name="WithEmail">Live ones that have an e-mail address.</param>
/// <param name="WithPhone">Live ones that have a phone.</param>
public sealed record PartnerNumbers(long Live, long Deleted, long WithEmail, long WithPhone);

/// <summary>The change sets of a day, a kind and a key.</summary>
/// <param name="Day">Days since 1970-01-01 in UTC.</param>
/// <param name="KeyId">
/// Null for all keys together that came on a day that had <see cref="MaxOfDay"/> pairs of kind and key already.
/// </param>
/// <param name="Deleted">Live partners that were deleted or erased.</param>
public sealed record DayCount(
    int Day, string Kind, Guid? KeyId, long ChangeSets, long Created, long Updated, long Deleted, long Restored)
{
    /// <summary>Pairs of kind and key of a day that are counted by themselves.</summary>
    public const int MaxOfDay = 50;

    /// <summary>Days of which an answer has the counts.</summary>
    public const int MaxDays = 366;

    private const long MicrosecondsOfDay = 86_400_000_000;

    /// <summary>Number of changed partners.</summary>
    public long Changed => Created + Updated + Deleted + Restored;

    public static int DayOf(Timestamp at) => (int)Math.DivRem(at.Microseconds, MicrosecondsOfDay).Quotient;

    /// <summary>The sum of two counts of the same day, kind and key.</summary>
    public DayCount Plus(DayCount other) => this with
    {
        ChangeSets = ChangeSets + other.ChangeSets,
        Created = Created + other.Created,
        Updated = Updated + other.Updated,
        Deleted = Deleted + other.Deleted,
        Restored = Restored + other.Restored,
    };
}
