using System.Runtime.CompilerServices;

namespace Roster.Partners;

/// <summary>A text, or null, for each field of <see cref="PartnerField.Values"/>, in that order: what a <see cref="PartnerValues"/> is made of.</summary>
[InlineArray(Length)]
public struct FieldTexts
{
    /// <summary>How many fields have values; <see cref="PartnerValues"/> checks that the list agrees.</summary>
    public const int Length = 6;

    private string? _first;

    public readonly string? Of(PartnerField field) => this[field.Slot];

    public void Set(PartnerField field, string? text) => this[field.Slot] = text;
}

/// <summary>
/// What a partner is but for its id, times and revision: a text, or null, for each field. It never changes, so partners, plans and the log
/// share it.
/// </summary>
public sealed class PartnerValues : IEquatable<PartnerValues>
{
    private FieldTexts _texts;

    static PartnerValues()
    {
        if (PartnerField.Values.Length != FieldTexts.Length)
            throw new InvalidOperationException($"FieldTexts.Length must be {PartnerField.Values.Length}.");
    }

    public PartnerValues(in FieldTexts texts) => _texts = texts;

    /// <summary>Of a partner whose values are not kept any more: all null.</summary>
    public static PartnerValues Gone { get; } = new(default);

    public string? this[PartnerField field] => _texts[field.Slot];

    /// <summary>The same values but for one.</summary>
    /// <returns>The same object where that changes nothing.</returns>
    public PartnerValues With(PartnerField field, string? text)
    {
        if (this[field] == text)
            return this;
        var texts = _texts;
        texts.Set(field, text);
        return new PartnerValues(texts);
    }

    /// <summary>These values with the texts that an item gives.</summary>
    /// <returns>The same object where they change nothing.</returns>
    public PartnerValues With(PartnerValues given, FieldSet fields)
    {
        var texts = _texts;
        var isChanged = false;
        foreach (var field in PartnerField.Values)
        {
            if (field.Kind != FieldKind.Text || !fields.Has(field) || given[field] == texts.Of(field))
                continue;
            texts.Set(field, given[field]);
            isChanged = true;
        }
        return isChanged ? new PartnerValues(texts) : this;
    }

    /// <summary>How many UTF-16 units all of them have.</summary>
    public int CountUnits()
    {
        var units = 0;
        foreach (var text in (ReadOnlySpan<string?>)_texts)
            units += text?.Length ?? 0;
        return units;
    }

    public bool Equals(PartnerValues? other) =>
        ReferenceEquals(this, other) || (other is not null && ((ReadOnlySpan<string?>)_texts).SequenceEqual(other._texts));

    public override bool Equals(object? obj) => Equals(obj as PartnerValues);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var text in (ReadOnlySpan<string?>)_texts)
            hash.Add(text);
        return hash.ToHashCode();
    }
}
