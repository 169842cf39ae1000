using System.Runtime.CompilerServices;

namespace Roster.Partners;

/// <summary>
/// The storage of <see cref="PartnerValues"/>: a text, or null, for each field of <see cref="PartnerField.Values"/>, in
/// that order.
/// </summary>
[InlineArray(Length)]
public struct FieldTexts
{
    /// <summary>Number of fields with values; <see cref="PartnerValues"/> checks it.</summary>
    public const int Length = 6;

    private string? _first;

    public readonly string? Of(PartnerField field) => this[field.Slot];

    public void Set(PartnerField field, string? text) => this[field.Slot] = text;
}

/// <summary>
/// A partner without id, times and revision: a text, or null, for each field. Immutable, so partners, plans and the log
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

    /// <summary>All null: of a state whose values were removed.</summary>
    public static PartnerValues Gone { get; } = new(default);

    public string? this[PartnerField field] => _texts[field.Slot];

    /// <summary>A copy with one other value.</summary>
    /// <returns>The same object if nothing changes.</returns>
    public PartnerValues With(PartnerField field, string? text)
    {
        if (this[field] == text)
            return this;
        var texts = _texts;
        texts.Set(field, text);
        return new PartnerValues(texts);
    }

    /// <summary>A copy with the texts of an item.</summary>
    /// <returns>The same object if nothing changes.</returns>
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

    /// <summary>The number of UTF-16 units of all values.</summary>
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
