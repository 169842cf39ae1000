using System.Text.Json;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;

namespace Roster.Server.Formats;

/// <summary>Writes changes of partners: the kind of change, and the old and new value of each changed field.</summary>
internal static class ChangeJson
{
    private const string Erased = "erased";

    /// <summary>
    /// Writes an object for each item of the request, in order, then one for each change without an item.
    /// </summary>
    public static void WritePlan(Utf8JsonWriter json, ChangePlan plan, bool isDryRun)
    {
        json.WriteStartArray();
        var next = 0;
        // Conflicts that were left as they are take an index, too.
        var leftAsIs = plan.LeftAsIs.Select(fault => fault.Index).ToHashSet();
        var index = -1;
        foreach (var partner in plan.Answer)
        {
            do
                index++;
            while (leftAsIs.Contains(index));
            var isChanged = next < plan.Changes.Count && ReferenceEquals(plan.Changes[next].After, partner);
            var change = isChanged ? plan.Changes[next++] : new PartnerChange(partner, partner);
            Write(json, index, isDryRun && change.Before is null ? null : partner.Id,
                plan.Kind == ChangeKind.Erase ? Erased : NameOf(change.Before, partner), change.Before, partner);
        }
        for (; next < plan.Changes.Count; next++)
        {
            var (before, after) = plan.Changes[next];
            Write(json, null, after.Id, NameOf(before, after), before, after);
        }
        json.WriteEndArray();
    }

    /// <summary>Writes what a logged change set did to a partner.</summary>
    /// <param name="after">Null if the partner was erased since.</param>
    public static void Write(Utf8JsonWriter json, LoggedChange change, Partner? after)
    {
        var before = after is null ? null : change.Before?.Of(after);
        Write(json, null, change.Id, after is null ? Erased : NameOf(before, after), before, after);
    }

    /// <summary>
    /// Writes the kind of change and the fields that differ, with old and new value, or <c>gone</c> if values were
    /// removed.
    /// </summary>
    public static void WriteChange(Utf8JsonWriter json, string change, Partner? before, Partner? after)
    {
        json.WriteString("change", change);
        if (after is not null && after.HasValues && (before is null || before.HasValues))
            WriteFields(json, before, after);
        else
            json.WriteBoolean("gone", true);
    }

    /// <param name="index">The item of the request; null if there is none.</param>
    /// <param name="id">Null for a partner that would be created.</param>
    private static void Write(Utf8JsonWriter json, int? index, Guid? id, string change, Partner? before, Partner? after)
    {
        json.WriteStartObject();
        if (index is { } number)
            json.WriteNumber("index", number);
        if (id is { } known)
            json.WriteString("id", known);
        else
            json.WriteNull("id");
        WriteChange(json, change, before, after);
        json.WriteEndObject();
    }

    private static void WriteFields(Utf8JsonWriter json, Partner? before, Partner after)
    {
        json.WriteStartObject("fields");
        foreach (var field in PartnerField.Values)
            WriteField(json, field, before?.Values[field], after.Values[field]);
        WriteText(json, "deletedAt", before?.DeletedAt?.ToString(), after.DeletedAt?.ToString());
        json.WriteEndObject();
    }

    /// <summary>
    /// Writes a field's old and new value, or for metadata each key's, as members of an object; nothing if they are equal.
    /// </summary>
    public static void WriteField(Utf8JsonWriter json, PartnerField field, string? old, string? current)
    {
        if (old == current)
            return;
        if (field.Kind == FieldKind.Tags)
        {
            json.WriteStartObject(field.WireName);
            json.WritePropertyName("old");
            FieldJson.WriteTags(json, old);
            json.WritePropertyName("new");
            FieldJson.WriteTags(json, current);
            json.WriteEndObject();
        }
        else if (field.Kind == FieldKind.Metadata)
        {
            // Only the keys that differ.
            var (before, after) = (MetadataText.Read(old), MetadataText.Read(current));
            foreach (var key in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
                WriteText(json, MetadataText.FieldName(key), before.GetValueOrDefault(key), after.GetValueOrDefault(key));
        }
        else
            WriteText(json, field.WireName, old, current);
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? old, string? current)
    {
        if (old == current)
            return;
        json.WriteStartObject(name);
        json.WriteString("old", old);
        json.WriteString("new", current);
        json.WriteEndObject();
    }

    /// <param name="before">
    /// Null if it is created; the same object as <paramref name="after"/> if it is unchanged.
    /// </param>
    public static string NameOf(Partner? before, Partner after) => before switch
    {
        null => "created",
        _ when ReferenceEquals(before, after) => "unchanged",
        { DeletedAt: null } when after.DeletedAt is not null => "deleted",
        { DeletedAt: not null } when after.DeletedAt is null => "restored",
        _ => "updated",
    };
}
