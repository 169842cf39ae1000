using System.Diagnostics;
using Roster.Server.Guard;
using Roster.Server.Hosting;
using Roster.Server.Operations;

namespace Roster.Server.Http;

/// <summary>Gives each request an id and logs one line when it is answered, without a partner's data or keys.</summary>
internal static class RequestLog
{
    public const string RequestIdHeader = "Roster-Request-Id";

    /// <summary>Stands for what a request has not got, or what is not logged.</summary>
    private const string None = "-";

    public static void UseRequestLog(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Roster");
        var logsAddresses = app.Services.GetRequiredService<ServerSettings>().LogsAddresses;
        app.Use(async (http, next) =>
        {
            var start = Stopwatch.GetTimestamp();
            var id = Guid.CreateVersion7();
            http.TraceIdentifier = id.ToString();
            http.Features.Set(new RequestId(id));
            http.Response.Headers[RequestIdHeader] = http.TraceIdentifier;
            await next(http);
            RequestSpan.Describe(http);
            RequestMetrics.Answered(http.Features.Get<Problem>());
            var status = http.Response.StatusCode;
            if (status < StatusCodes.Status400BadRequest && http.GetEndpoint().IsProbe())
                return;
            var caller = (http.User.Identity as CallerIdentity)?.Key;
            ServerLog.Request(
                logger, http.Request.Method, http.Route() ?? None, status, http.ProblemCode() ?? None,
                Stopwatch.GetElapsedTime(start).TotalMilliseconds, caller?.WorkspaceId, caller?.Id, http.TraceIdentifier,
                logsAddresses ? http.ClientAddress() ?? None : None);
        });
    }

    public static Guid RequestId(this HttpContext http) => http.Features.Get<RequestId>()!.Value;

    /// <summary>The pattern of the request's path, without its values; null if it is no path of ours.</summary>
    public static string? Route(this HttpContext http) => (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;

    /// <summary>The code of the problem that was the answer; null if it was none.</summary>
    public static string? ProblemCode(this HttpContext http) => http.Features.Get<Problem>()?.Code;

    /// <summary>The client's address, one of IPv4 also in its own form; null if there is none.</summary>
    public static string? ClientAddress(this HttpContext http) => http.Connection.RemoteIpAddress switch
    {
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4().ToString(),
        var address => address?.ToString(),
    };
}

internal sealed record RequestId(Guid Value);
