using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Roster.Bench.Engines;

/// <summary>What the engine alone exported.</summary>
internal sealed record NdjsonExport(long Rows, long Bytes, TimeSpan Elapsed);

/// <summary>Writes partners as the server does, into a reused buffer. The clock runs from the constructor on.</summary>
internal sealed class NdjsonWriter : IDisposable
{
    private const int FlushAt = 64 << 10;

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly ArrayBufferWriter<byte> _buffer = new(2 * FlushAt);
    private readonly Utf8JsonWriter _json;
    private Timestamp _time;
    private byte[] _timeText = [];
    private long _rows;
    private long _bytes;

    public NdjsonWriter() => _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    });

    public Utf8JsonWriter StartLine()
    {
        _json.WriteStartObject();
        return _json;
    }

    public void EndLine(long createdAt, long updatedAt)
    {
        _json.WriteString("createdAt"u8, Text(createdAt));
        _json.WriteString("updatedAt"u8, Text(updatedAt));
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        _buffer.Write("\n"u8);
        _rows++;
        if (_buffer.WrittenCount >= FlushAt)
            Empty();
    }

    public NdjsonExport End()
    {
        Empty();
        return new NdjsonExport(_rows, _bytes, Stopwatch.GetElapsedTime(_start));
    }

    public void Dispose() => _json.Dispose();

    private void Empty()
    {
        _bytes += _buffer.WrittenCount;
        _buffer.ResetWrittenCount();
    }

    /// <summary>Rows of a batch have the same time.</summary>
    private byte[] Text(long microseconds)
    {
        if (_timeText.Length == 0 || microseconds != _time.Microseconds)
            (_time, _timeText) = (new Timestamp(microseconds), Encoding.ASCII.GetBytes(new Timestamp(microseconds).ToString()));
        return _timeText;
    }
}
