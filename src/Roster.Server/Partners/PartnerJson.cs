using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Roster.Changes;
using Roster.Server.Http;

namespace Roster.Server.Partners;

/// <summary>Writes partners as JSON objects: the six published keys, then those that are set or asked for.</summary>
internal sealed class PartnerJson(IBufferWriter<byte> buffer, IncludedFields include) : IDisposable
{
    private static readonly JsonWriterOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private static readonly JsonEncodedText Id = JsonEncodedText.Encode("id");
    private static readonly JsonEncodedText Name = JsonEncodedText.Encode("name");
    private static readonly JsonEncodedText Email = JsonEncodedText.Encode("email");
    private static readonly JsonEncodedText Phone = JsonEncodedText.Encode("phone");
    private static readonly JsonEncodedText CreatedAt = JsonEncodedText.Encode("createdAt");
    private static readonly JsonEncodedText UpdatedAt = JsonEncodedText.Encode("updatedAt");
    private static readonly JsonEncodedText ExternalId = JsonEncodedText.Encode("externalId");
    private static readonly JsonEncodedText Revision = JsonEncodedText.Encode("revision");
    private static readonly JsonEncodedText DeletedAt = JsonEncodedText.Encode("deletedAt");

    private readonly Utf8JsonWriter _json = new(buffer, Options);
    private TimeText _createdAt = new();
    private TimeText _updatedAt = new();

    public void WriteArray(IEnumerable<Partner> partners)
    {
        _json.WriteStartArray();
        foreach (var partner in partners)
            Write(partner);
        _json.WriteEndArray();
    }

    /// <summary>A page of the feed. Deleted partners always say when they were deleted.</summary>
    public void WriteFeed(IEnumerable<Partner> partners, string next, bool hasMore)
    {
        _json.WriteStartObject();
        _json.WriteStartArray("partners");
        foreach (var partner in partners)
            Write(partner, partner.DeletedAt is null ? include : include | IncludedFields.DeletedAt);
        _json.WriteEndArray();
        _json.WriteString("next", next);
        _json.WriteBoolean("more", hasMore);
        _json.WriteEndObject();
    }

    public void Write(Partner partner) => Write(partner, include);

    private void Write(Partner partner, IncludedFields include)
    {
        _json.WriteStartObject();
        _json.WriteString(Id, partner.Id);
        if (History.IsKept(partner))
        {
            _json.WriteString(Name, partner.Name);
        }
        else
        {
            // As it was then, and that is not kept any more.
            _json.WriteNull(Name);
            _json.WriteBoolean("gone", true);
        }
        _json.WriteString(Email, partner.Email);
        _json.WriteString(Phone, partner.Phone);
        _json.WriteString(CreatedAt, _createdAt.Of(partner.CreatedAt));
        _json.WriteString(UpdatedAt, _updatedAt.Of(partner.UpdatedAt));
        if (partner.ExternalId is not null)
            _json.WriteString(ExternalId, partner.ExternalId);
        if (include.HasFlag(IncludedFields.Revision))
            _json.WriteNumber(Revision, partner.Revision);
        if (include.HasFlag(IncludedFields.DeletedAt))
            _json.WriteString(DeletedAt, partner.DeletedAt?.ToString());
        _json.WriteEndObject();
    }

    /// <summary>Writes the partner on a line of its own.</summary>
    public void WriteLine(Partner partner)
    {
        Write(partner);
        _json.Flush();
        _json.Reset();
        buffer.Write("\n"u8);
    }

    public void Dispose() => _json.Dispose();

    /// <summary>A time as text. Rows of one change set share their time, so most often it is the one before.</summary>
    private struct TimeText
    {
        private readonly byte[] _text = new byte[Timestamp.TextLength];
        private Timestamp? _time;

        public TimeText()
        {
        }

        public ReadOnlySpan<byte> Of(Timestamp time)
        {
            if (time != _time)
                time.Format(_text);
            _time = time;
            return _text;
        }
    }
}
