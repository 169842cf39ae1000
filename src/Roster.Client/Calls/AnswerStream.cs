namespace Roster.Client;

/// <summary>An answer's body: at most so many bytes, and each piece that comes is reported.</summary>
/// <param name="idempotencyKey">Of the write whose answer it is.</param>
internal sealed class AnswerStream(Stream inner, long most, string? idempotencyKey, Action came) : Stream
{
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Took(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Took(inner.Read(buffer, offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Took(int read)
    {
        came();
        return (_read += read) <= most ? read
            : throw new RosterException(RosterErrors.AnswerTooLarge, $"The answer has more than {most} bytes; ask for less at a time.")
            {
                IdempotencyKey = idempotencyKey,
            };
    }
}
