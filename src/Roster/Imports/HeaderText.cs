using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Roster.Imports;

/// <summary>Compares the names of columns.</summary>
public static class HeaderText
{
    /// <summary>
    /// The form in which names of columns are compared: letters and digits only, without case, accents and Arabic vowel
    /// signs. Spellings of one Arabic letter are one: أ إ آ ا, ى ي, ة ه. ß is ss. Empty if there is no letter or digit.
    /// </summary>
    public static string Fold(string name)
    {
        // Lone surrogates and noncharacters, on which Normalize throws, are no letters.
        var text = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes())
            text.Append(rune.Value is 0xFFFE or 0xFFFF or 0xFFFD ? " " : rune.ToString());
        var decomposed = text.ToString().Normalize(NormalizationForm.FormKD);
        text.Clear();
        foreach (var rune in decomposed.EnumerateRunes())
        {
            // The tatweel stretches a word and is no letter of it.
            if (!Rune.IsLetterOrDigit(rune) || rune.Value == 'ـ' || Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark)
                continue;
            text.Append(rune.Value switch
            {
                'ى' => "ي",
                'ة' => "ه",
                'ß' or 'ẞ' => "ss",
                _ => Rune.ToLowerInvariant(rune).ToString(),
            });
        }
        return text.ToString();
    }

    /// <summary>
    /// Identifies a header, so that a workspace's last mapping can be used for the next file with the same columns in the
    /// same order: SHA-256 over their folded names, as 64 hexadecimal digits.
    /// </summary>
    public static string Fingerprint(IEnumerable<string> columns) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', columns.Select(Key)))));

    /// <summary>The folded name; the name as it is if that is empty, as of <c>#</c>.</summary>
    private static string Key(string name) => Fold(name) is { Length: > 0 } folded ? folded : name.Trim();
}
