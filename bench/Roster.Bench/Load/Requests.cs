using System.Text;
using Roster.Bench.Servers;

namespace Roster.Bench.Load;

/// <summary>Requests as bytes, and the file that passes them to the process that sends them.</summary>
/// <param name="Demanded">A header line that each answer must have; empty for none.</param>
internal sealed record Requests(string Demanded, IReadOnlyList<byte[]> Each)
{
    public static Requests Updates(RosterServer server, IEnumerable<byte[]> bodies) => new(
        "Roster-Updated: 1\r\n",
        [.. bodies.Select(body => (byte[])
            [.. Head(server, "PUT /api/partners", $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n"), .. body])]);

    public static Requests Reads(RosterServer server, IEnumerable<string> paths) =>
        new("", [.. paths.Select(path => Head(server, $"GET {path}", ""))]);

    public void Save(string file)
    {
        using var writer = new BinaryWriter(File.Create(file));
        writer.Write(Demanded);
        writer.Write(Each.Count);
        foreach (var request in Each)
        {
            writer.Write(request.Length);
            writer.Write(request);
        }
    }

    public static Requests Load(string file)
    {
        using var reader = new BinaryReader(File.OpenRead(file));
        var demanded = reader.ReadString();
        var requests = new byte[reader.ReadInt32()][];
        for (var i = 0; i < requests.Length; i++)
            requests[i] = reader.ReadBytes(reader.ReadInt32());
        return new Requests(demanded, requests);
    }

    private static byte[] Head(RosterServer server, string line, string headers) => Encoding.ASCII.GetBytes(
        $"{line} HTTP/1.1\r\nHost: 127.0.0.1:{server.Port}\r\nAuthorization: Bearer {server.Key}\r\n{headers}\r\n");
}
