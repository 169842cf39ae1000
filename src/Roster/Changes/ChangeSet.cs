namespace Roster.Changes;

/// <summary>Who asked for a change set.</summary>
/// <param name="KeyId">The API key.</param>
/// <param name="RequestId">The request's id, unique for ever.</param>
public readonly record struct Origin(Guid KeyId, Guid RequestId);

/// <summary>One entry of a change set in the log: a partner, and what it was before.</summary>
/// <param name="Before">Null where the change set created the partner.</param>
public sealed record LoggedChange(Guid Id, LoggedState? Before);

/// <summary>A partner's state that a change set replaced.</summary>
/// <param name="Revision">The change set that had made it so; its entry leads one step further back.</param>
public sealed record LoggedState(
    long Revision, Timestamp UpdatedAt, Timestamp? DeletedAt, string Name, string? Email, string? Phone, string? ExternalId);
