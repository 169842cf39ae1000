namespace Roster.Tests;

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
        "e\u0301@e\u0301.example",
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
    public void What_is_no_email_address_is_refused(string email, string code) => Assert.Equal(code, PartnerRules.CheckEmail(email));

    [Fact]
    public void An_address_of_254_characters_is_accepted_and_one_of_255_is_too_long()
    {
        var address = new string('a', 64) + "@" + LongDomain + "example12";

        Assert.Equal(254, address.Length);
        Assert.Null(PartnerRules.CheckEmail(address));
        Assert.Equal(FaultCode.TooLong, PartnerRules.CheckEmail(address + "3"));
    }
}
