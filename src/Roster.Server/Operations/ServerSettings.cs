namespace Roster.Server.Operations;

internal enum LogFormat
{
    /// <summary>A line for people.</summary>
    Text,

    /// <summary>A JSON object a line, for machines.</summary>
    Json,
}

/// <summary>All that an operator can set.</summary>
/// <param name="ServerTiming">Whether answers say in <c>Server-Timing</c> how long each stage took.</param>
internal sealed record ServerSettings(IReadOnlyList<string> Urls, string Database, bool ServerTiming, LogFormat LogFormat);
