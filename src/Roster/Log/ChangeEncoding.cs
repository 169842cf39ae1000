using System.Text.Json;
using Roster.Changes;
using Roster.Partners;

namespace Roster.Log;

/// <summary>
/// The bytes in which the log keeps a change set's changes; docs/log-format.md describes them. One byte for the version
/// (1), one for the compression (0 none, 1 Brotli), then JSON: an array with an entry for each partner in the order of
/// the request. An entry is <c>["id"]</c> for a created partner, and for another one
/// <c>["id", revision, updatedAt, deletedAt, "name", "email", "phone"]</c>: its state before, times in microseconds,
/// null where there was no value; then <c>"externalId"</c>, where it had one. An entry that ends after deletedAt is one whose values are
/// not kept any more.
/// </summary>
public static class ChangeEncoding
{
    /// <summary>The entries of a plan. An erasure keeps nothing of what was before.</summary>
    public static byte[] Encode(ChangePlan plan) => plan.Kind == ChangeKind.Erase
        ? EncodeAgain(Erasure.Blank([.. EntriesOf(plan.Changes)], null).Entries)
        : Encode(plan.Changes);

    public static byte[] Encode(IEnumerable<PartnerChange> changes) => EncodeAgain(EntriesOf(changes));

    private static IEnumerable<LoggedChange> EntriesOf(IEnumerable<PartnerChange> changes) =>
        changes.Select(change => new LoggedChange(change.After.Id, change.Before is null ? null : StateOf(change.Before)));

    /// <summary>Encodes what was decoded before.</summary>
    public static byte[] EncodeAgain(IEnumerable<LoggedChange> changes) => PackedJson.Pack(json =>
    {
        json.WriteStartArray();
        foreach (var change in changes)
            Write(json, change.Id, change.Before);
        json.WriteEndArray();
    });

    /// <exception cref="DamagedLogException">The bytes are not of a version that this code knows, or are damaged.</exception>
    public static IReadOnlyList<LoggedChange> Decode(ReadOnlyMemory<byte> encoded)
    {
        var all = new AllEntries();
        Show(encoded.Span, all);
        return all.Entries;
    }

    /// <summary>The partners alone, in a fraction of the time.</summary>
    /// <inheritdoc cref="Decode" path="/exception"/>
    public static IReadOnlyList<Guid> DecodeIds(ReadOnlyMemory<byte> encoded)
    {
        var all = new AllIds();
        Show(encoded.Span, all);
        return all.Ids;
    }

    /// <summary>Shows the entries to a visitor, which has been told of their change set.</summary>
    /// <inheritdoc cref="Decode" path="/exception"/>
    public static void Show(ReadOnlySpan<byte> encoded, LogVisitor visitor)
    {
        using var decoder = new ChangeSetDecoder(visitor);
        if (decoder.Write(encoded))
            decoder.Complete();
    }

    private static LoggedState StateOf(Partner partner) => new(
        partner.Revision, partner.UpdatedAt, partner.DeletedAt, partner.Name, partner.Email, partner.Phone, partner.ExternalId);

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
            if (before.Name is not null)
            {
                json.WriteStringValue(before.Name);
                json.WriteStringValue(before.Email);
                json.WriteStringValue(before.Phone);
                if (before.ExternalId is not null)
                    json.WriteStringValue(before.ExternalId);
            }
        }
        json.WriteEndArray();
    }

    /// <summary>What follows the id of an entry, to the entry's end.</summary>
    internal static LoggedChange ReadRest(ref Utf8JsonReader json, Guid id)
    {
        if (IsAtEnd(ref json))
            return new LoggedChange(id, null);
        var revision = json.GetInt64();
        json.Read();
        var updatedAt = new Timestamp(json.GetInt64());
        json.Read();
        var deletedAt = json.TokenType == JsonTokenType.Null ? (Timestamp?)null : new Timestamp(json.GetInt64());
        var texts = new string?[4];
        for (var i = 0; !IsAtEnd(ref json); i++)
            texts[i < texts.Length ? i : throw new JsonException("The entry has too many values.")] = json.GetString();
        return new LoggedChange(id, new LoggedState(revision, updatedAt, deletedAt, texts[0], texts[1], texts[2], texts[3]));
    }

    /// <summary>From an entry's start.</summary>
    internal static Guid ReadId(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetGuid();
    }

    /// <summary>Goes on to the next value of an array.</summary>
    /// <returns>Whether there is none.</returns>
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
