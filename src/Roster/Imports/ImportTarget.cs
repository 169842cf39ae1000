using Roster.Partners;

namespace Roster.Imports;

/// <summary>Which part of a name a column has.</summary>
public enum NamePart
{
    /// <summary>The whole name, or no name.</summary>
    None,

    Given,

    Family,
}

/// <summary>Where the cells of a column go.</summary>
/// <param name="Field">One of <see cref="Fields"/>, or metadata.</param>
/// <param name="Key">The key, for metadata; otherwise null.</param>
/// <param name="Part">For columns that are joined to the name.</param>
public readonly record struct ImportTarget(PartnerField Field, string? Key = null, NamePart Part = NamePart.None)
{
    public const string GivenName = "name.given";
    public const string FamilyName = "name.family";

    /// <summary>The fields that a column can fill, without metadata.</summary>
    public static IReadOnlyList<PartnerField> Fields { get; } =
    [
        PartnerField.Id, PartnerField.Name, PartnerField.Email, PartnerField.Phone, PartnerField.ExternalId, PartnerField.Tags,
        PartnerField.AddTags,
    ];

    /// <summary>All targets, for messages.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Fields.Select(field => field.WireName), GivenName, FamilyName, MetadataText.FieldName("KEY")];

    /// <summary>Whether an empty cell can clear what the target fills.</summary>
    public bool CanClear => Field != PartnerField.Id && Field != PartnerField.AddTags && !Field.IsRequired;

    /// <returns>Null if it is no target.</returns>
    public static ImportTarget? Parse(string name)
    {
        if (name == GivenName)
            return new ImportTarget(PartnerField.Name, Part: NamePart.Given);
        if (name == FamilyName)
            return new ImportTarget(PartnerField.Name, Part: NamePart.Family);
        var prefix = MetadataText.FieldName("");
        if (name.StartsWith(prefix, StringComparison.Ordinal))
            return MetadataText.IsKey(name[prefix.Length..]) ? new ImportTarget(PartnerField.Metadata, name[prefix.Length..]) : null;
        return Fields.FirstOrDefault(field => field.WireName == name) is { } field ? new ImportTarget(field) : null;
    }

    public override string ToString() => Part switch
    {
        NamePart.Given => GivenName,
        NamePart.Family => FamilyName,
        _ => Key is null ? Field.WireName : MetadataText.FieldName(Key),
    };
}
