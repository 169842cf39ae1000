using System.Text;
using Roster.Changes;

namespace Roster.Storage.Postgres.Search;

/// <summary>
/// What partners are found by, as numbers: the trigrams of their text, their address, and the digits of their phone, hashed. Different
/// ones can have one hash, so what is found is looked at once more.
/// </summary>
internal static class SearchKeys
{
    /// <summary>Code points in a trigram.</summary>
    private const int Length = 3;

    /// <summary>Four are rarely had by more than a few partners, and each more costs reading its whole list.</summary>
    private const int MaxSought = 4;

    /// <summary>Keys of addresses lie together, below all others: so those of a whole batch are read in one piece.</summary>
    public const int EndOfEmails = 0;

    private const char OfEmail = '@';
    private const char OfPhone = '+';

    /// <summary>All keys of a partner, some of them perhaps twice.</summary>
    /// <param name="text">Its <see cref="SearchText.Of"/>.</param>
    /// <param name="email">Folded.</param>
    /// <param name="phone">Its digits.</param>
    public static List<int> Of(string text, string? email, string? phone)
    {
        var runes = Runes(text);
        var keys = new List<int>(runes.Length);
        for (var i = 0; i + Length <= runes.Length; i++)
            keys.Add(Trigram(runes, i));
        if (email is not null)
            keys.Add(Email(email));
        if (phone is not null)
            keys.Add(Phone(phone));
        return keys;
    }

    /// <summary>Keys that every partner has which a filter finds; none where the filter has nothing of that kind.</summary>
    public static int[] Sought(PartnerFilter filter)
    {
        var keys = new HashSet<int>();
        if (filter.Q is { } q)
            keys.UnionWith(Trigrams(SearchText.Fold(q)));
        if (filter.Email is { } email)
            keys.Add(Email(Upsert.FoldEmail(email)));
        if (filter.Phone is { } phone)
            keys.Add(Phone(SearchText.Digits(phone)));
        return [.. keys];
    }

    /// <param name="folded">An address.</param>
    public static int Email(string folded) => Hash(OfEmail, Runes(folded)) | int.MinValue;

    private static int Phone(string digits) => Hash(OfPhone, Runes(digits)) & int.MaxValue;

    /// <summary>A few trigrams that cover the text.</summary>
    private static IEnumerable<int> Trigrams(string text)
    {
        var runes = Runes(text);
        var last = runes.Length - Length;
        var step = Math.Max(Length, (last + MaxSought) / MaxSought);
        for (var i = 0; last >= 0 && i < last + step; i += step)
            yield return Trigram(runes, Math.Min(i, last));
    }

    private static int Trigram(Rune[] runes, int start) => Hash('\0', runes.AsSpan(start, Length)) & int.MaxValue;

    private static Rune[] Runes(string text) => [.. text.EnumerateRunes()];

    /// <summary>FNV-1a (draft-eastlake-fnv), over code points instead of bytes: it must be the same on every node and for ever.</summary>
    private static int Hash(char kind, ReadOnlySpan<Rune> runes)
    {
        const ulong Prime = 0x100000001b3;
        var hash = (0xcbf29ce484222325 ^ kind) * Prime;
        foreach (var rune in runes)
            hash = (hash ^ (uint)rune.Value) * Prime;
        return (int)(hash ^ (hash >> 32));
    }
}
