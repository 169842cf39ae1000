namespace Roster.Partners;

/// <summary>A partner as a workspace's directory holds it. Text is kept exactly as it was sent.</summary>
/// <param name="Id">A version 7 UUID; within a workspace, id order is creation order.</param>
/// <param name="Name">1 to 255 characters, not blank.</param>
/// <param name="Email">An address by <see cref="PartnerRules"/>, or null.</param>
/// <param name="Phone">Free text of 1 to 64 characters, or null.</param>
/// <param name="ExternalId">The caller's own id, 1 to 255 characters, unique among the live partners; or null.</param>
/// <param name="CreatedAt">The time of the change set that created it.</param>
/// <param name="UpdatedAt">The time of the change set that last touched it.</param>
/// <param name="DeletedAt">When it was deleted; null while it is live.</param>
/// <param name="Revision">The number of the change set that last touched it.</param>
public sealed record Partner(
    Guid Id,
    string Name,
    string? Email,
    string? Phone,
    string? ExternalId,
    Timestamp CreatedAt,
    Timestamp UpdatedAt,
    Timestamp? DeletedAt,
    long Revision);
