using System.Text.Json;

namespace Roster.Server.Formats;

/// <summary>Arrays of texts in answers.</summary>
internal static class JsonTexts
{
    /// <summary>Writes a member that is an array of texts.</summary>
    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
