using Roster.Changes;

namespace Roster.Partners;

/// <summary>What a list is sorted by; ties are broken by id.</summary>
public enum PartnerSort
{
    /// <summary>Creation order, which is id order.</summary>
    CreatedAt,

    UpdatedAt,

    /// <summary>
    /// As people read names: by <see cref="SearchText.SortName"/>, where case and accents do not count, and then by the name itself; both by
    /// code point.
    /// </summary>
    Name,
}

/// <summary>Whether a list has deleted partners.</summary>
public enum DeletedPartners
{
    Without,
    With,
    Only,
}

/// <summary>Which partners a list has; what is null does not filter.</summary>
/// <param name="Q">A part of the name, e-mail address or phone, under <see cref="SearchText.Fold"/>.</param>
/// <param name="Email">The address, whatever its case.</param>
/// <param name="Phone">The phone, of which only the digits count.</param>
/// <param name="UpdatedSince">Updated at this time or later.</param>
public sealed record PartnerFilter(
    Guid? Id = null,
    string? Q = null,
    string? Email = null,
    string? Phone = null,
    string? ExternalId = null,
    Timestamp? UpdatedSince = null,
    DeletedPartners Deleted = DeletedPartners.Without)
{
    /// <summary>Whether a partner is one of them.</summary>
    public bool Matches(Partner partner) =>
        (Deleted == DeletedPartners.With || (partner.DeletedAt is not null) == (Deleted == DeletedPartners.Only))
        && (Id is null || partner.Id == Id)
        && (ExternalId is null || partner.ExternalId == ExternalId)
        && (Email is null || (partner.Email is not null && Upsert.FoldEmail(partner.Email) == Upsert.FoldEmail(Email)))
        && (Phone is null || (partner.Phone is not null && SearchText.Digits(partner.Phone) == SearchText.Digits(Phone)))
        && (UpdatedSince is null || partner.UpdatedAt >= UpdatedSince)
        && (Q is null || SearchText.Of(partner).Contains(SearchText.Fold(Q), StringComparison.Ordinal));
}

/// <summary>One page of a list.</summary>
/// <param name="Take">At most so many partners.</param>
/// <param name="Skip">So many are passed over first; slow where it is large.</param>
/// <param name="After">Where the page before ended; null for the first page.</param>
public sealed record PartnerQuery(
    PartnerFilter Filter, PartnerSort Sort, bool IsDescending, int Take, int Skip = 0, PartnerCursor? After = null);

/// <summary>A place in a list's order: where the last partner of a page was, whatever has become of it since.</summary>
/// <param name="Name">Where the list is sorted by name.</param>
/// <param name="UpdatedAt">Where the list is sorted by update time.</param>
public sealed record PartnerCursor(Guid Id, string? Name = null, Timestamp? UpdatedAt = null);

/// <param name="Next">Null on the last page.</param>
public sealed record PartnerPage(IReadOnlyList<Partner> Partners, PartnerCursor? Next);
