using System.Buffers;
using System.Text;
using CsCheck;
using Roster.Batches;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;

namespace Roster.Tests;

/// <summary>Builders of things whose details do not matter to a test.</summary>
internal static class Some
{
    /// <summary>A generator of one of these values.</summary>
    public static Gen<T> Of<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    public static Partner Partner(Guid id) =>
        new(id, Values("Ada Lovelace", "ada@example.com"), new(1_700_000_000_000_000), new(1_700_000_000_000_000), null, 1);

    public static PartnerValues Values(string name, string? email = null, string? phone = null, string? externalId = null) =>
        PartnerValues.Gone.With(PartnerField.Name, name).With(PartnerField.Email, email).With(PartnerField.Phone, phone)
            .With(PartnerField.ExternalId, externalId);

    /// <summary>The same partner with another value.</summary>
    public static Partner With(this Partner partner, PartnerField field, string? value) =>
        partner with { Values = partner.Values.With(field, value) };

    /// <summary>An upsert of this JSON, which must be valid.</summary>
    public static Change Upsert(string json) => Change(new BatchBuilder(ChangeKind.Upsert), json);

    /// <summary>The change that a builder makes from this JSON, which must be valid.</summary>
    public static Change Change(BatchBuilder builder, string json)
    {
        var reader = new JsonBatchReader(builder);
        reader.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)), isFinal: true);
        return ((BatchReading.Accepted)reader.Finish()).Change;
    }

    /// <summary>Partners as an earlier version accepted them, whatever the rules are today.</summary>
    public static Change Stored(params IReadOnlyList<BatchRow> rows) =>
        new Upsert(ChangeKind.Upsert, rows, MatchOn.Nothing, null, CreatedItems.WithNewKey, []);

    /// <summary>A row for <see cref="Stored"/>.</summary>
    public static BatchRow Row(string name, string? email = null, string? phone = null, string? externalId = null) =>
        new(
            FieldSet.Of(PartnerField.Name, PartnerField.Email, PartnerField.Phone, PartnerField.ExternalId), null,
            Values(name, email, phone, externalId));

    /// <summary>The erasure of these partners.</summary>
    public static Change Erasure(params IEnumerable<Guid> ids) =>
        Change(new BatchBuilder(ChangeKind.Erase), System.Text.Json.JsonSerializer.Serialize(ids));

    /// <summary>Writes a change without conditions.</summary>
    public static Task<WrittenPlan> WriteAsync(
        this IRosterStore store, long workspaceId, Change change, Origin origin, CancellationToken cancel) =>
        store.WriteAsync(workspaceId, new WriteRequest(change, origin), cancel);
}
