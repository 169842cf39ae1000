using Roster.Partners;

namespace Roster.Batches;

/// <summary>An item's change to a part of a field.</summary>
public abstract record FieldEdit(PartnerField Field)
{
    /// <summary>The field's text after the edit.</summary>
    /// <param name="broken">The rule that the result breaks, or null; if set, ignore the text.</param>
    public abstract string? ApplyTo(string? before, out BrokenRule? broken);
}

/// <summary>Replaces a partner's tags, or adds and removes some.</summary>
/// <param name="IsReplaced">Whether tags that are not given are removed.</param>
public sealed record TagEdit(bool IsReplaced, IReadOnlyList<string> Added, IReadOnlyList<string> Removed)
    : FieldEdit(PartnerField.Tags)
{
    public override string? ApplyTo(string? before, out BrokenRule? broken)
    {
        var had = TagText.Split(before).ToDictionary(TagText.Fold, StringComparer.Ordinal);
        var removed = Removed.Select(TagText.Fold).ToHashSet(StringComparer.Ordinal);
        // A stored tag keeps its spelling.
        var added = Added.Select(tag => had.GetValueOrDefault(TagText.Fold(tag), tag));
        var stored = IsReplaced ? [] : had.Values.AsEnumerable();
        var after = TagText.Join(stored.Concat(added).Where(tag => !removed.Contains(TagText.Fold(tag))));
        broken = after?.Count(c => c == TagText.Divider) >= TagText.MaxCount ? TagText.TooMany(Field) : null;
        return after;
    }
}

/// <summary>Sets some keys of a partner's metadata and removes others (those with null).</summary>
/// <param name="IsReplaced">Whether keys that are not given are removed.</param>
public sealed record MetadataEdit(bool IsReplaced, IReadOnlyList<KeyValuePair<string, string?>> Keys)
    : FieldEdit(PartnerField.Metadata)
{
    public override string? ApplyTo(string? before, out BrokenRule? broken)
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
