namespace Roster.Server.Operations;

/// <summary>Every event that the server logs. None carries a name, an e-mail address, a phone number or a key.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Listening on {Urls}; data in {Database}; ready after {StartMilliseconds:0} ms")]
    public static partial void Listening(ILogger logger, string urls, string database, double startMilliseconds);

    [LoggerMessage(2, LogLevel.Information, "Stopping: finishing the requests that are under way")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(3, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(10, LogLevel.Information,
        "{Method} {Route} {Status} in {Milliseconds:0.0} ms, workspace {Workspace}, key {KeyId}, request {RequestId}")]
    public static partial void Request(
        ILogger logger, string method, string route, int status, double milliseconds, long? workspace, Guid? keyId,
        string requestId);

    [LoggerMessage(11, LogLevel.Error, "The database cannot serve ({Trouble}): {Reason}, request {RequestId}")]
    public static partial void StoreTrouble(ILogger logger, StoreTrouble trouble, string reason, string requestId);

    [LoggerMessage(13, LogLevel.Warning, "{Notice}: {Text}")]
    public static partial void NoticeBegun(ILogger logger, string notice, string text);

    [LoggerMessage(14, LogLevel.Information, "{Notice}: over")]
    public static partial void NoticeEnded(ILogger logger, string notice);

    [LoggerMessage(12, LogLevel.Error, "A bug: request {RequestId} failed")]
    public static partial void RequestFailed(ILogger logger, Exception failure, string requestId);

    [LoggerMessage(30, LogLevel.Error, "{Work} failed. It is tried again; this is not said again until it has succeeded")]
    public static partial void RepeatedWorkFailed(ILogger logger, Exception failure, string work);

    [LoggerMessage(31, LogLevel.Error,
        "Change set {Revision} of workspace {Workspace} is damaged: its old values cannot be read, shown or forgotten. It was skipped")]
    public static partial void DamagedChangeSet(ILogger logger, long workspace, long revision);
}
