using System.Runtime.InteropServices;
using Roster.Partners;

namespace Roster.Storage;

/// <summary>
/// Changes of the numbers of partners that have a tag or a key of metadata, an e-mail address or a phone. They are summed
/// up over many partners, so that each term is written once.
/// </summary>
internal sealed class TermChanges
{
    /// <summary>So many terms are written at once, to bound the memory.</summary>
    private const int Most = 50_000;

    private readonly Dictionary<SearchTerm, TermChange> _changes = [];

    public bool AreMany => _changes.Count >= Most;

    /// <summary>Adds a partner's terms.</summary>
    /// <param name="terms">Of the partner: the tags first, in the order of its tags.</param>
    public void Add(Partner partner, List<SearchTerm> terms)
    {
        var tags = TagText.Split(partner.Tags);
        for (var i = 0; i < terms.Count; i++)
            Count(terms[i], i < tags.Length ? tags[i] : terms[i].Text, partner.DeletedAt is not null, 1);
        CountPresence(partner.Email is not null, partner.Phone is not null, partner.DeletedAt is not null, 1);
    }

    /// <summary>Takes away what a partner had.</summary>
    public void Remove(List<SearchTerm> terms, bool hadEmail, bool hadPhone, bool wasDeleted)
    {
        foreach (var term in terms)
            Count(term, null, wasDeleted, -1);
        CountPresence(hadEmail, hadPhone, wasDeleted, -1);
    }

    /// <summary>The changes since the last call.</summary>
    public TermChange[] Take()
    {
        TermChange[] changes = [.. _changes.Values.Where(change => change is not { Live: 0, Total: 0 })];
        _changes.Clear();
        return changes;
    }

    private void CountPresence(bool hasEmail, bool hasPhone, bool isDeleted, int by)
    {
        Count(SearchTerm.Partner, null, isDeleted, by);
        if (hasEmail)
            Count(SearchTerm.Email, null, isDeleted, by);
        if (hasPhone)
            Count(SearchTerm.Phone, null, isDeleted, by);
    }

    private void Count(SearchTerm term, string? shown, bool isDeleted, int by)
    {
        // Values are not counted, only keys.
        if (term.Kind == SearchTerm.KeyAndValue)
            return;
        ref var change = ref CollectionsMarshal.GetValueRefOrAddDefault(_changes, term, out _);
        change = new(term.Kind, term.Text, change.Shown ?? shown, change.Live + (isDeleted ? 0 : by), change.Total + by);
    }
}

/// <param name="Kind">As <see cref="SearchTerm.Kind"/>.</param>
/// <param name="Term">As <see cref="TermCount.Term"/>.</param>
/// <param name="Shown">As a partner that has it now writes it; null where none was added.</param>
/// <param name="Live">How many more live partners have it.</param>
/// <param name="Total">How many more partners have it, deleted ones included.</param>
internal readonly record struct TermChange(int Kind, string Term, string? Shown, long Live, long Total);
