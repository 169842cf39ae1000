using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Roster.Partners;
using Roster.Server.Http;

namespace Roster.Server.Formats;

/// <summary>
/// Writes partners as JSON objects: the six published keys, then those that are set or included. Escapes only quotes,
/// backslashes and control characters (RFC 8259 section 7). Takes three quarters of the time of
/// <see cref="Utf8JsonWriter"/>, which matters for answers of 10,000 and exports of millions.
/// </summary>
internal sealed class PartnerJson(IBufferWriter<byte> buffer, IncludedFields include) : IDisposable
{
    /// <summary>Bytes requested from the buffer at once, unless a partner may need more.</summary>
    private const int RoomBytes = 4_096;

    /// <summary>Most bytes of all keys, an id, two times, a number and punctuation.</summary>
    private const int MaxBytesWithoutTexts = 512;

    /// <summary>Most bytes of a UTF-16 unit: an escaped control character such as <c>\u0001</c>.</summary>
    private const int MaxBytesPerChar = 6;

    private static readonly SearchValues<char> Escaped =
        SearchValues.Create(['"', '\\', .. Enumerable.Range(0, ' ').Select(code => (char)code)]);

    /// <summary>The fields that are always written, each with the JSON before its value.</summary>
    private static readonly (PartnerField Field, byte[] Key)[] Always = Keys(isShownWhenNull: true);

    /// <summary>The fields that are written if there is a value.</summary>
    private static readonly (PartnerField Field, byte[] Key)[] WhereSet = Keys(isShownWhenNull: false);

    private readonly byte[] _createdAt = new byte[Timestamp.TextLength];
    private readonly byte[] _updatedAt = new byte[Timestamp.TextLength];
    private Timestamp? _created;
    private Timestamp? _updated;
    private Memory<byte> _room;
    private int _used;

    public void WriteArray(IEnumerable<Partner> partners)
    {
        Append("["u8);
        WriteItems(partners);
        Append("]"u8);
    }

    /// <summary>Writes a page of the feed. Deleted partners always have deletedAt.</summary>
    public void WriteFeed(IEnumerable<Partner> partners, string next, bool hasMore)
    {
        Append("{\"partners\":["u8);
        WriteItems(partners, isFeed: true);
        Append("],\"next\":\""u8);
        Append(JsonEncodedText.Encode(next).EncodedUtf8Bytes);
        Append(hasMore ? "\",\"more\":true}"u8 : "\",\"more\":false}"u8);
    }

    public void Write(Partner partner) => Write(partner, include);

    /// <summary>Writes the partner and a line feed.</summary>
    public void WriteLine(Partner partner)
    {
        Write(partner);
        Append("\n"u8);
    }

    /// <summary>Passes the written bytes to the buffer.</summary>
    public void Dispose() => HandOver();

    private void WriteItems(IEnumerable<Partner> partners, bool isFeed = false)
    {
        var isFirst = true;
        foreach (var partner in partners)
        {
            if (!isFirst)
                Append(","u8);
            isFirst = false;
            Write(partner, isFeed && partner.DeletedAt is not null ? include | IncludedFields.DeletedAt : include);
        }
    }

    private void Write(Partner partner, IncludedFields include)
    {
        var json = new Text(Room(MaxBytesWithoutTexts + (partner.Values.CountUnits() * MaxBytesPerChar)));
        json.Add("{\"id\":\""u8);
        json.Add(partner.Id);
        json.Add("\""u8);
        foreach (var (field, key) in Always)
        {
            AddValue(field, key, ref json);
            if (field == PartnerField.Name && !partner.HasValues)
                // An earlier state whose values were removed.
                json.Add(",\"gone\":true"u8);
        }
        json.Add(",\"createdAt\":\""u8);
        json.Add(TextOf(partner.CreatedAt, ref _created, _createdAt));
        json.Add("\",\"updatedAt\":\""u8);
        json.Add(TextOf(partner.UpdatedAt, ref _updated, _updatedAt));
        json.Add("\""u8);
        foreach (var (field, key) in WhereSet)
            if (partner.Values[field] is not null)
                AddValue(field, key, ref json);
        if (include.HasFlag(IncludedFields.Revision))
        {
            json.Add(",\"revision\":"u8);
            json.Add(partner.Revision);
        }
        if (include.HasFlag(IncludedFields.DeletedAt))
        {
            json.Add(",\"deletedAt\":"u8);
            json.AddQuoted(partner.DeletedAt?.ToString());
        }
        json.Add("}"u8);
        _used += json.Length;

        void AddValue(PartnerField field, byte[] key, ref Text json)
        {
            json.Add(key);
            var text = partner.Values[field];
            if (field.Kind == FieldKind.Tags)
                json.AddTags(text!);
            else if (field.Kind == FieldKind.Metadata)
                // Metadata is stored as JSON.
                json.AddUtf8(text);
            else
                json.AddQuoted(text);
        }
    }

    private static (PartnerField Field, byte[] Key)[] Keys(bool isShownWhenNull) =>
    [
        .. PartnerField.Values.Where(field => field.IsShownWhenNull == isShownWhenNull)
            .Select(field => (field, Encoding.ASCII.GetBytes($",\"{field}\":"))),
    ];

    private void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        _used += bytes.Length;
    }

    private Span<byte> Room(int length)
    {
        if (_room.Length - _used < length)
        {
            HandOver();
            _room = buffer.GetMemory(Math.Max(length, RoomBytes));
        }
        return _room.Span[_used..];
    }

    private void HandOver()
    {
        if (_used > 0)
            buffer.Advance(_used);
        _used = 0;
        _room = default;
    }

    /// <summary>A time as text. Rows of one change set share their time, so the last text is reused.</summary>
    private static byte[] TextOf(Timestamp time, ref Timestamp? last, byte[] text)
    {
        if (time != last)
            time.Format(text);
        last = time;
        return text;
    }

    /// <summary>Appends text to a span that is large enough.</summary>
    private ref struct Text(Span<byte> room)
    {
        private readonly Span<byte> _room = room;

        public int Length { get; private set; }

        public void Add(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_room[Length..]);
            Length += bytes.Length;
        }

        public void Add(Guid id)
        {
            id.TryFormat(_room[Length..], out var length);
            Length += length;
        }

        public void Add(long number)
        {
            Utf8Formatter.TryFormat(number, _room[Length..], out var length);
            Length += length;
        }

        public void AddQuoted(string? text)
        {
            if (text is null)
            {
                Add("null"u8);
                return;
            }
            _room[Length++] = (byte)'"';
            var unwritten = text.AsSpan();
            while (unwritten.IndexOfAny(Escaped) is >= 0 and var at)
            {
                AddUtf8(unwritten[..at]);
                AddEscape(unwritten[at]);
                unwritten = unwritten[(at + 1)..];
            }
            AddUtf8(unwritten);
            _room[Length++] = (byte)'"';
        }

        public void AddTags(string tags)
        {
            _room[Length++] = (byte)'[';
            foreach (var tag in TagText.Split(tags))
            {
                if (_room[Length - 1] != (byte)'[')
                    _room[Length++] = (byte)',';
                AddQuoted(tag);
            }
            _room[Length++] = (byte)']';
        }

        public void AddUtf8(ReadOnlySpan<char> text) => Length += Encoding.UTF8.GetBytes(text, _room[Length..]);

        private void AddEscape(char escaped)
        {
            if (escaped is '"' or '\\')
                Add(escaped == '"' ? "\\\""u8 : "\\\\"u8);
            else
                AddUtf8($"\\u{(int)escaped:x4}");
        }
    }
}
