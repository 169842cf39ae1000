using System.Globalization;
using System.Threading.RateLimiting;
using Roster.Server.Hosting;
using Roster.Server.Http;

namespace Roster.Server.Guard;

/// <summary>
/// Limits of this node: rows for each key, and the memory that large bodies and answers of all requests take together.
/// </summary>
internal sealed class RequestLimits(ServerSettings settings, TimeProvider clock) : IDisposable
{
    /// <summary>Bodies of up to this size need no memory unit.</summary>
    private const int SmallBytes = 64 << 10;

    /// <summary>
    /// Memory for writes, in units of about 6 MiB: parsed partners and answer. A body takes two units and one for each
    /// MiB; a body of unknown length as many as the largest valid batch.
    /// </summary>
    private const int WriteUnits = 32;

    /// <summary>Memory for reads, in the same units: enough for four of the largest pages at the same time.</summary>
    private const int ReadUnits = 16;

    private const int UnknownLengthUnits = 12;

    /// <summary>Answers of up to this many partners need no memory unit.</summary>
    private const int SmallAnswer = 1_000;

    private const int PartnersPerUnit = 2_500;

    /// <summary>
    /// How many units of writes may wait. A waiting request holds what the network has delivered, at most 1 MiB.
    /// </summary>
    private const int WaitingWriteUnits = 96;

    /// <summary>How many units of reads may wait: 64 of the largest pages. A waiting read holds no memory.</summary>
    private const int WaitingReadUnits = 256;

    /// <summary>How long an export or upload under way waits before it tries again, if too many wait already.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a write that waits for memory looks for a sender that is too slow.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

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

    private readonly ArrivingBodies _arriving = new(clock);

    /// <summary>Files of imports that are read by requests at a time, each with a copy on the disk.</summary>
    private const int FilesAtOnce = 4;

    private const int WaitingFiles = 16;

    private readonly ConcurrencyLimiter _files = Budget(FilesAtOnce, WaitingFiles);

    /// <summary>Files of imports that come in at a time, each with a copy on the disk: no sender can make the others wait for it.</summary>
    private const int UploadsAtOnce = 12;

    private const int WorkspaceUploads = 3;

    private const int WaitingUploads = 16;

    private const int WaitingWorkspaceUploads = 4;

    private readonly ConcurrencyLimiter _uploads = Budget(UploadsAtOnce, WaitingUploads);

    private readonly PartitionedRateLimiter<long> _workspaceUploads = PartitionedRateLimiter.Create<long, long>(workspace =>
        RateLimitPartition.GetConcurrencyLimiter(workspace, _ => Options(WorkspaceUploads, WaitingWorkspaceUploads)));

    private readonly ConcurrencyLimiter _reads = Budget(ReadUnits, WaitingReadUnits);

    /// <summary>The part of each budget that is taken now.</summary>
    public IEnumerable<(string Budget, double Ratio)> Used =>
        [("write", Taken(_writes, WriteUnits)), ("read", Taken(_reads, ReadUnits)), ("file", Taken(_files, FilesAtOnce)),
            ("upload", Taken(_uploads, UploadsAtOnce))];

    private static double Taken(ConcurrencyLimiter budget, int all) => 1 - ((double)budget.GetStatistics()!.CurrentAvailablePermits / all);

    /// <summary>Takes rows from the key's bucket, but no more than it can hold beside the request's own row.</summary>
    /// <returns>Null if the bucket had them.</returns>
    public Problem? TakeRows(HttpContext http, int rows)
    {
        var wanted = settings.RowsPerMinute == 0 ? rows : Math.Min(rows, settings.RowsPerMinute - 1);
        if (wanted == 0)
            return null;
        using var lease = _rows.AttemptAcquire(http.Caller().Id, wanted);
        return lease.IsAcquired ? null : Problem.RateLimited(RetryAfter(lease));
    }

    /// <summary>Takes rows for a part of an import from the key's bucket, but no more than it can hold.</summary>
    /// <returns>False if it has not got so many now.</returns>
    public bool TryTakeRows(Guid keyId, int rows)
    {
        using var lease = _rows.AttemptAcquire(keyId, settings.RowsPerMinute == 0 ? rows : Math.Min(rows, settings.RowsPerMinute));
        return lease.IsAcquired;
    }

    /// <summary>
    /// Waits for the memory of a body, its parsed partners and the answer. From then on, the body may be refused if it comes
    /// in too slowly while others wait.
    /// </summary>
    /// <param name="maxBytes">The most bytes that are read of it.</param>
    /// <param name="others">How many partners not named in the body the write may change.</param>
    /// <returns>Null once the memory is taken.</returns>
    public async Task<Problem?> TakeMemoryForBodyAsync(HttpContext http, long maxBytes, int others)
    {
        var length = http.Request.Headers.ContentEncoding.Count == 0 ? http.Request.ContentLength : null;
        var units = UnitsOf(others) + length switch
        {
            null => Math.Min(UnknownLengthUnits, UnitsOfBody(maxBytes)),
            <= SmallBytes => 0,
            { } known => UnitsOfBody(Math.Min(known, maxBytes)),
        };
        var refusal = await TakeMemoryForWriteAsync(http, units);
        if (refusal is null && units > 0)
        {
            var body = _arriving.Enter(http.RequestAborted);
            http.Response.RegisterForDispose(body);
            http.Features.Set(body);
        }
        return refusal;

        static int UnitsOfBody(long bytes) => 2 + (int)((bytes + (1 << 20) - 1) >> 20);
    }

