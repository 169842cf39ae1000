using Roster.Access;

namespace Roster.Tests.Access;

public sealed class ApiKeySecretTests
{
    [Fact]
    public void A_minted_secret_is_recognisable_and_parses()
    {
        var secret = ApiKeySecret.Mint();

        Assert.Matches("^roster_[0-9A-Za-z]{38}$", secret.Text);
        Assert.Equal(secret.Hash(), ApiKeySecret.Parse(secret.Text)!.Hash());
        Assert.Equal(secret.Text[..11], secret.Prefix);
    }

    [Fact]
    public void No_two_secrets_are_the_same() =>
        Assert.Equal(1_000, Enumerable.Range(0, 1_000).Select(_ => ApiKeySecret.Mint().Text).Distinct().Count());

    [Fact]
    public void A_secret_with_one_character_changed_anywhere_does_not_parse()
    {
        var text = ApiKeySecret.Mint().Text;
        for (var i = 0; i < text.Length; i++)
        {
            var changed = text.ToCharArray();
            changed[i] = changed[i] == 'x' ? 'y' : 'x';
            Assert.Null(ApiKeySecret.Parse(new string(changed)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("roster_")]
    [InlineData("roster_ééééééééééééééééééééééééééééééééaaaaaa")]
    [InlineData("hoko_00000000000000000000000000000000000000")]
    public void What_was_never_minted_does_not_parse(string text) => Assert.Null(ApiKeySecret.Parse(text));
}
