using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Roster.Changes;

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
    private static readonly JsonWriterOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The entries of a plan. An erasure keeps nothing of what was before.</summary>
    public static ReadOnlyMemory<byte> Encode(ChangePlan plan) => plan.Kind == ChangeKind.Erase
        ? EncodeAgain(Erasure.Blank([.. EntriesOf(plan.Changes)], null).Entries)
        : Encode(plan.Changes);

    public static ReadOnlyMemory<byte> Encode(IReadOnlyList<PartnerChange> changes) => Encode(changes.Count, EntriesOf(changes));

    private static IEnumerable<LoggedChange> EntriesOf(IEnumerable<PartnerChange> changes) =>
        changes.Select(change => new LoggedChange(change.After.Id, change.Before is null ? null : StateOf(change.Before)));

    /// <summary>Encodes what was decoded before.</summary>
    public static ReadOnlyMemory<byte> EncodeAgain(IReadOnlyCollection<LoggedChange> changes) => Encode(changes.Count, changes);

    private static ReadOnlyMemory<byte> Encode(int count, IEnumerable<LoggedChange> changes)
    {
        var json = new ArrayBufferWriter<byte>(128 * (count + 1));
        using (var writer = new Utf8JsonWriter(json, Options))
        {
            writer.WriteStartArray();
            foreach (var change in changes)
                Write(writer, change.Id, change.Before);
            writer.WriteEndArray();
        }
        return PackedJson.Pack(json.WrittenSpan);
    }

    /// <exception cref="InvalidDataException">The bytes are not of a version that this code knows, or are damaged.</exception>
    public static IReadOnlyList<LoggedChange> Decode(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            using var json = JsonDocument.Parse(PackedJson.Unpack(encoded));
            return [.. json.RootElement.EnumerateArray().Select(Read)];
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException("The change set is damaged.", broken);
        }
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

    private static LoggedChange Read(JsonElement entry) => new(
        entry[0].GetGuid(),
        entry.GetArrayLength() == 1 ? null : new LoggedState(
            entry[1].GetInt64(),
            new Timestamp(entry[2].GetInt64()),
            entry[3].ValueKind == JsonValueKind.Null ? null : new Timestamp(entry[3].GetInt64()),
            entry.GetArrayLength() > 4 ? entry[4].GetString() : null,
            entry.GetArrayLength() > 4 ? entry[5].GetString() : null,
            entry.GetArrayLength() > 4 ? entry[6].GetString() : null,
            entry.GetArrayLength() > 7 ? entry[7].GetString() : null));
}
