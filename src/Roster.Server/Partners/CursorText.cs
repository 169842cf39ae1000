using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Roster.Partners;

namespace Roster.Server.Partners;

/// <summary>
/// Cursors as callers see them: opaque, with a checksum over the list's parameters. A changed cursor, or one of another
/// list, is refused instead of giving a wrong page.
/// </summary>
internal sealed class CursorText(long workspaceId, PartnerFilter filter, PartnerSort sort, bool isDescending)
{
    private const int ChecksumLength = 8;

    public string Write(PartnerCursor cursor)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(cursor, CursorJson.Default.PartnerCursor);
        return Base64Url.EncodeToString([.. Checksum(body), .. body]);
    }

    /// <returns>Null if the text is not a cursor of this list.</returns>
    public PartnerCursor? Read(string text)
    {
        if (!Base64Url.IsValid(text))
            return null;
        var bytes = Base64Url.DecodeFromChars(text);
        if (bytes.Length <= ChecksumLength || !bytes.AsSpan(0, ChecksumLength).SequenceEqual(Checksum(bytes.AsSpan(ChecksumLength))))
            return null;
        try
        {
            var cursor = JsonSerializer.Deserialize(bytes.AsSpan(ChecksumLength), CursorJson.Default.PartnerCursor);
            // No name has NUL, and PostgreSQL takes no text with it.
            return (sort == PartnerSort.Name && cursor?.Name?.Contains('\0') is not false)
                || (sort == PartnerSort.UpdatedAt && cursor?.UpdatedAt is null) ? null : cursor;
        }
        catch (JsonException)
        {
            // The checksum is not secret, so the cursor may be forged.
            return null;
        }
    }

    private ReadOnlySpan<byte> Checksum(ReadOnlySpan<byte> body)
    {
        var list = Encoding.UTF8.GetBytes($"{workspaceId} {filter} {sort} {isDescending} ");
        return SHA256.HashData([.. list, .. body]).AsSpan(0, ChecksumLength);
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(PartnerCursor))]
internal sealed partial class CursorJson : System.Text.Json.Serialization.JsonSerializerContext;
