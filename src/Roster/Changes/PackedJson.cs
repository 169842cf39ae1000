using System.IO.Compression;

namespace Roster.Changes;

/// <summary>JSON as the log keeps it: one byte for the version (1), one for the compression (0 none, 1 Brotli), then the JSON.</summary>
internal static class PackedJson
{
    private const byte Version = 1;
    private const byte Plain = 0;
    private const byte Brotli = 1;
    private const int HeaderLength = 2;

    /// <summary>Below this many bytes of JSON, Brotli saves less than its own set-up costs.</summary>
    private const int MinCompressed = 1_024;

    /// <summary>Quality 1: three times as fast as the next one, for a tenth more bytes.</summary>
    private const int Quality = 1;

    private const int Window = 18;

    public static ReadOnlyMemory<byte> Pack(ReadOnlySpan<byte> json)
    {
        var isCompressed = json.Length >= MinCompressed;
        var packed = new byte[HeaderLength + (isCompressed ? BrotliEncoder.GetMaxCompressedLength(json.Length) : json.Length)];
        packed[0] = Version;
        packed[1] = isCompressed ? Brotli : Plain;
        var body = packed.AsSpan(HeaderLength);
        if (!isCompressed)
        {
            json.CopyTo(body);
            return packed;
        }
        if (!BrotliEncoder.TryCompress(json, body, out var length, Quality, Window))
            throw new InvalidOperationException("Brotli needed more room than its own bound.");
        return packed.AsMemory(0, HeaderLength + length);
    }

    /// <exception cref="InvalidDataException">The bytes are not of a version that this code knows.</exception>
    public static ReadOnlyMemory<byte> Unpack(ReadOnlyMemory<byte> packed)
    {
        if (packed.Length < HeaderLength || packed.Span[0] != Version || packed.Span[1] > Brotli)
            throw new InvalidDataException("The change set is in an encoding that this version of Roster does not know.");
        var body = packed[HeaderLength..];
        return packed.Span[1] == Plain ? body : Decompress(body);
    }

    private static ReadOnlyMemory<byte> Decompress(ReadOnlyMemory<byte> body)
    {
        var json = new MemoryStream();
        using var stream = new BrotliStream(new MemoryStream(body.ToArray()), CompressionMode.Decompress);
        stream.CopyTo(json);
        return json.GetBuffer().AsMemory(0, (int)json.Length);
    }
}
