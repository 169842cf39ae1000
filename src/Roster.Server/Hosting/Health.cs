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
    private readonly Lock _lock = new();
    private long _checkedAt = long.MinValue;
    private Task? _running;

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

    /// <summary>Whoever asks while a check is under way waits for that one.</summary>
    /// <exception cref="StoreException">It does not.</exception>
    public Task CheckAsync(CancellationToken cancel)
    {
        Task running;
        lock (_lock)
        {
            if (_checkedAt != long.MinValue && _clock.GetElapsedTime(_checkedAt) < Fresh)
                return Task.CompletedTask;
            running = _running is { IsCompleted: false } ? _running : _running = CheckNowAsync();
        }
        return running.WaitAsync(cancel);
    }

    private async Task CheckNowAsync()
    {
        await Task.Yield();
        await _store.CheckAsync(CancellationToken.None);
        lock (_lock)
            _checkedAt = _clock.GetTimestamp();
    }
}
