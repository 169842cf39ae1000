using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Roster.Batches;
using Roster.Partners;
using Roster.Server.Http;

namespace Roster.Server.Formats;

/// <summary>Writes partners as CSV (RFC 4180): a header row, then a record each. <see cref="CsvCell"/> says how values are written.</summary>
/// <param name="metadataKeys">The keys of metadata that have a column, where metadata is included.</param>
internal sealed class PartnerCsv(IBufferWriter<byte> buffer, IncludedFields include, IReadOnlyList<string> metadataKeys, CsvFormat format)
{
    /// <summary>The fields that are always written.</summary>
    private static readonly PartnerField[] Texts = [.. PartnerField.Values.Where(field => field.Kind == FieldKind.Text)];

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
        var names = new List<string>(["id", .. Texts.Select(field => field.WireName), "createdAt", "updatedAt"]);
        if (include.HasFlag(IncludedFields.Revision))
            names.Add("revision");
        if (include.HasFlag(IncludedFields.DeletedAt))
            names.Add("deletedAt");
        if (include.HasFlag(IncludedFields.Tags))
            names.Add(PartnerField.Tags.WireName);
        names.AddRange(metadataKeys.Select(MetadataText.FieldName));
        Encoding.UTF8.GetBytes((format.IsSpreadsheet ? "\uFEFF" : "") + string.Join(format.Divider, names) + "\r\n", buffer);
    }

    public void Write(Partner partner)
    {
        string[] texts = [.. Texts.Select(field => Cell(partner.Values[field]))];
        string[] more = [.. More(partner)];
        var room = buffer.GetSpan(
            MaxBytesWithoutTexts + texts.Concat(more).Sum(text => (text.Length * MaxBytesPerChar) + MaxBytesAround));
        partner.Id.TryFormat(room, out var length);
        foreach (var text in texts)
            length += WriteText(text, room[length..]);
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
        foreach (var text in more)
            length += WriteText(text, room[length..]);
        room[length++] = (byte)'\r';
        room[length++] = (byte)'\n';
        buffer.Advance(length);
    }

    private string Cell(string? value) => CsvCell.Write(value, format.IsSpreadsheet);

    /// <summary>The cells of what is only written where it is included.</summary>
    private IEnumerable<string> More(Partner partner)
    {
        if (include.HasFlag(IncludedFields.Tags))
            yield return Cell(partner.Tags);
        if (metadataKeys.Count == 0)
            yield break;
        var values = MetadataText.Read(partner.Metadata);
        foreach (var key in metadataKeys)
            yield return Cell(values.GetValueOrDefault(key));
    }

    /// <summary>Writes a divider and a text.</summary>
    private int WriteText(string text, Span<byte> room)
    {
        var length = 0;
        room[length++] = (byte)format.Divider;
        if (!text.AsSpan().ContainsAny(_quoted) && text is not ([' ', ..] or [.., ' ']))
            return length + Encoding.UTF8.GetBytes(text, room[length..]);
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
