using System.Globalization;
using System.Threading.RateLimiting;
using Roster.Server.Operations;

namespace Roster.Server.Http;

/// <summary>
/// What one caller may use of the server, and what all may use of its memory: rows per key, and large bodies and answers at the same
/// time. All of them are this node's alone.
/// </summary>
internal sealed class RequestLimits(ServerSettings settings) : IDisposable
{
    /// <summary>Bodies up to this are always read.</summary>
    private const int SmallBytes = 64 << 10;

    /// <summary>
    /// The memory for large bodies, in units of about 6 MiB of parsed partners and answer. A body takes two, and one for each MiB
    /// of it; one of unknown length as much as the largest batch that is valid.
    /// </summary>
    private const int MemoryUnits = 32;

    private const int UnknownLengthUnits = 12;

    /// <summary>Answers up to this many partners are always made.</summary>
    private const int SmallAnswer = 1_000;

    private const int PartnersPerUnit = 2_500;

    /// <summary>How many units may wait: each waiting request holds what the network has delivered, at most 1 MiB.</summary>
    private const int WaitingUnits = 96;

    private readonly PartitionedRateLimiter<Guid> _rows = PartitionedRateLimiter.Create<Guid, Guid>(key =>
        settings.RowsPerMinute == 0 ? RateLimitPartition.GetNoLimiter(key)
        : RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = settings.RowsPerMinute,
            TokensPerPeriod = Math.Max(1, settings.RowsPerMinute / 60),
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }));

    private readonly ConcurrencyLimiter _memory = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = MemoryUnits,
        QueueLimit = WaitingUnits,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>Takes rows from the caller's bucket.</summary>
    /// <returns>Null where it has them.</returns>
    public Problem? TakeRows(HttpContext http, int rows)
    {
        using var lease = _rows.AttemptAcquire(http.Caller().Id, rows);
        return lease.IsAcquired ? null : Problem.RateLimited(RetryAfter(lease));
    }

    /// <summary>Waits for the memory that the body, and what is made of it, may take.</summary>
    /// <returns>Null when there is some.</returns>
    public Task<Problem?> TakeMemoryForBodyAsync(HttpContext http)
    {
        var length = http.Request.Headers.ContentEncoding.Count == 0 ? http.Request.ContentLength : null;
        return TakeMemoryAsync(http, length switch
        {
            null => UnknownLengthUnits,
            <= SmallBytes => 0,
            { } known => 2 + (int)Math.Min(MemoryUnits - 2, (known + (1 << 20) - 1) >> 20),
        });
    }

    /// <summary>Waits for the memory that an answer of so many partners may take.</summary>
    /// <returns>Null when there is some.</returns>
    public Task<Problem?> TakeMemoryForAnswerAsync(HttpContext http, int partners) =>
        TakeMemoryAsync(http, partners <= SmallAnswer ? 0 : (partners + PartnersPerUnit - 1) / PartnersPerUnit);

    /// <summary>Says on the answer what is left (draft-ietf-httpapi-ratelimit-headers).</summary>
    public void Show(HttpContext http)
    {
        if (settings.RowsPerMinute == 0 || http.User.Identity is not CallerIdentity caller
            || _rows.GetStatistics(caller.Key.Id) is not { } statistics)
            return;
        http.Response.Headers["RateLimit-Policy"] = string.Create(CultureInfo.InvariantCulture, $"\"rows\";q={settings.RowsPerMinute};w=60");
        http.Response.Headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"rows\";r={statistics.CurrentAvailablePermits};t=1");
    }

    public void Dispose()
    {
        _rows.Dispose();
        _memory.Dispose();
    }

    /// <summary>What is taken is held until the request ends, so also while its client is slow to read.</summary>
    private async Task<Problem?> TakeMemoryAsync(HttpContext http, int units)
    {
        if (units == 0)
            return null;
        var lease = await _memory.AcquireAsync(units, http.RequestAborted);
        http.Response.RegisterForDispose(lease);
        return lease.IsAcquired ? null : Problem.Overloaded;
    }

    private static int RetryAfter(RateLimitLease lease) =>
        lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)) : 1;
}

internal static class RowLimit
{
    /// <summary>Each request of a key costs a row, the first of a write's items; the others are counted when they are read.</summary>
    public static void UseRowLimit(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<RequestLimits>();
        app.Use((http, next) => http.User.Identity is CallerIdentity && limits.TakeRows(http, 1) is { } refusal
            ? refusal.WriteAsync(http) : next(http));
    }
}
