using System.Net.Sockets;

namespace Roster.Tests.Hosting;

/// <summary>What the proxy does to the next transaction that writes or commits.</summary>
internal enum Cut
{
    None,

    /// <summary>The server gets the COMMIT; its answer is lost with the connection.</summary>
    AnswerOfCommit,

    /// <summary>The COMMIT is lost with the connection.</summary>
    Commit,

    /// <summary>The server gets the COMMIT; then nothing passes in either direction, and the connections stay open.</summary>
    SilenceAfterCommit,

    /// <summary>From the first write on, nothing passes in either direction, and the connections stay open.</summary>
    Silence,
}

/// <summary>A proxy between a server and its PostgreSQL that cuts the connection at the worst moment.</summary>
internal sealed class PostgresProxy : IDisposable
{
    private readonly PostgresRelay _relay;
    private int _next;

    /// <param name="database">The address of the database, which is on this machine.</param>
    public PostgresProxy(string database) => _relay = new PostgresRelay(database, PassAsync);

    /// <summary>The address of the database through this proxy.</summary>
    public string Address => _relay.Address;

    public void CutNext(Cut cut) => Interlocked.Exchange(ref _next, (int)cut);

    public void Dispose() => _relay.Dispose();

    private async Task<bool> PassAsync(NetworkStream client, NetworkStream server)
    {
        var cut = new Line();
        await Task.WhenAny(ForwardAsync(client, server, cut), ReturnAsync(server, client, cut));
        return !cut.IsSilent;
    }

    private async Task ForwardAsync(NetworkStream from, NetworkStream to, Line line)
    {
        var buffer = new byte[1 << 16];
        int length;
        while ((length = await from.ReadAsync(buffer)) > 0 && !line.IsSilent)
        {
            var text = buffer.AsSpan(0, length);
            // Writes of the search index and of the keys' times of use do not count.
            line.IsWriting |= text.IndexOf("insert into change_set"u8) >= 0 || text.IndexOf("insert into api_key"u8) >= 0;
            var isCommit = line.IsWriting && text.IndexOf("commit\0"u8) >= 0;
            line.IsWriting &= !isCommit;
            if (isCommit && Take(Cut.Commit))
                return;
            line.IsAnswerLost |= isCommit && Take(Cut.AnswerOfCommit);
            var isLast = isCommit && Take(Cut.SilenceAfterCommit);
            line.IsUnanswered |= isLast;
            line.IsSilent |= text.IndexOf("insert into partner"u8) >= 0 && Take(Cut.Silence);
            if (!line.IsSilent)
                await to.WriteAsync(buffer.AsMemory(0, length));
            line.IsSilent |= isLast;
        }
    }

    private static async Task ReturnAsync(NetworkStream from, NetworkStream to, Line line)
    {
        var buffer = new byte[1 << 16];
        int length;
        while ((length = await from.ReadAsync(buffer)) > 0 && !line.IsAnswerLost)
            if (!line.IsSilent && !line.IsUnanswered)
                await to.WriteAsync(buffer.AsMemory(0, length));
    }

    private bool Take(Cut cut) => Interlocked.CompareExchange(ref _next, (int)Cut.None, (int)cut) == (int)cut;

    private sealed class Line
    {
        public bool IsWriting;
        public volatile bool IsAnswerLost;
        public volatile bool IsSilent;
        public volatile bool IsUnanswered;
    }
}
