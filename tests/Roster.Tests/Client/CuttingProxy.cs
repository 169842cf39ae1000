using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Roster.Tests.Client;

/// <summary>
/// A proxy that cuts a connection once: after so many bytes of requests, or of answers, since it was told to. Then it passes
/// all bytes again.
/// </summary>
internal sealed class CuttingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Uri _server;
    private readonly Lock _lock = new();
    private long? _requestBytes;
    private long? _answerBytes;
    private int _answersToCut;
    private bool _isEverySecond;
    private bool _isInAnswer;
    private byte[]? _lastRequest;

    public CuttingProxy(Uri server)
    {
        _server = server;
        _listener.Start();
        Address = new UriBuilder(server) { Port = ((IPEndPoint)_listener.LocalEndpoint).Port }.Uri;
        _ = AcceptAsync();
    }

    /// <summary>The server through this proxy.</summary>
    public Uri Address { get; }

    /// <summary>A client of its own, without connections from before.</summary>
    public HttpClient Http { get; } = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero });

    public bool HasCut { get; private set; }

    /// <summary>Cuts before this many bytes of requests have passed on.</summary>
    public void CutRequestAfter(long bytes) => (_requestBytes, HasCut) = (bytes, false);

    /// <summary>Cuts before this many bytes of answers have passed on. The server has answered then.</summary>
    public void CutAnswerAfter(long bytes) => (_answerBytes, HasCut) = (bytes, false);

    /// <summary>Cuts so many answers before their first byte.</summary>
    public void CutAnswers(int count) => (_answersToCut, _isEverySecond) = (count, false);

    /// <summary>Cuts the first answer before its first byte, and then every second one.</summary>
    public void CutEverySecondAnswer() => (_answersToCut, _isEverySecond) = (1, true);

    /// <summary>Cuts all answers from that to the first request on that has this text.</summary>
    public void CutAnswersFrom(string request) => _lastRequest = Encoding.ASCII.GetBytes(request);

    public void Dispose()
    {
        _listener.Dispose();
        Http.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = PassAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        // A connection that is cut is reset, and not closed in order.
        (client.NoDelay, server.NoDelay, client.LingerState) = (true, true, new LingerOption(true, 0));
        using (client)
            try
            {
                await server.ConnectAsync(_server.Host, _server.Port);
                await Task.WhenAny(
                    PassAsync(client.GetStream(), server.GetStream(), isRequest: true),
                    PassAsync(server.GetStream(), client.GetStream(), isRequest: false)).Unwrap();
            }
            catch (Exception gone) when (gone is IOException or SocketException or InvalidOperationException)
            {
                // One side has closed its connection.
            }
    }

    /// <returns>At the end of what comes, or when it is cut.</returns>
    private async Task PassAsync(NetworkStream from, NetworkStream to, bool isRequest)
    {
        var bytes = new byte[16 << 10];
        int read;
        while ((read = await from.ReadAsync(bytes)) > 0)
        {
            var (pass, isCut) = Take(bytes.AsSpan(0, read), isRequest);
            await to.WriteAsync(bytes.AsMemory(0, pass));
            if (isCut)
                return;
        }
    }

    /// <returns>How many of these bytes pass, and whether the connection is cut then.</returns>
    private (int Pass, bool IsCut) Take(ReadOnlySpan<byte> piece, bool isRequest)
    {
        var read = piece.Length;
        lock (_lock)
        {
            if (isRequest && _lastRequest is { } last && piece.IndexOf(last) >= 0)
                (_lastRequest, _answersToCut) = (null, int.MaxValue);
            // What comes after a request is one answer, in however many pieces.
            var isNewAnswer = !isRequest && !_isInAnswer;
            _isInAnswer = !isRequest;
            if (isNewAnswer && _answersToCut > 0)
            {
                _answersToCut--;
                HasCut = true;
                return (0, true);
            }
            if (isNewAnswer && _isEverySecond)
                _answersToCut = 1;
            ref var left = ref isRequest ? ref _requestBytes : ref _answerBytes;
            if (left is not { } most)
                return (read, false);
            if (read <= most)
            {
                left = most - read;
                return (read, false);
            }
            left = null;
            HasCut = true;
            return ((int)most, true);
        }
    }
}
