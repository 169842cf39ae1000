using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Roster.Changes;
using Roster.Server.Http;

namespace Roster.Server.Partners;

/// <summary>A write's answer: its headers and its partners.</summary>
internal static class PartnerAnswer
{
    private const int SegmentBytes = 64 << 10;

    private static readonly JsonWriterOptions JsonOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly PipeOptions BufferOptions = new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0,
        minimumSegmentSize: SegmentBytes, useSynchronizationContext: false);

    private static readonly JsonEncodedText Id = JsonEncodedText.Encode("id");
    private static readonly JsonEncodedText Name = JsonEncodedText.Encode("name");
    private static readonly JsonEncodedText Email = JsonEncodedText.Encode("email");
    private static readonly JsonEncodedText Phone = JsonEncodedText.Encode("phone");
    private static readonly JsonEncodedText CreatedAt = JsonEncodedText.Encode("createdAt");
    private static readonly JsonEncodedText UpdatedAt = JsonEncodedText.Encode("updatedAt");

    /// <summary>Writes the partners into pooled memory and then sends them, so that their length is known first.</summary>
    public static async Task WriteAsync(HttpContext http, ChangePlan plan, StageTimes times)
    {
        var buffer = new Pipe(BufferOptions);
        Write(buffer.Writer, plan.Answer);
        var response = http.Response;
        response.ContentLength = buffer.Writer.UnflushedBytes;
        response.ContentType = "application/json; charset=utf-8";
        response.Headers["Roster-Revision"] = plan.Revision.Number.ToString(CultureInfo.InvariantCulture);
        response.Headers["Roster-Created"] = plan.Created.ToString(CultureInfo.InvariantCulture);
        response.Headers["Roster-Updated"] = plan.Updated.ToString(CultureInfo.InvariantCulture);
        response.Headers["Roster-Unchanged"] = plan.Unchanged.ToString(CultureInfo.InvariantCulture);
        times.End("respond");
        times.Show(http);
        await buffer.Writer.CompleteAsync();
        await buffer.Reader.CopyToAsync(response.BodyWriter, http.RequestAborted);
        await buffer.Reader.CompleteAsync();
    }

    private static void Write(PipeWriter buffer, IReadOnlyList<Partner> partners)
    {
        using var json = new Utf8JsonWriter(buffer, JsonOptions);
        var createdAt = new TimeText();
        var updatedAt = new TimeText();
        json.WriteStartArray();
        foreach (var partner in partners)
        {
            json.WriteStartObject();
            json.WriteString(Id, partner.Id);
            json.WriteString(Name, partner.Name);
            json.WriteString(Email, partner.Email);
            json.WriteString(Phone, partner.Phone);
            json.WriteString(CreatedAt, createdAt.Of(partner.CreatedAt));
            json.WriteString(UpdatedAt, updatedAt.Of(partner.UpdatedAt));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>A time as text. Rows of one change set share their time, so most often it is the one before.</summary>
    private struct TimeText
    {
        private Timestamp _time;
        private byte[]? _text;

        public ReadOnlySpan<byte> Of(Timestamp time)
        {
            if (_text is null || time != _time)
                (_time, _text) = (time, Encoding.ASCII.GetBytes(time.ToString()));
            return _text;
        }
    }
}
