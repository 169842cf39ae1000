namespace Roster.Client;

/// <summary>
/// A call that failed: refused by the server, or without an answer after all attempts. Arguments that are wrong before
/// anything is sent are an <see cref="ArgumentException"/> instead.
/// </summary>
public sealed class RosterException : Exception
{
    internal RosterException(string code, string message, Exception? inner = null)
        : base(message, inner) => Code = code;

    /// <summary>The same failure, to be told with more about it.</summary>
    private RosterException(RosterException failure)
        : base(failure.Message, failure)
    {
        Code = failure.Code;
        Status = failure.Status;
        RequestId = failure.RequestId;
        Faults = failure.Faults;
        FaultCount = failure.FaultCount;
        RetryAfter = failure.RetryAfter;
        MissingScopes = failure.MissingScopes;
        CurrentRevision = failure.CurrentRevision;
        UndoneBy = failure.UndoneBy;
        Reason = failure.Reason;
        IdempotencyKey = failure.IdempotencyKey;
        ImportId = failure.ImportId;
    }

    /// <summary>
    /// A code of the server's page of errors (<c>/errors</c>), one of <see cref="RosterErrors"/>, or for an import that
    /// failed or stopped its reason's code.
    /// </summary>
    public string Code { get; }

    /// <summary>The HTTP status; null without an answer, and for an import that failed after it was taken.</summary>
    public int? Status { get; init; }

    /// <summary>The request's id, for questions to the operator; null without an answer.</summary>
    public string? RequestId { get; init; }

    /// <summary>The faults of single items, in the order of the request; at most 1,000.</summary>
    public IReadOnlyList<RosterFault> Faults { get; init; } = [];

    /// <summary>How many faults there are, also those that are not listed.</summary>
    public long FaultCount { get; init; }

    /// <summary>How long to wait before the next attempt; null if the server does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>With <c>missing_scope</c>: the scopes that the key lacks.</summary>
    public IReadOnlyList<string> MissingScopes { get; init; } = [];

    /// <summary>With <c>revision_changed</c>: the workspace's newest revision.</summary>
    public long? CurrentRevision { get; init; }

    /// <summary>With <c>already_undone</c>: the revision that undid it.</summary>
    public long? UndoneBy { get; init; }

    /// <summary>With <c>file_refused</c>: the code of what is wrong with the file.</summary>
    public string? Reason { get; init; }

    /// <summary>
    /// The write's idempotency key. If the outcome is unknown (<see cref="RosterErrors.NoAnswer"/>, <c>outcome_unknown</c>, or
    /// <see cref="RosterErrors.InvalidAnswer"/> with status 502 to 504), the same call with this key is carried out once;
    /// <see cref="RosterClient.GetReceiptAsync"/> says whether it was.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>The import, if a large batch became one. Parts of it may be written: look at its revisions.</summary>
    public Guid? ImportId { get; init; }

    /// <summary>Whether the same call may succeed later: there was no answer, or status 408, 429 or 502 to 504.</summary>
    public bool IsTransient => Status is 408 or 429 or 502 or 503 or 504 || Code == RosterErrors.NoAnswer;

    /// <summary>Whether the call may have been carried out; a proxy's 502 to 504 does not say.</summary>
    internal bool IsOutcomeUnknown => Code is RosterErrors.NoAnswer or "outcome_unknown"
        || (Code == RosterErrors.InvalidAnswer && Status is 502 or 503 or 504);

    /// <summary>The same, with the items that the faults are about.</summary>
    internal RosterException About(Func<int, PartnerWrite?> item) => new(this)
    {
        Faults =
        [
            .. Faults.Select(fault => fault with
            {
                Input = fault.Index is { } index ? item(index) : null,
                OtherInput = fault.OtherIndex is { } other ? item(other) : null,
            }),
        ],
    };

    /// <summary>The same, of an attempt that may have been carried out, after which others were refused.</summary>
    internal RosterException ThenRefused(RosterException refusal) => new(
        Code, $"{Message} Whether it was carried out is not known, since it was refused after that: {refusal.Message}", refusal)
    {
        Status = Status,
        RequestId = RequestId,
        RetryAfter = refusal.RetryAfter,
        IdempotencyKey = IdempotencyKey,
    };

    /// <summary>The same, of a large batch.</summary>
    /// <param name="importId">The import that it became; null if it may not have become one.</param>
    internal RosterException Of(string idempotencyKey, Guid? importId) =>
        new(this) { IdempotencyKey = idempotencyKey, ImportId = importId };
}

/// <summary>Codes of <see cref="RosterException"/> that do not come from the server.</summary>
public static class RosterErrors
{
    /// <summary>No answer came: the connection could not be made or was lost, or the time ran out.</summary>
    public const string NoAnswer = "no_answer";

    /// <summary>The answer has more than <see cref="RosterClientOptions.MaxAnswerBytes"/>.</summary>
    public const string AnswerTooLarge = "answer_too_large";

    /// <summary>The answer is not one of Roster: a proxy's page, or a server of another kind.</summary>
    public const string InvalidAnswer = "invalid_answer";

    /// <summary>Somebody cancelled the import of a large batch.</summary>
    public const string ImportCancelled = "import_cancelled";
}

/// <summary>A fault of an item.</summary>
public sealed record RosterFault
{
    /// <summary>The code, as on the server's page of errors.</summary>
    public string Code { get; init; } = "";

    /// <summary>What is wrong, in English.</summary>
    public string Message { get; init; } = "";

    /// <summary>The item's place in the batch, from 0; null if the fault is not of one item.</summary>
    public int? Index { get; init; }

    /// <summary>The item as it was given; null if the call has no <see cref="PartnerWrite"/> items.</summary>
    public PartnerWrite? Input { get; init; }

    public string? Field { get; init; }

    /// <summary>The partner that the item names.</summary>
    public Guid? Id { get; init; }

    /// <summary>The other item that takes part.</summary>
    public int? OtherIndex { get; init; }

    /// <summary>The other item that takes part, as it was given.</summary>
    public PartnerWrite? OtherInput { get; init; }

    /// <summary>Stored partners that take part; the first ten.</summary>
    public IReadOnlyList<Guid> Candidates { get => field ?? []; init; }

    /// <summary>The partner as it is now, if the caller has not seen that. Its id may be missing: see <see cref="Id"/>.</summary>
    public Partner? Current { get; init; }

    /// <summary>The line in a file, from 1.</summary>
    public int? Line { get; init; }

    /// <summary>The column in a file of CSV, from 1.</summary>
    public int? Column { get; init; }
}
