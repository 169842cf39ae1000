using System.Net;
using Roster.Server.Backups;
using Roster.Server.Operations;
using Roster.Server.Sessions;

namespace Roster.Server.Hosting;

internal enum LogFormat
{
    /// <summary>A line for people.</summary>
    Text,

    /// <summary>A JSON object a line, for machines.</summary>
    Json,
}

/// <summary>All settings of an operator.</summary>
/// <param name="ServerTiming">Whether answers have the duration of each stage in <c>Server-Timing</c>.</param>
/// <param name="RowsPerMinute">
/// Rows that each key may write, and requests it may make, per minute; 0 for no limit.
/// </param>
/// <param name="FailedAuthentications">Failures that an address may have at once; one more each second.</param>
/// <param name="TrustedProxies">Networks of proxies whose headers tell a client's address and scheme.</param>
/// <param name="OldValuesKept">How long the log keeps old values of partners; null for ever.</param>
/// <param name="Certificate">The certificate for https addresses.</param>
internal sealed record ServerSettings(
    IReadOnlyList<string> Urls,
    bool ServerTiming,
    LogFormat LogFormat,
    int RowsPerMinute = ServerSettings.DefaultRowsPerMinute,
    int FailedAuthentications = ServerSettings.DefaultFailedAuthentications,
    IReadOnlyList<IPNetwork>? TrustedProxies = null,
    ServerCertificate? Certificate = null,
    TimeSpan? OldValuesKept = null)
{
    /// <summary>How long the answer to a request with an idempotency key is kept.</summary>
    public TimeSpan IdempotencyRemembered { get; init; } = TimeSpan.FromHours(DefaultIdempotencyHours);

    public const int DefaultIdempotencyHours = 24;

    /// <summary>Largest file of an import.</summary>
    public long MaxImportBytes { get; init; } = (long)DefaultImportMebibytes << 20;

    public const int DefaultImportMebibytes = 256;

    /// <summary>How long an import's file and rows are kept after its last change of state.</summary>
    public TimeSpan ImportsKept { get; init; } = TimeSpan.FromDays(DefaultImportDays);

    public const int DefaultImportDays = 14;

    /// <summary>
    /// How long a server may go without renewing its lease of an import before another one goes on: longer than any write
    /// takes.
    /// </summary>
    public TimeSpan ImportLease { get; init; } = TimeSpan.FromSeconds(DefaultImportLeaseSeconds);

    public const int DefaultImportLeaseSeconds = 90;

    /// <summary>How long requests may run on after the server was told to stop.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(DefaultShutdownSeconds);

    public const int DefaultShutdownSeconds = 30;

    public TelemetrySettings Telemetry { get; init; } = TelemetrySettings.Off;

    public LogLevels LogLevels { get; init; } = LogLevels.Usual;

    /// <summary>Whether the lines of requests have the client's address.</summary>
    public bool LogsAddresses { get; init; } = true;

    /// <summary>Whether nothing is written, so that a damaged file can be read as far as it is readable.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Whether there is a console, and so sessions.</summary>
    public bool IsConsoleOn { get; init; } = true;

    /// <summary>The provider of OpenID Connect by which people sign in; null if there is none.</summary>
    public OpenIdSettings? OpenId { get; init; }

    /// <summary>The backups that the server makes by itself; null if it makes none.</summary>
    public BackupPlan? Backups { get; init; }

    /// <summary>The file for the key of the first start; null to print it.</summary>
    public string? FirstKeyFile { get; init; }

    /// <summary>20,000 per second, in bursts of up to a minute's rows.</summary>
    public const int DefaultRowsPerMinute = 1_200_000;

    public const int DefaultFailedAuthentications = 30;
}
