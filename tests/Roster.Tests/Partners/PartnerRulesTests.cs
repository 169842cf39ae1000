using Roster.Batches;
using Roster.Changes;
using Roster.Partners;

namespace Roster.Tests.Partners;

public sealed class PartnerRulesTests
{
    private static readonly string LongDomain = string.Concat(Enumerable.Repeat("abcdefghi.", 18));

    public static TheoryData<string> Accepted => [
        "ada@example.com",
        "ada+tag@example.com",
        "ada.lovelace@mail.eu.example.com",
        "a@b.co",
        "!#$%&'*+-/=?^_`{|}~@example.com",
        "ADA@EXAMPLE.COM",
        "1@2.example",
        "ada@xn--bcher-kva.example",
        "ada@a-b.example",
        "jürgen@bücher.example",
        "用户@例子.公司",
        "संपर्क@डाटामेल.भारत",
        "почта@пример.рф",
        "مدير@مثال.شركة",
        "نام\u200cها@example.com",
        "\u00e9@\u00e9.example",
        "😀@example.com",
        new string('a', 64) + "@example.com",
        new string('é', 64) + "@example.com",
        "ada@" + new string('b', 63) + ".example",
        new string('a', 64) + "@" + LongDomain + "example12",
    ];

    public static TheoryData<string, string> Refused => new()
    {
        { "", FaultCode.EmptyValue },
        { "ada", FaultCode.InvalidEmail },
        { "@example.com", FaultCode.InvalidEmail },
        { "ada@", FaultCode.InvalidEmail },
        { "ada@example", FaultCode.InvalidEmail },
        { "ada@example.", FaultCode.InvalidEmail },
        { "ada@.example.com", FaultCode.InvalidEmail },
        { "ada@example..com", FaultCode.InvalidEmail },
        { "ada@-example.com", FaultCode.InvalidEmail },
        { "ada@example-.com", FaultCode.InvalidEmail },
        { "ada@exam_ple.com", FaultCode.InvalidEmail },
        { "ada@127.0.0.1", FaultCode.InvalidEmail },
        { "ada@[127.0.0.1]", FaultCode.InvalidEmail },
        { "ada@example.com:25", FaultCode.InvalidEmail },
        { "ada@例子。公司", FaultCode.InvalidEmail },
        { "ada@i❤.example", FaultCode.InvalidEmail },
        { ".ada@example.com", FaultCode.InvalidEmail },
        { "ada.@example.com", FaultCode.InvalidEmail },
        { "ada..lovelace@example.com", FaultCode.InvalidEmail },
        { "ada@home@example.com", FaultCode.InvalidEmail },
        { "\"ada lovelace\"@example.com", FaultCode.InvalidEmail },
        { "\"ada\"@example.com", FaultCode.InvalidEmail },
        { "Ada <ada@example.com>", FaultCode.InvalidEmail },
        { "<ada@example.com>", FaultCode.InvalidEmail },
        { "ada(comment)@example.com", FaultCode.InvalidEmail },
        { "ada@example.com, bob@example.com", FaultCode.InvalidEmail },
        { "mailto:ada@example.com", FaultCode.InvalidEmail },
        { "ada lovelace@example.com", FaultCode.InvalidEmail },
        { " ada@example.com", FaultCode.InvalidEmail },
        { "ada@example.com ", FaultCode.InvalidEmail },
        { "ada@exam ple.com", FaultCode.InvalidEmail },
        { "ada\u00a0l@example.com", FaultCode.InvalidEmail },
        { "ada\u202e@example.com", FaultCode.InvalidEmail },
        { "ada\u200b@example.com", FaultCode.InvalidEmail },
        { "ada@example.com\n", FaultCode.InvalidText },
        { "ada\0@example.com", FaultCode.InvalidText },
        { new string('a', 65) + "@example.com", FaultCode.InvalidEmail },
        { "ada@" + new string('b', 64) + ".example", FaultCode.InvalidEmail },
        { new string('a', 64) + "@" + LongDomain + "example123", FaultCode.TooLong },
    };

    [Theory]
    [MemberData(nameof(Accepted))]
    public void An_email_address_is_accepted(string email) => Assert.Null(PartnerRules.CheckEmail(email));

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_no_email_address_is_refused(string email, string code) => Assert.Equal(code, PartnerRules.CheckEmail(email)?.Code);

