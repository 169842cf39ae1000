using System.Globalization;
using System.Text;

namespace Roster.Partners;

/// <summary>Text as searches see it: without case and accents.</summary>
public static class SearchText
{
    private const int MaxSortName = PartnerRules.MaxName;

    /// <summary>
    /// Letters that Unicode does not decompose, but that people type without the stroke or as two letters.
    /// </summary>
    private static readonly Dictionary<char, string> Plain = new()
    {
        ['ł'] = "l",
        ['ø'] = "o",
        ['đ'] = "d",
        ['ð'] = "d",
        ['ħ'] = "h",
        ['ı'] = "i",
        ['ŧ'] = "t",
        ['ß'] = "ss",
        ['æ'] = "ae",
        ['œ'] = "oe",
        ['þ'] = "th",
        // As at the end of a word.
        ['ς'] = "σ",
    };

    /// <summary>
    /// Whether this process can separate letters and accents. It cannot if .NET runs without ICU, its Unicode library
    /// (DOTNET_SYSTEM_GLOBALIZATION_INVARIANT); then searches would miss results.
    /// </summary>
    public static bool IsWhole => Fold("é") == "e";

    /// <summary>
    /// Folds to lower case, replaces compatibility forms (Unicode NFKC), and removes accents of Latin, Greek, Cyrillic,
    /// Hebrew and Arabic. Marks that are vowels in other scripts stay.
    /// </summary>
    public static string Fold(string text)
    {
        if (Ascii.IsValid(text))
            return text.ToLowerInvariant();
        var folded = new StringBuilder(text.Length);
        // .NET's ICU throws on these two noncharacters, and texts may have them.
        var whole = text.Replace('\uFFFE', '\uFFFD').Replace('\uFFFF', '\uFFFD');
        foreach (var c in whole.Normalize(NormalizationForm.FormKD).ToLowerInvariant())
        {
            if (IsAccent(c))
                continue;
            if (Plain.TryGetValue(c, out var plain))
                folded.Append(plain);
            else
                folded.Append(c);
        }
        return folded.ToString().Normalize(NormalizationForm.FormKC);
    }

    /// <summary>All searched text of a partner, folded, one line per field.</summary>
    public static string Of(Partner partner)
    {
        var text = new StringBuilder();
        foreach (var field in PartnerField.Values)
            if (field.IsSearched)
                text.Append(partner.Values[field]).Append('\n');
        return Fold(text.ToString(0, text.Length - 1));
    }

    /// <summary>
    /// The first sort key of a list by name: the folded name, cut to <see cref="MaxSortName"/> UTF-16 units without
    /// splitting a character. One character can fold to 18, and index keys must be short.
    /// </summary>
    public static string SortName(string name) => TextCut.Within(Fold(name), MaxSortName);

    /// <summary>The decimal digits of a text, in any script, as 0 to 9.</summary>
    public static string Digits(string text)
    {
        var digits = new StringBuilder(text.Length);
        foreach (var c in text)
            if (char.IsDigit(c))
                digits.Append((char)('0' + CharUnicodeInfo.GetDecimalDigitValue(c)));
        return digits.ToString();
    }

    private static bool IsAccent(char c) => c is
        (>= '\u0300' and <= '\u036F') or (>= '\u0483' and <= '\u0489') or (>= '\u0591' and <= '\u05C7')
        or (>= '\u0610' and <= '\u061A') or '\u0640' or (>= '\u064B' and <= '\u065F') or '\u0670'
        or (>= '\u06D6' and <= '\u06DC') or (>= '\u06DF' and <= '\u06E8') or (>= '\u06EA' and <= '\u06ED')
        or (>= '\u1AB0' and <= '\u1AFF') or (>= '\u1DC0' and <= '\u1DFF') or (>= '\u20D0' and <= '\u20FF')
        or (>= '\uFE20' and <= '\uFE2F');
}
