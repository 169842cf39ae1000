using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Roster.Bench.People;

namespace Roster.Bench.Servers;

/// <summary>A batch as a request, and what the answer must be.</summary>
/// <param name="Body">JSON in UTF-8, as most clients write it: nothing is escaped without need.</param>
internal sealed record ServerBatch(byte[] Body, int Created, int Updated, int Unchanged)
{
    /// <exception cref="InvalidOperationException">The answer's counts differ.</exception>
    public void Demand(ServerAnswer answer)
    {
        Demand("Roster-Created", Created);
        Demand("Roster-Updated", Updated);
        Demand("Roster-Unchanged", Unchanged);

        void Demand(string header, int expected)
        {
            var value = answer.Headers.TryGetValues(header, out var values) ? values.Single() : "missing";
            if (value != expected.ToString(CultureInfo.InvariantCulture))
                throw new InvalidOperationException($"{header} is {value} and should be {expected}.");
        }
    }
}

/// <summary>How an item names its partner.</summary>
internal enum Naming
{
    Id,
    ExternalId,
    Email,
}

/// <summary>Builds the requests and stores the ids of new partners from the answers.</summary>
/// <param name="ids">The ids of existing partners, in the order of the population.</param>
internal sealed class ServerBatches(IEnumerable<Guid> ids)
{
    private static readonly JsonWriterOptions JsonOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<Guid> _ids = [.. ids];

    /// <summary>Whether each partner has a unique external id and address that do not change.</summary>
    public bool HaveKeys { get; init; }

    /// <summary>Adds further members to each item; null for none.</summary>
    public Action<Utf8JsonWriter, Row>? WriteFields { get; init; }

    public ServerBatch Prepare(IReadOnlyList<Row> rows, bool isWrite, Naming naming = Naming.Id)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body, JsonOptions))
        {
            json.WriteStartArray();
            foreach (var row in rows)
            {
                json.WriteStartObject();
                if (!row.IsNew && naming == Naming.Id)
                    json.WriteString("id", _ids[row.Partner]);
                if (HaveKeys)
                    json.WriteString("externalId", $"crm-{row.Partner}");
                json.WriteString("name", row.Person.Name);
                json.WriteString("email", HaveKeys ? $"partner.{row.Partner}@mail.example" : row.Person.Email);
                json.WriteString("phone", row.Person.Phone);
                WriteFields?.Invoke(json, row);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        var created = rows.Count(row => row.IsNew);
        var existing = rows.Count - created;
        return new ServerBatch(body.WrittenSpan.ToArray(), created, isWrite ? existing : 0, isWrite ? 0 : existing);
    }

    /// <summary>Stores the new partners' ids: the answer has the order of the request.</summary>
    public void Learn(IReadOnlyList<Row> rows, ServerAnswer answer)
    {
        var json = new Utf8JsonReader(answer.Body.Span);
        var row = 0;
        while (json.Read())
        {
            if (json.TokenType != JsonTokenType.PropertyName || !json.ValueTextEquals("id"u8))
                continue;
            json.Read();
            if (rows[row++].IsNew)
                _ids.Add(json.GetGuid());
        }
        if (row != rows.Count)
            throw new InvalidOperationException($"The server answers {row} partners to {rows.Count}.");
    }
}
