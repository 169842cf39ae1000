using System.Globalization;
using System.Text;

namespace Roster.Partners;

/// <summary>Which characters of a text are visible, and the names of invisible ones.</summary>
internal static class VisibleText
{
    /// <summary>Whether a text has a visible character. It must not have lone surrogates.</summary>
    public static bool IsSeen(string text)
    {
        if (text.Length > 0 && IsPlain(text[0]))
            return true;
        foreach (var rune in text.EnumerateRunes())
            if (!IsUnseen(rune))
                return true;
        return false;
    }

    /// <summary>Finds white space or a zero-width character at an end of a text: "a space at its end".</summary>
    /// <returns>Null if there is none.</returns>
    public static string? FindAtEnds(string text)
    {
        if (text.Length == 0 || (IsPlain(text[0]) && IsPlain(text[^1])))
            return null;
        Rune.DecodeFromUtf16(text, out var first, out _);
        Rune.DecodeLastFromUtf16(text, out var last, out _);
        return IsSpace(first) ? $"{NameOf(first)} at its start" : IsSpace(last) ? $"{NameOf(last)} at its end" : null;
    }

    /// <summary>Finds white space or a zero-width character anywhere in a text: "a no-break space".</summary>
    /// <returns>Null if there is none.</returns>
    public static string? FindIn(string text)
    {
        foreach (var rune in text.EnumerateRunes())
            if (IsSpace(rune))
                return NameOf(rune);
        return null;
    }

    /// <summary>Fast path for nearly every first or last character.</summary>
    private static bool IsPlain(char c) => c is > ' ' and < '\u007F';

    /// <summary>
    /// Unicode's White_Space, and characters that look blank or like nothing. Not those that belong to the character
    /// before them, such as emoji variation selectors.
    /// </summary>
    private static bool IsSpace(Rune rune) => Rune.IsWhiteSpace(rune) || rune.Value is '\u00AD' or '\u061C' or '\u180E'
        or (>= '\u200B' and <= '\u200F') or (>= '\u202A' and <= '\u202E') or (>= '\u2060' and <= '\u206F')
        or '\u2800' or '\u3164' or '\uFEFF' or '\uFFA0';

    /// <summary>As <see cref="IsSpace(Rune)"/>: none of these characters is beyond the basic plane.</summary>
    public static bool IsSpace(char c) => Rune.TryCreate(c, out var rune) && IsSpace(rune);

    /// <summary>Spaces, all format and control characters, and Unicode's Default_Ignorable_Code_Point.</summary>
    private static bool IsUnseen(Rune rune) => IsSpace(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.Control
        || rune.Value is '\u034F' or '\u115F' or '\u1160' or '\u17B4' or '\u17B5' or (>= '\u180B' and <= '\u180F')
            or (>= '\uFE00' and <= '\uFE0F') or (>= '\uFFF0' and <= '\uFFF8') or (>= 0xE0000 and <= 0xE0FFF);

    private static string NameOf(Rune rune) => rune.Value switch
    {
        ' ' => "a space",
        '\u00A0' => "a no-break space",
        '\u00AD' => "a soft hyphen",
        '\u200B' => "a zero-width space",
        '\u200C' => "a zero-width non-joiner",
        '\u200D' => "a zero-width joiner",
        '\u200E' => "a left-to-right mark",
        '\u200F' => "a right-to-left mark",
        '\u202F' => "a narrow no-break space",
        '\u2060' => "a word joiner",
        '\u3000' => "an ideographic space",
        '\uFEFF' => "a byte order mark",
        _ => string.Create(CultureInfo.InvariantCulture, $"an invisible character (U+{rune.Value:X4})"),
    };
}
