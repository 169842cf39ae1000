using System.Text;
using Roster.Partners;

namespace Roster.Storage;

/// <summary>Pages of lists as every engine makes them.</summary>
internal static class ListPages
{
    /// <summary>Whether a list needs the search index: any that is not in creation order, or that no index of the directory serves.</summary>
    public static bool NeedSearch(PartnerQuery query) =>
        query.Sort != PartnerSort.CreatedAt
        || query.Filter is not { Q: null, Email: null, Phone: null, UpdatedSince: null, Deleted: not DeletedPartners.Only };

    /// <summary>The page of a list that is short enough to be had whole.</summary>
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

    /// <param name="partners">One more than the page takes, where there are more.</param>
    public static PartnerPage Page(PartnerQuery query, List<Partner> partners) => partners.Count > query.Take
        ? new PartnerPage(partners[..query.Take], CursorOf(query.Sort, partners[query.Take - 1]))
        : new PartnerPage(partners, null);

    /// <summary>
    /// A page of what a search index finds, read from the directory itself and looked at once more, since it may have changed meanwhile.
    /// </summary>
    /// <param name="find">The next partners that the index finds, in order, at most as many as the query takes.</param>
    /// <param name="read">The partners as they are, in the same order, null where there is none.</param>
    public static async Task<PartnerPage> SearchAsync(
        PartnerQuery query, Func<PartnerQuery, Task<IReadOnlyList<PartnerCursor>>> find,
        Func<IReadOnlyList<PartnerCursor>, Task<IReadOnlyList<Partner?>>> read, CancellationToken cancel)
    {
        var partners = new List<Partner>();
        var cursors = new List<PartnerCursor>();
        var rest = query with { Take = query.Take + 1 };
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var found = await find(rest);
            foreach (var (cursor, partner) in found.Zip(await read(found)))
            {
                if (partner is null || !query.Filter.Matches(partner))
                    continue;
                partners.Add(partner);
                cursors.Add(cursor);
            }
            if (partners.Count > query.Take)
                return new PartnerPage(partners[..query.Take], cursors[query.Take - 1]);
            if (found.Count < rest.Take)
                return new PartnerPage(partners, null);
            rest = rest with { After = found[^1], Skip = 0, Take = query.Take + 1 - partners.Count };
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

    /// <summary>Hexadecimal UTF-8, which sorts as the bytes do, and so by code point.</summary>
    private static string Sortable(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));
}
