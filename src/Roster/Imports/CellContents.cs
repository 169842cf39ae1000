using System.Globalization;
using Roster.Partners;

namespace Roster.Imports;

/// <summary>Guesses what the cells of a column are.</summary>
internal static class CellContents
{
    /// <summary>Least share of the filled samples that must look alike, in percent.</summary>
    private const int MinShare = 90;

    /// <summary>Fewest and most digits of a phone number (ITU-T E.164 allows 15).</summary>
    private const int MinDigits = 7, MaxDigits = 15;

    /// <summary>Fewest digits of a number without <c>+</c>, so that postal codes, dates and small ids are none.</summary>
    private const int MinNationalDigits = 9;

    public static bool AreEmails(IReadOnlyList<string> samples) =>
        Most(samples, sample => PartnerRules.CheckEmail(CellText.Address(CellText.Trim(sample))) is null);

    public static bool ArePhones(IReadOnlyList<string> samples) => Most(samples, sample => IsPhone(CellText.Trim(sample)));

    public static bool AreUuids(IReadOnlyList<string> samples) => Most(samples, sample => Uuid.TryParse(CellText.Trim(sample), out _));

    /// <summary>The dividers between digits.</summary>
    private const string PhoneMarks = "+-./() \u00A0";

    /// <summary>Whether at least 90 % of the filled samples are so; false if none is filled.</summary>
    private static bool Most(IReadOnlyList<string> samples, Func<string, bool> isSo)
    {
        var filled = samples.Where(sample => !string.IsNullOrWhiteSpace(sample)).ToList();
        return filled.Count > 0 && filled.Count(isSo) * 100 >= filled.Count * MinShare;
    }

    /// <summary>
    /// Digits with the usual dividers, beginning with <c>+</c>, 0 or a bracket, or in the American groups 3-3-4.
    /// </summary>
    private static bool IsPhone(string text)
    {
        if (text is ['\'', _, ..])
            text = text[1..];
        var digits = text.Count(char.IsAsciiDigit);
        if (digits is < MinDigits or > MaxDigits || text.Any(c => !char.IsAsciiDigit(c) && !PhoneMarks.Contains(c)))
            return false;
        if (text[0] == '+')
            return true;
        return digits >= MinNationalDigits && !IsNumberOrDate(text) && (text[0] is '0' or '(' || IsAmerican(text));
    }

    private static bool IsAmerican(string text) =>
        text.Split('-', '.', ' ') is [{ Length: 3 }, { Length: 3 }, { Length: 4 }];

    private static bool IsNumberOrDate(string text) =>
        text.StartsWith("0.", StringComparison.Ordinal) || DateTime.TryParse(text, CultureInfo.InvariantCulture, out _);
}
