using Roster.Changes;

namespace Roster.Partners;

/// <summary>Sort order of a list; ties are broken by id.</summary>
public enum PartnerSort
{
    /// <summary>Creation order, which is id order.</summary>
    CreatedAt,

    UpdatedAt,

    /// <summary>
    /// By <see cref="SearchText.SortName"/>, which ignores case and accents, then by the name itself; both by code
    /// point.
    /// </summary>
    Name,
}

/// <summary>Whether a list includes deleted partners.</summary>
public enum DeletedPartners
{
    Without,
    With,
    Only,
}

/// <summary>Filter of a list. A null parameter does not filter.</summary>
/// <param name="Q">Part of the name, e-mail address, phone or tags, folded by <see cref="SearchText.Fold"/>.</param>
/// <param name="Email">The address, ignoring case.</param>
/// <param name="Phone">The phone; only digits count.</param>
/// <param name="UpdatedSince">Updated at this time or later.</param>
/// <param name="Tags">Has all of these tags, ignoring case; at most <see cref="MaxTerms"/>.</param>
/// <param name="HasEmail">Has an e-mail address, or has none.</param>
/// <param name="HasPhone">Has a phone, or has none.</param>
/// <param name="Metadata">Meets all of these conditions on metadata; at most <see cref="MaxTerms"/>.</param>
public sealed record PartnerFilter(
    Guid? Id = null,
    string? Q = null,
    string? Email = null,
    string? Phone = null,
    string? ExternalId = null,
    Timestamp? UpdatedSince = null,
    DeletedPartners Deleted = DeletedPartners.Without,
    IReadOnlyList<string>? Tags = null,
    IReadOnlyList<MetadataCondition>? Metadata = null,
    bool? HasEmail = null,
    bool? HasPhone = null)
{
    /// <summary>Most tags of one filter, and most conditions on metadata.</summary>
    public const int MaxTerms = 5;

    /// <summary>
    /// The filter as text. Cursors are checked against it, so text of earlier releases must not change.
    /// </summary>
    public override string ToString()
    {
        var terms = string.Concat(
            (Tags ?? []).Select(tag => $", Tag = {TagText.Fold(tag)}").Concat((Metadata ?? []).Select(one => $", Metadata = {one}")))
            + (HasEmail is null ? "" : $", HasEmail = {HasEmail}") + (HasPhone is null ? "" : $", HasPhone = {HasPhone}");
        return $"PartnerFilter {{ Id = {Id}, Q = {Q}, Email = {Email}, Phone = {Phone}, ExternalId = {ExternalId}, "
            + $"UpdatedSince = {UpdatedSince}, Deleted = {Deleted}{terms} }}";
    }

    /// <summary>Whether a partner passes the filter.</summary>
    public bool Matches(Partner partner) =>
        (Deleted == DeletedPartners.With || (partner.DeletedAt is not null) == (Deleted == DeletedPartners.Only))
        && (Id is null || partner.Id == Id)
        && (ExternalId is null || partner.ExternalId == ExternalId)
        && (Email is null || (partner.Email is not null && Upsert.FoldEmail(partner.Email) == Upsert.FoldEmail(Email)))
        && (Phone is null || (partner.Phone is not null && SearchText.Digits(partner.Phone) == SearchText.Digits(Phone)))
        && (HasEmail is null || (partner.Email is not null) == HasEmail)
        && (HasPhone is null || (partner.Phone is not null) == HasPhone)
        && (UpdatedSince is null || partner.UpdatedAt >= UpdatedSince)
        && (Tags is null || HasAll(TagText.Split(partner.Tags), Tags))
        && (Metadata is null || (MetadataText.Read(partner.Metadata) is var values && Metadata.All(one => one.Holds(values))))
        && (Q is null || SearchText.Of(partner).Contains(SearchText.Fold(Q), StringComparison.Ordinal));

    private static bool HasAll(string[] has, IReadOnlyList<string> wanted)
    {
        var folded = has.Select(TagText.Fold).ToHashSet(StringComparer.Ordinal);
        return wanted.All(tag => folded.Contains(TagText.Fold(tag)));
    }
}

/// <summary>A condition on a partner's metadata.</summary>
/// <param name="Value">The value of the key; null if any value will do or the key must be absent.</param>
/// <param name="IsThere">Whether the key must be there.</param>
public sealed record MetadataCondition(string Key, string? Value, bool IsThere = true)
{
    internal bool Holds(SortedDictionary<string, string> values) =>
        values.TryGetValue(Key, out var value) ? IsThere && (Value is null || Value == value) : !IsThere;
}

/// <summary>Kinds of terms by which partners are grouped.</summary>
public enum TermKind
{
    Tag,
    MetadataKey,
}

/// <summary>A tag or metadata key of a workspace's partners.</summary>
/// <param name="Term">
/// The form by which it is compared and ordered, by code point; for a tag its <see cref="TagText.Fold"/>.
/// </param>
/// <param name="Shown">The form to display: a tag as one of the partners has it, a key as it is.</param>
/// <param name="Partners">Number of live partners that have it; 0 if only deleted ones do.</param>
public sealed record TermCount(string Term, string Shown, long Partners);

/// <summary>One page of a list.</summary>
/// <param name="Take">Most partners of the page.</param>
/// <param name="Skip">Number of partners to skip first; slow if large.</param>
/// <param name="After">The end of the previous page; null for the first page.</param>
public sealed record PartnerQuery(
    PartnerFilter Filter, PartnerSort Sort, bool IsDescending, int Take, int Skip = 0, PartnerCursor? After = null);

/// <summary>A place in a list's order: the sort key of a page's last partner when it was read.</summary>
/// <param name="Name">Set if the list is sorted by name.</param>
/// <param name="UpdatedAt">Set if the list is sorted by update time.</param>
public sealed record PartnerCursor(Guid Id, string? Name = null, Timestamp? UpdatedAt = null);

/// <param name="Next">Null on the last page.</param>
public sealed record PartnerPage(IReadOnlyList<Partner> Partners, PartnerCursor? Next);
