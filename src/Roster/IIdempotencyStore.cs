using Roster.Log;

namespace Roster;

/// <summary>The database operations on idempotency keys.</summary>
public interface IIdempotencyStore
{
    /// <summary>The state of an idempotency key.</summary>
    /// <param name="staleSince">As for <see cref="ClaimAsync"/>.</param>
    Task<IdempotencyState> FindIdempotencyAsync(
        long workspaceId, ReadOnlyMemory<byte> key, Timestamp rememberedSince, Timestamp staleSince, CancellationToken cancel);

    /// <summary>Claims an idempotency key for one attempt, if it is <see cref="IdempotencyState.Unused"/>.</summary>
    /// <param name="staleSince">
    /// A claim from before this time is of an attempt that ended without releasing it; it can be taken over.
    /// </param>
    Task<IdempotencyState> ClaimAsync(
        long workspaceId, Idempotency idempotency, Timestamp now, Timestamp staleSince, CancellationToken cancel);

    /// <summary>Releases a claimed key, since nothing was carried out under it.</summary>
    Task ReleaseAsync(long workspaceId, Idempotency idempotency, CancellationToken cancel);
}
