using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.Net.Http.Headers;
using Roster.Batches;

namespace Roster.Server.Http;

/// <summary>A request's body, from its headers to the reading of its batch.</summary>
internal static class RequestBody
{
    /// <summary>32 MiB, on the wire and after decompression.</summary>
    public const int MaxBytes = 32 << 20;

    public const string Json = "application/json";

    /// <summary>What changes, in the answer to a write that prefers it: another media type, because it is not the partners.</summary>
    public const string Changes = "application/vnd.roster.changes+json";
    public const string Ndjson = "application/x-ndjson";
    public const string Csv = "text/csv";
    public const string TabSeparated = "text/tab-separated-values";

    private const int ReadAtOnce = 64 << 10;

    /// <summary>Without the switch, .NET takes a gzip body whose end is cut off for whole.</summary>
    static RequestBody() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    /// <summary>Looks at the headers alone.</summary>
    /// <param name="types">The media types that the call takes.</param>
    /// <returns>Null where they promise a body that can be read.</returns>
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

    /// <summary>The format that a media type names, by whichever of its names.</summary>
    /// <returns>One of those above, <see cref="Csv"/> for all that is divided into cells; otherwise the type as it is, in small letters.</returns>
    public static string FormatOf(MediaTypeHeaderValue type) => type.MediaType.ToString().ToLowerInvariant() switch
    {
        "application/ndjson" or "application/jsonl" or "application/jsonlines" or "application/x-jsonlines" or "application/json-seq" => Ndjson,
        "application/csv" or TabSeparated => Csv,
        var other => other,
    };

    public static bool IsCsv(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type) && FormatOf(type) == Csv;

    /// <summary>What stands between the cells of such CSV.</summary>
    /// <returns>Null where it is none that is known.</returns>
    public static char? Divider(MediaTypeHeaderValue type) => Parameter(type, "delimiter") is { } name ? CsvFormat.Named(name)
        : type.MediaType.Equals(TabSeparated, StringComparison.OrdinalIgnoreCase) ? '\t' : ',';

    /// <summary>Whether a spreadsheet has written it, or is to read it.</summary>
    public static bool IsForSpreadsheets(MediaTypeHeaderValue type) =>
        "spreadsheet".Equals(Parameter(type, "profile"), StringComparison.OrdinalIgnoreCase);

    private static string? Parameter(MediaTypeHeaderValue type, string name) =>
        type.Parameters.FirstOrDefault(one => one.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } parameter
            ? HeaderUtilities.RemoveQuotes(parameter.Value).ToString() : null;

    /// <summary>Reads the batch as the body comes in.</summary>
    /// <exception cref="BadHttpRequestException">The body is too large (413), too slow (408) or broken HTTP (400).</exception>
    /// <exception cref="BodyEncodingException">The body cannot be decompressed.</exception>
    /// <param name="ignoresColumns">Whether columns of CSV that are no field are passed over.</param>
    /// <param name="isHashed">Whether the body's hash is wanted, which takes a millisecond or two for a full batch.</param>
    /// <returns>The batch, SHA-256 of the body as it is without compression, and how many columns were passed over.</returns>
    public static async Task<(BatchReading Reading, byte[]? Hash, int? IgnoredColumns)> ReadBatchAsync(
        HttpRequest request, BatchBuilder batch, bool ignoresColumns, bool isHashed, CancellationToken cancel)
    {
        using var hash = isHashed ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
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
            var read = await ReadAsync(body, wanted, cancel);
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
            // What is incomplete is looked at again from its start: doubling keeps that linear for a huge token.
            wanted = (int)Math.Min(MaxBytes + 1, left * 2 + 1);
        }
        return (reader.Finish(), hash?.GetHashAndReset(), ignoresColumns ? (reader as CsvBatchReader)?.IgnoredColumns : null);
    }

    /// <returns>Null where it is not one that can be read, or more than one.</returns>
    private static string? Encoding(HttpRequest request)
    {
        var encodings = request.Headers.ContentEncoding;
        var encoding = encodings.Count == 0 || encodings.ToString().Length == 0 ? "identity" : encodings.ToString().ToLowerInvariant();
        return encoding is "identity" or "gzip" or "br" ? encoding : null;
    }

    private static bool IsUtf8(MediaTypeHeaderValue type) => !type.Charset.HasValue
        || HeaderUtilities.RemoveQuotes(type.Charset).ToString().ToLowerInvariant() is "utf-8" or "utf8";

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
        catch (IOException broken) when (broken is not BadHttpRequestException and not ConnectionResetException)
        {
            // What Kestrel throws for a chunk size that is no number it knows.
            throw new BadHttpRequestException("The body is not valid HTTP.", broken);
        }
    }

    /// <summary>Reads a small body whole.</summary>
    /// <returns>Null where it is larger than this.</returns>
    /// <inheritdoc cref="ReadBatchAsync" path="/exception"/>
    public static async Task<byte[]?> ReadAllAsync(HttpRequest request, int maxBytes, CancellationToken cancel)
    {
        var body = Open(request);
        while (true)
        {
            var read = await ReadAsync(body, 1, cancel);
            var isTooLarge = read.Buffer.Length > maxBytes;
            var whole = read.IsCompleted && !isTooLarge ? read.Buffer.ToArray() : null;
            body.AdvanceTo(isTooLarge || read.IsCompleted ? read.Buffer.End : read.Buffer.Start, read.Buffer.End);
            if (isTooLarge || read.IsCompleted)
                return whole;
        }
    }

    /// <summary>The body as it was before it was compressed.</summary>
    private static Stream OpenStream(HttpRequest request) => Encoding(request) switch
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

/// <summary>The body is not what its <c>Content-Encoding</c> says.</summary>
internal sealed class BodyEncodingException(Exception inner) : Exception("The body cannot be decompressed.", inner);
