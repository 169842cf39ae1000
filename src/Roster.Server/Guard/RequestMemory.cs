namespace Roster.Server.Guard;

/// <summary>The memory that a request has taken of <see cref="RequestLimits"/>.</summary>
internal static class RequestMemory
{
    /// <summary>Holds what was taken until it is given back, or the request ends.</summary>
    public static void HoldMemory(this HttpContext http, IDisposable taken)
    {
        http.GiveBackMemory();
        http.Features.Set(new Held(taken));
        http.Response.RegisterForDispose(taken);
    }

    /// <summary>What the request took is not needed any more: it waits, or its answer is made and what that was made of is garbage.</summary>
    public static void GiveBackMemory(this HttpContext http)
    {
        http.Features.Get<Held>()?.Taken.Dispose();
        http.Features.Set<Held>(null);
    }

    private sealed record Held(IDisposable Taken);
}
