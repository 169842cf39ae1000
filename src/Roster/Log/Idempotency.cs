namespace Roster.Log;

/// <summary>A caller's claim of an idempotency key. Requests with the same key must be the same request.</summary>
/// <param name="Key">SHA-256 of the key, 32 bytes.</param>
/// <param name="Fingerprint">SHA-256 of the request, 32 bytes. The same key for another request is an error.</param>
/// <param name="ClaimId">Identifies this attempt; only one attempt may proceed.</param>
/// <param name="At">From when on the answer is remembered.</param>
/// <param name="RememberedSince">Answers from before this time are forgotten.</param>
public sealed record Idempotency(byte[] Key, byte[] Fingerprint, Guid ClaimId, Timestamp At, Timestamp RememberedSince)
{
    /// <summary>Longer than any write takes. An older claim is of an attempt that ended without releasing it.</summary>
    public static readonly TimeSpan LongestWrite = TimeSpan.FromSeconds(90);
}

/// <summary>The state of an idempotency key.</summary>
public abstract record IdempotencyState
{
    private IdempotencyState()
    {
    }

    /// <summary>Not used, or forgotten. As the result of a claim: this attempt has it now.</summary>
    public sealed record Unused : IdempotencyState;

    /// <summary>A request with this key is running.</summary>
    public sealed record Running(byte[] Fingerprint) : IdempotencyState;

    /// <summary>A request with this key is done.</summary>
    /// <param name="Answer">The answer, encoded by <see cref="RememberedAnswer"/>.</param>
    public sealed record Done(byte[] Fingerprint, long Revision, Timestamp At, Origin Origin, byte[] Answer) : IdempotencyState;
}

/// <summary>
/// The claim of an idempotency key expired before the write, and another attempt may have the key now. Nothing was
/// written. A retry with the same key learns the outcome.
/// </summary>
public sealed class ClaimLostException() : Exception("The claim of an idempotency key ran out; nothing was written.");
