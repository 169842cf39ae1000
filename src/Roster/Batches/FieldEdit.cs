using Roster.Partners;

namespace Roster.Batches;

/// <summary>What an item does to a field that it need not give as a whole.</summary>
/// <param name="Field">The field that it changes.</param>
public abstract record FieldEdit(PartnerField Field)
{
    /// <summary>The field's text afterwards.</summary>
    /// <param name="broken">The rule that it would break; then the text means nothing.</param>
    public abstract string? On(string? before, out BrokenRule? broken);
}

/// <summary>Replaces a partner's tags, or adds and removes some.</summary>
/// <param name="IsReplaced">Whether the tags that are not given are removed.</param>
public sealed record TagEdit(bool IsReplaced, IReadOnlyList<string> Added, IReadOnlyList<string> Removed) : FieldEdit(PartnerField.Tags)
{
    public override string? On(string? before, out BrokenRule? broken)
    {
        var had = TagText.Split(before).ToDictionary(TagText.Fold, StringComparer.Ordinal);
        var removed = Removed.Select(TagText.Fold).ToHashSet(StringComparer.Ordinal);
        // A tag that is there stays as it was first written.
        var added = Added.Select(tag => had.GetValueOrDefault(TagText.Fold(tag), tag));
        var after = TagText.Join((IsReplaced ? [] : had.Values.AsEnumerable()).Concat(added).Where(tag => !removed.Contains(TagText.Fold(tag))));
        broken = after?.Count(c => c == TagText.Divider) >= TagText.MaxCount ? TagText.TooMany(Field) : null;
        return after;
    }
}

/// <summary>Sets some keys of a partner's metadata and removes others (those with null).</summary>
/// <param name="IsReplaced">Whether the keys that are not given are removed.</param>
public sealed record MetadataEdit(bool IsReplaced, IReadOnlyList<KeyValuePair<string, string?>> Keys) : FieldEdit(PartnerField.Metadata)
{
    public override string? On(string? before, out BrokenRule? broken)
    {
        var values = MetadataText.Read(IsReplaced ? null : before);
        foreach (var (key, value) in Keys)
        {
            if (value is null)
                values.Remove(key);
            else
                values[key] = value;
        }
        broken = MetadataText.CheckAll(values);
        return MetadataText.Write(values);
    }
}
