namespace Roster.Partners;

/// <summary>A partner in a workspace's directory. Text is stored exactly as it was sent.</summary>
/// <param name="Id">A version 7 UUID; within a workspace, id order is creation order.</param>
/// <param name="Values">
/// Its values; <see cref="PartnerValues.Gone"/> for an earlier state whose values were removed.
/// </param>
/// <param name="CreatedAt">The time of the change set that created it.</param>
/// <param name="UpdatedAt">The time of the change set that last touched it.</param>
/// <param name="DeletedAt">When it was deleted; null while it is live.</param>
/// <param name="Revision">The number of the change set that last touched it.</param>
public sealed record Partner(
    Guid Id, PartnerValues Values, Timestamp CreatedAt, Timestamp UpdatedAt, Timestamp? DeletedAt, long Revision)
{
    /// <summary>Whether it has its values: false for an earlier state whose values were removed.</summary>
    public bool HasValues => Values[PartnerField.Name] is not null;

    /// <summary>1 to 255 characters, not blank; empty if the values were removed.</summary>
    public string Name => Values[PartnerField.Name] ?? "";

    /// <summary>An address by <see cref="EmailRules"/>, or null.</summary>
    public string? Email => Values[PartnerField.Email];

    /// <summary>Free text of 1 to 64 characters, or null.</summary>
    public string? Phone => Values[PartnerField.Phone];

    /// <summary>The caller's own id, 1 to 255 characters, unique among the live partners; or null.</summary>
    public string? ExternalId => Values[PartnerField.ExternalId];

    /// <summary>In the form of <see cref="TagText"/>, or null.</summary>
    public string? Tags => Values[PartnerField.Tags];

    /// <summary>In the form of <see cref="MetadataText"/>, or null.</summary>
    public string? Metadata => Values[PartnerField.Metadata];
}
