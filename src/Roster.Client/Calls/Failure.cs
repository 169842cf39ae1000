namespace Roster.Client;

internal enum FailureKind
{
    /// <summary>Repeating the call does not help.</summary>
    Final,

    /// <summary>The call was not carried out, and may be later.</summary>
    Refused,

    /// <summary>The call may have been carried out.</summary>
    Unknown,
}

/// <summary>An attempt that failed.</summary>
internal sealed record Failure(FailureKind Kind, RosterException Error)
{
    /// <summary>
    /// For a write that may have been carried out by an attempt before, with the same idempotency key: whether this says what
    /// became of it, or that nobody knows. A refusal that comes before the key is looked at says neither.
    /// </summary>
    public bool SaysWhatWasDone => Error.IsOutcomeUnknown || (Error.Status is >= 400 and < 500 and not (401 or 403 or 408 or 429)
        && Error.Code is not (RosterErrors.InvalidAnswer or "idempotency_running"));

    public static Failure Of(RosterException error, bool isSent) => new(isSent ? FailureKind.Unknown : FailureKind.Refused, error);

    /// <summary>What an error answer means. One with a code of Roster says that nothing was changed, but for one.</summary>
    public static Failure Of(RosterException answer) => new(
        answer.Code switch
        {
            _ when answer.IsOutcomeUnknown => FailureKind.Unknown,
            "idempotency_running" => FailureKind.Refused,
            "storage_damaged" => FailureKind.Final,
            _ when answer.Status is 408 or 429 => FailureKind.Refused,
            _ when answer.Status is 502 or 503 or 504 => FailureKind.Refused,
            _ => FailureKind.Final,
        },
        answer);
}
