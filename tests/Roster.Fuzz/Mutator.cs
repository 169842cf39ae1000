using System.Text;

namespace Roster.Fuzz;

/// <summary>Changes inputs at random: the same changes for the same seed.</summary>
/// <param name="seeds">The inputs to begin with, at least one.</param>
public sealed class Mutator(IReadOnlyList<byte[]> seeds, int seed)
{
    private const int MaxChanges = 6;
    private const int MaxLength = 64 << 10;

    /// <summary>Pieces that mean something to one reader or another.</summary>
    private static readonly byte[][] Pieces =
    [
        .. new[]
        {
            "\"", "'", ",", ";", "\t", "|", "\n", "\r\n", "\r", "\\", "\\N", "\\u0000", "\\ud800", "\\udc00", "[",
            "]", "{", "}", ":", "null", "true", "-1", "1e999", "9223372036854775807", "18446744073709551616", "0",
            " ", "\0", "\u001E", "\u007F", "\uFEFF", "\uFFFE", "\u0301", "\u200B", "ß", "İ", "ﬃ", "👩‍👩‍👧", "مرحبا",
            "=1+1", "@", "+", "-", "<", "&amp;", "]]>", "_x000D_", "_xD800_", "%", "%00", "&", "?", "sep=;", "name",
            "email", "externalId", "metadata.k", "tags", "2024-01-01T00:00:00Z",
            "019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10",
        }.Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2], [0xFF, 0xFE], [0x1F, 0x8B], [0x50, 0x4B, 0x03, 0x04],
    ];

    private readonly Random _random = new(seed);

    /// <summary>The next changed input.</summary>
    public byte[] Next()
    {
        var bytes = Any();
        for (var left = _random.Next(1, MaxChanges + 1); left > 0; left--)
            bytes = Change(bytes);
        return bytes.Length <= MaxLength ? bytes : bytes[..MaxLength];
    }

    private byte[] Any() => seeds[_random.Next(seeds.Count)];

    private byte[] Change(byte[] bytes)
    {
        var (at, end) = Range(bytes.Length);
        switch (_random.Next(9))
        {
            case 0 when bytes.Length > 0:
                return With(bytes, at, b => (byte)(b ^ (1 << _random.Next(8))));
            case 1 when bytes.Length > 0:
                return With(bytes, at, _ => (byte)_random.Next(256));
            case 2 when bytes.Length > 0:
                return With(bytes, at, b => (byte)(b + _random.Next(-3, 4)));
            case 3:
                return [.. bytes[..at], .. bytes[end..]];
            case 4:
                return bytes[..at];
            case 5:
                var times = _random.Next(1, _random.Next(10) == 0 ? 300 : 6);
                return [.. bytes[..at], .. Enumerable.Repeat(bytes[at..end], times + 1).SelectMany(part => part), .. bytes[end..]];
            case 6:
                var other = Any();
                var (from, to) = Range(other.Length);
                return [.. bytes[..at], .. other[from..to], .. bytes[end..]];
            default:
                return [.. bytes[..at], .. Pieces[_random.Next(Pieces.Length)], .. bytes[(_random.Next(2) == 0 ? at : end)..]];
        }
    }

    private static byte[] With(byte[] bytes, int at, Func<byte, byte> change)
    {
        var copy = (byte[])bytes.Clone();
        at = Math.Min(at, copy.Length - 1);
        copy[at] = change(copy[at]);
        return copy;
    }

    /// <summary>A part of so many bytes: short as a rule.</summary>
    private (int At, int End) Range(int length)
    {
        var at = _random.Next(length + 1);
        var most = _random.Next(4) == 0 ? length - at : Math.Min(length - at, 16);
        return (at, at + _random.Next(most + 1));
    }
}
