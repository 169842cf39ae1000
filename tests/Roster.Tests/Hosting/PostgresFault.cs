using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Roster.Tests.Hosting;

/// <summary>
/// Stands between a server and its PostgreSQL, and lets one statement fail. Statements are counted over all connections.
/// </summary>
internal sealed class PostgresFault : IDisposable
{
    private const int Version3 = 3 << 16;

    private readonly PostgresRelay _relay;
    private readonly int _number;
    private readonly string _how;
    private readonly Action? _atFault;
    private int _count;

    /// <param name="fault">
    /// Such as <c>7 53100</c>: the number of the statement, and the state of the error that PostgreSQL answers it with;
    /// <c>cut</c>, the connection is cut before it; or <c>lost</c>, after it, so that its answer is lost.
    /// </param>
    /// <param name="atFault">Is called before a connection is cut.</param>
    public PostgresFault(string database, string fault, Action? atFault = null)
    {
        _atFault = atFault;
        var words = fault.Split(' ');
        (_number, _how) = (int.Parse(words[0], CultureInfo.InvariantCulture), words[1]);
        _relay = new PostgresRelay(database, PassAsync);
    }

    /// <summary>The address of the database through this.</summary>
    public string Address => _relay.Address;

    /// <summary>The statements so far.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Dispose() => _relay.Dispose();

    private async Task<bool> PassAsync(NetworkStream client, NetworkStream server)
    {
        var line = new Line();
        await await Task.WhenAny(ForwardAsync(client, server, line), ReturnAsync(server, client, line));
        return true;
    }

    private async Task ForwardAsync(NetworkStream from, NetworkStream to, Line line)
    {
        var isStarted = false;
        while (!line.IsCut)
        {
            // The first messages have no type.
            var head = new byte[isStarted ? 5 : 4];
            await from.ReadExactlyAsync(head);
            var body = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(head.Length - 4)) - 4];
            await from.ReadExactlyAsync(body);
            var isStatement = isStarted && head[0] is (byte)'E' or (byte)'Q';
            if (!isStarted)
                isStarted = BinaryPrimitives.ReadInt32BigEndian(body) == Version3;
            if (isStatement && Interlocked.Increment(ref _count) == _number)
            {
                if (_how == "cut")
                {
                    _atFault?.Invoke();
                    return;
                }
                if (_how == "lost")
                    line.IsLost = true;
                else
                {
                    // Neither a portal nor a statement of this name exists, so the server itself fails.
                    line.IsFailed = true;
                    body = head[0] == 'Q' ? "none\0"u8.ToArray() : "none\0\0\0\0\0"u8.ToArray();
                    BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(1), body.Length + 4);
                }
            }
            await to.WriteAsync(head);
            await to.WriteAsync(body);
        }
    }

    private async Task ReturnAsync(NetworkStream from, NetworkStream to, Line line)
    {
        var buffer = new byte[1 << 16];
        int length;
        while ((length = await from.ReadAsync(buffer)) > 0 && !line.IsLost)
        {
            if (line.IsFailed)
                Rename(buffer.AsSpan(0, length));
            await to.WriteAsync(buffer.AsMemory(0, length));
        }
        if (line.IsLost)
            _atFault?.Invoke();
        line.IsCut = true;
    }

    /// <summary>Gives the error about the name the wanted state.</summary>
    private void Rename(Span<byte> answer)
    {
        foreach (var state in new[] { "C34000\0", "C42601\0" })
            if (answer.IndexOf(Encoding.ASCII.GetBytes(state)) is >= 0 and var at)
                Encoding.ASCII.GetBytes(_how, answer[(at + 1)..]);
    }

    private sealed class Line
    {
        public volatile bool IsLost;
        public volatile bool IsFailed;
        public volatile bool IsCut;
    }
}
