using System.Buffers;
using Roster.Batches;

namespace Roster.Partners;

/// <summary>All limits of partners and batches. Lengths count Unicode code points.</summary>
public static class PartnerRules
{
    /// <summary>Most partners in one request.</summary>
    public const int MaxItems = 10_000;

    /// <summary>
    /// Most members of one JSON item: far more than there are fields. A larger item is not read further.
    /// </summary>
    public const int MaxMembers = 64;

    public const int MaxName = 255;

    /// <summary>RFC 5321 section 4.5.3.1.3 with erratum 1690: a path of 256 octets, less its angle brackets.</summary>
    public const int MaxEmail = 254;

    public const int MaxPhone = 64;

    public const int MaxExternalId = 255;

    /// <summary>ASCII control characters.</summary>
    private static readonly SearchValues<char> Controls =
        SearchValues.Create([.. Enumerable.Range(0, ' ').Append('\u007F').Select(code => (char)code)]);

    /// <returns>The rule that the name breaks, or null.</returns>
    public static BrokenRule? CheckName(string name) =>
        string.IsNullOrWhiteSpace(name) ? NameRequired
        : CheckText(PartnerField.Name, name) ?? (VisibleText.IsSeen(name) ? null : new BrokenRule(
            FaultCode.NameRequired, "name is required and has nothing in it that can be seen.", IsLater: true));

    /// <returns>The rule that the address breaks, or null.</returns>
    public static BrokenRule? CheckEmail(string email) =>
        email.Length == 0 ? Empty(PartnerField.Email) : CheckText(PartnerField.Email, email) ?? EmailRules.Check(email);

    /// <returns>The rule that the phone breaks, or null.</returns>
    public static BrokenRule? CheckPhone(string phone) =>
        CheckText(PartnerField.Phone, phone) ?? (string.IsNullOrWhiteSpace(phone) ? Empty(PartnerField.Phone)
        : IsScientific(phone) ? CutPhone : null);

    /// <summary>The rule that a phone breaks of which a spreadsheet has lost digits.</summary>
    internal static BrokenRule CutPhone { get; } = new(
        FaultCode.InvalidPhone,
        "phone is a number that Excel has cut, as in 1.2E+11; make the column text in Excel and enter the phone again.", IsLater: true);

    /// <returns>The rule that the external id breaks, or null.</returns>
    public static BrokenRule? CheckExternalId(string externalId) =>
        externalId.Length == 0 ? Empty(PartnerField.ExternalId)
        : CheckText(PartnerField.ExternalId, externalId) ?? CheckEnds(externalId);

    /// <summary>Counts the code points of a text without lone surrogates.</summary>
    public static int CountCodePoints(ReadOnlySpan<char> text)
    {
        var count = text.Length;
        foreach (var c in text)
            if (char.IsLowSurrogate(c))
                count--;
        return count;
    }

    internal static bool HasControl(ReadOnlySpan<char> text) => text.ContainsAny(Controls);

    internal static bool IsLonger(ReadOnlySpan<char> text, int max) => text.Length > max && CountCodePoints(text) > max;

    internal static BrokenRule NameRequired { get; } = new(FaultCode.NameRequired, "name is required and cannot be null or blank.");

    internal static BrokenRule TooLong(PartnerField field) => new(
        FaultCode.TooLong,
        field.Kind is FieldKind.Tags or FieldKind.TagEdit ? $"{field} has a tag of more than {field.MaxLength} characters."
            : $"{field} is longer than {field.MaxLength} characters.");

    internal static BrokenRule NotText(PartnerField field) => new(
        FaultCode.InvalidText, $"{field} has a line break or another control character, a lone surrogate or invalid UTF-8.");

    internal static BrokenRule NotUtf8(PartnerField field) => new(
        FaultCode.InvalidText, $"{field} is not UTF-8; send the body in UTF-8, and not in Windows-1252 or the like.");

    /// <summary>The rule for a JSON value of the wrong type.</summary>
    internal static BrokenRule NotOfType(PartnerField field) => new(FaultCode.InvalidType, field.Kind switch
    {
        FieldKind.Tags or FieldKind.TagEdit => $"{field} must be an array of strings, or null.",
        FieldKind.Metadata => $"{field} must be an object of strings, or null.",
        _ => $"{field} must be a string{(field.IsRequired ? "" : " or null")}.",
    });

    private static BrokenRule Empty(PartnerField field) =>
        new(FaultCode.EmptyValue, $"{field} is empty; send null to clear it.");

    /// <summary>Refuses invisible ends: ids that differ only there look the same to people.</summary>
    private static BrokenRule? CheckEnds(string externalId)
    {
        if (!VisibleText.IsSeen(externalId))
            return new BrokenRule(
                FaultCode.InvalidText, "externalId has nothing in it that can be seen; send null to clear it.",
                IsLater: !string.IsNullOrWhiteSpace(externalId));
        return VisibleText.FindAtEnds(externalId) is { } unseen
            ? new BrokenRule(FaultCode.InvalidText, $"externalId has {unseen}; send it without.", IsLater: true) : null;
    }

    /// <summary>
    /// Whether a phone is a long number in a spreadsheet's scientific notation: one digit, optional fraction, E, sign,
    /// digits.
    /// </summary>
    internal static bool IsScientific(ReadOnlySpan<char> phone)
    {
        // Fast path: the second character rules out nearly every phone.
        if (phone.Length < 4 || phone[1] is not ('.' or ',' or '\u066B' or 'E' or 'e'))
            return false;
        var e = phone.IndexOfAny('E', 'e');
        return e > 0 && char.IsAsciiDigit(phone[0]) && (e == 1 || (e > 2 && phone[1] is '.' or ',' or '\u066B' && AreDigits(phone[2..e])))
            && phone.Length > e + 2 && phone[e + 1] is '+' or '-' && AreDigits(phone[(e + 2)..]);

        static bool AreDigits(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('0', '9');
    }

    /// <summary>
    /// Refuses ASCII control characters. Those of ISO 8859-1 (U+0080 to U+009F) are allowed: real directories have
    /// them, left over from Windows-1252 quotation marks.
    /// </summary>
    private static BrokenRule? CheckText(PartnerField field, string text) =>
        text.AsSpan().ContainsAny(Controls) ? NotText(field) : IsLonger(text, field.MaxLength) ? TooLong(field) : null;
}

/// <summary>A rule that a value breaks.</summary>
/// <param name="Code">One of <see cref="FaultCode"/>.</param>
/// <param name="Message">What is wrong and what to send instead, in English, without the value.</param>
/// <param name="IsLater">
/// Whether stored values may break it, because it is newer than they are. Sending such a stored value back unchanged is
/// allowed.
/// </param>
public sealed record BrokenRule(string Code, string Message, bool IsLater = false);
