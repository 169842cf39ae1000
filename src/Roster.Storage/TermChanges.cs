using System.Runtime.InteropServices;
using Roster.Partners;

namespace Roster.Storage;

/// <summary>
/// Changes of the numbers of partners that have a tag or a key of metadata. They are summed up over many partners, so that each term is
/// written once.
/// </summary>
internal sealed class TermChanges
{
    /// <summary>So many terms are written at once, to bound the memory.</summary>
    private const int Most = 50_000;

    private readonly Dictionary<(TermKind Kind, string Term), TermChange> _changes = [];

    public bool AreMany => _changes.Count >= Most;

    /// <summary>Adds a partner's terms.</summary>
    /// <param name="tags">As <see cref="TagText"/> has them, or null.</param>
    /// <param name="metadata">As <see cref="MetadataText"/> has it, or null.</param>
    public void Add(string? tags, string? metadata, bool isDeleted)
    {
        // Most partners have none.
        if (tags is null && metadata is null)
            return;
        foreach (var tag in TagText.Split(tags))
            Count(TermKind.Tag, TagText.Fold(tag), tag, isDeleted, 1);
        foreach (var key in MetadataText.Read(metadata).Keys)
            Count(TermKind.MetadataKey, key, key, isDeleted, 1);
    }

    /// <summary>Takes away terms that a partner had.</summary>
    /// <param name="tags">Folded.</param>
    public void Remove(IEnumerable<string> tags, IEnumerable<string> keys, bool isDeleted)
    {
        foreach (var tag in tags)
            Count(TermKind.Tag, tag, null, isDeleted, -1);
        foreach (var key in keys)
            Count(TermKind.MetadataKey, key, null, isDeleted, -1);
    }

    /// <summary>The changes since the last call.</summary>
    public TermChange[] Take()
    {
        TermChange[] changes = [.. _changes.Values.Where(change => change is not { Live: 0, Total: 0 })];
        _changes.Clear();
        return changes;
    }

    private void Count(TermKind kind, string term, string? shown, bool isDeleted, int by)
    {
        ref var change = ref CollectionsMarshal.GetValueRefOrAddDefault(_changes, (kind, term), out _);
        change = new(kind, term, change.Shown ?? shown, change.Live + (isDeleted ? 0 : by), change.Total + by);
    }
}

/// <param name="Kind">Stored as its number.</param>
/// <param name="Term">As <see cref="TermCount.Term"/>.</param>
/// <param name="Shown">As a partner that has it now writes it; null where none was added.</param>
/// <param name="Live">How many more live partners have it.</param>
/// <param name="Total">How many more partners have it, deleted ones included.</param>
internal readonly record struct TermChange(TermKind Kind, string Term, string? Shown, long Live, long Total);
