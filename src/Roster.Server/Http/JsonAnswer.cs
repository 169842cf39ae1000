using System.Buffers;
using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Roster.Server.Http;

/// <summary>Sends JSON that is written into pooled memory first, so that its length and the time that took are known.</summary>
internal static class JsonAnswer
{
    private const int SegmentBytes = 64 << 10;

    private static readonly PipeOptions BufferOptions = new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0,
        minimumSegmentSize: SegmentBytes, useSynchronizationContext: false);

    private static readonly JsonWriterOptions JsonOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static Task SendAsync(HttpContext http, Action<Utf8JsonWriter> write, StageTimes? times = null) => SendAsync(http, buffer =>
    {
        using var json = new Utf8JsonWriter(buffer, JsonOptions);
        write(json);
    }, times);

    public static async Task SendAsync(HttpContext http, Action<IBufferWriter<byte>> write, StageTimes? times)
    {
        var buffer = new Pipe(BufferOptions);
        write(buffer.Writer);
        http.Response.ContentLength = buffer.Writer.UnflushedBytes;
        http.Response.ContentType = RequestBody.Json + "; charset=utf-8";
        times?.End("respond");
        times?.Show(http);
        await buffer.Writer.CompleteAsync();
        await buffer.Reader.CopyToAsync(http.Response.BodyWriter, http.RequestAborted);
        await buffer.Reader.CompleteAsync();
    }
}
