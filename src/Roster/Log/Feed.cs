using System.Globalization;
using Roster.Changes;
using Roster.Partners;

namespace Roster.Log;

/// <summary>A mirror's position in a workspace's log.</summary>
/// <param name="Revision">The mirror has all change sets up to this one.</param>
/// <param name="Offset">The mirror also has this many entries of the next change set.</param>
/// <param name="Full">
/// During the initial reading of the whole directory: the last partner that was read; afterwards null.
/// </param>
/// <param name="Seen">
/// The log's newest change set when the page was read. If the log lost or replaced it, as after a restore, the mirror
/// cannot continue.
/// </param>
/// <param name="Mark">
/// The request that made <paramref name="Seen"/>; null if the caller sent only a revision, which is then trusted.
/// </param>
public sealed record FeedPosition(long Revision, int Offset, Guid? Full, long Seen, Guid? Mark)
{
    /// <summary>Prefix of a position in the initial reading.</summary>
    private const string FullText = "full";

    /// <param name="isFull">
    /// Whether to read the whole directory first; otherwise all changes from the log's beginning.
    /// </param>
    public static FeedPosition Start(bool isFull) => new(isFull ? -1 : 0, 0, isFull ? Guid.Empty : null, 0, null);

    /// <returns>Null if the text is neither a revision nor from <see cref="ToString"/>.</returns>
    public static FeedPosition? Parse(string text) => text.Split('-', 6) switch
    {
        [var revision] when Number(revision) is { } number => new FeedPosition(number, 0, null, number, null),
        [var revision, var offset, var seen, var mark]
            when Number(revision) is { } number && Number(offset) is { } entries and <= int.MaxValue && Number(seen) is { } newest
                && (entries > 0 ? number < newest : number <= newest) && Guid.TryParseExact(mark, "N", out var request) =>
            new FeedPosition(number, (int)entries, null, newest, request),
        [FullText, var revision, var id, var seen, var mark]
            when Number(revision) is { } number && Guid.TryParseExact(id, "N", out var last)
                && Number(seen) is { } newest && number <= newest && Guid.TryParseExact(mark, "N", out var request) =>
            new FeedPosition(number, 0, last, newest, request),
        _ => null,
    };

    public override string ToString() => this switch
    {
        { Full: { } last } =>
            string.Create(CultureInfo.InvariantCulture, $"{FullText}-{Revision}-{last:N}-{Seen}-{Mark ?? default:N}"),
        { Mark: { } mark } => string.Create(CultureInfo.InvariantCulture, $"{Revision}-{Offset}-{Seen}-{mark:N}"),
        _ => Revision.ToString(CultureInfo.InvariantCulture),
    };

    /// <returns>The number, or null; below long.MaxValue, so that one can be added.</returns>
    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < long.MaxValue ? number : null;
}

/// <param name="HasMore">Whether there is more to read now.</param>
public sealed record FeedPage(IReadOnlyList<Partner> Partners, FeedPosition Next, bool HasMore);

/// <summary>
/// What a mirror must copy: each changed partner once, in its current state, at the place of its newest change in the
/// log. A partner that changes again meanwhile moves to a later place, so whoever reads to the end has all changes.
/// </summary>
public sealed class Feed(IRosterStore store, long workspaceId)
{
    /// <summary>Most changes examined for a page, about: also if most are not the newest of their partner.</summary>
    private const int MaxExamined = 20_000;

    /// <summary>Fewest partners looked up at once, also for a smaller page.</summary>
    private const int MinBatch = 500;

    /// <returns>
    /// Null if the log no longer has the change set of the position: then the mirror's copy is not of this log.
    /// </returns>
    public async Task<FeedPage?> ReadAsync(FeedPosition position, int take, CancellationToken cancel) =>
        !await IsOfThisLogAsync(position, cancel) ? null
        : position.Full is { } last ? await ReadFullAsync(position.Revision, last, take, cancel)
        : await ReadLogAsync(position, take, cancel);

