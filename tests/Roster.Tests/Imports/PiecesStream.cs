namespace Roster.Tests.Imports;

/// <summary>Delivers its bytes in pieces of given lengths, again and again.</summary>
internal sealed class PiecesStream(byte[] bytes, params int[] lengths) : MemoryStream(bytes)
{
    private int _next;

    /// <summary>Spans come here too: a derived <see cref="MemoryStream"/> passes them on.</summary>
    public override int Read(byte[] buffer, int offset, int count) =>
        base.Read(buffer, offset, Math.Min(count, lengths[_next++ % lengths.Length]));
}