    [Fact]
    public void An_address_of_254_characters_is_accepted_and_one_of_255_is_too_long()
    {
        var address = new string('a', 64) + "@" + LongDomain + "example12";

        Assert.Equal(254, address.Length);
        Assert.Null(PartnerRules.CheckEmail(address));
        Assert.Equal(FaultCode.TooLong, PartnerRules.CheckEmail(address + "3")?.Code);
    }

    [Theory]
    [InlineData("ada", "is not an address such as name@example.com.")]
    [InlineData("ada@home@example.com", "is not an address such as name@example.com.")]
    [InlineData("ada@example.com ", "has a space at its end; send the address alone.")]
    [InlineData(" ada@example.com", "has a space at its start; send the address alone.")]
    [InlineData("\u00a0ada@example.com", "has a no-break space at its start; send the address alone.")]
    [InlineData("ada@example.com\u200b", "has a zero-width space at its end; send the address alone.")]
    [InlineData("\ufeffada@example.com", "has a byte order mark at its start; send the address alone.")]
    [InlineData("ada@example.com\u3000", "has an ideographic space at its end; send the address alone.")]
    [InlineData("ada@example.com\u2003", "has an invisible character (U+2003) at its end; send the address alone.")]
    [InlineData("\u200cada@example.com", "has a zero-width non-joiner at its start; send the address alone.")]
    [InlineData("mailto:ada@example.com", "begins with mailto:; send the address alone.")]
    [InlineData(" MAILTO:ada@example.com", "begins with mailto:; send the address alone.")]
    [InlineData("ada@example.com, bob@example.com", "is two addresses; a partner has one.")]
    [InlineData("ada@example.com;bob@example.com", "is two addresses; a partner has one.")]
    [InlineData("ada@example.com/bob@example.com", "is two addresses; a partner has one.")]
    [InlineData("ada@example.com bob@example.com", "is two addresses; a partner has one.")]
    [InlineData("Ada <ada@example.com>; Bob <bob@example.com>", "is two addresses; a partner has one.")]
    [InlineData("a@example.com,b@example.com,c@example.com", "is several addresses; a partner has one.")]
    [InlineData("Ada <ada@example.com>", "has something beside the address, such as a name or brackets; send the address alone.")]
    [InlineData("<ada@example.com>", "has something beside the address, such as a name or brackets; send the address alone.")]
    [InlineData("ada@example.com (Ada)", "has something beside the address, such as a name or brackets; send the address alone.")]
    [InlineData("ada@exam ple.com", "has a space within it; send the address alone.")]
    [InlineData("\u2800", "has nothing in it that can be seen; send null to clear it.")]
    [InlineData("e\u0301@example.com", "has a letter that Unicode spells in another way; send it in normal form C (NFC).")]
    [InlineData("\u212a@example.com", "has a letter that Unicode spells in another way; send it in normal form C (NFC).")]
    [InlineData("\u212bngstr\u00f6m@example.com", "has a letter that Unicode spells in another way; send it in normal form C (NFC).")]
    public void What_is_wrong_with_an_address_is_said(string email, string text)
    {
        var rule = PartnerRules.CheckEmail(email)!;

        Assert.Equal((FaultCode.InvalidEmail, "email " + text), (rule.Code, rule.Message));
    }

    [Theory]
    [InlineData("crm-1 ", "has a space at its end; send it without.")]
    [InlineData(" crm-1", "has a space at its start; send it without.")]
    [InlineData("crm-1\u00a0", "has a no-break space at its end; send it without.")]
    [InlineData("\u2029crm-1", "has an invisible character (U+2029) at its start; send it without.")]
    [InlineData("crm-1\u0085", "has an invisible character (U+0085) at its end; send it without.")]
    [InlineData("\ufeffcrm-1", "has a byte order mark at its start; send it without.")]
    [InlineData("crm-1\u200d", "has a zero-width joiner at its end; send it without.")]
    [InlineData("crm-1\u200e", "has a left-to-right mark at its end; send it without.")]
    [InlineData("crm-1\u2060", "has a word joiner at its end; send it without.")]
    [InlineData(" ", "has nothing in it that can be seen; send null to clear it.")]
    [InlineData("\u200b\u2800", "has nothing in it that can be seen; send null to clear it.")]
    [InlineData("\u00ad", "has nothing in it that can be seen; send null to clear it.")]
    public void An_external_id_with_what_nobody_sees_outside_is_refused(string externalId, string text)
    {
        var rule = PartnerRules.CheckExternalId(externalId)!;

        Assert.Equal((FaultCode.InvalidText, "externalId " + text), (rule.Code, rule.Message));
    }

