using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Roster.Server.Hosting;

internal enum LogFormat
{
    /// <summary>A line for people.</summary>
    Text,

    /// <summary>A JSON object a line, for machines.</summary>
    Json,
}

/// <summary>All that an operator can set.</summary>
/// <param name="ServerTiming">Whether answers say in <c>Server-Timing</c> how long each stage took.</param>
/// <param name="RowsPerMinute">How many rows each key may write or requests make; 0 for no limit.</param>
/// <param name="FailedAuthentications">How many of them an address may make at once; one more each second.</param>
/// <param name="TrustedProxies">The networks whose word for a client's address and scheme is taken.</param>
/// <param name="OldValuesKept">How long the log keeps what partners were before; null for ever.</param>
/// <param name="Certificate">The certificate for https addresses.</param>
internal sealed record ServerSettings(
    IReadOnlyList<string> Urls,
    bool ServerTiming,
    LogFormat LogFormat,
    int RowsPerMinute = ServerSettings.DefaultRowsPerMinute,
    int FailedAuthentications = ServerSettings.DefaultFailedAuthentications,
    IReadOnlyList<IPNetwork>? TrustedProxies = null,
    X509Certificate2? Certificate = null,
    TimeSpan? OldValuesKept = null)
{
    /// <summary>How long the answer to a request with an idempotency key can be had again.</summary>
    public TimeSpan IdempotencyKept { get; init; } = TimeSpan.FromHours(DefaultIdempotencyHours);

    public const int DefaultIdempotencyHours = 24;

    /// <summary>How long requests may go on after the server was told to stop.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(DefaultShutdownSeconds);

    public const int DefaultShutdownSeconds = 30;

    /// <summary>Where the first start writes its key instead of showing it; null where it shows it.</summary>
    public string? FirstKeyFile { get; init; }

    /// <summary>20,000 a second, for bursts of a minute's worth.</summary>
    public const int DefaultRowsPerMinute = 1_200_000;

    public const int DefaultFailedAuthentications = 30;
}
