using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Roster.Batches;
using Roster.Partners;
using Roster.Server.Http;

namespace Roster.Server.Formats;

/// <summary>
/// Writes partners as CSV (RFC 4180): a header row, then one record per partner. <see cref="CsvCell"/> writes the
/// values.
/// </summary>
/// <param name="metadataKeys">The metadata keys that have a column; none if metadata is not included.</param>
internal sealed class PartnerCsv(IBufferWriter<byte> buffer, IncludedFields include, IReadOnlyList<string> metadataKeys, CsvFormat format)
{
    /// <summary>The value fields that are always written.</summary>
    private static readonly PartnerField[] Texts = [.. PartnerField.Values.Where(field => field.Kind == FieldKind.Text)];

    /// <summary>Most bytes of an id, three times, a number and dividers.</summary>
    private const int MaxBytesWithoutTexts = 256;

    /// <summary>Most bytes that a text needs for quotation marks, a null or a guard.</summary>
    private const int MaxBytesAround = 8;

    /// <summary>Most bytes of a UTF-16 unit in UTF-8; a doubled quotation mark takes less.</summary>
    private const int MaxBytesPerChar = 3;

    /// <summary>
    /// Cells with one of these characters are quoted. So are cells that begin or end with a space, which some programs
    /// cut off.
    /// </summary>
    private readonly SearchValues<char> _quoted = SearchValues.Create([format.Divider, '"', '\r', '\n']);

    /// <summary>
    /// Writes the header row. For spreadsheets, a byte order mark comes first, without which Excel does not read UTF-8.
    /// </summary>
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

    /// <summary>The cells of included tags and metadata.</summary>
    private IEnumerable<string> More(Partner partner)
    {
        if (include.HasFlag(IncludedFields.Tags))
            yield return Cell(TagText.ToCell(partner.Tags));
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
        var unwritten = text.AsSpan();
        while (unwritten.IndexOf('"') is >= 0 and var mark)
        {
            length += Encoding.UTF8.GetBytes(unwritten[..mark], room[length..]);
            room[length++] = (byte)'"';
            room[length++] = (byte)'"';
            unwritten = unwritten[(mark + 1)..];
        }
        length += Encoding.UTF8.GetBytes(unwritten, room[length..]);
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
