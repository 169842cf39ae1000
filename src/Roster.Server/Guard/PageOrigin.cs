using Microsoft.AspNetCore.Cors.Infrastructure;
using Roster.Access;
using Roster.Server.Http;

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
internal sealed class KeyCorsPolicy(IRosterStore store, TimeProvider clock) : ICorsPolicyProvider
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();

    /// <summary>The last reading; requests that need it meanwhile wait for the same one.</summary>
    private Task _reading = Task.CompletedTask;
    private DateTimeOffset _begunAt;

    /// <summary>What was read last.</summary>
    private volatile IReadOnlyList<HostnameList> _hostnames = [];

    /// <summary>Whether the database was away: then nobody waits for it here until it is back.</summary>
    private volatile bool _isAway;

    public async Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName)
    {
        var origin = context.Request.Headers.Origin.ToString();
        if (origin.Length == 0)
            return null;
        // A probe is answered without the database.
        if (!context.GetEndpoint().IsProbe() && BeginReading() is { } reading)
            await reading.WaitAsync(context.RequestAborted);
        if (!_hostnames.Any(list => list.AllowsPage(origin)))
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

    /// <returns>What to wait for; null to go on with what was read last.</returns>
    private Task? BeginReading()
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            if (_reading.IsCompleted && (now - _begunAt > Fresh || now < _begunAt))
                (_reading, _begunAt) = (Task.Run(() => ReadAsync(Timestamp.From(now))), now);
            return _isAway ? null : _reading;
        }
    }

    private async Task ReadAsync(Timestamp now)
    {
        try
        {
            _hostnames = await store.ListHostnamesAsync(now, CancellationToken.None);
            _isAway = false;
        }
        catch (StoreException)
        {
            // The request itself says so, if it needs the database.
            _isAway = true;
        }
    }
}
