using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Roster.Bench;

/// <summary>A batch as a request carries it, and what the answer must say.</summary>
/// <param name="Body">JSON in UTF-8, as most clients write it: only what must be escaped is.</param>
internal sealed record ServerBatch(byte[] Body, int Created, int Updated, int Unchanged)
{
    /// <exception cref="InvalidOperationException">The answer is not a success, or counts otherwise.</exception>
    public void Demand(HttpResponseMessage response, ServerAnswer answer)
    {
        if (response.StatusCode != HttpStatusCode.OK)
            throw new InvalidOperationException(
                $"The server answers {(int)response.StatusCode}: {Encoding.UTF8.GetString(answer.Body.Span)}");
        Demand("Roster-Created", Created);
        Demand("Roster-Updated", Updated);
        Demand("Roster-Unchanged", Unchanged);

        void Demand(string header, int expected)
        {
            var value = response.Headers.TryGetValues(header, out var values) ? values.Single() : "missing";
            if (value != expected.ToString(CultureInfo.InvariantCulture))
                throw new InvalidOperationException($"{header} is {value} and should be {expected}.");
        }
    }
}

/// <summary>Makes the requests and keeps the ids that the answers give to new partners.</summary>
internal sealed class ServerBatches
{
    private static readonly JsonWriterOptions JsonOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<Guid> _ids = [];

    public ServerBatch Prepare(IReadOnlyList<Row> rows, bool isWrite)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body, JsonOptions))
        {
            json.WriteStartArray();
            foreach (var row in rows)
            {
                json.WriteStartObject();
                if (!row.IsNew)
                    json.WriteString("id", _ids[row.Partner]);
                json.WriteString("name", row.Person.Name);
                json.WriteString("email", row.Person.Email);
                json.WriteString("phone", row.Person.Phone);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        var created = rows.Count(row => row.IsNew);
        var existing = rows.Count - created;
        return new ServerBatch(body.WrittenSpan.ToArray(), created, isWrite ? existing : 0, isWrite ? 0 : existing);
    }

    /// <summary>Learns the new partners' ids; the answer's order is the request's.</summary>
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
