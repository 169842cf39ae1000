using System.Globalization;
using Roster.Changes;
using Roster.Partners;

namespace Roster.Log;

/// <summary>Where a mirror is in a workspace's log.</summary>
/// <param name="Revision">All change sets up to this one have been passed.</param>
/// <param name="Offset">So many entries of the one after it have been passed, too.</param>
/// <param name="Full">While the whole directory is being read first: the last partner that was; afterwards null.</param>
/// <param name="Seen">
/// The newest change set that had a part in what the mirror was told, or not told because it comes later. Whoever lost it, or has another one in
/// its place, cannot go on from here.
/// </param>
/// <param name="Mark">The request that made that one; null where the caller only knows a revision, which is then believed.</param>
public sealed record FeedPosition(long Revision, int Offset, Guid? Full, long Seen, Guid? Mark)
{
    /// <summary>The text for a reading of all partners that has not begun.</summary>
    private const string FullText = "full";

    /// <param name="isFull">Whether everything comes first; otherwise all changes from the log's beginning.</param>
    public static FeedPosition Start(bool isFull) => new(isFull ? -1 : 0, 0, isFull ? Guid.Empty : null, 0, null);

    /// <returns>Null where the text is neither a revision nor what <see cref="ToString"/> gave.</returns>
    public static FeedPosition? Parse(string text) => text.Split('-', 6) switch
    {
        [var revision] when Number(revision) is { } number => new FeedPosition(number, 0, null, number, null),
        [var revision, var offset, var seen, var mark]
            when Number(revision) is { } number && Number(offset) is { } passed and <= int.MaxValue && Number(seen) is { } newest
                && (passed > 0 ? number < newest : number <= newest) && Guid.TryParseExact(mark, "N", out var request) =>
            new FeedPosition(number, (int)passed, null, newest, request),
        [FullText, var revision, var id, var seen, var mark]
            when Number(revision) is { } number && Guid.TryParseExact(id, "N", out var last) && Number(seen) is { } newest && number <= newest
                && Guid.TryParseExact(mark, "N", out var request) =>
            new FeedPosition(number, 0, last, newest, request),
        _ => null,
    };

    public override string ToString() => this switch
    {
        { Full: { } last } => string.Create(CultureInfo.InvariantCulture, $"{FullText}-{Revision}-{last:N}-{Seen}-{Mark ?? default:N}"),
        { Mark: { } mark } => string.Create(CultureInfo.InvariantCulture, $"{Revision}-{Offset}-{Seen}-{mark:N}"),
        _ => Revision.ToString(CultureInfo.InvariantCulture),
    };

    /// <returns>A number that another one can follow.</returns>
    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < long.MaxValue ? number : null;
}

/// <param name="HasMore">Whether there is more to read right now.</param>
public sealed record FeedPage(IReadOnlyList<Partner> Partners, FeedPosition Next, bool HasMore);

/// <summary>
/// What a mirror must take over: each partner that was changed, once, as it is now, at the place of its newest change in the log. A
/// partner that is changed again meanwhile has moved to a later place, so whoever reads to the end has all of it.
/// </summary>
public sealed class Feed(IRosterStore store, long workspaceId)
{
    /// <summary>A page looks at about so many changes at most, also where most of them are not the newest of their partner.</summary>
    private const int MaxLookedAt = 20_000;

    /// <summary>So many partners are looked up at once, also for a smaller page.</summary>
    private const int MinTogether = 500;

    /// <returns>Null where the log does not have the change set that the position stands on: the mirror has seen what is not, or not so, any more.</returns>
    public async Task<FeedPage?> ReadAsync(FeedPosition position, int take, CancellationToken cancel) =>
        !await IsOfThisLogAsync(position, cancel) ? null
        : position.Full is { } last ? await ReadFullAsync(position.Revision, last, take, cancel)
        : await ReadLogAsync(position, take, cancel);

