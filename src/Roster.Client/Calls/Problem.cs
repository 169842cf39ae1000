using System.Net.Http.Headers;
using System.Text.Json;

namespace Roster.Client;

/// <summary>The body of an error (RFC 9457), as the server sends it.</summary>
internal sealed record Problem
{
    public string? Code { get; init; }

    public string? Title { get; init; }

    public ProblemText? Error { get; init; }

    public IReadOnlyList<RosterFault>? Details { get; init; }

    public long? DetailCount { get; init; }

    public IReadOnlyList<string>? MissingScopes { get; init; }

    public long? CurrentRevision { get; init; }

    public long? UndoneBy { get; init; }

    public string? Reason { get; init; }

    public string? RequestId { get; init; }

    /// <summary>Reads an answer that is no success.</summary>
    public static async Task<RosterException> ReadAsync(
        HttpResponseMessage answer, Stream body, Call call, CancellationToken cancel)
    {
        var problem = default(Problem);
        if (answer.Content.Headers.ContentType?.MediaType == "application/problem+json")
            try
            {
                problem = await JsonSerializer.DeserializeAsync(body, RosterJsonContext.Default.Problem, cancel).ConfigureAwait(false);
            }
            catch (JsonException)
            {
                // A proxy's error with our media type is an answer without a code.
            }
        var status = (int)answer.StatusCode;
        return new RosterException(
            problem?.Code ?? RosterErrors.InvalidAnswer,
            problem?.Error?.En ?? problem?.Title ?? $"The answer is {status} {answer.ReasonPhrase}, and not from Roster.")
        {
            Status = status,
            RequestId = problem?.RequestId ?? Headers.Text(answer, "Roster-Request-Id"),
            Faults = problem?.Details ?? [],
            FaultCount = problem?.DetailCount ?? problem?.Details?.Count ?? 0,
            RetryAfter = WaitOf(answer.Headers.RetryAfter),
            MissingScopes = problem?.MissingScopes ?? [],
            CurrentRevision = problem?.CurrentRevision,
            UndoneBy = problem?.UndoneBy,
            Reason = problem?.Reason,
            IdempotencyKey = call.IdempotencyKey,
        };
    }

    private static TimeSpan? WaitOf(RetryConditionHeaderValue? header) =>
        header?.Delta ?? (header?.Date is { } date ? date - DateTimeOffset.UtcNow : null);
}

internal sealed record ProblemText
{
    public string? En { get; init; }
}
