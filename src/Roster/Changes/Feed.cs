using System.Globalization;

namespace Roster.Changes;

/// <summary>Where a mirror is in a workspace's log.</summary>
/// <param name="Revision">All change sets up to this one have been passed.</param>
/// <param name="Offset">So many entries of the one after it have been passed, too.</param>
/// <param name="Full">While the whole directory is being read first: the last partner that was; afterwards null.</param>
public sealed record FeedPosition(long Revision, int Offset = 0, Guid? Full = null)
{
    /// <summary>The text for a reading of all partners that has not begun.</summary>
    private const string FullText = "full";

    /// <param name="isFull">Whether everything comes first; otherwise all changes from the log's beginning.</param>
    public static FeedPosition Start(bool isFull) => new(isFull ? -1 : 0, 0, isFull ? Guid.Empty : null);

    /// <returns>Null where the text is neither a revision nor what <see cref="ToString"/> gave.</returns>
    public static FeedPosition? Parse(string text) => text.Split('-', 3) switch
    {
        [var revision] when Number(revision) is { } number => new FeedPosition(number),
        [var revision, var offset] when Number(revision) is { } number && Number(offset) is { } passed and <= int.MaxValue => new FeedPosition(number, (int)passed),
        [FullText, var revision, var id] when Number(revision) is { } number && Guid.TryParseExact(id, "N", out var last) => new FeedPosition(number, 0, last),
        _ => null,
    };

    public override string ToString() => this switch
    {
        { Full: { } last } => string.Create(CultureInfo.InvariantCulture, $"{FullText}-{Revision}-{last:N}"),
        { Offset: > 0 } => string.Create(CultureInfo.InvariantCulture, $"{Revision}-{Offset}"),
        _ => Revision.ToString(CultureInfo.InvariantCulture),
    };

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
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

    /// <returns>Null where the log does not reach that far: a mirror that has seen more than there is, is of another log.</returns>
    public async Task<FeedPage?> ReadAsync(FeedPosition position, int take, CancellationToken cancel)
    {
        var end = await store.FindEndAsync(workspaceId, cancel);
        if (position.Revision + (position.Offset > 0 ? 1 : 0) > end.Number)
            return null;
        return position.Full is { } last
            ? await ReadFullAsync(position.Revision < 0 ? end.Number : position.Revision, last, end.Number, take, cancel)
            : await ReadLogAsync(position, end.Number, take, cancel);
    }

    /// <summary>All live partners in creation order; then the log from where it was when that began.</summary>
    private async Task<FeedPage> ReadFullAsync(long revision, Guid last, long end, int take, CancellationToken cancel)
    {
        var page = await store.ListAsync(
            workspaceId,
            new PartnerQuery(new PartnerFilter(), PartnerSort.CreatedAt, IsDescending: false, take, 0, last == Guid.Empty ? null : new PartnerCursor(last)),
            cancel);
        return page.Next is { } next
            ? new FeedPage(page.Partners, new FeedPosition(revision, 0, next.Id), HasMore: true)
            : new FeedPage(page.Partners, new FeedPosition(revision), revision < end);
    }

    private async Task<FeedPage> ReadLogAsync(FeedPosition position, long end, int take, CancellationToken cancel)
    {
        var partners = new List<Partner>();
        var (revision, offset) = (position.Revision, position.Offset);
        for (var lookedAt = 0; lookedAt < MaxLookedAt;)
        {
            var changeSets = await store.ReadLogAfterAsync(workspaceId, revision, take, cancel);
            if (changeSets.Count == 0)
                return new FeedPage(partners, new FeedPosition(revision), HasMore: false);
            var now = await store.FindAsync(workspaceId, changeSets.SelectMany(changeSet => changeSet.Changes).Select(change => change.Id).Distinct(), cancel);
            foreach (var changeSet in changeSets)
            {
                for (; offset < changeSet.Changes.Count; offset++)
                {
                    if (partners.Count == take)
                        return new FeedPage(partners, new FeedPosition(revision, offset), HasMore: true);
                    if (Newest(changeSet, changeSet.Changes[offset], now) is { } partner)
                        partners.Add(partner);
                    lookedAt++;
                }
                (revision, offset) = (changeSet.Revision.Number, 0);
            }
        }
        return new FeedPage(partners, new FeedPosition(revision), revision < end);
    }

    private static Partner? Newest(LoggedChangeSet changeSet, LoggedChange change, IReadOnlyDictionary<Guid, Partner> now) =>
        changeSet.Kind == ChangeKind.Erase ? Erasure.Erased(change.Id, changeSet.Revision)
        : now.TryGetValue(change.Id, out var partner) && partner.Revision == changeSet.Revision.Number ? partner : null;
}
