using System.IO.Compression;
using System.IO.Pipelines;
using Microsoft.Net.Http.Headers;
using Roster.Changes;

namespace Roster.Server.Http;

/// <summary>A request's body, from its headers to the reading of its batch.</summary>
internal static class RequestBody
{
    /// <summary>32 MiB, on the wire and after decompression.</summary>
    public const int MaxBytes = 32 << 20;

    private const int ReadAtOnce = 64 << 10;

    /// <summary>Without the switch, .NET takes a gzip body whose end is cut off for whole.</summary>
    static RequestBody() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    /// <returns>Null where the headers promise a body that can be read.</returns>
    public static Problem? Refuse(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (type.Charset.HasValue && !HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
            return Problem.UnsupportedMediaType;
        if (request.Headers.ContentEncoding is not ([] or [null or "" or "identity" or "gzip" or "br"]))
            return Problem.UnsupportedEncoding;
        return request.ContentLength > MaxBytes ? Problem.BodyTooLarge : null;
    }

    /// <summary>Reads the batch as the body comes in.</summary>
    /// <exception cref="BadHttpRequestException">The body is too large (413), too slow (408) or broken HTTP (400).</exception>
    /// <exception cref="BodyEncodingException">The body cannot be decompressed.</exception>
    public static async Task<BatchReading> ReadBatchAsync(HttpRequest request, CancellationToken cancel)
    {
        var body = Open(request);
        var reader = new BatchReader();
        var passed = 0L;
        var wanted = 1;
        while (!reader.IsDone)
        {
            var read = await ReadAsync(body, wanted, cancel);
            var bytes = read.Buffer;
            if (passed + bytes.Length > MaxBytes)
                throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
            var consumed = reader.Read(bytes, read.IsCompleted);
            var left = bytes.Slice(consumed).Length;
            passed += bytes.Length - left;
            body.AdvanceTo(consumed, bytes.End);
            if (read.IsCompleted)
                break;
            // An incomplete token is looked at again from its start: doubling keeps that linear for a huge one.
            wanted = (int)Math.Min(MaxBytes + 1, left * 2 + 1);
        }
        return reader.Finish();
    }

    private static async ValueTask<ReadResult> ReadAsync(PipeReader body, int wanted, CancellationToken cancel)
    {
        try
        {
            return await body.ReadAtLeastAsync(wanted, cancel);
        }
        catch (Exception broken) when (broken is InvalidDataException or InvalidOperationException)
        {
            // What the decompressing streams throw for bytes that are not of their format.
            throw new BodyEncodingException(broken);
        }
    }

    private static PipeReader Open(HttpRequest request)
    {
        Stream? decompressed = request.Headers.ContentEncoding.ToString() switch
        {
            "gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
            "br" => new BrotliStream(request.Body, CompressionMode.Decompress),
            _ => null,
        };
        if (decompressed is null)
            return request.BodyReader;
        request.HttpContext.Response.RegisterForDispose(decompressed);
        return PipeReader.Create(decompressed, new StreamPipeReaderOptions(bufferSize: ReadAtOnce, minimumReadSize: ReadAtOnce / 4));
    }
}

/// <summary>The body is not what its <c>Content-Encoding</c> says.</summary>
internal sealed class BodyEncodingException(Exception inner) : Exception("The body cannot be decompressed.", inner);
