using System.Text.Json;
using Roster.Changes;
using Roster.Partners;

namespace Roster.Log;

/// <summary>
/// Encodes a change set's changes as bytes of the log; docs/reference/log-format.md specifies them. One byte for the version (2),
/// one for the compression (0 none, 1 Brotli), then a JSON array: first the names of the fields, then an entry for each
/// partner in the order of the request. An entry is <c>["id"]</c> for a created partner, else <c>["id", revision,
/// updatedAt, deletedAt]</c> and the values before the change, in the order of the names, without trailing nulls. An
/// entry without values is one whose values were removed. Version 1 has no names: its values are name, email, phone and
/// externalId.
/// </summary>
public static class ChangeEncoding
{
    /// <summary>The newest version, used for writing.</summary>
    internal const byte Version = 2;

    /// <summary>The fields of version 1.</summary>
    internal static readonly PartnerField[] FieldsOfVersion1 =
        [PartnerField.Name, PartnerField.Email, PartnerField.Phone, PartnerField.ExternalId];

    /// <summary>Encodes a plan's changes. An erasure has no values.</summary>
    public static byte[] Encode(ChangePlan plan) => plan.Kind == ChangeKind.Erase
        ? EncodeAgain(Erasure.Blank([.. EntriesOf(plan.Changes)], null).Entries)
        : Encode(plan.Changes);

    public static byte[] Encode(IEnumerable<PartnerChange> changes) => EncodeAgain(EntriesOf(changes));

    private static IEnumerable<LoggedChange> EntriesOf(IEnumerable<PartnerChange> changes) =>
        changes.Select(change => new LoggedChange(change.After.Id, change.Before is null ? null : StateOf(change.Before)));

    /// <summary>Encodes decoded entries again, in the newest version.</summary>
    public static byte[] EncodeAgain(IEnumerable<LoggedChange> changes) => PackedJson.Pack(Version, json =>
    {
        json.WriteStartArray();
        json.WriteStartArray();
        foreach (var field in PartnerField.Values)
            json.WriteStringValue(field.Utf8Name);
        json.WriteEndArray();
        foreach (var change in changes)
            Write(json, change.Id, change.Before);
        json.WriteEndArray();
    });

    /// <param name="checksum">As it was stored with the bytes; null if there is none.</param>
    /// <exception cref="DamagedLogException">The bytes are damaged or of an unknown version.</exception>
    public static IReadOnlyList<LoggedChange> Decode(ReadOnlyMemory<byte> encoded, long? checksum = null)
    {
        var all = new AllEntries();
        Show(encoded.Span, all, checksum);
        return all.Entries;
    }

    /// <summary>Decodes only the partners' ids, which is much faster.</summary>
    /// <inheritdoc cref="Decode" path="/exception"/>
    public static IReadOnlyList<Guid> DecodeIds(ReadOnlyMemory<byte> encoded)
    {
        var all = new AllIds();
        Show(encoded.Span, all);
        return all.Ids;
    }

    /// <summary>Shows the entries to a visitor after its <see cref="LogVisitor.Begin"/>.</summary>
    /// <inheritdoc cref="Decode" path="/exception"/>
    public static void Show(ReadOnlySpan<byte> encoded, LogVisitor visitor, long? checksum = null)
    {
        using var decoder = new ChangeSetDecoder(visitor, checksum);
        if (decoder.Write(encoded))
            decoder.Complete();
    }

    private static LoggedState StateOf(Partner partner) => new(partner.Revision, partner.UpdatedAt, partner.DeletedAt, partner.Values);

    private static void Write(Utf8JsonWriter json, Guid id, LoggedState? state)
    {
        json.WriteStartArray();
        json.WriteStringValue(id);
        if (state is { } before)
        {
            json.WriteNumberValue(before.Revision);
            json.WriteNumberValue(before.UpdatedAt.Microseconds);
            if (before.DeletedAt is { } deletedAt)
                json.WriteNumberValue(deletedAt.Microseconds);
            else
                json.WriteNullValue();
            if (before.Values is { } values)
                WriteValues(json, values);
        }
        json.WriteEndArray();
    }

    private static void WriteValues(Utf8JsonWriter json, PartnerValues values)
    {
        var count = PartnerField.Values.Length;
        while (count > 0 && values[PartnerField.Values[count - 1]] is null)
            count--;
        foreach (var field in PartnerField.Values.AsSpan()[..count])
            json.WriteStringValue(values[field]);
    }

    /// <summary>Reads the names of the fields.</summary>
    /// <param name="json">At the start of their array.</param>
    internal static PartnerField[] ReadFields(ref Utf8JsonReader json)
    {
        var fields = new List<PartnerField>();
        while (!IsAtEnd(ref json))
        {
            var name = json.GetString();
            fields.Add(PartnerField.Values.FirstOrDefault(field => field.WireName == name)
                ?? throw DamagedLogException.OfAnotherVersion());
        }
        return [.. fields];
    }

    /// <summary>Reads the rest of an entry, after its id.</summary>
    /// <param name="fields">The fields of the values, in order.</param>
    internal static LoggedChange ReadRest(ref Utf8JsonReader json, Guid id, ReadOnlySpan<PartnerField> fields)
    {
        if (IsAtEnd(ref json))
            return new LoggedChange(id, null);
        var revision = json.GetInt64();
        json.Read();
        var updatedAt = new Timestamp(json.GetInt64());
        json.Read();
        var deletedAt = json.TokenType == JsonTokenType.Null ? (Timestamp?)null : new Timestamp(json.GetInt64());
        var texts = new FieldTexts();
        var isKept = false;
        for (var count = 0; !IsAtEnd(ref json); count++)
        {
            var text = json.GetString();
            texts.Set(count < fields.Length ? fields[count] : throw new JsonException("The entry has too many values."), text);
            isKept |= text is not null;
        }
        return new LoggedChange(id, new LoggedState(revision, updatedAt, deletedAt, isKept ? new PartnerValues(texts) : null));
    }

    /// <summary>Reads the id; the reader is at the entry's start.</summary>
    internal static Guid ReadId(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetGuid();
    }

    /// <summary>Moves to the next value of an array.</summary>
    /// <returns>Whether the array ends instead.</returns>
    private static bool IsAtEnd(ref Utf8JsonReader json)
    {
        json.Read();
        return json.TokenType == JsonTokenType.EndArray;
    }

    private sealed class AllEntries : LogVisitor
    {
        public List<LoggedChange> Entries { get; } = [];

        public override void Begin(ChangeSetHead head)
        {
        }

        public override EntryUse Look(Guid id) => EntryUse.Read;

        public override void Take(LoggedChange entry) => Entries.Add(entry);
    }

    private sealed class AllIds : LogVisitor
    {
        public List<Guid> Ids { get; } = [];

        public override void Begin(ChangeSetHead head)
        {
        }

        public override EntryUse Look(Guid id)
        {
            Ids.Add(id);
            return EntryUse.Skip;
        }
    }
}
