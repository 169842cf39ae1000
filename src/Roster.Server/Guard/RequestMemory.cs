namespace Roster.Server.Guard;

/// <summary>The memory that a request has taken from <see cref="RequestLimits"/>.</summary>
internal static class RequestMemory
{
    /// <summary>
    /// Holds the memory until it is given back or the request ends. Memory held before is given back.
    /// </summary>
    public static void HoldMemory(this HttpContext http, IDisposable taken)
    {
        http.GiveBackMemory();
        http.Features.Set(new Held(taken));
        http.Response.RegisterForDispose(taken);
    }

    /// <summary>
    /// Gives the memory back before the request ends: because it waits, or because its answer is built.
    /// </summary>
    public static void GiveBackMemory(this HttpContext http)
    {
        http.Features.Get<Held>()?.Taken.Dispose();
        http.Features.Set<Held>(null);
    }

    private sealed record Held(IDisposable Taken);
}
