using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Roster.Tests.Hosting;

/// <summary>
/// Stands between a store and a coordinator of Citus on this machine, and notes what the coordinator sends to its workers: with
/// <c>citus.log_remote_commands</c> it tells that in notices.
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

    /// <summary>The database's address, through this.</summary>
    public string Address { get; }

    /// <summary>The commands since they were last taken, each with the server that it was sent to.</summary>
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

    /// <summary>Message by message: a letter, its length without the letter, and what it says.</summary>
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
