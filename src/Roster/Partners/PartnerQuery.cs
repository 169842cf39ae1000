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
/// <param name="Tags">All of these tags, whatever their case; at most <see cref="MaxTerms"/>.</param>
/// <param name="Metadata">All of these conditions on metadata; at most <see cref="MaxTerms"/>.</param>
public sealed record PartnerFilter(
    Guid? Id = null,
    string? Q = null,
    string? Email = null,
    string? Phone = null,
    string? ExternalId = null,
    Timestamp? UpdatedSince = null,
    DeletedPartners Deleted = DeletedPartners.Without,
    IReadOnlyList<string>? Tags = null,
    IReadOnlyList<MetadataCondition>? Metadata = null)
{
    /// <summary>Tags of one filter, and conditions on metadata.</summary>
    public const int MaxTerms = 5;

    /// <summary>All that it has, as text: cursors are held against it, so what earlier releases printed stays as it is.</summary>
    public override string ToString()
    {
        var terms = string.Concat(
            (Tags ?? []).Select(tag => $", Tag = {TagText.Fold(tag)}").Concat((Metadata ?? []).Select(one => $", Metadata = {one}")));
        return $"PartnerFilter {{ Id = {Id}, Q = {Q}, Email = {Email}, Phone = {Phone}, ExternalId = {ExternalId}, "
            + $"UpdatedSince = {UpdatedSince}, Deleted = {Deleted}{terms} }}";
    }

    /// <summary>Whether a partner is one of them.</summary>
    public bool Matches(Partner partner) =>
        (Deleted == DeletedPartners.With || (partner.DeletedAt is not null) == (Deleted == DeletedPartners.Only))
        && (Id is null || partner.Id == Id)
        && (ExternalId is null || partner.ExternalId == ExternalId)
        && (Email is null || (partner.Email is not null && Upsert.FoldEmail(partner.Email) == Upsert.FoldEmail(Email)))
        && (Phone is null || (partner.Phone is not null && SearchText.Digits(partner.Phone) == SearchText.Digits(Phone)))
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

/// <summary>What a partner's metadata must be.</summary>
/// <param name="Value">The value of the key; null where any will do, or where there must be none.</param>
/// <param name="IsThere">Whether the key must be there.</param>
public sealed record MetadataCondition(string Key, string? Value, bool IsThere = true)
{
    internal bool Holds(SortedDictionary<string, string> values) =>
        values.TryGetValue(Key, out var value) ? IsThere && (Value is null || Value == value) : !IsThere;
}

/// <summary>What a workspace's partners are told apart by, besides their fields.</summary>
public enum TermKind
{
    Tag,
    MetadataKey,
}

/// <summary>A tag, or a key of metadata, that partners of a workspace have.</summary>
/// <param name="Term">What it is compared and ordered by, by code point: for a tag its <see cref="TagText.Fold"/>.</param>
/// <param name="Shown">A tag as one of the partners has it; a key as it is.</param>
/// <param name="Partners">How many live partners have it; 0 where only deleted ones do.</param>
public sealed record TermCount(string Term, string Shown, long Partners);

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
