using System.Buffers;
using Roster.Batches;

namespace Roster.Partners;

/// <summary>
/// A partner's tags as one text: separated by <c>|</c>, ordered by <see cref="Fold"/>, each as it was first written;
/// null if there are none. Tags with the same <see cref="Fold"/> are the same tag.
/// </summary>
public static class TagText
{
    public const char Divider = '|';

    /// <summary>Most tags of one partner, and in one list of an item.</summary>
    public const int MaxCount = 50;

    /// <summary>Most code points of one tag.</summary>
    public const int MaxLength = 50;

    /// <summary>At which an import divides a cell that has no <see cref="Divider"/>, or what it takes off there.</summary>
    private static readonly SearchValues<string> OtherDividers =
        SearchValues.Create([",", ";", " ::: ", "\""], StringComparison.Ordinal);

    /// <summary>The form by which tags are compared and ordered: case-folded and Unicode-normalised.</summary>
    public static string Fold(string tag) => EmailRules.Fold(tag);

    public static string[] Split(string? tags) => tags?.Split(Divider) ?? [];

    /// <summary>The tags as one text, without duplicates.</summary>
    /// <returns>Null if there are none.</returns>
    public static string? Join(IEnumerable<string> tags)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var tag in tags)
            sorted.TryAdd(Fold(tag), tag);
        return sorted.Count == 0 ? null : string.Join(Divider, sorted.Values);
    }

    /// <summary>
    /// The tags as a cell of a table. A single tag that an import would divide, such as <c>Smith, John</c>, has a
    /// <see cref="Divider"/> behind it, so that it is read as one.
    /// </summary>
    public static string? ToCell(string? tags) =>
        tags is not null && !tags.Contains(Divider, StringComparison.Ordinal) && tags.AsSpan().ContainsAny(OtherDividers)
            ? tags + Divider : tags;

    /// <summary>The rule that a tag breaks, or null.</summary>
    /// <param name="field">The field that has it, for the message.</param>
    public static BrokenRule? Check(PartnerField field, string tag) =>
        tag.Length == 0 || !VisibleText.IsSeen(tag) ? new(FaultCode.EmptyValue, $"{field} has a tag with nothing in it that can be seen.")
        : PartnerRules.HasControl(tag) || tag.Contains(Divider, StringComparison.Ordinal)
            ? new(FaultCode.InvalidText, $"{field} has a tag with a control character or with {Divider}, which divides tags in CSV.")
        : PartnerRules.IsLonger(tag, MaxLength) ? PartnerRules.TooLong(field)
        : VisibleText.FindAtEnds(tag) is { } unseen ? new(FaultCode.InvalidText, $"{field} has a tag that has {unseen}; send it without.")
        : null;

    internal static BrokenRule TooMany(PartnerField field) => new(FaultCode.TooManyValues, $"{field} has more than {MaxCount} tags.");
}
