using System.Net.Sockets;

namespace Roster.Tests.Hosting;

/// <summary>What a proxy does to the next transaction that it sees being committed, or written.</summary>
internal enum Cut
{
    None,

    /// <summary>The server gets the COMMIT; its answer is lost with the connection.</summary>
    AnswerOfCommit,

    /// <summary>The COMMIT is lost with the connection.</summary>
    Commit,

    /// <summary>From the first write on nothing passes any more in either direction, and nobody is told.</summary>
    Silence,
}

/// <summary>Stands between a server and its PostgreSQL, and cuts the line at the worst moment.</summary>
internal sealed class PostgresProxy : IDisposable
{
    private readonly PostgresRelay _relay;
    private int _next;

    /// <param name="database">The address of the database on this machine that it stands before.</param>
    public PostgresProxy(string database) => _relay = new PostgresRelay(database, PassAsync);

    /// <summary>The database's address, through the proxy.</summary>
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
            // The search index and the times of keys are written too; they are not what is meant.
            line.IsWriting |= text.IndexOf("insert into change_set"u8) >= 0 || text.IndexOf("insert into api_key"u8) >= 0;
            var isCommit = line.IsWriting && text.IndexOf("commit\0"u8) >= 0;
            line.IsWriting &= !isCommit;
            if (isCommit && Take(Cut.Commit))
                return;
            line.IsAnswerLost |= isCommit && Take(Cut.AnswerOfCommit);
            line.IsSilent |= text.IndexOf("insert into partner"u8) >= 0 && Take(Cut.Silence);
            if (!line.IsSilent)
                await to.WriteAsync(buffer.AsMemory(0, length));
        }
    }

    private static async Task ReturnAsync(NetworkStream from, NetworkStream to, Line line)
    {
        var buffer = new byte[1 << 16];
        int length;
        while ((length = await from.ReadAsync(buffer)) > 0 && !line.IsAnswerLost)
            if (!line.IsSilent)
                await to.WriteAsync(buffer.AsMemory(0, length));
    }

    private bool Take(Cut cut) => Interlocked.CompareExchange(ref _next, (int)Cut.None, (int)cut) == (int)cut;

    private sealed class Line
    {
        public bool IsWriting;
        public volatile bool IsAnswerLost;
        public volatile bool IsSilent;
    }
}
