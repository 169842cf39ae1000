using System.Buffers;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using Roster.Server.Guard;
using Roster.Server.Http;

namespace Roster.Server.Formats;

/// <summary>
/// An answer, or a part of one, serialised into pooled memory first: its length is known before it is sent, and its
/// source objects can be released.
/// </summary>
internal sealed class JsonAnswer : IDisposable
{
    private const int SegmentBytes = 64 << 10;
    private const string Utf8 = "; charset=utf-8";

    private static readonly PipeOptions BufferOptions = new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0,
        minimumSegmentSize: SegmentBytes, useSynchronizationContext: false);

    private static readonly JsonWriterOptions JsonOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly JsonWriterOptions ProblemOptions = JsonOptions with { Indented = true, NewLine = "\n" };

    private readonly Pipe _buffer = new(BufferOptions);
    private readonly string _type;
    private readonly long _length;
    private UnsentAnswers.Sending? _reserved;

    private JsonAnswer(string type, Action<IBufferWriter<byte>> write)
    {
        _type = type;
        write(_buffer.Writer);
        _length = _buffer.Writer.UnflushedBytes;
        _buffer.Writer.Complete();
    }

    /// <summary>The answer where there is no room for this one.</summary>
    public Problem Otherwise { get; set; } = Problem.Overloaded;

    public static JsonAnswer OfBytes(Action<IBufferWriter<byte>> write) => new(RequestBody.Json + Utf8, write);

    public static JsonAnswer Of(Action<Utf8JsonWriter> write, string type = RequestBody.Json) => Of(write, type + Utf8, JsonOptions);

    /// <param name="brief">The same problem in a few words.</param>
    public static JsonAnswer OfProblem(Action<Utf8JsonWriter> write, Problem brief)
    {
        var answer = Of(write, "application/problem+json", ProblemOptions);
        answer.Otherwise = brief;
        return answer;
    }

    private static JsonAnswer Of(Action<Utf8JsonWriter> write, string type, JsonWriterOptions options) => new(type, buffer =>
    {
        using var json = new Utf8JsonWriter(buffer, options);
        write(json);
    });

    public static Task SendAsync(HttpContext http, Action<Utf8JsonWriter> write) => Of(write).SendAsync(http);

    /// <summary>
    /// Sends it as the whole answer. Releases the request's reserved memory first, so the caller must not use its
    /// source objects any more.
    /// </summary>
    /// <param name="isOwed">Whether it reports a completed write; then it is never refused.</param>
    public async Task SendAsync(HttpContext http, bool isOwed = false)
    {
        using (this)
        {
            using var sending = await http.RequestServices.GetRequiredService<UnsentAnswers>().EnterAsync(http, _length, isOwed);
            http.GiveBackMemory();
            if (sending is null)
            {
                // The headers were about this answer, but for one.
                http.Response.Headers.Clear();
                http.Response.Headers[RequestLog.RequestIdHeader] = http.TraceIdentifier;
                await Otherwise.WriteAsync(http);
                return;
            }
            http.Response.ContentLength = _length;
            http.Response.ContentType = _type;
            await CopyAsync(http, sending);
        }
    }

    /// <summary>
    /// Counts it among the unsent answers, as a part of a running answer. Its source objects are not needed any more.
    /// </summary>
    public async Task ReserveAsync(HttpContext http) =>
        _reserved = await http.RequestServices.GetRequiredService<UnsentAnswers>().EnterAsync(http, _length, isOwed: true);

    /// <summary>Sends a part after <see cref="ReserveAsync"/>.</summary>
    public async Task SendPartAsync(HttpContext http)
    {
        using (this)
            await CopyAsync(http, _reserved!);
    }

    /// <summary>Releases the memory.</summary>
    public void Dispose()
    {
        _buffer.Reader.Complete();
        _reserved?.Dispose();
    }

    /// <summary>Sends piece by piece; each piece is released as soon as the connection has it.</summary>
    private async Task CopyAsync(HttpContext http, UnsentAnswers.Sending sending)
    {
        while (await _buffer.Reader.ReadAsync(http.RequestAborted) is { Buffer: { Length: > 0 } left })
        {
            var piece = left.First;
            await http.Response.BodyWriter.WriteAsync(piece, http.RequestAborted);
            _buffer.Reader.AdvanceTo(left.GetPosition(piece.Length));
            sending.Sent(piece.Length);
        }
    }
}
