namespace Roster.Server.Hosting;

/// <summary>
/// Whether the process answers and its database works. Anyone may ask, so repeated requests must be cheap.
/// </summary>
internal sealed class Health
{
    private const string Healthy = """{"status":"ok"}""";

    private static readonly string Alive = $$"""{"status":"ok","version":"{{ServerVersion.Text}}"}""";

    /// <summary>How long a successful check is reused, because the check is itself a write.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly IRosterStore _store;
    private readonly TimeProvider _clock;
    private long _checkedAt = long.MinValue;

    public Health(IRosterStore store, TimeProvider clock, ILoggerFactory loggers)
    {
        (_store, _clock) = (store, clock);
        var logger = loggers.CreateLogger("Roster");
        store.Notices.Follow((notice, begins) =>
        {
            if (begins && notice.Code == StoreNotice.StorageDamaged)
                ServerLog.DamageFound(logger, notice.Code, notice.Text);
            else if (begins)
                ServerLog.NoticeBegun(logger, notice.Code, notice.Text);
            else
                ServerLog.NoticeEnded(logger, notice.Code);
        });
    }

    /// <summary>GET /health/live: the process answers, with its version.</summary>
    public static IResult Live(HttpResponse response)
    {
        response.Headers["Roster-Version"] = ServerVersion.Text;
        return TypedResults.Text(Alive, "application/json");
    }

    /// <summary>
    /// GET /health/ready: the database reads and writes. Otherwise the answer is the problem that a write would get.
    /// Notices name lesser trouble, which is no reason to send requests elsewhere.
    /// </summary>
    public static async Task ReadyAsync(HttpContext http, Health health)
    {
        await health.CheckAsync(http.RequestAborted);
        // The codes are our constants; none has a character to escape.
        var notices = health._store.Notices.Codes;
        await TypedResults.Text(
            notices.Count == 0 ? Healthy : $$"""{"status":"ok","notices":["{{string.Join("\",\"", notices)}}"]}""",
            "application/json").ExecuteAsync(http);
    }

    /// <exception cref="StoreException">It does not.</exception>
    public async Task CheckAsync(CancellationToken cancel)
    {
        var last = Interlocked.Read(ref _checkedAt);
        if (last != long.MinValue && _clock.GetElapsedTime(last) < Fresh)
            return;
        await _store.CheckAsync(cancel);
        Interlocked.Exchange(ref _checkedAt, _clock.GetTimestamp());
    }
}
