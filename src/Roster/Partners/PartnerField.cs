using System.Collections.Immutable;
using System.Text;

namespace Roster.Partners;

/// <summary>The kind of a field, and how items give it.</summary>
public enum FieldKind
{
    /// <summary>The id of the partner.</summary>
    Id,

    Text,

    /// <summary>Set by the server and ignored in items, so that an answer can be edited and sent back.</summary>
    ReadOnly,

    /// <summary>A condition on the update, not a value of the partner.</summary>
    Condition,

    /// <summary>Short texts, unordered (<see cref="TagText"/>).</summary>
    Tags,

    /// <summary>Tags to add to, or remove from, the partner's tags.</summary>
    TagEdit,

    /// <summary>Texts by key (<see cref="MetadataText"/>). An item gives only the keys that it changes.</summary>
    Metadata,
}

/// <summary>
/// One field of a partner, with its properties. The only list of fields: JSON, the rules, the log, both databases, CSV
/// and answers follow from it.
/// </summary>
public sealed class PartnerField
{
    private static readonly List<PartnerField> Added = [];

    public static readonly PartnerField Id = new("id", FieldKind.Id);

    public static readonly PartnerField Name = new("name", FieldKind.Text, "name")
    {
        MaxLength = PartnerRules.MaxName,
        Check = PartnerRules.CheckName,
        IsRequired = true,
        IsShownWhenNull = true,
        IsSearched = true,
    };

    public static readonly PartnerField Email = new("email", FieldKind.Text, "email")
    {
        MaxLength = PartnerRules.MaxEmail,
        Check = PartnerRules.CheckEmail,
        IsShownWhenNull = true,
        IsSearched = true,
    };

    public static readonly PartnerField Phone = new("phone", FieldKind.Text, "phone")
    {
        MaxLength = PartnerRules.MaxPhone,
        Check = PartnerRules.CheckPhone,
        IsShownWhenNull = true,
        IsSearched = true,
    };

    public static readonly PartnerField ExternalId = new("externalId", FieldKind.Text, "external_id")
    {
        MaxLength = PartnerRules.MaxExternalId,
        Check = PartnerRules.CheckExternalId,
    };

    public static readonly PartnerField Tags = new("tags", FieldKind.Tags, "tags") { MaxLength = TagText.MaxLength, IsSearched = true };
    public static readonly PartnerField Metadata = new("metadata", FieldKind.Metadata, "metadata");
    public static readonly PartnerField CreatedAt = new("createdAt", FieldKind.ReadOnly);
    public static readonly PartnerField UpdatedAt = new("updatedAt", FieldKind.ReadOnly);
    public static readonly PartnerField DeletedAt = new("deletedAt", FieldKind.ReadOnly);
    public static readonly PartnerField Revision = new("revision", FieldKind.ReadOnly);
    public static readonly PartnerField IfUpdatedAt = new("ifUpdatedAt", FieldKind.Condition) { MaxLength = 64 };
    public static readonly PartnerField AddTags = new("addTags", FieldKind.TagEdit) { MaxLength = TagText.MaxLength };
    public static readonly PartnerField RemoveTags = new("removeTags", FieldKind.TagEdit) { MaxLength = TagText.MaxLength };

    private PartnerField(string name, FieldKind kind, string? column = null)
    {
        (WireName, Kind, Column) = (name, kind, column);
        Utf8Name = Encoding.ASCII.GetBytes(name);
        Index = Added.Count;
        Slot = column is null ? -1 : Added.Count(field => field.IsValue);
        Added.Add(this);
    }

    /// <summary>All fields that an item can give, in the order of messages.</summary>
    public static ImmutableArray<PartnerField> All { get; } = [.. Added];

    /// <summary>The fields with values in <see cref="PartnerValues"/>, in the order of their columns.</summary>
    public static ImmutableArray<PartnerField> Values { get; } = [.. Added.Where(field => field.IsValue)];

    /// <summary>The name in JSON, CSV headers, faults and the log.</summary>
    public string WireName { get; }

    /// <summary><see cref="WireName"/> in UTF-8.</summary>
    public byte[] Utf8Name { get; }

    public FieldKind Kind { get; }

    /// <summary>The column of the value: nullable text on every engine. Null if partners have no value of it.</summary>
    public string? Column { get; }

    /// <summary>Whether partners have a value of it.</summary>
    public bool IsValue => Slot >= 0;

    /// <summary>Most code points of a value.</summary>
    public int MaxLength { get; private init; }

    /// <summary>The rule that a value breaks, or null.</summary>
    public Func<string, BrokenRule?> Check { get; private init; } = _ => null;

    /// <summary>Whether every partner has it.</summary>
    public bool IsRequired { get; private init; }

    /// <summary>Whether answers show it as null if the partner has no value.</summary>
    public bool IsShownWhenNull { get; private init; }

    /// <summary>Whether the search parameter <c>q</c> covers it.</summary>
    public bool IsSearched { get; private init; }

    /// <summary>The index in <see cref="All"/>.</summary>
    public int Index { get; }

    /// <summary>The index in <see cref="Values"/>; -1 if there is no value.</summary>
    public int Slot { get; }

    public override string ToString() => WireName;
}

/// <summary>A set of fields.</summary>
public readonly record struct FieldSet
{
    private readonly uint _fields;

    private FieldSet(uint fields) => _fields = fields;

    public static FieldSet Of(params ReadOnlySpan<PartnerField> fields)
    {
        var set = default(FieldSet);
        foreach (var field in fields)
            set = set.With(field);
        return set;
    }

    public bool Has(PartnerField field) => (_fields & (1u << field.Index)) != 0;

    public FieldSet With(PartnerField field) => new(_fields | (1u << field.Index));
}
