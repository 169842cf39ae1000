using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Roster.Tests.Hosting;

/// <summary>
/// A proxy between a store and a Citus coordinator on this machine. It records what the coordinator sends to its
/// workers, which <c>citus.log_remote_commands</c> reports in notices.
/// </summary>
internal sealed class CitusLog : IDisposable
{
    private const string Issuing = "issuing ";
    private const int HeaderLength = 5;

    private readonly PostgresRelay _relay;
    private readonly ConcurrentQueue<(string Command, string Server)> _commands = [];

    /// <param name="database">The address of the coordinator's database.</param>
    public CitusLog(string database)
    {
        _relay = new PostgresRelay(database, PassAsync);
        Address = _relay.Address + (database.Contains('?', StringComparison.Ordinal) ? '&' : '?')
            + "Options=-c%20citus.log_remote_commands%3Don&SSL%20Mode=Disable&Gss%20Encryption%20Mode=Disable";
    }

    /// <summary>The address of the database through this proxy.</summary>
    public string Address { get; }

    /// <summary>The commands since the last call, each with the server it was sent to.</summary>
    public List<(string Command, string Server)> Take()
    {
        var taken = new List<(string, string)>();
        while (_commands.TryDequeue(out var command))
            taken.Add(command);
        return taken;
    }

    public void Dispose() => _relay.Dispose();

    private async Task<bool> PassAsync(NetworkStream client, NetworkStream server)
    {
        await Task.WhenAny(client.CopyToAsync(server), ReturnAsync(server, client));
        return true;
    }

    /// <summary>Passes on message by message: a type byte, the length without that byte, and the body.</summary>
    private async Task ReturnAsync(NetworkStream from, NetworkStream to)
    {
        var header = new byte[HeaderLength];
        while (await from.ReadAtLeastAsync(header, HeaderLength, throwOnEndOfStream: false) == HeaderLength)
        {
            var body = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - sizeof(int)];
            await from.ReadExactlyAsync(body);
            if (header[0] == 'N')
                Note(body);
            await to.WriteAsync((byte[])[.. header, .. body]);
        }
    }

    /// <summary>A notice is a list of fields: a letter, a text, and a zero byte.</summary>
    private void Note(byte[] notice)
    {
        var fields = Encoding.UTF8.GetString(notice)
            .Split('\0', StringSplitOptions.RemoveEmptyEntries).ToDictionary(field => field[0], field => field[1..]);
        if (fields['M'].StartsWith(Issuing, StringComparison.Ordinal))
            _commands.Enqueue((fields['M'][Issuing.Length..], fields['D'].Split(' ')[2]));
    }
}
