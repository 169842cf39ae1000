using System.Diagnostics;
using Roster.Server.Http;

namespace Roster.Server.Operations;

/// <summary>
/// Describes ASP.NET Core's span of a request by OpenTelemetry's conventions, without its path, query or address: these
/// can have a partner's data.
/// </summary>
internal static class RequestSpan
{
    public static void Describe(HttpContext http)
    {
        // Without a listener the span is only ASP.NET Core's own, and nobody reads it.
        if (!Telemetry.Activities.HasListeners() || Activity.Current is not { IsAllDataRequested: true } span)
            return;
        var status = http.Response.StatusCode;
        if (status < StatusCodes.Status400BadRequest && http.GetEndpoint().IsProbe())
        {
            Drop(span);
            return;
        }
        var method = KnownMethod(http.Request.Method);
        var route = http.Route();
        span.DisplayName = route is null ? method : $"{method} {route}";
        span.SetTag("http.request.method", method);
        if (route is not null)
            span.SetTag("http.route", route);
        span.SetTag("http.response.status_code", status);
        span.SetTag("url.scheme", http.Request.Scheme);
        span.SetTag("roster.request.id", http.TraceIdentifier);
        if (http.ProblemCode() is { } code)
            span.SetTag("error.type", code);
        if (status >= StatusCodes.Status500InternalServerError)
            span.SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>Keeps a span from being sent.</summary>
    public static void Drop(Activity span)
    {
        span.IsAllDataRequested = false;
        span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
    }

    /// <summary>A span for a stage of the current request that has ended.</summary>
    /// <param name="ago">How long ago it ended.</param>
    public static void Stage(string name, TimeSpan elapsed, TimeSpan ago)
    {
        if (!Telemetry.Activities.HasListeners() || Activity.Current is null)
            return;
        var end = DateTime.UtcNow - ago;
        using var span = Telemetry.Activities.StartActivity(ActivityKind.Internal, startTime: end - elapsed, name: name);
        span?.SetEndTime(end);
    }

    /// <summary>Callers may send any word as a method.</summary>
    private static string KnownMethod(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsPost(method) || HttpMethods.IsPut(method)
        || HttpMethods.IsPatch(method) || HttpMethods.IsDelete(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method)
        || HttpMethods.IsConnect(method) ? method : "_OTHER";
}
