namespace Roster;

/// <summary>
/// All that the server asks of a database, which is one class per engine. A store reads rows and writes plans; it decides nothing. Times come from
/// the caller's clock. Every call can throw <see cref="StoreException"/> when the database cannot serve it.
/// </summary>
public interface IRosterStore : IPartnerStore, ILogStore, IIdempotencyStore, IKeyStore, IAsyncDisposable
{
    /// <summary>Whether other servers may write to the same database.</summary>
    bool IsShared { get; }

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
