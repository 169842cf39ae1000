using System.Diagnostics;
using Roster.Server.Guard;
using Roster.Server.Hosting;

namespace Roster.Server.Http;

/// <summary>Gives each request an id and logs one line when it is answered, without names, addresses or keys.</summary>
internal static class RequestLog
{
    public const string RequestIdHeader = "Roster-Request-Id";

    public static void UseRequestLog(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Roster");
        app.Use(async (http, next) =>
        {
            var start = Stopwatch.GetTimestamp();
            var id = Guid.CreateVersion7();
            http.TraceIdentifier = id.ToString();
            http.Features.Set(new RequestId(id));
            http.Response.Headers[RequestIdHeader] = http.TraceIdentifier;
            await next(http);
            var caller = (http.User.Identity as CallerIdentity)?.Key;
            ServerLog.Request(
                logger, http.Request.Method, (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "-",
                http.Response.StatusCode, Stopwatch.GetElapsedTime(start).TotalMilliseconds, caller?.WorkspaceId, caller?.Id,
                http.TraceIdentifier);
        });
    }

    public static Guid RequestId(this HttpContext http) => http.Features.Get<RequestId>()!.Value;
}

internal sealed record RequestId(Guid Value);
