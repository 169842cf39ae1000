using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Roster.Bench.Load;

/// <summary>
/// A connection that sends one prepared request at a time and reads no more of the answer than it must.
/// </summary>
internal sealed class Connection : IDisposable
{
    private const int MaxAnswerBytes = 1 << 20;
    private const int StatusAt = 9;

    private readonly byte[] _answer = new byte[MaxAnswerBytes];
    private int _received;
    private int _length;

    public Connection(int port)
    {
        Socket.Connect(IPAddress.Loopback, port);
        Socket.NoDelay = true;
    }

    public Socket Socket { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>When the current request was due, in ticks of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long Intended { get; private set; }

    public void Send(ReadOnlySpan<byte> request, long intended)
    {
        (Intended, _received, _length) = (intended, 0, 0);
        if (Socket.Send(request) != request.Length)
            throw new InvalidOperationException("A request was sent in part.");
    }

    /// <summary>Reads what has arrived. Call it when there is something to read.</summary>
    /// <param name="demanded">A header line that the answer must have; empty for none.</param>
    /// <returns>Whether the answer is complete.</returns>
    /// <exception cref="InvalidOperationException">The answer is not the expected one.</exception>
    public bool Receive(ReadOnlySpan<byte> demanded)
    {
        var count = Socket.Receive(_answer.AsSpan(_received));
        if (count == 0)
            throw new InvalidOperationException("The server closed a connection.");
        _received += count;
        if (_length == 0)
            ReadHead(demanded);
        return _length > 0 && _received >= _length;
    }

    public void Dispose() => Socket.Dispose();

    private void ReadHead(ReadOnlySpan<byte> demanded)
    {
        var received = _answer.AsSpan(0, _received);
        var end = received.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return;
        var head = received[..(end + 2)];
        if (!head[StatusAt..].StartsWith("200"u8) || head.IndexOf(demanded) < 0)
            throw new InvalidOperationException($"A wrong answer: {Encoding.UTF8.GetString(received)}");
        var name = "Content-Length: "u8;
        var value = head[(head.IndexOf(name) + name.Length)..];
        _length = end + 4 + int.Parse(value[..value.IndexOf("\r\n"u8)], NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
