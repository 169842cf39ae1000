using Roster.Storage;

namespace Roster.Server.Backups;

/// <summary>The backups that a server makes by itself.</summary>
/// <param name="Folder">Where they go; it must exist, since a disk that is not mounted would look like a missing folder.</param>
internal sealed record BackupPlan(Store Database, string Folder, TimeSpan Every, BackupKeep Keep)
{
    /// <summary>When the server says that its backups are old.</summary>
    public TimeSpan Patience => 2 * Every;
}
