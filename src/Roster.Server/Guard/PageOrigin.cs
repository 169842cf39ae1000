using Microsoft.AspNetCore.Cors.Infrastructure;
using Roster.Access;

namespace Roster.Server.Guard;

/// <summary>Where a browser's request comes from, held against what keys allow.</summary>
internal static class PageOrigin
{
    /// <summary>
    /// Whether the page is one that the key is for. A request without Origin and Referer is not a browser's, and what it claims
    /// would prove nothing: there the key alone counts.
    /// </summary>
    public static bool Allows(HttpRequest request, ApiKey key)
    {
        var page = request.Headers.Origin is [{ Length: > 0 } origin] ? origin : request.Headers.Referer.ToString();
        return page.Length == 0 || key.AllowedHostnames.AllowsPage(page);
    }
}

/// <summary>
/// CORS for the pages that keys name: a preflight has no key, so an origin is allowed where any valid key lists its host. The
/// request itself is then held against its own key.
/// </summary>
internal sealed class KeyCorsPolicy(IRosterStore store, TimeProvider clock) : ICorsPolicyProvider, IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private IReadOnlyList<HostnameList> _hostnames = [];
    private DateTimeOffset _readAt;

    public async Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName)
    {
        var origin = context.Request.Headers.Origin.ToString();
        if (origin.Length == 0 || !(await HostnamesAsync(context.RequestAborted)).Any(list => list.AllowsPage(origin)))
            return null;
        return new CorsPolicyBuilder(origin)
            .WithMethods("GET", "PUT", "POST", "DELETE")
            .WithHeaders("Authorization", "Content-Type", "Content-Encoding", "If-None-Match", "If-Revision", "Idempotency-Key", "Prefer")
            .WithExposedHeaders("ETag", "Link", "Idempotent-Replayed", "Preference-Applied", "Retry-After", "RateLimit", "RateLimit-Policy", "Roster-Request-Id", "Roster-Revision",
                "Roster-Created", "Roster-Updated", "Roster-Unchanged", "Roster-Deleted", "Roster-Restored", "Roster-Total", "Roster-Ignored-Columns")
            .SetPreflightMaxAge(TimeSpan.FromMinutes(10))
            .Build();
    }

    public void Dispose() => _one.Dispose();

    private async Task<IReadOnlyList<HostnameList>> HostnamesAsync(CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
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
            _one.Release();
        }
    }
}
