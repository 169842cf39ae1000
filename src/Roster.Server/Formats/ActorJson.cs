using System.Text.Json;
using Roster.Access;

namespace Roster.Server.Formats;

/// <summary>Who did something, in answers.</summary>
internal static class ActorJson
{
    /// <param name="actor">Null for an operator's command.</param>
    public static void WriteActor(this Utf8JsonWriter json, KeyName? actor)
    {
        if (actor is null)
        {
            json.WriteNull("actor");
            return;
        }
        json.WriteStartObject("actor");
        json.WriteString("id", actor.Id);
        json.WriteString("name", actor.Name);
        json.WriteString("kind", actor.Kind.Name());
        json.WriteEndObject();
    }
}
