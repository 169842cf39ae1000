using Microsoft.AspNetCore.Connections;
using Roster.Log;
using Roster.Server.Hosting;

namespace Roster.Server.Http;

/// <summary>
/// Turns exceptions and bare status codes into a <see cref="Problem"/>. Nothing else catches exceptions.
/// </summary>
internal static class ProblemMiddleware
{
    public static void UseProblems(this WebApplication app)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Roster");
        var lifetime = app.Lifetime;
        app.Use(async (http, next) =>
        {
            try
            {
                await next(http);
                if (!http.Response.HasStarted && http.Response.ContentLength is null && OfStatus(http.Response.StatusCode) is { } problem)
                    await problem.WriteAsync(http);
            }
            catch (Exception gone) when (IsCutOff(gone, http) || lifetime.ApplicationStopped.IsCancellationRequested)
            {
                if (!http.Response.HasStarted)
                    http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            }
            catch (Exception failure)
            {
                await Of(failure, http, logger).WriteAsync(http);
            }
        });
    }

    /// <summary>
    /// Whether the connection is gone, by the client or by a stop that waited long enough: then nobody gets an answer.
    /// </summary>
    private static bool IsCutOff(Exception failure, HttpContext http) =>
        // Reading a body fails before RequestAborted is cancelled.
        failure is ConnectionAbortedException or { InnerException: ConnectionAbortedException }
        || (http.RequestAborted.IsCancellationRequested && failure is OperationCanceledException or IOException or ObjectDisposedException);

    private static Problem? OfStatus(int status) => status switch
    {
        StatusCodes.Status404NotFound => Problem.NotFound,
        StatusCodes.Status405MethodNotAllowed => Problem.MethodNotAllowed,
        _ => null,
    };

    private static Problem Of(Exception failure, HttpContext http, ILogger logger)
    {
        switch (failure)
        {
            case BadHttpRequestException bad:
                return bad.StatusCode switch
                {
                    StatusCodes.Status413PayloadTooLarge => Problem.BodyTooLarge,
                    StatusCodes.Status408RequestTimeout => Problem.RequestTimeout,
                    _ => Problem.BadRequest,
                };
            case BodyEncodingException:
                return Problem.InvalidEncoding;
            case HistoryGoneException:
                return Problem.AnswerGone;
            case ClaimLostException:
                return Problem.IdempotencyRunning;
            case StoreException { Trouble: StoreTrouble.TooMuchText }:
                return Problem.TooMuchText;
            case StoreException outage:
                ServerLog.StoreTrouble(logger, outage.Trouble, outage.Message, http.TraceIdentifier);
                // A damaged file is the store's own notice. Of damaged records the last one is told, until the next start.
                if (outage is DamagedRecordException)
                    http.RequestServices.GetRequiredService<IRosterStore>().Notices.Begin(
                        new StoreNotice(StoreNotice.StorageDamaged, outage.Message));
                if (outage is DamagedPartnerException partner)
                    return Problem.DamagedPartner(partner.PartnerId);
                return Problem.Outage(outage.Trouble);
            default:
                ServerLog.RequestFailed(logger, failure, http.TraceIdentifier);
                return Problem.InternalError;
        }
    }
}
