using System.ComponentModel;
using System.Runtime.Serialization;

namespace Roster.Client;

/// <summary>
/// The same members for serializers that know data contracts, such as Newtonsoft.Json: plain values, and for each a
/// ShouldSerialize method, so that what is absent is not written. What they read goes back into the properties.
/// </summary>
public sealed partial record PartnerWrite
{
    [DataMember(Name = "id")]
    internal Guid? IdMember
    {
        get => Id;
        set => Id = value;
    }

    [DataMember(Name = "name")]
    internal string? NameMember
    {
        get => Name;
        set => Name = value;
    }

    [DataMember(Name = "email")]
    internal string? EmailMember
    {
        get => Email.ValueOrDefault();
        set => Email = value;
    }

    [DataMember(Name = "phone")]
    internal string? PhoneMember
    {
        get => Phone.ValueOrDefault();
        set => Phone = value;
    }

    [DataMember(Name = "externalId")]
    internal string? ExternalIdMember
    {
        get => ExternalId.ValueOrDefault();
        set => ExternalId = value;
    }

    [DataMember(Name = "tags")]
    internal string[]? TagsMember
    {
        get => Tags.ValueOrDefault();
        set => Tags = value;
    }

    [DataMember(Name = "addTags")]
    internal string[]? AddTagsMember
    {
        get => AddTags;
        set => AddTags = value;
    }

    [DataMember(Name = "removeTags")]
    internal string[]? RemoveTagsMember
    {
        get => RemoveTags;
        set => RemoveTags = value;
    }

    [DataMember(Name = "metadata")]
    internal Dictionary<string, string?>? MetadataMember
    {
        get => Metadata.ValueOrDefault();
        set => Metadata = value;
    }

    [DataMember(Name = "ifUpdatedAt")]
    internal DateTimeOffset? IfUpdatedAtMember
    {
        get => IfUpdatedAt;
        set => IfUpdatedAt = value;
    }

    [EditorBrowsable(EditorBrowsableState.Never)]
    public bool ShouldSerializeIdMember() => Id is not null;

    [EditorBrowsable(EditorBrowsableState.Never)]
    public bool ShouldSerializeNameMember() => Name is not null;

    [EditorBrowsable(EditorBrowsableState.Never)]
    public bool ShouldSerializeEmailMember() => Email.HasValue;

    [EditorBrowsable(EditorBrowsableState.Never)]
    public bool ShouldSerializePhoneMember() => Phone.HasValue;

    [EditorBrowsable(EditorBrowsableState.Never)]
    public bool ShouldSerializeExternalIdMember() => ExternalId.HasValue;

    [EditorBrowsable(EditorBrowsableState.Never)]
    public bool ShouldSerializeTagsMember() => Tags.HasValue;

    [EditorBrowsable(EditorBrowsableState.Never)]
    public bool ShouldSerializeAddTagsMember() => AddTags is not null;

    [EditorBrowsable(EditorBrowsableState.Never)]
    public bool ShouldSerializeRemoveTagsMember() => RemoveTags is not null;

    [EditorBrowsable(EditorBrowsableState.Never)]
    public bool ShouldSerializeMetadataMember() => Metadata.HasValue;

    [EditorBrowsable(EditorBrowsableState.Never)]
    public bool ShouldSerializeIfUpdatedAtMember() => IfUpdatedAt is not null;
}
