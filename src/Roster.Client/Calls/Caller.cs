using System.Net.Sockets;
using System.Runtime.ExceptionServices;

namespace Roster.Client;

/// <summary>
/// Carries out calls: attempts, waits, receipts. A call that may have been carried out is sent again only as its
/// <see cref="Resend"/> allows.
/// </summary>
internal sealed class Caller(HttpClient http, RosterClientOptions options)
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(30);

    private readonly Uri _address = options.Check(http.BaseAddress);

    public RosterClientOptions Options => options;

    /// <summary>Carries out a call.</summary>
    /// <param name="read">Reads a successful answer; called again if the answer breaks off.</param>
    /// <exception cref="RosterException">It was refused, or there was no answer.</exception>
    public async Task<T> SendAsync<T>(
        Call call, Func<HttpResponseMessage, Stream, CancellationToken, Task<T>> read, CancellationToken cancel)
    {
        using var trace = new CallTrace(call, options.TimeProvider);
        var start = options.TimeProvider.GetTimestamp();
        // Of the last attempt that may have been carried out.
        var lost = default(RosterException);
        var asksReceipt = call.Resend == Resend.ByReceipt;
        for (var attempt = 1; ; attempt++)
        {
            Failure? failure = null;
            if (lost is not null && asksReceipt)
                (asksReceipt, failure) = await AskAsync(call, cancel).ConfigureAwait(false);
            if (failure is null)
            {
                (var result, failure) = await TryAsync(call, read, trace, cancel).ConfigureAwait(false);
                if (failure is null)
                    return result!;
                if (failure.Kind == FailureKind.Unknown)
                    lost = failure.Error;
            }
            var delay = DelayBefore(attempt + 1, failure.Error.RetryAfter);
            if (failure.Kind == FailureKind.Final || call.Resend == Resend.Never || (lost is not null && call.Resend == Resend.IfRefused)
                || attempt >= options.MaxAttempts || options.TimeProvider.GetElapsedTime(start) + delay > options.RetryTime)
            {
                var isInDoubt = lost is not null && call.Resend == Resend.ByReceipt && !failure.SaysWhatWasDone;
                throw trace.Failed(isInDoubt ? lost!.ThenRefused(failure.Error) : failure.Error);
            }
            trace.Retries(failure.Error);
            await Task.Delay(delay, options.TimeProvider, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The wait before an attempt: twice as long each time, half of it random, so that clients that were cut off together do
    /// not come back together.
    /// </summary>
    private TimeSpan DelayBefore(int attempt, TimeSpan? asked)
    {
        var whole = Math.Min(options.RetryDelay.TotalSeconds * Math.Pow(2, attempt - 2), MaxDelay.TotalSeconds);
        var delay = TimeSpan.FromSeconds(whole / 2 * (1 + Random.Shared.NextDouble()));
        return asked > delay ? asked.Value : delay;
    }

    /// <summary>
    /// Asks what became of a write whose answer was lost. If it was carried out, sending it again gets its answer; if it
    /// was not seen, it is carried out then.
    /// </summary>
    /// <returns>Whether to ask the next time too, and why the write cannot be sent again yet.</returns>
    private async Task<(bool AsksAgain, Failure? NotYet)> AskAsync(Call call, CancellationToken cancel)
    {
        var ask = new Call("receipt", HttpMethod.Get, PathOfReceipt(call.IdempotencyKey!)) { IdempotencyKey = call.IdempotencyKey };
        using var trace = new CallTrace(ask, options.TimeProvider);
        var (receipt, failure) = await TryAsync(
            ask, Read.Json(RosterJsonContext.Default.Receipt), trace, cancel).ConfigureAwait(false);
        // A key that may write and not read cannot look. Then the idempotency key alone protects.
        if (failure is { Kind: FailureKind.Final })
            return (false, null);
        if (failure is null && receipt!.State == Receipt.Running)
            failure = new Failure(FailureKind.Refused, new RosterException(
                RosterErrors.NoAnswer, "The server still works on the call, which has lost its connection.")
            {
                IdempotencyKey = call.IdempotencyKey,
            });
        return (true, failure);
    }

    public static string PathOfReceipt(string idempotencyKey) => $"api/changesets/by-key/{Uri.EscapeDataString(idempotencyKey)}";

    private async Task<(T? Result, Failure? Failure)> TryAsync<T>(
        Call call, Func<HttpResponseMessage, Stream, CancellationToken, Task<T>> read, CallTrace trace, CancellationToken cancel)
    {
        var silence = options.AttemptTimeout + call.Wait;
        using var quiet = new CancellationTokenSource(silence, options.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(quiet.Token, cancel);
        void Alive() => quiet.CancelAfter(silence);
        try
        {
            using var request = call.ToRequest(_address, options.Key, Alive);
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token).ConfigureAwait(false);
            trace.Answered(answer);
            Alive();
            var whole = await answer.Content.ReadAsStreamAsync(both.Token).ConfigureAwait(false);
            await using (whole.ConfigureAwait(false))
            {
                var body = new AnswerStream(
                    whole, call.IsStreamed && answer.IsSuccessStatusCode ? long.MaxValue : options.MaxAnswerBytes,
                    call.IdempotencyKey, Alive);
                if (answer.IsSuccessStatusCode)
                    return (await read(answer, body, both.Token).ConfigureAwait(false), null);
                return (default, Failure.Of(await Problem.ReadAsync(answer, body, call, both.Token).ConfigureAwait(false)));
            }
        }
        catch (OperationCanceledException silent) when (!cancel.IsCancellationRequested)
        {
            var why = quiet.IsCancellationRequested ? $"No answer came within {silence.TotalSeconds:0.#} s."
                : $"The HTTP client gave up: {silent.Message}";
            return (default, Failure.Of(Lost(call, why, silent), isSent: true));
        }
        catch (HttpRequestException lost)
        {
            var isSent = lost.HttpRequestError is not (HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError);
            return (default, Failure.Of(Lost(call, $"The connection failed: {lost.Message}", lost), isSent));
        }
        catch (SocketException reset)
        {
            // So HttpClient says that a connection was reset as soon as it was made.
            return (default, Failure.Of(Lost(call, $"The connection failed: {reset.Message}", reset), isSent: false));
        }
        catch (TargetFailedException target)
        {
            ExceptionDispatchInfo.Throw(target.InnerException!);
            throw;
        }
        catch (IOException lost)
        {
            return (default, Failure.Of(Lost(call, $"The connection was lost: {lost.Message}", lost), isSent: true));
        }
        catch (System.Text.Json.JsonException strange)
        {
            throw trace.Failed(new RosterException(RosterErrors.InvalidAnswer, "The answer is not one of Roster.", strange)
            {
                IdempotencyKey = call.IdempotencyKey,
            });
        }
    }

    private static RosterException Lost(Call call, string message, Exception inner) =>
        new(RosterErrors.NoAnswer, message, inner) { IdempotencyKey = call.IdempotencyKey };
}
