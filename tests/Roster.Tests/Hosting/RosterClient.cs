using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Roster.Tests.Hosting;

/// <summary>A client as an integrator would write one.</summary>
internal sealed class RosterClient(HttpClient http, string? key, Workspace? workspace)
{
    public string? Key => key;

    public Workspace Workspace => workspace!;

    /// <summary>What the console's own pages send with each write.</summary>
    public (string, string?)[] OwnPage =>
        [("Roster-Console", "1"), ("Sec-Fetch-Site", "same-origin"), ("Origin", http.BaseAddress!.GetLeftPart(UriPartial.Authority))];

    public Task<Answer> PutAsync(string json) => PutAsync(Encoding.UTF8.GetBytes(json));

    public Task<Answer> GetAsync(string pathAndQuery, string? accept = null) => SendAsync(HttpMethod.Get, pathAndQuery, accept: accept);

    public Task<Answer> PostAsync(string json, string path = "/api/partners") => SendAsync(HttpMethod.Post, path, JsonContent(json));

    public Task<Answer> DeleteAsync(params IEnumerable<string> ids) =>
        SendAsync(HttpMethod.Delete, "/api/partners", JsonContent(JsonSerializer.Serialize(ids)));

    public Task<Answer> RestoreAsync(params IEnumerable<string> ids) => PostAsync(JsonSerializer.Serialize(ids), "/api/partners/restore");

    public Task<Answer> PutAsync(
        byte[] body, string? contentType = "application/json", string? contentEncoding = null, string path = "/api/partners")
    {
        var content = new ByteArrayContent(body);
        if (contentType is not null)
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        if (contentEncoding is not null)
            content.Headers.TryAddWithoutValidation("Content-Encoding", contentEncoding);
        return SendAsync(HttpMethod.Put, path, content);
    }

    /// <summary>An item that names the partner and changes nothing: the answer is its present state.</summary>
    public async Task<JsonElement> ReadAsync(string id) => (await PutAsync($$"""[{"id":"{{id}}"}]""")).Items[0];

    private static StringContent JsonContent(string json) => new(json, Encoding.UTF8, "application/json");

    /// <summary>Creates one partner and returns its id.</summary>
    public async Task<string> CreateAsync(
        string json = """{"name":"Ada Lovelace","email":"ada@example.com","phone":"+44 20 7946 0000"}""") =>
        (await PutAsync($"[{json}]")).Items[0].GetProperty("id").GetString()!;

    /// <param name="expectContinue">Whether the body is sent only after the server has begun to read it.</param>
    public async Task<Answer> SendAsync(
        HttpMethod method, string path, HttpContent? content = null, string? authorization = null, bool expectContinue = false,
        string? accept = null, string? ifNoneMatch = null, string? acceptEncoding = null,
        params IReadOnlyList<(string Name, string? Value)> headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.ExpectContinue = expectContinue;
        foreach (var (name, text) in headers.Concat(
            [("Accept", accept), ("If-None-Match", ifNoneMatch), ("Accept-Encoding", acceptEncoding)]))
            if (text is not null)
                request.Headers.TryAddWithoutValidation(name, text);
        if ((authorization ?? (key is null ? null : $"Bearer {key}")) is { } value)
            request.Headers.TryAddWithoutValidation("Authorization", value);
        using var response = await SendAsync(request);
        var answer = new Answer(
            (int)response.StatusCode, response.Headers, response.Content.Headers, await response.Content.ReadAsByteArrayAsync());
        ApiDocument.Check(method, path, answer);
        return answer;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        try
        {
            return await http.SendAsync(request);
        }
        catch (SocketException reset)
        {
            // So HttpClient says that a connection was reset as soon as it was made.
            throw new HttpRequestException(HttpRequestError.ConnectionError, reset.Message, reset);
        }
    }
}

/// <summary>An answer, read to its end.</summary>
internal sealed record Answer(int Status, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The partners of a successful answer.</summary>
    public IReadOnlyList<JsonElement> Items =>
        Status is 200 or 201 ? [.. Json.EnumerateArray()] : throw new InvalidOperationException(Text);

    /// <summary>The partners' ids.</summary>
    public IReadOnlyList<string> Ids => [.. Items.Select(partner => partner.GetProperty("id").GetString()!)];

    /// <summary>The partners' names.</summary>
    public IReadOnlyList<string> Names => [.. Items.Select(partner => partner.GetProperty("name").GetString()!)];

    /// <summary>The path of the next page; null for the last one.</summary>
    public string? Next => Headers.TryGetValues("Link", out var links)
        ? links.Single().Split('<', '>')[1] : null;

    public string Code => Json.GetProperty("code").GetString()!;

    /// <summary>The faults as <c>index field code</c>; the field is <c>-</c> if there is none.</summary>
    public IReadOnlyList<string> Faults =>
        [.. Json.GetProperty("details").EnumerateArray().Select(FaultText)];

    /// <summary>Faults as <c>index id message</c>.</summary>
    public IEnumerable<string> Said => Json.GetProperty("details").EnumerateArray().Select(
        fault => string.Join(' ', new[] { "index", "id", "message" }.Select(
            name => fault.TryGetProperty(name, out var value) ? value.ToString() : "-")));

    /// <summary>A fault as <c>index field code</c>.</summary>
    public static string FaultText(JsonElement fault)
    {
        var field = fault.TryGetProperty("field", out var name) ? name.GetString() : "-";
        return $"{fault.GetProperty("index")} {field} {fault.GetProperty("code").GetString()}";
    }

    public long Revision => Count("Roster-Revision");

    /// <summary>The counts of created, updated and unchanged partners.</summary>
    public (long Created, long Updated, long Unchanged) Counts =>
        (Count("Roster-Created"), Count("Roster-Updated"), Count("Roster-Unchanged"));

    /// <summary>The number in a header.</summary>
    public long Count(string header) => long.Parse(Headers.GetValues(header).Single(), CultureInfo.InvariantCulture);
}
