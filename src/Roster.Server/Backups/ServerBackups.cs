namespace Roster.Server.Backups;

/// <summary>The newest good backup, for status, notices and metrics.</summary>
internal sealed class ServerBackups(IRosterStore store, TimeProvider clock)
{
    /// <summary>The moment whose state it has; null if none is known.</summary>
    public Timestamp? LastAt => store.LastBackupAt;

    /// <summary>Its age; null if none is known.</summary>
    public TimeSpan? Age => LastAt is { } at ? clock.GetUtcNow() - at.ToDateTime() : null;
}
