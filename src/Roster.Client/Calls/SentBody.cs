using System.Net;
using System.Net.Http.Headers;

namespace Roster.Client;

/// <summary>A body that says whenever a piece of it was sent, so that a slow line is not taken for a dead one.</summary>
/// <param name="open">Opens the body anew for each attempt.</param>
/// <param name="length">Null if it is not known.</param>
/// <param name="sent">Told how many bytes were sent in all.</param>
internal sealed class SentBody(Func<Stream> open, long? length, Action<long> sent) : HttpContent
{
    private const int Piece = 64 << 10;

    private readonly long? _length = length;

    public static SentBody Of(byte[] bytes, string type, Action sent) =>
        new(() => new MemoryStream(bytes, writable: false), bytes.Length, _ => sent()) { Headers = { ContentType = Parse(type) } };

    public static MediaTypeHeaderValue Parse(string type) => MediaTypeHeaderValue.Parse(type);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var piece = new byte[Piece];
        var body = open();
        await using (body.ConfigureAwait(false))
        {
            int read;
            for (var total = 0L; (read = await body.ReadAsync(piece, cancellationToken).ConfigureAwait(false)) > 0;)
            {
                await stream.WriteAsync(piece.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                sent(total += read);
            }
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length ?? 0;
        return _length is not null;
    }
}
