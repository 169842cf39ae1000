using System.Buffers;
using System.Text;
using Roster.Partners;

namespace Roster.Batches;

/// <summary>Detects from the first bytes of a body that its format is not the one of its content type.</summary>
internal static class BodyStart
{
    /// <summary>Bytes needed to detect that a body is not UTF-8 text.</summary>
    public const int Bytes = 4;

    /// <summary>Bytes needed, and read at most, to recognise another format.</summary>
    public const int Enough = 1 << 10;

    private static readonly char[] Dividers = [.. CsvFormat.Dividers.Select(one => one.Divider)];

    public static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <param name="start">The first <see cref="Bytes"/> of the body, or all of it.</param>
    /// <returns>Null if it may be UTF-8.</returns>
    public static BodyReason? NoUtf8(ReadOnlySpan<byte> start) => start switch
    {
        [0xFF, 0xFE, 0, 0, ..] or [0, 0, ..] => BodyReason.Utf32,
        [_, 0, 0, 0] => BodyReason.Utf32,
        // With a byte order mark, or ASCII characters without one.
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [0, _, 0, _] or [_, 0, _, 0] => BodyReason.Utf16,
        [0x1F, 0x8B, ..] => BodyReason.Gzip,
        [0x28, 0xB5, 0x2F, 0xFD] => BodyReason.Zstandard,
        [(byte)'P', (byte)'K', 3, 4] => BodyReason.Zip,
        [0xD0, 0xCF, 0x11, 0xE0] => BodyReason.OldWorkbook,
        _ => null,
    };

    /// <param name="start">The body's first bytes; reading them by their content type failed.</param>
    /// <returns>The format that it looks like; null if unknown.</returns>
    public static BodyReason? LooksLike(ReadOnlySequence<byte> start)
    {
        var text = Encoding.UTF8.GetString(start.Slice(0, Math.Min(start.Length, Enough)));
        return LooksBracketed(text) ?? (LooksLikeHeader(text) ? BodyReason.LooksLikeCsv : null);
    }

    /// <inheritdoc cref="LooksLike"/>
    public static BodyReason? LooksBracketed(string start) => start.AsSpan().TrimStart() switch
    {
        ['<', ..] => BodyReason.Markup,
        ['[', ..] => BodyReason.LooksLikeJson,
        ['{', ..] => BodyReason.LooksLikeObjects,
        _ => null,
    };

    private static bool LooksLikeHeader(string start)
    {
        var line = start.AsSpan().TrimStart();
        if (line.IndexOfAny('\r', '\n') is >= 0 and var end)
            line = line[..end];
        foreach (var cell in line.SplitAny(Dividers))
            if (FieldNames.Meant(line[cell].Trim('"').ToString()) is not null)
                return true;
        return false;
    }
}
