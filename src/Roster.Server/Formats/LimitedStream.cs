namespace Roster.Server.Formats;

/// <summary>
/// A stream of which only so many bytes can be read. Each reading is as long as it can be, so that a fault in packed bytes shows
/// at the same place however they arrive.
/// </summary>
/// <param name="most">Null: no limit.</param>
/// <param name="refusal">What is thrown when there are more.</param>
/// <param name="count">Is told the bytes of each reading, and may throw.</param>
internal sealed class LimitedStream(Stream inner, long? most, Func<Exception> refusal, Action<int>? count = null) : Stream
{
    private long _read;

    /// <summary>Bytes that may be read from now on.</summary>
    public long? Most { get; set; } = most;

    public override bool CanRead => true;

    public override bool CanSeek => inner.CanSeek;

    public override bool CanWrite => false;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => inner.Position = value;
    }

    public override int Read(Span<byte> buffer)
    {
        var read = inner.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        _read += read;
        count?.Invoke(read);
        return _read > Most ? throw refusal() : read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
