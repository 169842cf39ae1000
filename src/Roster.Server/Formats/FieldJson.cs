using System.Text.Json;
using Roster.Partners;

namespace Roster.Server.Formats;

/// <summary>Writes one value of a partner as JSON. For many partners, <see cref="PartnerJson"/> is faster.</summary>
internal static class FieldJson
{
    public static void Write(Utf8JsonWriter json, PartnerField field, string? text)
    {
        if (field.Kind == FieldKind.Tags)
            WriteTags(json, text);
        else if (field.Kind == FieldKind.Metadata && text is not null)
            json.WriteRawValue(text);
        else
            json.WriteStringValue(text);
    }

    /// <param name="tags">In the form of <see cref="TagText"/>; null is written as an empty array.</param>
    public static void WriteTags(Utf8JsonWriter json, string? tags)
    {
        json.WriteStartArray();
        foreach (var tag in TagText.Split(tags))
            json.WriteStringValue(tag);
        json.WriteEndArray();
    }
}