    /// <summary>Waits for the memory of a write without a body to so many partners.</summary>
    /// <returns>Null once the memory is taken.</returns>
    public Task<Problem?> TakeMemoryForUndoAsync(HttpContext http, int partners) => TakeMemoryForWriteAsync(http, 2 * UnitsOf(partners));

    /// <summary>Waits for the memory of an answer of so many partners.</summary>
    /// <returns>Null once the memory is taken.</returns>
    public Task<Problem?> TakeMemoryForAnswerAsync(HttpContext http, int partners) =>
        TakeMemoryAsync(http, _reads, ReadUnits, UnitsOf(partners));

    /// <summary>
    /// Waits for the memory of an answer of so many partners and of reading the log back, however far.
    /// </summary>
    /// <returns>Null once the memory is taken.</returns>
    public Task<Problem?> TakeMemoryForPastAsync(HttpContext http, int partners) =>
        TakeMemoryAsync(http, _reads, ReadUnits, 1 + UnitsOf(partners));

    /// <summary>Waits for the memory of one page of an export.</summary>
    /// <param name="isUnderWay">Whether other pages have been sent already: then it waits as long as necessary.</param>
    /// <returns>Null if too many wait.</returns>
    public Task<IDisposable?> TakeMemoryForPageAsync(int partners, bool isUnderWay, CancellationToken cancel) =>
        TakeAsync(_reads, UnitsOf(partners), isUnderWay, cancel);

    /// <summary>Waits for a place to read the file of an import.</summary>
    /// <param name="isUnderWay">Whether the file has just come in: then it waits as long as necessary.</param>
    /// <returns>Null if too many wait.</returns>
    public Task<IDisposable?> TakeFileAsync(bool isUnderWay, CancellationToken cancel) => TakeAsync(_files, 1, isUnderWay, cancel);

    /// <summary>Waits for a place to receive the file of an import, first among those of the workspace.</summary>
    /// <returns>Null if too many wait.</returns>
    public async Task<IDisposable?> TakeUploadAsync(long workspaceId, CancellationToken cancel)
    {
        var own = await _workspaceUploads.AcquireAsync(workspaceId, 1, cancel);
        try
        {
            if (own.IsAcquired && await TakeAsync(_uploads, 1, isUnderWay: false, cancel) is { } place)
                return new Upload(own, place);
        }
        catch
        {
            own.Dispose();
            throw;
        }
        own.Dispose();
        return null;
    }

    private static async Task<IDisposable?> TakeAsync(ConcurrencyLimiter budget, int units, bool isUnderWay, CancellationToken cancel)
    {
        // A limiter that has nothing left grants not even nothing.
        if (units == 0)
            return new NoUnits();
        while (true)
        {
            var lease = await budget.AcquireAsync(units, cancel);
            if (lease.IsAcquired)
                return lease;
            lease.Dispose();
            if (!isUnderWay)
                return null;
            await Task.Delay(AskAgain, cancel);
        }
    }

    /// <summary>Shows in the headers what is left (draft-ietf-httpapi-ratelimit-headers).</summary>
    public void Show(HttpContext http)
    {
        if (settings.RowsPerMinute == 0 || http.User.Identity is not CallerIdentity caller
            || _rows.GetStatistics(caller.Key.Id) is not { } statistics)
            return;
        http.Response.Headers["RateLimit-Policy"] = string.Create(
            CultureInfo.InvariantCulture, $"\"rows\";q={settings.RowsPerMinute};w=60");
        http.Response.Headers["RateLimit"] = string.Create(
            CultureInfo.InvariantCulture, $"\"rows\";r={statistics.CurrentAvailablePermits};t=1");
    }

    public void Dispose()
    {
        _rows.Dispose();
        _writes.Dispose();
        _reads.Dispose();
        _files.Dispose();
        _uploads.Dispose();
        _workspaceUploads.Dispose();
    }

    private static ConcurrencyLimiter Budget(int units, int waiting) => new(Options(units, waiting));

    private static ConcurrencyLimiterOptions Options(int units, int waiting) => new()
    {
        PermitLimit = units,
        QueueLimit = waiting,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    };

    private static int UnitsOf(int partners) => partners <= SmallAnswer ? 0 : (partners + PartnersPerUnit - 1) / PartnersPerUnit;

    private async Task<Problem?> TakeMemoryForWriteAsync(HttpContext http, int units)
    {
        var taken = TakeMemoryAsync(http, _writes, WriteUnits, units);
        while (!taken.IsCompleted)
        {
            _arriving.RefuseSlowest();
            await Task.WhenAny(taken, Task.Delay(LookAgain, clock));
        }
        return await taken;
    }

    /// <summary>
    /// The memory is held until <see cref="RequestMemory"/> gives it back, at the latest at the end of the request.
    /// </summary>
    private static async Task<Problem?> TakeMemoryAsync(HttpContext http, ConcurrencyLimiter budget, int all, int units)
    {
        if (units == 0)
            return null;
        // Never more than the whole budget, which could never be taken.
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

    private sealed class NoUnits : IDisposable
    {
        public void Dispose()
        {
        }
    }

    private sealed class Upload(IDisposable own, IDisposable place) : IDisposable
    {
        public void Dispose()
        {
            place.Dispose();
            own.Dispose();
        }
    }
}

internal static class RowLimit
{
    /// <summary>
    /// Each request of a key costs one row, which also pays for a write's first item. The other items are taken when
    /// the body has been read.
    /// </summary>
    public static void UseRowLimit(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<RequestLimits>();
        app.Use((http, next) => http.User.Identity is CallerIdentity && limits.TakeRows(http, 1) is { } refusal
            ? refusal.WriteAsync(http) : next(http));
    }
}
