namespace Roster;

/// <summary>
/// The database of the server: one class per engine. A store reads rows and writes plans, and decides nothing. Times
/// come from the caller's clock. Every call can throw <see cref="StoreException"/>.
/// </summary>
public interface IRosterStore : IPartnerStore, ILogStore, IImportStore, IIdempotencyStore, IKeyStore, ISessionStore,
    IAsyncDisposable
{
    /// <summary>Whether other servers may write to the same database.</summary>
    bool IsShared { get; }

    /// <summary>
    /// The server is stopping: running and waiting calls may take this long. After that they end with
    /// <see cref="StoreTrouble.Unavailable"/>, or <see cref="StoreTrouble.OutcomeUnknown"/> during a commit, and no new
    /// call begins. An engine within the process need not do this.
    /// </summary>
    void EndWithin(TimeSpan grace)
    {
    }

    /// <summary>Throws if the database cannot read and write now.</summary>
    Task CheckAsync(CancellationToken cancel);

    /// <summary>What an operator wants to see of the database and of a workspace's search index.</summary>
    Task<StoreStatus> ReadStatusAsync(long workspaceId, CancellationToken cancel);

    /// <summary>How busy the database is: at once, without asking it, and without an exception even after its end.</summary>
    StoreLoad ReadLoad();

    /// <summary>When the newest good backup that is known was taken. Null with an engine that has its own tools for backups.</summary>
    Timestamp? LastBackupAt => null;

    /// <summary>Current problems of the database, for health and the log.</summary>
    StoreNotices Notices { get; }
}
