using System.Buffers;

namespace Roster.Batches;

/// <summary>
/// Reads a body as its bytes arrive. Call <see cref="Read"/> until the body ends or <see cref="IsDone"/>, then
/// <see cref="Finish"/>. Each format has its own reader; the <see cref="BatchBuilder"/> validates for all of them.
/// </summary>
public abstract class BatchReader(BatchBuilder batch)
{
    private bool _isPastStart;
    private bool _isPastBlanks;

    /// <summary>Whether further bytes cannot change the result of <see cref="Finish"/>.</summary>
    public bool IsDone => BodyFault is not null;

    /// <summary>Why the whole body is refused, or null.</summary>
    protected BodyFault? BodyFault { get; set; }

    protected BatchBuilder Batch => batch;

    /// <summary>Reads the complete items.</summary>
    /// <param name="bytes">All bytes not consumed yet.</param>
    /// <param name="isFinal">Whether the body ends with them.</param>
    /// <returns>The end of the consumed bytes.</returns>
    public SequencePosition Read(ReadOnlySequence<byte> bytes, bool isFinal)
    {
        if (!_isPastStart)
        {
            if (bytes.Length < BodyStart.Bytes && !isFinal)
                return bytes.Start;
            _isPastStart = true;
            bytes = bytes.Slice(ReadStart(bytes));
            if (IsDone)
                return bytes.End;
        }
        if (!_isPastBlanks && !(_isPastBlanks = !IsBlank(bytes)))
        {
            if (isFinal)
                BodyFault = new BodyFault(BodyFaultKind.Empty);
            return isFinal ? bytes.End : bytes.Start;
        }
        return ReadItems(bytes, isFinal);
    }

    public BatchReading Finish() => batch.Finish(BodyFault);

    /// <inheritdoc cref="Read"/>
    protected abstract SequencePosition ReadItems(ReadOnlySequence<byte> bytes, bool isFinal);

    protected static bool IsBlank(ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
            if (segment.Span.ContainsAnyExcept(" \t\r\n"u8))
                return false;
        return true;
    }

    /// <returns>The length of the byte order mark.</returns>
    private int ReadStart(ReadOnlySequence<byte> bytes)
    {
        Span<byte> start = stackalloc byte[(int)Math.Min(bytes.Length, BodyStart.Bytes)];
        bytes.Slice(0, start.Length).CopyTo(start);
        if (BodyStart.NoUtf8(start) is { } reason)
            BodyFault = new BodyFault(BodyFaultKind.OtherFormat, Reason: reason);
        return start.StartsWith(BodyStart.ByteOrderMark) ? BodyStart.ByteOrderMark.Length : 0;
    }
}
