using System.Buffers;

namespace Roster;

/// <summary>Bytes for <see cref="System.Text.Json.Utf8JsonReader"/>.</summary>
internal static class JsonSequence
{
    /// <summary>
    /// The same bytes without an empty last piece. Before one, .NET's reader fails at a word that is cut off, such as
    /// <c>tru</c>, with an IndexOutOfRangeException.
    /// </summary>
    public static ReadOnlySequence<byte> WithoutEmptyEnd(this ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsSingleSegment)
            return bytes;
        var (at, end) = (bytes.Start, bytes.Start);
        for (var next = at; bytes.TryGet(ref next, out var piece); at = next)
            if (piece.Length > 0)
                end = new SequencePosition(at.GetObject(), at.GetInteger() + piece.Length);
        return bytes.Slice(bytes.Start, end);
    }
}
