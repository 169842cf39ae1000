using Microsoft.AspNetCore.Cors.Infrastructure;
using Roster.Access;

namespace Roster.Server.Guard;

/// <summary>Checks the page of a browser's request against the hosts that keys allow.</summary>
internal static class PageOrigin
{
    /// <summary>
    /// Whether the key allows the page. A request without Origin and Referer does not come from a browser, and other
    /// programs can claim any page: for them only the key counts.
    /// </summary>
    public static bool Allows(HttpRequest request, ApiKey key)
    {
        var page = request.Headers.Origin is [{ Length: > 0 } origin] ? origin : request.Headers.Referer.ToString();
        return page.Length == 0 || key.AllowedHostnames.AllowsPage(page);
    }
}

/// <summary>
/// CORS. A preflight has no key, so an origin is allowed if any valid key lists its host. The request itself is then
/// checked against its own key.
/// </summary>
internal sealed class KeyCorsPolicy(IRosterStore store, TimeProvider clock) : ICorsPolicyProvider, IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _oneReader = new(1, 1);
    private IReadOnlyList<HostnameList> _hostnames = [];
    private DateTimeOffset _readAt;

    public async Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName)
    {
        var origin = context.Request.Headers.Origin.ToString();
        if (origin.Length == 0 || !(await HostnamesAsync(context.RequestAborted)).Any(list => list.AllowsPage(origin)))
            return null;
        return new CorsPolicyBuilder(origin)
            .WithMethods("GET", "PUT", "POST", "PATCH", "DELETE")
            .WithHeaders(
                "Authorization", "Content-Digest", "Content-Encoding", "Content-Type", "Idempotency-Key", "If-None-Match", "If-Revision",
                "Last-Event-ID", "Prefer")
            .WithExposedHeaders(
                "ETag", "Idempotent-Replayed", "Link", "Location", "Preference-Applied", "RateLimit", "RateLimit-Policy", "Retry-After",
                "Roster-Created", "Roster-Deleted", "Roster-Ignored-Columns", "Roster-Request-Id", "Roster-Restored", "Roster-Revision",
                "Roster-Total", "Roster-Unchanged", "Roster-Updated", "Roster-Version", "Server-Timing")
            .SetPreflightMaxAge(TimeSpan.FromMinutes(10))
            .Build();
    }

    public void Dispose() => _oneReader.Dispose();

    private async Task<IReadOnlyList<HostnameList>> HostnamesAsync(CancellationToken cancel)
    {
        await _oneReader.WaitAsync(cancel);
        try
        {
            var now = clock.GetUtcNow();
            if (now - _readAt > Fresh || now < _readAt)
            {
                _hostnames = await store.ListHostnamesAsync(Timestamp.From(now), cancel);
                _readAt = now;
            }
            return _hostnames;
        }
        finally
        {
            _oneReader.Release();
        }
    }
}