    private async Task<bool> IsOfThisLogAsync(FeedPosition position, CancellationToken cancel) =>
        position.Seen == 0 || (await FindNewestAsync(position.Seen + 1, cancel) is { } seen && seen.Revision.Number == position.Seen
            && (position.Mark is null || position.Mark == seen.Origin.RequestId));

    /// <param name="before">Null for the log's end.</param>
    private async Task<ChangeSet?> FindNewestAsync(long? before, CancellationToken cancel) =>
        await store.ListChangeSetsAsync(workspaceId, new ChangeSetQuery(1, before), cancel) is [var newest] ? newest : null;

    /// <summary>All live partners in creation order; then the log from where it was when that began.</summary>
    private async Task<FeedPage> ReadFullAsync(long revision, Guid last, int take, CancellationToken cancel)
    {
        var begun = revision >= 0 ? revision : (await FindNewestAsync(null, cancel))?.Revision.Number ?? 0;
        var page = await store.ListAsync(
            workspaceId,
            new PartnerQuery(new PartnerFilter(), PartnerSort.CreatedAt, IsDescending: false, take, 0, last == Guid.Empty ? null : new PartnerCursor(last)),
            cancel);
        return await PageAsync(page.Partners, begun, 0, page.Next?.Id, cancel);
    }

    private async Task<FeedPage> ReadLogAsync(FeedPosition position, int take, CancellationToken cancel)
    {
        var partners = new List<Partner>();
        var (revision, offset) = (position.Revision, position.Offset);
        var together = Math.Max(take, MinTogether);
        for (var lookedAt = 0; lookedAt < MaxLookedAt;)
        {
            var changed = await store.ReadChangedAfterAsync(workspaceId, revision, together, cancel);
            foreach (var part in Entries(changed, offset).Chunk(together))
            {
                var now = await store.FindAsync(workspaceId, part.Select(entry => entry.Id).Distinct(), cancel);
                foreach (var (head, id, passed) in part)
                {
                    if (partners.Count == take)
                        return await PageAsync(partners, revision, offset, null, cancel);
                    if (Newest(head, id, now) is { } partner)
                        partners.Add(partner);
                    (revision, offset) = passed is { } rest ? (head.Revision.Number - 1, rest) : (head.Revision.Number, 0);
                    lookedAt++;
                }
                if (lookedAt >= MaxLookedAt)
                    break;
            }
            if (changed.Count < together)
                break;
        }
        return await PageAsync(partners, revision, offset, null, cancel);
    }

    /// <summary>
    /// What was found stands on the newest change set that there is now, after it was read: partners that it changed are not in the page, or are
    /// in it as it made them.
    /// </summary>
    private async Task<FeedPage> PageAsync(IReadOnlyList<Partner> partners, long revision, int offset, Guid? full, CancellationToken cancel)
    {
        var newest = await FindNewestAsync(null, cancel);
        var end = newest?.Revision.Number ?? 0;
        return new FeedPage(partners, new FeedPosition(revision, offset, full, end, newest?.Origin.RequestId), full is not null || revision < end);
    }

    /// <summary>The entries of change sets, each with how many of its change set have been passed with it; null where that is all.</summary>
    /// <param name="offset">So many of the first change set have been passed.</param>
    private static IEnumerable<(ChangeSetHead Head, Guid Id, int? Passed)> Entries(ChangedPartners changed, int offset)
    {
        foreach (var (head, ids) in changed.ChangeSets)
        {
            for (var i = offset; i < ids.Count; i++)
                yield return (head, ids[i], i + 1 < ids.Count ? i + 1 : null);
            offset = 0;
        }
    }

    private static Partner? Newest(ChangeSetHead head, Guid id, IReadOnlyDictionary<Guid, Partner> now) =>
        head.Kind == ChangeKind.Erase ? Erasure.Erased(id, head.Revision)
        : now.TryGetValue(id, out var partner) && partner.Revision == head.Revision.Number ? partner : null;
}
