using System.Buffers;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Roster.Server.Http;

/// <summary>An answer in JSON that is written into pooled memory first, so that its length is known before any of it is sent.</summary>
internal sealed class JsonAnswer : IDisposable
{
    private const int SegmentBytes = 64 << 10;

    private static readonly PipeOptions BufferOptions = new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0,
        minimumSegmentSize: SegmentBytes, useSynchronizationContext: false);

    private static readonly JsonWriterOptions JsonOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly Pipe _buffer = new(BufferOptions);
    private readonly string _type;
    private readonly long _length;

    private JsonAnswer(string type, Action<IBufferWriter<byte>> write)
    {
        _type = type;
        write(_buffer.Writer);
        _length = _buffer.Writer.UnflushedBytes;
        _buffer.Writer.Complete();
    }

    public static JsonAnswer OfBytes(Action<IBufferWriter<byte>> write) => new(RequestBody.Json, write);

    public static JsonAnswer Of(Action<Utf8JsonWriter> write, string type = RequestBody.Json) => new(type, buffer =>
    {
        using var json = new Utf8JsonWriter(buffer, JsonOptions);
        write(json);
    });

    public static async Task SendAsync(HttpContext http, Action<Utf8JsonWriter> write)
    {
        using var answer = Of(write);
        await answer.SendAsync(http);
    }

    public async Task SendAsync(HttpContext http)
    {
        http.Response.ContentLength = _length;
        http.Response.ContentType = _type + "; charset=utf-8";
        await _buffer.Reader.CopyToAsync(http.Response.BodyWriter, http.RequestAborted);
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _buffer.Reader.Complete();
}
