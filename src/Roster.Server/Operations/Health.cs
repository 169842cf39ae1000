namespace Roster.Server.Operations;

/// <summary>Whether the process answers and its database serves. Anyone may ask, so asking often costs nothing.</summary>
internal sealed class Health(IRosterStore store, TimeProvider clock)
{
    private const string Healthy = """{"status":"ok"}""";

    /// <summary>How long a success is taken for granted: the check itself is a write.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private long _checkedAt = long.MinValue;

    /// <summary>GET /health/live: the process answers.</summary>
    public static IResult Live() => TypedResults.Text(Healthy, "application/json");

    /// <summary>GET /health/ready: the database reads and writes; otherwise the problem that a write would meet.</summary>
    public static async Task ReadyAsync(HttpContext http, Health health)
    {
        await health.CheckAsync(http.RequestAborted);
        await Live().ExecuteAsync(http);
    }

    private async Task CheckAsync(CancellationToken cancel)
    {
        var last = Interlocked.Read(ref _checkedAt);
        if (last != long.MinValue && clock.GetElapsedTime(last) < Fresh)
            return;
        await store.CheckAsync(cancel);
        Interlocked.Exchange(ref _checkedAt, clock.GetTimestamp());
    }
}
