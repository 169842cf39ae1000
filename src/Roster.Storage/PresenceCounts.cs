using Roster.Log;
using Roster.Partners;

namespace Roster.Storage;

/// <summary>How many partners of a workspace there are, and how many have an e-mail address or a phone.</summary>
internal sealed class PresenceCounts
{
    private readonly Dictionary<string, (long Live, long Total)> _counts = [];

    /// <summary>Adds what the search index has counted of a term of the kind <see cref="SearchTerm.Presence"/>.</summary>
    public void Add(string term, long live, long total) => _counts[term] = (live, total);

    public PartnerNumbers Numbers
    {
        get
        {
            var all = Of(SearchTerm.Partner);
            return new(all.Live, all.Total - all.Live, Of(SearchTerm.Email).Live, Of(SearchTerm.Phone).Live);
        }
    }

    /// <summary>How many partners there are for the index by which a list could be led, deleted ones included.</summary>
    public long Total(SearchTerm term, bool isThere) => isThere ? Of(term).Total : Of(SearchTerm.Partner).Total - Of(term).Total;

    /// <summary>Whether a filter finds what is counted: it asks at most whether partners have an e-mail address, or a phone.</summary>
    public static bool Has(PartnerFilter filter) =>
        (filter.HasEmail is null || filter.HasPhone is null)
        && filter with { HasEmail = null, HasPhone = null, Deleted = DeletedPartners.Without } == new PartnerFilter();

    /// <param name="filter">One that <see cref="Has"/> is true of.</param>
    public long Count(PartnerFilter filter)
    {
        var all = Of(SearchTerm.Partner);
        if ((filter.HasEmail ?? filter.HasPhone) is { } isThere)
        {
            var having = Of(filter.HasEmail is null ? SearchTerm.Phone : SearchTerm.Email);
            all = isThere ? having : (all.Live - having.Live, all.Total - having.Total);
        }
        return filter.Deleted switch
        {
            DeletedPartners.With => all.Total,
            DeletedPartners.Only => all.Total - all.Live,
            _ => all.Live,
        };
    }

    private (long Live, long Total) Of(SearchTerm term) => _counts.GetValueOrDefault(term.Text);
}
