using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.Net.Http.Headers;
using Roster.Batches;
using Roster.Server.Guard;

namespace Roster.Server.Http;

/// <summary>The body of a request, from its headers to the reading of its batch.</summary>
internal static class RequestBody
{
    /// <summary>32 MiB, as sent and after decompression.</summary>
    public const int MaxBytes = 32 << 20;

    public const string Json = "application/json";

    /// <summary>
    /// The changes, if a write prefers them in its answer. They are not the partners, so they have another media type.
    /// </summary>
    public const string Changes = "application/vnd.roster.changes+json";
    public const string Ndjson = "application/x-ndjson";
    public const string Csv = "text/csv";
    public const string TabSeparated = "text/tab-separated-values";

    private const int ReadAtOnce = 64 << 10;

    /// <summary>Without the switch, .NET accepts a gzip body whose end is missing.</summary>
    static RequestBody() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    /// <summary>Checks the headers only.</summary>
    /// <param name="types">The media types that the endpoint accepts.</param>
    /// <returns>Null if the body can be read.</returns>
    public static Problem? Refuse(HttpRequest request, params ReadOnlySpan<string> types)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !types.Contains(FormatOf(type)) || !IsUtf8(type))
            return Problem.UnsupportedMediaType(types);
        if (FormatOf(type) == Csv && Divider(type) is null)
            return Problem.UnknownDelimiter;
        if (Encoding(request) is null)
            return Problem.UnsupportedEncoding;
        return request.ContentLength > MaxBytes ? Problem.BodyTooLarge : null;
    }

    /// <summary>The format of a media type; a format has several names.</summary>
    /// <returns>
    /// A constant from above, with <see cref="Csv"/> for all formats of cells; else the type in lower case.
    /// </returns>
    public static string FormatOf(MediaTypeHeaderValue type) => type.MediaType.ToString().ToLowerInvariant() switch
    {
        "application/ndjson" or "application/jsonl" or "application/jsonlines" or "application/x-jsonlines"
            or "application/json-seq" => Ndjson,
        "application/csv" or TabSeparated => Csv,
        var other => other,
    };

    public static bool IsCsv(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && FormatOf(type) == Csv;

    /// <summary>The character between the cells of CSV.</summary>
    /// <returns>Null if the delimiter's name is unknown.</returns>
    public static char? Divider(MediaTypeHeaderValue type) => Parameter(type, "delimiter") is { } name ? CsvFormat.Named(name)
        : type.MediaType.Equals(TabSeparated, StringComparison.OrdinalIgnoreCase) ? '\t' : ',';

    /// <summary>Whether a spreadsheet has written the CSV or will read it.</summary>
    public static bool IsForSpreadsheets(MediaTypeHeaderValue type) =>
        "spreadsheet".Equals(Parameter(type, "profile"), StringComparison.OrdinalIgnoreCase);

    private static string? Parameter(MediaTypeHeaderValue type, string name) =>
        type.Parameters.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } parameter
            ? HeaderUtilities.RemoveQuotes(parameter.Value).ToString() : null;

    /// <summary>Reads the batch as the body comes in.</summary>
    /// <exception cref="BadHttpRequestException">The body is too large (413), too slow (408) or broken HTTP (400).</exception>
    /// <exception cref="BodyEncodingException">The body cannot be decompressed.</exception>
    /// <param name="ignoresColumns">Whether unknown columns of CSV are ignored.</param>
    /// <param name="isHashed">Whether to hash the body, which takes a millisecond or two for a full batch.</param>
    /// <returns>The batch, SHA-256 of the uncompressed body, and the number of ignored columns.</returns>
    public static async Task<(BatchReading Reading, byte[]? Hash, int? IgnoredColumns)> ReadBatchAsync(
        HttpRequest request, BatchBuilder batch, bool ignoresColumns, bool isHashed, CancellationToken cancel)
    {
        using var hash = isHashed ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        using var arriving = Arriving(request);
        var body = Open(request);
        var type = MediaTypeHeaderValue.Parse(request.ContentType);
        BatchReader reader = FormatOf(type) switch
        {
            Ndjson => new NdjsonBatchReader(batch),
            Csv => new CsvBatchReader(batch, new CsvFormat(Divider(type)!.Value, IsForSpreadsheets(type), ignoresColumns)),
            _ => new JsonBatchReader(batch),
        };
        var passed = 0L;
        var wanted = 1;
        while (!reader.IsDone)
        {
            var read = await ReadAsync(body, wanted, passed, arriving, cancel);
            var bytes = read.Buffer;
            if (passed + bytes.Length > MaxBytes)
                throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
            var consumed = reader.Read(bytes, read.IsCompleted);
            var left = bytes.Slice(consumed).Length;
            if (hash is not null)
                foreach (var part in read.IsCompleted ? bytes : bytes.Slice(0, consumed))
                    hash.AppendData(part.Span);
            passed += bytes.Length - left;
            body.AdvanceTo(consumed, bytes.End);
            if (read.IsCompleted)
                break;
            // An incomplete token is read again from its start: doubling the size keeps that linear.
            wanted = (int)Math.Min(MaxBytes + 1, left * 2 + 1);
        }
        return (reader.Finish(), hash?.GetHashAndReset(), ignoresColumns ? (reader as CsvBatchReader)?.IgnoredColumns : null);
    }

    /// <summary>Checks only how the body is compressed, whatever it is.</summary>
    public static Problem? RefuseEncoding(HttpRequest request) => Encoding(request) is null ? Problem.UnsupportedEncoding : null;

    /// <returns>Null if there is more than one, or one that cannot be decoded.</returns>
    private static string? Encoding(HttpRequest request)
    {
        var encodings = request.Headers.ContentEncoding;
        var encoding = encodings.Count == 0 || encodings.ToString().Length == 0 ? "identity" : encodings.ToString().ToLowerInvariant();
        return encoding is "identity" or "gzip" or "br" ? encoding : null;
    }

    private static bool IsUtf8(MediaTypeHeaderValue type) => !type.Charset.HasValue
        || HeaderUtilities.RemoveQuotes(type.Charset).ToString().ToLowerInvariant() is "utf-8" or "utf8";

    /// <returns>Null if the body holds no memory.</returns>
    private static ArrivingBodies.Body? Arriving(HttpRequest request) => request.HttpContext.Features.Get<ArrivingBodies.Body>();

    private static async ValueTask<ReadResult> ReadAsync(
        PipeReader body, int wanted, long passed, ArrivingBodies.Body? arriving, CancellationToken cancel)
    {
        try
        {
            return await (arriving?.ReadAtLeastAsync(body, wanted, passed) ?? body.ReadAtLeastAsync(wanted, cancel));
        }
        catch (Exception broken) when (MeaningOf(broken) is { } meaning)
        {
            throw meaning;
        }
    }

    /// <summary>Reads a block of a body of any length.</summary>
    /// <param name="body">Of <see cref="OpenStream"/>.</param>
    /// <returns>The bytes read; fewer than the block has only at the end.</returns>
    /// <inheritdoc cref="ReadBatchAsync" path="/exception"/>
    public static async ValueTask<int> ReadBlockAsync(Stream body, byte[] block, CancellationToken cancel)
    {
        try
        {
            return await body.ReadAtLeastAsync(block, block.Length, throwOnEndOfStream: false, cancel);
        }
        catch (Exception broken) when (MeaningOf(broken) is { } meaning)
        {
            throw meaning;
        }
    }

    /// <returns>Null if the failure says by itself what it is.</returns>
    private static Exception? MeaningOf(Exception broken) => broken switch
    {
        // The decompressing streams throw these for invalid data.
        InvalidDataException or InvalidOperationException => new BodyEncodingException(broken),
        // Kestrel throws this for an invalid chunk size.
        IOException and not BadHttpRequestException and not ConnectionResetException =>
            new BadHttpRequestException("The body is not valid HTTP.", broken),
        _ => null,
    };

    /// <summary>Reads a small body as a whole.</summary>
    /// <returns>Null if it is larger.</returns>
    /// <inheritdoc cref="ReadBatchAsync" path="/exception"/>
    public static async Task<byte[]?> ReadAllAsync(HttpRequest request, int maxBytes, CancellationToken cancel)
    {
        using var arriving = Arriving(request);
        var body = Open(request);
        while (true)
        {
            var read = await ReadAsync(body, 1, 0, arriving, cancel);
            var isTooLarge = read.Buffer.Length > maxBytes;
            var whole = read.IsCompleted && !isTooLarge ? read.Buffer.ToArray() : null;
            body.AdvanceTo(isTooLarge || read.IsCompleted ? read.Buffer.End : read.Buffer.Start, read.Buffer.End);
            if (isTooLarge || read.IsCompleted)
                return whole;
        }
    }

    /// <summary>The decompressed body.</summary>
    public static Stream OpenStream(HttpRequest request) => Encoding(request) switch
    {
        "gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
        "br" => new BrotliStream(request.Body, CompressionMode.Decompress),
        _ => request.Body,
    };

    private static PipeReader Open(HttpRequest request)
    {
        var body = OpenStream(request);
        if (body == request.Body)
            return request.BodyReader;
        request.HttpContext.Response.RegisterForDispose(body);
        return PipeReader.Create(body, new StreamPipeReaderOptions(bufferSize: ReadAtOnce, minimumReadSize: ReadAtOnce / 4));
    }
}

/// <summary>The body does not match its <c>Content-Encoding</c>.</summary>
internal sealed class BodyEncodingException(Exception inner) : Exception("The body cannot be decompressed.", inner);
