using System.Buffers;
using System.Globalization;
using System.Text;
using Roster.Batches;

namespace Roster.Partners;

/// <summary>The syntax of e-mail addresses, their comparison, and messages for invalid ones.</summary>
internal static class EmailRules
{
    /// <summary>RFC 5321 section 4.5.3.1.1.</summary>
    private const int MaxLocalPart = 64;

    /// <summary>RFC 1035 section 2.3.4.</summary>
    private const int MaxDomainLabel = 63;

    private const string LettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private static readonly SearchValues<char> AsciiAtomsAndDots = SearchValues.Create(LettersAndDigits + "!#$%&'*+-/=?^_`{|}~.");
    private static readonly SearchValues<char> AsciiLabel = SearchValues.Create(LettersAndDigits + "-");

    private const char ZeroWidthNonJoiner = '\u200C';
    private const char ZeroWidthJoiner = '\u200D';

    /// <summary>Separators that people put between addresses, or between a name and an address.</summary>
    private static readonly char[] Dividers = [',', ';', '|', '/', '\\', '،', ' ', '\u00A0', '\u3000', '\u200B'];

    private const string Wrapping = "<>()[]\"'";

    /// <summary>
    /// Accepts addresses that mail systems deliver to today: a dot-atom local part and a domain of at least two labels
    /// (RFC 5321 section 4.1.2), both with letters of any script (RFC 6531). Refuses quoted local parts, comments,
    /// display names and address literals: in a directory they are nearly always mistakes.
    /// </summary>
    /// <param name="email">Not empty, without control characters and lone surrogates.</param>
    public static BrokenRule? Check(string email)
    {
        if (!IsAddress(email))
            return new BrokenRule(FaultCode.InvalidEmail, WhatIsWrong(email));
        if (Ascii.IsValid(email))
            return null;
        if (VisibleText.FindAtEnds(email) is { } unseen)
            return new BrokenRule(FaultCode.InvalidEmail, Alone($"has {unseen}"), IsLater: true);
        return email.IsNormalized() ? null : new BrokenRule(FaultCode.InvalidEmail,
            "email has a letter that Unicode spells in another way; send it in normal form C (NFC).", IsLater: true);
    }

    /// <summary>
    /// The form in which addresses are compared: Unicode normal form C, then simple case folding. Idempotent.
    /// </summary>
    public static string Fold(string email)
    {
        if (Ascii.IsValid(email))
            return email.ToLowerInvariant();
        // .NET's ICU throws on these two noncharacters, and callers may search for them.
        var whole = email.Replace('\uFFFE', '\uFFFD').Replace('\uFFFF', '\uFFFD').Normalize();
        // Upper case first: letters with the same capital are equal, such as both small sigmas. Normalise again, since
        // folding can bring letters and marks together.
        return whole.ToUpperInvariant().ToLowerInvariant().Normalize();
    }

    /// <summary>The message for an invalid address, without the address.</summary>
    private static string WhatIsWrong(string email)
    {
        if (!VisibleText.IsSeen(email))
            return "email has nothing in it that can be seen; send null to clear it.";
        var addresses = email.Split(Dividers, StringSplitOptions.RemoveEmptyEntries).Count(part => IsAddress(Unwrapped(part)));
        if (addresses > 1)
            return $"email is {(addresses == 2 ? "two" : "several")} addresses; a partner has one.";
        if (email.Trim().StartsWith("mailto:", StringComparison.OrdinalIgnoreCase))
            return Alone("begins with mailto:");
        if (VisibleText.FindAtEnds(email) is { } unseen)
            return Alone($"has {unseen}");
        if (addresses == 1)
            return Alone("has something beside the address, such as a name or brackets");
        return VisibleText.FindIn(email) is { } within ? Alone($"has {within} within it")
            : "email is not an address such as name@example.com.";
    }

    private static string Alone(string what) => $"email {what}; send the address alone.";

    private static string Unwrapped(string part) => part.Trim([.. Wrapping]);

    private static bool IsAddress(string email)
    {
        var at = email.IndexOf('@');
        return at > 0 && IsLocalPart(email.AsSpan(0, at)) && IsDomain(email.AsSpan(at + 1));
    }

    private static bool IsLocalPart(ReadOnlySpan<char> local)
    {
        if (PartnerRules.IsLonger(local, MaxLocalPart) || local[0] == '.' || local[^1] == '.' || local.IndexOf("..") >= 0)
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
        if (label.IsEmpty || PartnerRules.IsLonger(label, MaxDomainLabel) || label[0] == '-' || label[^1] == '-')
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

    /// <summary>Persian and Indic words are spelled with joiners (RFC 5892 appendix A.1 and A.2).</summary>
    private static bool IsJoiner(Rune rune) => rune.Value is ZeroWidthNonJoiner or ZeroWidthJoiner;
}
