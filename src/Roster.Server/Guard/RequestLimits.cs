using System.Globalization;
using System.Threading.RateLimiting;
using Roster.Server.Hosting;
using Roster.Server.Http;

namespace Roster.Server.Guard;

/// <summary>
/// What one caller may use of the server, and what all may use of its memory: rows per key, and the work on large bodies and answers
/// at the same time. All of them are this node's alone.
/// </summary>
internal sealed class RequestLimits(ServerSettings settings) : IDisposable
{
    /// <summary>Bodies up to this are always read.</summary>
    private const int SmallBytes = 64 << 10;

    /// <summary>
    /// The memory for writes, in units of about 6 MiB of parsed partners and answer. A body takes two, and one for each MiB
    /// of it; one of unknown length as much as the largest batch that is valid.
    /// </summary>
    private const int WriteUnits = 32;

    /// <summary>The memory for reads, in the same units: four of the largest pages are made at the same time.</summary>
    private const int ReadUnits = 16;

    private const int UnknownLengthUnits = 12;

    /// <summary>Answers up to this many partners are always made.</summary>
    private const int SmallAnswer = 1_000;

    private const int PartnersPerUnit = 2_500;

    /// <summary>How many units of writes may wait: each waiting request holds what the network has delivered, at most 1 MiB.</summary>
    private const int WaitingWriteUnits = 96;

    /// <summary>How many units of reads may wait: 64 of the largest pages, which hold nothing yet.</summary>
    private const int WaitingReadUnits = 256;

    /// <summary>How long an export that is under way waits before it asks again, where too many wait already.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(100);

    private readonly PartitionedRateLimiter<Guid> _rows = PartitionedRateLimiter.Create<Guid, Guid>(key =>
        settings.RowsPerMinute == 0 ? RateLimitPartition.GetNoLimiter(key)
        : RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = settings.RowsPerMinute,
            TokensPerPeriod = Math.Max(1, settings.RowsPerMinute / 60),
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }));

    private readonly ConcurrencyLimiter _writes = Budget(WriteUnits, WaitingWriteUnits);

    private readonly ConcurrencyLimiter _reads = Budget(ReadUnits, WaitingReadUnits);

    /// <summary>Takes rows from the caller's bucket; of more than it can ever hold beside the request's own row, as many as it can.</summary>
    /// <returns>Null where it has them.</returns>
    public Problem? TakeRows(HttpContext http, int rows)
    {
        using var lease = _rows.AttemptAcquire(
            http.Caller().Id, settings.RowsPerMinute == 0 ? rows : Math.Min(rows, settings.RowsPerMinute - 1));
        return lease.IsAcquired ? null : Problem.RateLimited(RetryAfter(lease));
    }

    /// <summary>Waits for the memory that the body, and what is made of it, may take.</summary>
    /// <param name="others">How many partners that the body does not name it may change, too.</param>
    /// <returns>Null when there is some.</returns>
    public Task<Problem?> TakeMemoryForBodyAsync(HttpContext http, int others)
    {
        var length = http.Request.Headers.ContentEncoding.Count == 0 ? http.Request.ContentLength : null;
        return TakeMemoryAsync(http, _writes, WriteUnits, UnitsOf(others) + length switch
        {
            null => UnknownLengthUnits,
            <= SmallBytes => 0,
            { } known => 2 + (int)Math.Min(WriteUnits, (known + (1 << 20) - 1) >> 20),
        });
    }

    /// <summary>Waits for the memory that a write to so many partners takes that has no body.</summary>
    /// <returns>Null when there is some.</returns>
    public Task<Problem?> TakeMemoryForUndoAsync(HttpContext http, int partners) =>
        TakeMemoryAsync(http, _writes, WriteUnits, 2 * UnitsOf(partners));

    /// <summary>Waits for the memory that an answer of so many partners may take.</summary>
    /// <returns>Null when there is some.</returns>
    public Task<Problem?> TakeMemoryForAnswerAsync(HttpContext http, int partners) =>
        TakeMemoryAsync(http, _reads, ReadUnits, UnitsOf(partners));

    /// <summary>Waits for the memory that looking back takes, however far, beside an answer of so many partners.</summary>
    /// <returns>Null when there is some.</returns>
    public Task<Problem?> TakeMemoryForPastAsync(HttpContext http, int partners) =>
        TakeMemoryAsync(http, _reads, ReadUnits, 1 + UnitsOf(partners));

    /// <summary>Waits for the memory of a page of an export.</summary>
    /// <param name="isUnderWay">Whether other pages have been sent: then it waits for as long as it takes.</param>
    /// <returns>Null where too many wait.</returns>
    public async Task<IDisposable?> TakeMemoryForPageAsync(int partners, bool isUnderWay, CancellationToken cancel)
    {
        while (true)
        {
            var lease = await _reads.AcquireAsync(UnitsOf(partners), cancel);
            if (lease.IsAcquired)
                return lease;
            lease.Dispose();
            if (!isUnderWay)
                return null;
            await Task.Delay(AskAgain, cancel);
        }
    }

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
        _writes.Dispose();
        _reads.Dispose();
    }

    private static ConcurrencyLimiter Budget(int units, int waiting) => new(new ConcurrencyLimiterOptions
    {
        PermitLimit = units,
        QueueLimit = waiting,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    private static int UnitsOf(int partners) => partners <= SmallAnswer ? 0 : (partners + PartnersPerUnit - 1) / PartnersPerUnit;

    /// <summary>What is taken is held until it is given back (<see cref="RequestMemory"/>), at the latest when the request ends.</summary>
    private static async Task<Problem?> TakeMemoryAsync(HttpContext http, ConcurrencyLimiter budget, int all, int units)
    {
        if (units == 0)
            return null;
        // Never more than there is, which nobody could ever have.
        var lease = await budget.AcquireAsync(Math.Min(units, all), http.RequestAborted);
        if (!lease.IsAcquired)
        {
            lease.Dispose();
            return Problem.Overloaded;
        }
        http.HoldMemory(lease);
        return null;
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
