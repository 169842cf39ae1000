using System.Net.Sockets;
using System.Text;

namespace Roster.Tests.Server;

/// <summary>Bytes that no HTTP client would send.</summary>
public abstract class RawHttpContract(RosterHost host)
{
    private const string Item = """[{"name":"a"}]""";

    public static TheoryData<string, string, int> Requests => new()
    {
        { "a plain request", Put("Content-Length: 14", Item), 200 },
        { "a chunked request", Put("Transfer-Encoding: chunked", "5\r\n[{\"na\r\n9\r\nme\":\"a\"}]\r\n0\r\n\r\n"), 200 },
        { "a chunk for each byte", Put("Transfer-Encoding: chunked", string.Concat(Item.Select(c => $"1\r\n{c}\r\n")) + "0\r\n\r\n"), 200 },
        { "a chunk extension and a trailer", Put("Transfer-Encoding: chunked", $"e;x=y\r\n{Item}\r\n0\r\nX: y\r\n\r\n"), 200 },
        { "a chunk size that is no number", Put("Transfer-Encoding: chunked", $"zz\r\n{Item}\r\n0\r\n\r\n"), 400 },
        { "a chunk without its line end", Put("Transfer-Encoding: chunked", $"e\r\n{Item}0\r\n\r\n"), 400 },
        { "both lengths", Put("Content-Length: 14\r\nTransfer-Encoding: chunked", Item), 400 },
        { "two different lengths", Put("Content-Length: 14\r\nContent-Length: 15", Item), 400 },
        { "a negative length", Put("Content-Length: -1", Item), 400 },
        { "a length that is no number", Put("Content-Length: many", Item), 400 },
        { "a transfer coding that is not known", Put("Transfer-Encoding: cloak", Item), 400 },
        { "no length", Put("X-Nothing: 1", ""), 400 },
        { "a length of nothing", Put("Content-Length: 0", ""), 400 },
        { "a body over the limit announced", Put("Content-Length: 33554433", ""), 413 },
        { "no host", "PUT /api/partners HTTP/1.1\r\n\r\n", 400 },
        { "two hosts", "PUT /api/partners HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
        { "a version that is not known", "PUT /api/partners HTTP/3.7\r\nHost: a\r\n\r\n", 505 },
        { "no HTTP at all", "hello\r\n\r\n", 400 },
        { "a header without a colon", "PUT /api/partners HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400 },
        { "a space before the colon", "PUT /api/partners HTTP/1.1\r\nHost : a\r\n\r\n", 400 },
        { "a folded header", "PUT /api/partners HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400 },
        { "NUL in a header", "PUT /api/partners HTTP/1.1\r\nHost: a\r\nX: b\0\r\n\r\n", 400 },
        { "TRACE", "TRACE /api/partners HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405 },
        { "CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n", 405 },
        { "a made-up method", "FROBNICATE /api/partners HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405 },
        { "OPTIONS of everything", "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405 },
        { "an absolute target", "GET http://a/health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200 },
        { "an absolute target of another host", "GET http://b/health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400 },
        { "a host with a space", "GET /health/live HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n", 400 },
        { "a host with markup", "GET /health/live HTTP/1.1\r\nHost: <a>\r\nConnection: close\r\n\r\n", 400 },
        { "HTTP/1.0 without a host", "GET /health/live HTTP/1.0\r\n\r\n", 200 },
        // RFC 9112 section 2.2 allows a server to accept a bare line feed as a line end, and Kestrel does.
        { "bare line feeds", "GET /health/live HTTP/1.1\nHost: a\nConnection: close\n\n", 200 },
        { "a bare line feed in a header", "GET /health/live HTTP/1.1\r\nHost: a\r\nX: b\nY: c\r\nConnection: close\r\n\r\n", 200 },
        { "a bare carriage return in a header", "GET /health/live HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n", 400 },
        { "a header without a name", "GET /health/live HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400 },
        { "a request line of 9,000 bytes", $"GET /{new string('a', 9_000)} HTTP/1.1\r\nHost: a\r\n\r\n", 414 },
        { "headers of 17 KiB", $"GET /health/live HTTP/1.1\r\nHost: a\r\nX: {new string('a', 17 << 10)}\r\n\r\n", 431 },
        { "65 headers", $"GET /health/live HTTP/1.1\r\nHost: a\r\n{Headers(64)}\r\n", 431 },
        { "64 headers", $"GET /health/live HTTP/1.1\r\nHost: a\r\n{Headers(62)}Connection: close\r\n\r\n", 200 },
        { "two keys", Put("Authorization: Bearer KEY\r\nContent-Length: 14", Item), 401 },
        { "two content types", Put("Content-Type: text/csv\r\nContent-Length: 14", Item), 415 },
        { "two content encodings", Put("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: 14", Item), 415 },
        { "an identity encoding", Put("Content-Encoding: identity\r\nContent-Length: 14", Item), 200 },
        { "a chunk size that overflows", Put("Transfer-Encoding: chunked", "fffffffffffffffff\r\n"), 400 },
        { "a negative chunk size", Put("Transfer-Encoding: chunked", "-1\r\n"), 400 },
        { "chunked twice", Put("Transfer-Encoding: chunked, chunked", $"e\r\n{Item}\r\n0\r\n\r\n"), 200 },
        { "chunked not last", Put("Transfer-Encoding: chunked, gzip", $"e\r\n{Item}\r\n0\r\n\r\n"), 400 },
        { "a query that is not escaped right",
            "GET /api/partners?q=%zz&take=1 HTTP/1.1\r\nHost: a\r\nAuthorization: KEY\r\nConnection: close\r\n\r\n", 200 },
        { "NUL in a query", "GET /api/partners?q=a%00bcd HTTP/1.1\r\nHost: a\r\nAuthorization: KEY\r\nConnection: close\r\n\r\n", 400 },
        { "a non-character in a query",
            "GET /api/partners?q=%EF%BF%BE HTTP/1.1\r\nHost: a\r\nAuthorization: KEY\r\nConnection: close\r\n\r\n", 200 },
        { "invalid UTF-8 in a query",
            "GET /api/partners?q=%ff%fe HTTP/1.1\r\nHost: a\r\nAuthorization: KEY\r\nConnection: close\r\n\r\n", 200 },
        { "a path that climbs", "GET /api/../health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200 },
        { "a path that climbs out", "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404 },
        { "NUL in the path", "PUT /api/partners%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_raw_request_gets_its_exact_status(string what, string request, int status)
    {
        var api = await host.NewWorkspaceAsync();

        var answer = await ExchangeAsync(Encoding.Latin1.GetBytes(request.Replace("KEY", api.Key, StringComparison.Ordinal)));

        Assert.True(answer.StartsWith($"HTTP/1.1 {status} ", StringComparison.Ordinal), $"{what}: {answer}");
    }

    [Fact]
    public async Task A_body_cut_off_by_the_client_writes_nothing()
    {
        var api = await host.NewWorkspaceAsync();
        using (var socket = new TcpClient(host.Address.Host, host.Address.Port))
        {
            var request = Put("Content-Length: 15", Item).Replace("KEY", api.Key, StringComparison.Ordinal);
            await socket.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request));
        }
        Assert.Equal(1, (await api.PutAsync(Item)).Revision);
    }

    [Fact]
    public async Task A_browser_whose_name_is_long_signs_in_and_its_name_is_cut_between_two_characters()
    {
        var api = await host.NewWorkspaceAsync();
        var name = new string('a', 255);
        var request = $"POST /api/session HTTP/1.1\r\nHost: {host.Address.Authority}\r\nOrigin: http://{host.Address.Authority}\r\n"
            + $"Roster-Console: 1\r\nAuthorization: Bearer {api.Key}\r\nUser-Agent: {name}\U0001F600b\r\n"
            + "Content-Length: 0\r\nConnection: close\r\n\r\n";

        var answer = await ExchangeAsync(Encoding.UTF8.GetBytes(request));

        Assert.StartsWith("HTTP/1.1 201 ", answer, StringComparison.Ordinal);
        Assert.Equal(name, (await api.GetAsync("/api/sessions")).Json[0].GetProperty("userAgent").GetString());
    }

    [Fact]
    public async Task A_string_of_31_MiB_is_read_once_and_refused()
    {
        var api = await host.NewWorkspaceAsync();
        var body = new byte[31 << 20];
        Array.Fill(body, (byte)'x');
        "[{\"name\":\""u8.CopyTo(body);
        "\"}]"u8.CopyTo(body.AsSpan(body.Length - 3));

        Assert.Equal(["0 name too_long"], (await api.PutAsync(body)).Faults);
    }

    [Fact]
    public async Task Nesting_beyond_64_levels_is_refused()
    {
        var api = await host.NewWorkspaceAsync();

        var answer = await api.PutAsync($$"""[{"name":"a","x":{{new string('[', 100)}}{{new string(']', 100)}}}]""");

        Assert.Equal((400, "invalid_body"), (answer.Status, answer.Code));
    }

    private static string Headers(int count) => string.Concat(Enumerable.Range(0, count).Select(i => $"X{i}: b\r\n"));

    private static string Put(string headers, string body) =>
        "PUT /api/partners HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer KEY\r\nContent-Type: application/json\r\n"
        + $"Connection: close\r\n{headers}\r\n\r\n{body}";

    private async Task<string> ExchangeAsync(byte[] request)
    {
        using var socket = new TcpClient(host.Address.Host, host.Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(request);
        var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer);
        }
        catch (IOException)
        {
            // The server closes a connection with invalid data; what it sent before that counts.
        }
        return Encoding.Latin1.GetString(answer.ToArray());
    }
}

public sealed class RawHttpOnSqlite(SqliteHost host) : RawHttpContract(host);

public sealed class RawHttpOnPostgres(PostgresHost host) : RawHttpContract(host);
