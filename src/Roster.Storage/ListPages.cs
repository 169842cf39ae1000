using System.Text;
using Roster.Partners;

namespace Roster.Storage;

/// <summary>The pages of lists, for every engine.</summary>
internal static class ListPages
{
    /// <summary>So many of the largest partners fit into <see cref="TextBudget"/>.</summary>
    private const int FirstPart = 1_000;

    /// <summary>
    /// Whether a list needs the search index: if it is not sorted by creation, or no index of the partner table serves
    /// its filter.
    /// </summary>
    public static bool NeedSearch(PartnerQuery query) =>
        query.Sort != PartnerSort.CreatedAt
        || query.Filter is not
        {
            Q: null, Email: null, Phone: null, UpdatedSince: null, Tags: null, Metadata: null, HasEmail: null, HasPhone: null,
            Deleted: not DeletedPartners.Only,
        };

    /// <summary>
    /// A page of a list, read in parts: what was read tells how large the partners are, and so how many more fit into half of
    /// <see cref="TextBudget"/>. Where partners are large, a page has fewer than it could have, and others follow.
    /// </summary>
    public static async Task<PartnerPage> InPartsAsync(PartnerQuery query, Func<PartnerQuery, Task<PartnerPage>> read)
    {
        if (query.Take <= FirstPart)
            return await read(query);
        var partners = new List<Partner>();
        var (next, units, take) = (query, 0L, FirstPart);
        while (true)
        {
            PartnerPage page;
            try
            {
                page = await read(next with { Take = take });
            }
            catch (StoreException tooMuch) when (tooMuch.Trouble == StoreTrouble.TooMuchText && take > FirstPart)
            {
                // These partners are larger than those before.
                take = FirstPart;
                continue;
            }
            partners.AddRange(page.Partners);
            units += page.Partners.Sum(partner => (long)partner.Values.CountUnits());
            if (page.Next is null || partners.Count >= query.Take || units >= TextBudget.MaxUnits / 2)
                return new PartnerPage(partners, page.Next);
            var fitting = ((TextBudget.MaxUnits / 2) - units) / Math.Max(1, units / partners.Count);
            take = (int)Math.Min(Math.Max(fitting, FirstPart), query.Take - partners.Count);
            next = query with { After = page.Next, Skip = 0 };
        }
    }

    /// <summary>The page of a list that is short enough to be read as a whole.</summary>
    public static PartnerPage Cut(PartnerQuery query, IEnumerable<Partner> all)
    {
        var ordered = all.Where(query.Filter.Matches)
            .Select(partner => (Partner: partner, Key: KeyOf(CursorOf(query.Sort, partner)))).OrderBy(one => one.Key);
        var following = (query.IsDescending ? ordered.Reverse() : ordered).Skip(query.Skip);
        if (query.After is { } after)
        {
            var passed = KeyOf(after);
            following = following.SkipWhile(one => query.IsDescending ? one.Key.CompareTo(passed) >= 0 : one.Key.CompareTo(passed) <= 0);
        }
        return Page(query, [.. following.Select(one => one.Partner).Take(query.Take + 1)]);
    }

    /// <param name="partners">One more than the page takes, if there are more.</param>
    public static PartnerPage Page(PartnerQuery query, List<Partner> partners) => partners.Count > query.Take
        ? new PartnerPage(partners[..query.Take], CursorOf(query.Sort, partners[query.Take - 1]))
        : new PartnerPage(partners, null);

    /// <summary>
    /// A page of a search. The partners are read from the partner table and filtered again, because they may have
    /// changed since the index was updated.
    /// </summary>
    /// <param name="find">Finds the next partners in the index, in order, at most as many as the query takes.</param>
    /// <param name="read">Reads these partners, in the same order; null for one that does not exist.</param>
    public static async Task<PartnerPage> SearchAsync(
        PartnerQuery query, Func<PartnerQuery, Task<IReadOnlyList<PartnerCursor>>> find,
        Func<IReadOnlyList<PartnerCursor>, Task<IReadOnlyList<Partner?>>> read, CancellationToken cancel)
    {
        var partners = new List<Partner>();
        var cursors = new List<PartnerCursor>();
        var next = query with { Take = query.Take + 1 };
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var found = await find(next);
            foreach (var (cursor, partner) in found.Zip(await read(found)))
            {
                if (partner is null || !query.Filter.Matches(partner))
                    continue;
                partners.Add(partner);
                cursors.Add(cursor);
            }
            if (partners.Count > query.Take)
                return new PartnerPage(partners[..query.Take], cursors[query.Take - 1]);
            if (found.Count < next.Take)
                return new PartnerPage(partners, null);
            next = next with { After = found[^1], Skip = 0, Take = query.Take + 1 - partners.Count };
        }
    }

    private static PartnerCursor CursorOf(PartnerSort sort, Partner partner) => sort switch
    {
        PartnerSort.Name => new PartnerCursor(partner.Id, Name: partner.Name),
        PartnerSort.UpdatedAt => new PartnerCursor(partner.Id, UpdatedAt: partner.UpdatedAt),
        _ => new PartnerCursor(partner.Id),
    };

    private static (string SortName, string Name, long UpdatedAt, Guid Id) KeyOf(PartnerCursor cursor) =>
        (Sortable(SearchText.SortName(cursor.Name ?? "")), Sortable(cursor.Name ?? ""), cursor.UpdatedAt?.Microseconds ?? 0, cursor.Id);

    /// <summary>Hexadecimal UTF-8 sorts by bytes, and so by code point.</summary>
    private static string Sortable(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));
}
