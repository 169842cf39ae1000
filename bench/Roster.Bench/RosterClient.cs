using System.Diagnostics;
using System.Net.Http.Headers;

namespace Roster.Bench;

/// <summary>A caller with its own connection. For one request at a time: answers share a buffer.</summary>
internal sealed class RosterClient : IDisposable
{
    private const int MaxAnswerBytes = 32 << 20;

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Uri _partners;
    private readonly byte[] _chunk = new byte[1 << 16];
    private readonly byte[] _answer = new byte[MaxAnswerBytes];

    public RosterClient(RosterServer server)
    {
        _partners = server.Welcome.Partners;
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Welcome.Key);
    }

    /// <summary>Sends a batch, reads the whole answer, and only then looks whether it is the right one.</summary>
    /// <exception cref="InvalidOperationException">The server did not do what the batch says.</exception>
    public async Task<ServerAnswer> PutAsync(ServerBatch batch, CancellationToken cancel)
    {
        using var content = new ByteArrayContent(batch.Body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Put, _partners) { Content = content };

        var start = Stopwatch.GetTimestamp();
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        var length = await ReadAsync(response, cancel);
        var elapsed = Stopwatch.GetElapsedTime(start);

        var answer = new ServerAnswer(elapsed, StageTimes.Of(response.Headers), _answer.AsMemory(0, length));
        batch.Demand(response, answer);
        return answer;
    }

    /// <summary>Reads the answer to its end and keeps nothing of it.</summary>
    /// <exception cref="InvalidOperationException">The answer is not a success.</exception>
    public async Task<ReadAnswer> GetAsync(string path, string? accept, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_partners, path));
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

    private async Task<int> ReadAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        return await body.ReadAtLeastAsync(_answer, _answer.Length, throwOnEndOfStream: false, cancel);
    }
}

/// <param name="Elapsed">From sending the first byte to having read the last.</param>
/// <param name="Body">Valid until the client's next request.</param>
internal sealed record ServerAnswer(TimeSpan Elapsed, StageTimes Stages, ReadOnlyMemory<byte> Body)
{
    /// <summary>The milliseconds that no stage covers.</summary>
    public double Rest => Elapsed.TotalMilliseconds - Stages.Sum;
}

/// <param name="Next">The path of the next page; null on the last one.</param>
internal sealed record ReadAnswer(TimeSpan Elapsed, long Bytes, string? Next);