    [Theory]
    [InlineData("crm 1")]
    [InlineData("a\u00a0b")]
    [InlineData("\u0639\u0645\u064a\u0644")]
    [InlineData("\u2764\ufe0f")]
    [InlineData("\ud83d\udc69\u200d\ud83d\udcbb")]
    [InlineData("e\u0301")]
    public void An_external_id_is_any_other_text(string externalId) => Assert.Null(PartnerRules.CheckExternalId(externalId));

    [Theory]
    [InlineData("")]
    [InlineData(" \u3000\u2028")]
    [InlineData("\u200b")]
    [InlineData("\u2800")]
    [InlineData("\u3164")]
    [InlineData("\u115f\u1160")]
    [InlineData("\uffa0")]
    [InlineData("\u00ad\u200e\u2066\ufeff")]
    [InlineData("\u034f\ufe0f")]
    [InlineData("\udb40\udc41\udb40\udd00")]
    public void A_name_that_nobody_sees_is_none(string name) => Assert.Equal(FaultCode.NameRequired, PartnerRules.CheckName(name)?.Code);

    [Theory]
    [InlineData("x")]
    [InlineData("\u200bx")]
    [InlineData(" \u4e2d")]
    [InlineData("\u115f\u1161")]
    [InlineData("\u0301")]
    [InlineData("\u2764\ufe0f")]
    [InlineData("-")]
    public void A_name_of_which_something_is_seen_is_a_name(string name) => Assert.Null(PartnerRules.CheckName(name));

    [Theory]
    [InlineData("4.47911E+11")]
    [InlineData("4,47911E+11")]
    [InlineData("4\u066b47911E+11")]
    [InlineData("4E+11")]
    [InlineData("4.4e+11")]
    [InlineData("1.2E-05")]
    public void A_phone_that_a_spreadsheet_has_cut_is_refused_and_the_text_says_so(string phone)
    {
        var rule = PartnerRules.CheckPhone(phone)!;

        Assert.Equal(FaultCode.InvalidPhone, rule.Code);
        Assert.Contains("Excel has cut", rule.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("447911123456")]
    [InlineData("4E11")]
    [InlineData("44.7911E+11")]
    [InlineData("4.E+11")]
    [InlineData("4.47911E+")]
    [InlineData("4.47911E+11 ext. 2")]
    [InlineData("E+11")]
    [InlineData("+44 20 7946 0000")]
    [InlineData("ask Eve + 2")]
    public void Any_other_text_is_a_phone(string phone) => Assert.Null(PartnerRules.CheckPhone(phone));

    [Theory]
    [InlineData("ADA@Example.COM", "ada@example.com")]
    [InlineData("\u212a@example.com", "k@example.com")]
    [InlineData("E\u0301@example.com", "\u00e9@example.com")]
    [InlineData("\u212b@example.com", "\u00e5@example.com")]
    [InlineData("\u2126@example.com", "\u03c9@example.com")]
    [InlineData("\u039f\u03a3@example.com", "\u03bf\u03c2@example.com")]
    [InlineData("J\u030c@example.com", "\u01f0@example.com")]
    public void Spellings_of_one_address_are_the_same(string one, string other) =>
        Assert.Equal(Upsert.FoldEmail(one), Upsert.FoldEmail(other));

    [Theory]
    [InlineData("stra\u00dfe@example.com", "strasse@example.com")]
    [InlineData("\u0130@example.com", "i@example.com")]
    [InlineData("\u0131@example.com", "i@example.com")]
    [InlineData("\uff41@example.com", "a@example.com")]
    [InlineData("\u00e9@example.com", "e@example.com")]
    public void Other_letters_are_other_addresses(string one, string other) =>
        Assert.NotEqual(Upsert.FoldEmail(one), Upsert.FoldEmail(other));

    [Fact]
    public void Folding_once_more_changes_nothing_whatever_the_character()
    {
        for (var code = 0; code < 0x20000; code++)
        {
            if (!System.Text.Rune.TryCreate(code, out var rune))
                continue;
            var folded = Upsert.FoldEmail($"a{rune}\u0301{rune}\u0345");
            Assert.Equal(folded, Upsert.FoldEmail(folded));
        }
    }
}
