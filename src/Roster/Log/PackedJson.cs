using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Roster.Log;

/// <summary>
/// JSON as the log stores it: one byte for the version, one for the compression (0 none, 1 Brotli), then the JSON. Uses
/// pooled buffers: large arrays would cause a full garbage collection every request or two.
/// </summary>
internal static class PackedJson
{
    public const byte Plain = 0;
    private const byte Brotli = 1;
    public const int HeaderLength = 2;

    /// <summary>Compress from this many bytes of JSON. Below, Brotli saves less than its set-up costs.</summary>
    private const int MinCompressed = 1_024;

    /// <summary>Brotli quality 1 is three times as fast as 2 and a tenth larger.</summary>
    private const int Quality = 1;

    private const int Window = 18;

    private const string Damaged = "Something that is stored is damaged.";

    private static readonly JsonWriterOptions JsonOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly PipeOptions BufferOptions = new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0,
        minimumSegmentSize: 64 << 10, useSynchronizationContext: false);

    public static byte[] Pack(byte version, Action<Utf8JsonWriter> write) => Buffered(
        buffer =>
        {
            using var json = new Utf8JsonWriter(buffer, JsonOptions);
            write(json);
        },
        json => json.Length < MinCompressed ? [version, Plain, .. json.ToArray()]
            : Buffered(buffer => Compress(version, json, buffer), compressed => compressed.ToArray()));

    /// <exception cref="DamagedLogException">The bytes are damaged or of an unknown version.</exception>
    public static T Unpack<T>(byte version, ReadOnlyMemory<byte> packed, JsonTypeInfo<T> type)
        where T : class
    {
        RequireKnown(packed.Span, version);
        var body = packed[HeaderLength..];
        return packed.Span[1] == Plain ? Read(new ReadOnlySequence<byte>(body), type)
            : Buffered(buffer => Decompress(body.Span, buffer), json => Read(json, type));
    }

    /// <summary>Reads stored JSON.</summary>
    /// <exception cref="DamagedLogException">It is damaged.</exception>
    public static T Read<T>(ReadOnlySequence<byte> json, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            var reader = new Utf8JsonReader(json.WithoutEmptyEnd());
            var value = JsonSerializer.Deserialize(ref reader, type);
            return value is null || (value is object?[] items && items.Contains(null)) ? throw new DamagedLogException(Damaged) : value;
        }
        catch (Exception damage) when (damage is JsonException or InvalidOperationException or FormatException)
        {
            throw new DamagedLogException(Damaged, damage);
        }
    }

    /// <exception cref="DamagedLogException">The header is damaged or of an unknown version.</exception>
    /// <param name="newest">The newest known version; the first one is 1.</param>
    public static void RequireKnown(ReadOnlySpan<byte> packed, byte newest)
    {
        if (packed.Length < HeaderLength || packed[0] == 0 || packed[0] > newest || packed[1] > Brotli)
            throw DamagedLogException.OfAnotherVersion();
    }

    /// <summary>Writes into a pooled buffer, then reads it; its memory is valid only during the call.</summary>
    private static T Buffered<T>(Action<IBufferWriter<byte>> write, Func<ReadOnlySequence<byte>, T> read)
    {
        var buffer = new Pipe(BufferOptions);
        try
        {
            write(buffer.Writer);
            buffer.Writer.Complete();
            buffer.Reader.TryRead(out var written);
            return read(written.Buffer);
        }
        finally
        {
            buffer.Writer.Complete();
            buffer.Reader.Complete();
        }
    }

    private static void Compress(byte version, ReadOnlySequence<byte> json, IBufferWriter<byte> packed)
    {
        packed.Write([version, Brotli]);
        var encoder = new BrotliEncoder(Quality, Window);
        try
        {
            var left = json.Length;
            foreach (var part in json)
            {
                left -= part.Length;
                var status = OperationStatus.DestinationTooSmall;
                for (var input = part.Span; status == OperationStatus.DestinationTooSmall;)
                {
                    status = encoder.Compress(input, packed.GetSpan(), out var consumed, out var written, isFinalBlock: left == 0);
                    packed.Advance(written);
                    input = input[consumed..];
                }
            }
        }
        finally
        {
            encoder.Dispose();
        }
    }

    private static void Decompress(ReadOnlySpan<byte> body, IBufferWriter<byte> json)
    {
        var decoder = new BrotliDecoder();
        try
        {
            var status = OperationStatus.DestinationTooSmall;
            while (status == OperationStatus.DestinationTooSmall)
            {
                status = decoder.Decompress(body, json.GetSpan(), out var consumed, out var written);
                json.Advance(written);
                body = body[consumed..];
            }
            if (status != OperationStatus.Done)
                throw new DamagedLogException("The change set is damaged.");
        }
        finally
        {
            decoder.Dispose();
        }
    }
}
