using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Roster.Imports;

/// <summary>An encoding that a file may have.</summary>
/// <param name="Lines">
/// Up to <see cref="ImportLimits.Samples"/> of its lines that have other characters than ASCII, as they read in this
/// encoding; long lines are cut around the first of these characters.
/// </param>
public sealed record EncodingSample(string Encoding, IReadOnlyList<string> Lines);

/// <summary>
/// Finds a text file's encoding. By its byte order mark; else UTF-16 if nearly every other byte is NUL; else UTF-8 if
/// the whole file is strictly valid. Otherwise it is unknown, and is never guessed.
/// </summary>
internal static class EncodingDetector
{
    private const int BufferSize = 64 << 10;

    /// <summary>
    /// Every other byte is NUL: at least this share of the bytes at even or odd places, and none at the others.
    /// </summary>
    private const double NulShare = 0.5;

    /// <summary>
    /// Controls but white space, end of file (DOS) and separators; private use, where .NET puts bytes without a
    /// character; and the replacement character.
    /// </summary>
    private static readonly SearchValues<char> NoText = SearchValues.Create(
    [
        .. Enumerable.Range(0, 0x09).Concat(Enumerable.Range(0x0E, 0x1A - 0x0E)).Concat(Enumerable.Range(0x80, 0x20))
            .Concat(Enumerable.Range(0xE000, 0xF900 - 0xE000)).Append(0xFFFD).Select(one => (char)one),
    ]);

    /// <summary>Reads the file once, from its start. Needs 64 KiB of memory.</summary>
    /// <returns>A name of <see cref="TextEncodings"/>; null if a person has to be asked.</returns>
    /// <exception cref="FileRefusedException">The file is empty, or it has only NUL bytes.</exception>
    public static string? Detect(Stream file)
    {
        file.Position = 0;
        var buffer = new byte[BufferSize];
        var (length, torn) = (0L, 0);
        var isUtf8 = true;
        Span<long> nuls = stackalloc long[2];
        for (int read; (read = file.ReadAtLeast(buffer.AsSpan(torn), BufferSize - torn, throwOnEndOfStream: false)) > 0;)
        {
            var bytes = buffer.AsSpan(0, torn + read);
            if (length == 0 && TextEncodings.Marked(bytes) is { } mark)
                return mark.Name;
            CountNuls(bytes[torn..], length, nuls);
            length += read;
            if (isUtf8)
                isUtf8 = IsUtf8(bytes, out torn);
            torn = isUtf8 ? torn : 0;
            bytes[^torn..].CopyTo(buffer);
        }
        if (length == 0)
            throw FileRefusals.Empty();
        if (nuls[0] + nuls[1] == length)
            throw FileRefusals.NoTable("a file of NUL bytes only", "It was damaged when it was copied or saved; get it again.");
        if (nuls[1] > length / 2 * NulShare && nuls[0] == 0)
            return TextEncodings.Utf16Le;
        if (nuls[0] > length / 2 * NulShare && nuls[1] == 0)
            return TextEncodings.Utf16Be;
        return isUtf8 && torn == 0 ? TextEncodings.Utf8 : null;
    }

    private static void CountNuls(ReadOnlySpan<byte> bytes, long position, Span<long> nuls)
    {
        for (int at; (at = bytes.IndexOf((byte)0)) >= 0; bytes = bytes[(at + 1)..], position += at + 1)
            nuls[(int)((position + at) & 1)]++;
    }

    /// <param name="torn">Length of the incomplete code point at the end.</param>
    private static bool IsUtf8(ReadOnlySpan<byte> bytes, out int torn)
    {
        torn = 0;
        for (var length = 1; length < 4 && length <= bytes.Length; length++)
        {
            if ((bytes[^length] & 0xC0) == 0x80)
                continue;
            if (Rune.DecodeFromUtf8(bytes[^length..], out _, out _) == OperationStatus.NeedMoreData)
                torn = length;
            break;
        }
        return Utf8.IsValid(bytes[..^torn]);
    }

    /// <summary>
    /// The encodings that the file may have: those that decode all of it without characters that no text has, such as
    /// most controls. Reads the file once for each.
    /// </summary>
    public static IReadOnlyList<EncodingSample> Candidates(Stream file)
    {
        var candidates = new List<EncodingSample>();
        foreach (var name in TextEncodings.Asked)
        {
            var lines = new SampleLines();
            if (FirstFault(file, name, lines) is null)
                candidates.Add(new EncodingSample(name, lines.End()));
        }
        return candidates;
    }

    /// <summary>Decodes the whole file.</summary>
    /// <param name="lines">
    /// Is given the text, and makes the check stricter as in <see cref="Candidates"/>; may be null.
    /// </param>
    /// <returns>The offset of the first bytes that are not in the encoding; null if there are none.</returns>
    public static long? FirstFault(Stream file, string name, SampleLines? lines)
    {
        file.Position = 0;
        var decoder = TextEncodings.Named(name).GetDecoder();
        var bytes = new byte[BufferSize];
        var chars = new char[BufferSize + 16];
        var position = 0L;
        try
        {
            for (int read; ; position += read)
            {
                read = file.ReadAtLeast(bytes, BufferSize, throwOnEndOfStream: false);
                var text = chars.AsSpan(0, decoder.GetChars(bytes.AsSpan(0, read), chars, flush: read == 0));
                if (lines is not null && text.IndexOfAny(NoText) >= 0)
                    return position;
                lines?.Add(text);
                if (read == 0)
                    return null;
            }
        }
        catch (DecoderFallbackException fault)
        {
            return position + Math.Max(0, fault.Index);
        }
    }

}
