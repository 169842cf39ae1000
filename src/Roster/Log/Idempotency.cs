namespace Roster.Log;

/// <summary>A caller's promise that requests with the same key are the same request.</summary>
/// <param name="Key">SHA-256 of the key, 32 bytes.</param>
/// <param name="Fingerprint">SHA-256 of what was asked for, 32 bytes: the same key for something else is a mistake.</param>
/// <param name="ClaimId">This attempt, of which only one may go on.</param>
/// <param name="RememberedSince">Answers from before this time are not kept any more.</param>
public sealed record Idempotency(byte[] Key, byte[] Fingerprint, Guid ClaimId, Timestamp RememberedSince)
{
    /// <summary>Longer than any write goes on: who claimed a key before that has ended without being able to say so.</summary>
    public static readonly TimeSpan LongestWrite = TimeSpan.FromSeconds(90);
}

/// <summary>What is known of an idempotency key.</summary>
public abstract record IdempotencyState
{
    private IdempotencyState()
    {
    }

    /// <summary>Nobody used it, or that is too long ago. Of a claim: it is this attempt's now.</summary>
    public sealed record Unused : IdempotencyState;

    /// <summary>A request with it is being carried out.</summary>
    public sealed record Running(byte[] Fingerprint) : IdempotencyState;

    /// <summary>A request with it was carried out.</summary>
    /// <param name="Answer">As <see cref="RememberedAnswer"/> encodes it.</param>
    public sealed record Done(byte[] Fingerprint, long Revision, Timestamp At, Origin Origin, byte[] Answer) : IdempotencyState;
}

/// <summary>
/// A write's claim of its idempotency key ran out before it was written, and the key may be another attempt's now. Nothing was written; who asks
/// again learns what became of the other one.
/// </summary>
public sealed class ClaimLostException() : Exception("The claim of an idempotency key ran out; nothing was written.");
