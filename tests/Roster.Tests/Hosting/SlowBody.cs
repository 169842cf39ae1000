using System.Net;
using System.Text;

namespace Roster.Tests.Hosting;

/// <summary>A body of unknown length, of which a part comes in every 20 ms until it may end.</summary>
internal sealed class SlowBody : HttpContent
{
    private readonly string _start;
    private readonly byte[] _part;
    private readonly string _end;
    private volatile bool _ends;

    public SlowBody(string type, string start, string part, string end)
    {
        (_start, _part, _end) = (start, Encoding.UTF8.GetBytes(part), end);
        Headers.ContentType = new(type);
    }

    public void End() => _ends = true;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(_start));
        do
        {
            await stream.WriteAsync(_part);
            await stream.FlushAsync();
            await Task.Delay(20);
        }
        while (!_ends);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(_end));
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
