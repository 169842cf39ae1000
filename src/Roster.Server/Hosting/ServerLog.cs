namespace Roster.Server.Hosting;

/// <summary>
/// All events that the server logs. None contains a name, an e-mail address, a phone number or a key. Event ids start
/// at 6001, which no library uses. docs/reference/operations.md lists them.
/// </summary>
internal static partial class ServerLog
{
    [LoggerMessage(6001, LogLevel.Information,
        "Listening on {Urls}; data in {Database}; version {Version}; ready after {StartMilliseconds:0} ms")]
    public static partial void Listening(ILogger logger, string urls, string database, string version, double startMilliseconds);

    [LoggerMessage(6002, LogLevel.Information, "Stopping: finishing the requests that are under way")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(6003, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(6004, LogLevel.Information, "The first key is in {File}")]
    public static partial void FirstKeyWritten(ILogger logger, string file);

    [LoggerMessage(6005, LogLevel.Critical, "A bug: the process ends")]
    public static partial void Crashed(ILogger logger, Exception? failure);

    [LoggerMessage(6006, LogLevel.Error, "A bug: a background task failed")]
    public static partial void TaskFailed(ILogger logger, Exception failure);

    [LoggerMessage(6010, LogLevel.Information,
        "{Method} {Route} {Status} {Code} in {Milliseconds:0.0} ms, workspace {Workspace}, key {KeyId}, request {RequestId}, "
        + "from {Client}")]
    public static partial void Request(
        ILogger logger, string method, string route, int status, string code, double milliseconds, long? workspace, Guid? keyId,
        string requestId, string client);

    [LoggerMessage(6011, LogLevel.Error, "The database cannot serve ({Trouble}): {Reason}, request {RequestId}")]
    public static partial void StoreTrouble(ILogger logger, StoreTrouble trouble, string reason, string requestId);

    [LoggerMessage(6013, LogLevel.Warning, "{Notice}: {Text}")]
    public static partial void NoticeBegun(ILogger logger, string notice, string text);

    [LoggerMessage(6015, LogLevel.Error, "{Notice}: {Text}")]
    public static partial void DamageFound(ILogger logger, string notice, string text);

    [LoggerMessage(6014, LogLevel.Information, "{Notice}: over")]
    public static partial void NoticeEnded(ILogger logger, string notice);

    [LoggerMessage(6012, LogLevel.Error, "A bug: request {RequestId} failed")]
    public static partial void RequestFailed(ILogger logger, Exception failure, string requestId);

    [LoggerMessage(6020, LogLevel.Information, "Backed up to {File}: {Bytes} bytes in {Milliseconds:0} ms")]
    public static partial void BackedUp(ILogger logger, string file, long bytes, double milliseconds);

    [LoggerMessage(6021, LogLevel.Error, "A backup failed, and is tried again after {Pause}: {Reason}")]
    public static partial void BackupFailed(ILogger logger, TimeSpan pause, string reason);

    [LoggerMessage(6022, LogLevel.Warning, "An old backup could not be deleted: {Reason}")]
    public static partial void OldBackupStays(ILogger logger, string reason);

    [LoggerMessage(6023, LogLevel.Warning,
        "The last backup is whole, but its time could not be written beside the database, so its age is told wrong: {Reason}")]
    public static partial void BackupNotNoted(ILogger logger, string reason);

    [LoggerMessage(6030, LogLevel.Error, "{Work} failed. It is tried again; this is not said again until it has succeeded")]
    public static partial void RepeatedWorkFailed(ILogger logger, Exception failure, string work);

    [LoggerMessage(6031, LogLevel.Error,
        "Change set {Revision} of workspace {Workspace} is damaged: its old values cannot be read, shown or forgotten. It was skipped")]
    public static partial void DamagedChangeSet(ILogger logger, long workspace, long revision);

    [LoggerMessage(6032, LogLevel.Warning, "Import {Import} waits for the database ({Trouble}): {Reason}")]
    public static partial void ImportWaits(ILogger logger, Guid import, StoreTrouble trouble, string reason);

    [LoggerMessage(6033, LogLevel.Error, "A bug: import {Import} failed")]
    public static partial void ImportFailed(ILogger logger, Exception failure, Guid import);

    [LoggerMessage(6034, LogLevel.Information, "Files and rows of {Imports} imports were deleted, which the database does not have")]
    public static partial void LostImportsForgotten(ILogger logger, int imports);

    [LoggerMessage(6040, LogLevel.Warning, "Sign-in by OpenID Connect was refused: {Reason}, request {RequestId}")]
    public static partial void OpenIdRefused(ILogger logger, string reason, string requestId);

    [LoggerMessage(6041, LogLevel.Warning, "The provider of OpenID Connect does not answer as it should: {Reason}, request {RequestId}")]
    public static partial void OpenIdUnavailable(ILogger logger, string reason, string requestId);

    [LoggerMessage(6050, LogLevel.Information, "The certificate was read again; it ends at {EndsAt:u}")]
    public static partial void CertificateRead(ILogger logger, DateTimeOffset endsAt);

    [LoggerMessage(6051, LogLevel.Error, "The certificate could not be read again; the one that ends at {EndsAt:u} stays: {Reason}")]
    public static partial void CertificateKept(ILogger logger, DateTimeOffset endsAt, string reason);

    [LoggerMessage(6052, LogLevel.Information, "Metrics are served at {Urls}")]
    public static partial void MetricsServed(ILogger logger, string urls);

    [LoggerMessage(6053, LogLevel.Warning, "The collector at {Url} does not take what is sent: {Reason}. This is said once until it does")]
    public static partial void CollectorFails(ILogger logger, string url, string reason);

    [LoggerMessage(6054, LogLevel.Information, "The collector at {Url} takes what is sent again")]
    public static partial void CollectorAnswers(ILogger logger, string url);

    [LoggerMessage(6055, LogLevel.Warning, "The files have the certificate that is in use already; it ends at {EndsAt:u}")]
    public static partial void CertificateUnchanged(ILogger logger, DateTimeOffset endsAt);
}
