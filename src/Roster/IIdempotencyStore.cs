using Roster.Log;

namespace Roster;

/// <summary>What the server asks of a database about idempotency keys.</summary>
public interface IIdempotencyStore
{
    /// <summary>What is known of an idempotency key.</summary>
    /// <param name="staleSince">As for <see cref="ClaimAsync"/>.</param>
    Task<IdempotencyState> FindIdempotencyAsync(
        long workspaceId, ReadOnlyMemory<byte> key, Timestamp rememberedSince, Timestamp staleSince, CancellationToken cancel);

    /// <summary>Takes an idempotency key for one attempt, where it is <see cref="IdempotencyState.Unused"/>.</summary>
    /// <param name="staleSince">A claim from before this time is of an attempt that has ended without a trace, and can be taken over.</param>
    Task<IdempotencyState> ClaimAsync(long workspaceId, Idempotency idempotency, Timestamp now, Timestamp staleSince, CancellationToken cancel);

    /// <summary>Gives a claimed key back, since nothing was carried out under it.</summary>
    Task ReleaseAsync(long workspaceId, Idempotency idempotency, CancellationToken cancel);
}
