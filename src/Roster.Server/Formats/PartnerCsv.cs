using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Roster.Batches;
using Roster.Partners;
using Roster.Server.Http;

namespace Roster.Server.Formats;

/// <summary>Writes partners as CSV (RFC 4180): a header row, then a record each. <see cref="CsvCell"/> says how values are written.</summary>
internal sealed class PartnerCsv(IBufferWriter<byte> buffer, IncludedFields include, CsvFormat format)
{
    /// <summary>An id, three times, a number, and what stands between cells.</summary>
    private const int MaxBytesWithoutTexts = 256;

    /// <summary>Of a text: its quotation marks, and what a null or a guard adds.</summary>
    private const int MaxBytesAround = 8;

    /// <summary>In UTF-8; a quotation mark, which is doubled, takes less.</summary>
    private const int MaxBytesPerChar = 3;

    /// <summary>Cells with one of these in them are quoted; so are cells that begin or end with a space, which some programs cut off.</summary>
    private readonly SearchValues<char> _quoted = SearchValues.Create([format.Divider, '"', '\r', '\n']);

    /// <summary>For spreadsheets with a byte order mark before it, without which Excel does not read UTF-8.</summary>
    public void WriteHeader()
    {
        var names = new List<string>(["id", .. PartnerField.Values.Select(field => field.WireName), "createdAt", "updatedAt"]);
        if (include.HasFlag(IncludedFields.Revision))
            names.Add("revision");
        if (include.HasFlag(IncludedFields.DeletedAt))
            names.Add("deletedAt");
        Encoding.UTF8.GetBytes((format.IsSpreadsheet ? "\uFEFF" : "") + string.Join(format.Divider, names) + "\r\n", buffer);
    }

    public void Write(Partner partner)
    {
        string[] texts = [.. PartnerField.Values.Select(field => CsvCell.Write(partner.Values[field], format.IsSpreadsheet))];
        var room = buffer.GetSpan(MaxBytesWithoutTexts + texts.Sum(text => (text.Length * MaxBytesPerChar) + MaxBytesAround));
        partner.Id.TryFormat(room, out var length);
        foreach (var text in texts)
        {
            room[length++] = (byte)format.Divider;
            length += WriteText(text, room[length..]);
        }
        length += WriteTime(partner.CreatedAt, room[length..]);
        length += WriteTime(partner.UpdatedAt, room[length..]);
        if (include.HasFlag(IncludedFields.Revision))
        {
            room[length++] = (byte)format.Divider;
            Utf8Formatter.TryFormat(partner.Revision, room[length..], out var digits);
            length += digits;
        }
        if (include.HasFlag(IncludedFields.DeletedAt))
            length += WriteTime(partner.DeletedAt, room[length..]);
        room[length++] = (byte)'\r';
        room[length++] = (byte)'\n';
        buffer.Advance(length);
    }

    private int WriteText(string text, Span<byte> room)
    {
        if (!text.AsSpan().ContainsAny(_quoted) && text is not ([' ', ..] or [.., ' ']))
            return Encoding.UTF8.GetBytes(text, room);
        var length = 0;
        room[length++] = (byte)'"';
        var rest = text.AsSpan();
        while (rest.IndexOf('"') is >= 0 and var mark)
        {
            length += Encoding.UTF8.GetBytes(rest[..mark], room[length..]);
            room[length++] = (byte)'"';
            room[length++] = (byte)'"';
            rest = rest[(mark + 1)..];
        }
        length += Encoding.UTF8.GetBytes(rest, room[length..]);
        room[length++] = (byte)'"';
        return length;
    }

    private int WriteTime(Timestamp? time, Span<byte> room)
    {
        room[0] = (byte)format.Divider;
        if (time is not { } at)
            return 1;
        at.Format(room.Slice(1, Timestamp.TextLength));
        return 1 + Timestamp.TextLength;
    }
}
