using System.Buffers;
using System.Globalization;
using System.Text;

namespace Roster;

/// <summary>Every limit of a partner and of a batch, once. Lengths count Unicode code points.</summary>
public static class PartnerRules
{
    /// <summary>Partners in one request.</summary>
    public const int MaxItems = 10_000;

    /// <summary>Members of one item of JSON: far more than there are fields. An item of more is passed over.</summary>
    public const int MaxMembers = 64;

    public const int MaxName = 255;

    /// <summary>RFC 5321 section 4.5.3.1.3 with erratum 1690: a path of 256 octets, less its angle brackets.</summary>
    public const int MaxEmail = 254;

    public const int MaxPhone = 64;

    public const int MaxExternalId = 255;

    /// <summary>RFC 5321 section 4.5.3.1.1.</summary>
    private const int MaxLocalPart = 64;

    /// <summary>RFC 1035 section 2.3.4.</summary>
    private const int MaxDomainLabel = 63;

    /// <summary>The control characters of ASCII.</summary>
    private static readonly SearchValues<char> Controls =
        SearchValues.Create([.. Enumerable.Range(0, ' ').Append('\u007F').Select(code => (char)code)]);

    private const string LettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private static readonly SearchValues<char> AsciiAtomsAndDots = SearchValues.Create(LettersAndDigits + "!#$%&'*+-/=?^_`{|}~.");
    private static readonly SearchValues<char> AsciiLabel = SearchValues.Create(LettersAndDigits + "-");

    private const char ZeroWidthNonJoiner = '\u200C';
    private const char ZeroWidthJoiner = '\u200D';

    /// <returns>The code of the rule that the name breaks, or null.</returns>
    public static string? CheckName(string name) =>
        string.IsNullOrWhiteSpace(name) ? FaultCode.NameRequired : CheckText(name, MaxName);

    /// <returns>The code of the rule that the address breaks, or null.</returns>
    public static string? CheckEmail(string email) =>
        email.Length == 0 ? FaultCode.EmptyValue
        : CheckText(email, MaxEmail) ?? (IsEmail(email) ? null : FaultCode.InvalidEmail);

    /// <returns>The code of the rule that the phone breaks, or null.</returns>
    public static string? CheckPhone(string phone) => CheckNotBlank(phone, MaxPhone);

    /// <returns>The code of the rule that the external id breaks, or null.</returns>
    public static string? CheckExternalId(string externalId) => CheckNotBlank(externalId, MaxExternalId);

    /// <summary>The code points of a text that has no lone surrogate.</summary>
    public static int CountCodePoints(ReadOnlySpan<char> text)
    {
        var count = text.Length;
        foreach (var c in text)
            if (char.IsLowSurrogate(c))
                count--;
        return count;
    }

    private static string? CheckNotBlank(string text, int max) =>
        CheckText(text, max) ?? (string.IsNullOrWhiteSpace(text) ? FaultCode.EmptyValue : null);

    /// <summary>
    /// Refused are the control characters of ASCII. Those of ISO 8859-1 (U+0080 to U+009F) are not: real directories have
    /// them, left over from Windows-1252 quotation marks, and refusing them would refuse their owners' data.
    /// </summary>
    private static string? CheckText(string text, int max)
    {
        if (text.AsSpan().ContainsAny(Controls))
            return FaultCode.InvalidText;
        return IsLonger(text, max) ? FaultCode.TooLong : null;
    }

    private static bool IsLonger(ReadOnlySpan<char> text, int max) => text.Length > max && CountCodePoints(text) > max;

    /// <summary>
    /// An address that mail systems deliver to today: a dot-atom local part and a domain of at least two labels
    /// (RFC 5321 section 4.1.2), letters of any script in both (RFC 6531). Quoted local parts, comments, display names
    /// and address literals are refused: in a directory they are nearly always a mistake.
    /// </summary>
    private static bool IsEmail(string email)
    {
        var at = email.IndexOf('@');
        return at > 0 && IsLocalPart(email.AsSpan(0, at)) && IsDomain(email.AsSpan(at + 1));
    }

    private static bool IsLocalPart(ReadOnlySpan<char> local)
    {
        if (IsLonger(local, MaxLocalPart) || local[0] == '.' || local[^1] == '.' || local.IndexOf("..") >= 0)
            return false;
        if (!local.ContainsAnyExcept(AsciiAtomsAndDots))
            return true;
        foreach (var rune in local.EnumerateRunes())
            if (!IsAtomOrDot(rune))
                return false;
        return true;
    }

    private static bool IsAtomOrDot(Rune rune) => rune.IsAscii
        ? AsciiAtomsAndDots.Contains((char)rune.Value)
        : IsJoiner(rune) || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.SpaceSeparator
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Control
            or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned);

    private static bool IsDomain(ReadOnlySpan<char> domain)
    {
        var labels = 0;
        var last = default(ReadOnlySpan<char>);
        foreach (var range in domain.Split('.'))
        {
            last = domain[range];
            if (!IsDomainLabel(last))
                return false;
            labels++;
        }
        return labels >= 2 && last.ContainsAnyExceptInRange('0', '9');
    }

    private static bool IsDomainLabel(ReadOnlySpan<char> label)
    {
        if (label.IsEmpty || IsLonger(label, MaxDomainLabel) || label[0] == '-' || label[^1] == '-')
            return false;
        if (!label.ContainsAnyExcept(AsciiLabel))
            return true;
        foreach (var rune in label.EnumerateRunes())
        {
            var allowed = rune.IsAscii ? AsciiLabel.Contains((char)rune.Value)
                : IsJoiner(rune) || Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is
                    UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
            if (!allowed)
                return false;
        }
        return true;
    }

    /// <summary>Joiners are part of how Persian and Indic words are spelled (RFC 5892 appendix A.1 and A.2).</summary>
    private static bool IsJoiner(Rune rune) => rune.Value is ZeroWidthNonJoiner or ZeroWidthJoiner;
}
