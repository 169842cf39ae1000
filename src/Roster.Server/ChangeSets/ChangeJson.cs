using System.Text.Json;
using Roster.Changes;

namespace Roster.Server.ChangeSets;

/// <summary>Writes what becomes of partners: the kind of change, and the old and new value of each field that changes.</summary>
internal static class ChangeJson
{
    /// <summary>What a request changes, an object for each of its items in order, then those that it changes without an item.</summary>
    public static void WritePlan(Utf8JsonWriter json, ChangePlan plan, bool isDryRun)
    {
        json.WriteStartArray();
        var next = 0;
        // What was kept as it was has a place, too.
        var kept = plan.Kept.Select(fault => fault.Index).ToHashSet();
        var index = -1;
        foreach (var partner in plan.Answer)
        {
            do
                index++;
            while (kept.Contains(index));
            var isChanged = next < plan.Changes.Count && ReferenceEquals(plan.Changes[next].After, partner);
            var change = isChanged ? plan.Changes[next++] : new PartnerChange(partner, partner);
            if (plan.Kind == ChangeKind.Erase)
                WriteGone(json, index, partner.Id, "erased");
            else
                Write(json, index, isDryRun && change.Before is null ? null : partner.Id, change.Before, partner);
        }
        for (; next < plan.Changes.Count; next++)
            Write(json, null, plan.Changes[next].After.Id, plan.Changes[next].Before, plan.Changes[next].After);
        json.WriteEndArray();
    }

    /// <param name="index">The item that asks for it; null where none does.</param>
    /// <param name="id">Null for a partner that would be created.</param>
    /// <param name="before">Null where it is created; the same as <paramref name="after"/> where it is left alone.</param>
    public static void Write(Utf8JsonWriter json, int? index, Guid? id, Partner? before, Partner after)
    {
        json.WriteStartObject();
        if (index is { } number)
            json.WriteNumber("index", number);
        if (id is { } known)
            json.WriteString("id", known);
        else
            json.WriteNull("id");
        json.WriteString("change", NameOf(before, after));
        WriteFields(json, before, after);
        json.WriteEndObject();
    }

    /// <summary>What a change set in the log did to a partner.</summary>
    /// <param name="after">Null for one that was erased since.</param>
    public static void Write(Utf8JsonWriter json, int? index, LoggedChange change, Partner? after)
    {
        var before = change.Before is { } state && after is not null ? state.Of(after) : null;
        if (after is not null && History.IsKept(after) && (before is null || History.IsKept(before)))
        {
            Write(json, index, change.Id, before, after);
            return;
        }
        WriteGone(json, index, change.Id, after is null ? "erased" : NameOf(before, after));
    }

    private static void WriteGone(Utf8JsonWriter json, int? index, Guid id, string change)
    {
        json.WriteStartObject();
        if (index is { } number)
            json.WriteNumber("index", number);
        json.WriteString("id", id);
        json.WriteString("change", change);
        json.WriteBoolean("gone", true);
        json.WriteEndObject();
    }

    /// <summary>The fields that differ, each with its old and its new value.</summary>
    public static void WriteFields(Utf8JsonWriter json, Partner? before, Partner after)
    {
        json.WriteStartObject("fields");
        WriteField("name", before?.Name, after.Name);
        WriteField("email", before?.Email, after.Email);
        WriteField("phone", before?.Phone, after.Phone);
        WriteField("externalId", before?.ExternalId, after.ExternalId);
        WriteField("deletedAt", before?.DeletedAt?.ToString(), after.DeletedAt?.ToString());
        json.WriteEndObject();

        void WriteField(string name, string? old, string? current)
        {
            if (old == current)
                return;
            json.WriteStartObject(name);
            json.WriteString("old", old);
            json.WriteString("new", current);
            json.WriteEndObject();
        }
    }

    public static string NameOf(Partner? before, Partner after) => before switch
    {
        null => "created",
        _ when ReferenceEquals(before, after) => "unchanged",
        { DeletedAt: null } when after.DeletedAt is not null => "deleted",
        { DeletedAt: not null } when after.DeletedAt is null => "restored",
        _ => "updated",
    };
}
