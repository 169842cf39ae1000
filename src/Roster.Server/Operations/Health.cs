namespace Roster.Server.Operations;

internal static class Health
{
    private const string Healthy = """{"status":"ok"}""";

    /// <summary>GET /health/live: the process answers.</summary>
    public static IResult Live() => TypedResults.Text(Healthy, "application/json");

    /// <summary>GET /health/ready: the database reads and writes; otherwise the problem that a write would meet.</summary>
    public static async Task ReadyAsync(HttpContext http, IRosterStore store)
    {
        await store.CheckAsync(http.RequestAborted);
        await TypedResults.Text(Healthy, "application/json").ExecuteAsync(http);
    }
}
