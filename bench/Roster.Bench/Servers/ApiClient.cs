using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Roster.Bench.Servers;

/// <summary>A client with its own connection. For one request at a time: answers share a buffer.</summary>
internal sealed class ApiClient : IDisposable
{
    private const int MaxAnswerBytes = 32 << 20;

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromMinutes(15) };
    private readonly Uri _address;
    private readonly byte[] _chunk = new byte[1 << 16];
    private readonly byte[] _answer = new byte[MaxAnswerBytes];

    /// <param name="key">The API key, or null for none.</param>
    public ApiClient(Uri address, string? key)
    {
        _address = address;
        if (key is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public ApiClient(RosterServer server)
        : this(server.Partners, server.Key)
    {
    }

    /// <summary>Sends a batch to Roster, reads the whole answer, and checks it afterwards.</summary>
    /// <exception cref="InvalidOperationException">The answer differs from what the batch expects.</exception>
    public async Task<ServerAnswer> PutAsync(ServerBatch batch, CancellationToken cancel)
    {
        var answer = await SendAsync(HttpMethod.Put, batch.Body, cancel);
        batch.Demand(answer);
        return answer;
    }

    /// <summary>Sends JSON and reads the whole answer.</summary>
    /// <exception cref="InvalidOperationException">The answer is not a success.</exception>
    public async Task<ServerAnswer> SendAsync(HttpMethod method, byte[] body, CancellationToken cancel)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(method, _address) { Content = content };

        var start = Stopwatch.GetTimestamp();
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        var length = await stream.ReadAtLeastAsync(_answer, _answer.Length, throwOnEndOfStream: false, cancel);
        var elapsed = Stopwatch.GetElapsedTime(start);

        var answer = new ServerAnswer(elapsed, response.Headers, _answer.AsMemory(0, length));
        if (response.StatusCode is not HttpStatusCode.OK)
            throw new InvalidOperationException(
                $"{_address} answers {(int)response.StatusCode}: {Encoding.UTF8.GetString(answer.Body[..Math.Min(length, 2_000)].Span)}");
        return answer;
    }

    /// <summary>Reads the answer to its end and discards it.</summary>
    /// <exception cref="InvalidOperationException">The answer is not a success.</exception>
    public async Task<ReadAnswer> GetAsync(string path, string? accept, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_address, path));
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        var start = Stopwatch.GetTimestamp();
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        var bytes = 0L;
        for (int read; (read = await body.ReadAsync(_chunk, cancel)) > 0;)
            bytes += read;
        var elapsed = Stopwatch.GetElapsedTime(start);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"The server answers {(int)response.StatusCode} to {path}.");
        var next = response.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null;
        return new ReadAnswer(elapsed, bytes, next);
    }

    public void Dispose() => _http.Dispose();
}

/// <param name="Elapsed">From sending the first byte to reading the last.</param>
/// <param name="Body">Valid until the client's next request.</param>
internal sealed record ServerAnswer(TimeSpan Elapsed, HttpResponseHeaders Headers, ReadOnlyMemory<byte> Body)
{
    public StageTimes Stages { get; } = StageTimes.Of(Headers);

    /// <summary>The milliseconds outside all stages.</summary>
    public double Rest => Elapsed.TotalMilliseconds - Stages.Sum;
}

/// <param name="Next">The path of the next page; null for the last.</param>
internal sealed record ReadAnswer(TimeSpan Elapsed, long Bytes, string? Next);