    private async Task<bool> IsOfThisLogAsync(FeedPosition position, CancellationToken cancel) =>
        position.Seen == 0 || (await FindNewestAsync(position.Seen + 1, cancel) is { } seen && seen.Revision.Number == position.Seen
            && (position.Mark is null || position.Mark == seen.Origin.RequestId));

    /// <param name="before">Null for the end of the log.</param>
    private async Task<ChangeSet?> FindNewestAsync(long? before, CancellationToken cancel) =>
        await store.ListChangeSetsAsync(workspaceId, new ChangeSetQuery(1, before), cancel) is [var newest] ? newest : null;

    /// <summary>
    /// Reads all live partners in creation order. The log then follows from the revision at which this began.
    /// </summary>
    private async Task<FeedPage> ReadFullAsync(long revision, Guid last, int take, CancellationToken cancel)
    {
        var begun = revision >= 0 ? revision : (await FindNewestAsync(null, cancel))?.Revision.Number ?? 0;
        var after = last == Guid.Empty ? null : new PartnerCursor(last);
        var page = await store.ListAsync(
            workspaceId, new PartnerQuery(new PartnerFilter(), PartnerSort.CreatedAt, IsDescending: false, take, 0, after), cancel);
        return await PageAsync(page.Partners, begun, 0, page.Next?.Id, cancel);
    }

    private async Task<FeedPage> ReadLogAsync(FeedPosition position, int take, CancellationToken cancel)
    {
        var partners = new List<Partner>();
        var (revision, offset) = (position.Revision, position.Offset);
        var batchSize = Math.Max(take, MinBatch);
        for (var examined = 0; examined < MaxExamined;)
        {
            var changed = await store.ReadChangedAfterAsync(workspaceId, revision, batchSize, cancel);
            foreach (var part in Entries(changed, offset).Chunk(batchSize))
            {
                var now = await store.FindAsync(workspaceId, part.Select(entry => entry.Id).Distinct(), cancel);
                foreach (var (head, id, nextOffset) in part)
                {
                    if (partners.Count == take)
                        return await PageAsync(partners, revision, offset, null, cancel);
                    if (Newest(head, id, now) is { } partner)
                        partners.Add(partner);
                    (revision, offset) = nextOffset is { } next ? (head.Revision.Number - 1, next) : (head.Revision.Number, 0);
                    examined++;
                }
                if (examined >= MaxExamined)
                    break;
            }
            if (changed.Count < batchSize)
                break;
        }
        return await PageAsync(partners, revision, offset, null, cancel);
    }

    /// <summary>
    /// Marks the page with the newest change set as of after the reading: the page has no state that is newer.
    /// </summary>
    private async Task<FeedPage> PageAsync(IReadOnlyList<Partner> partners, long revision, int offset, Guid? full, CancellationToken cancel)
    {
        var newest = await FindNewestAsync(null, cancel);
        var end = newest?.Revision.Number ?? 0;
        var next = new FeedPosition(revision, offset, full, end, newest?.Origin.RequestId);
        return new FeedPage(partners, next, full is not null || revision < end);
    }

    /// <summary>
    /// The entries of change sets, each with the offset after it in its change set; null after the last entry. A change set
    /// without entries has one that no partner has.
    /// </summary>
    /// <param name="offset">Number of entries to skip in the first change set.</param>
    private static IEnumerable<(ChangeSetHead Head, Guid Id, int? NextOffset)> Entries(ChangedPartners changed, int offset)
    {
        foreach (var (head, ids) in changed.ChangeSets)
        {
            for (var i = offset; i < ids.Count; i++)
                yield return (head, ids[i], i + 1 < ids.Count ? i + 1 : null);
            if (ids.Count == 0)
                yield return (head, Guid.Empty, null);
            offset = 0;
        }
    }

    private static Partner? Newest(ChangeSetHead head, Guid id, IReadOnlyDictionary<Guid, Partner> now) =>
        head.Kind == ChangeKind.Erase ? Erasure.Erased(id, head.Revision)
        : now.TryGetValue(id, out var partner) && partner.Revision == head.Revision.Number ? partner : null;
}
