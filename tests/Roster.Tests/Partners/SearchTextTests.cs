using Roster.Partners;

namespace Roster.Tests.Partners;

public class SearchTextTests
{
    [Fact]
    public void Names_are_sorted_as_people_read_them()
    {
        string[] sorted = ["Älter", "alter", "altZ", "Éclair", "eclat", "Zebra", "zebra2", "محمد", "محـمدي"];
        Assert.Equal(sorted, sorted.Reverse().OrderBy(SearchText.SortName, StringComparer.Ordinal)
            .ThenByDescending(name => name, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("ΠΑΠΑΔΟΠΟΥΛΟΣ", "Παπαδόπουλος")]
    [InlineData("Νίκος", "ΝΙΚΟΣ")]
    [InlineData("Straße", "STRASSE")]
    [InlineData("Ⅷ ﬁn", "viii FIN")]
    public void A_name_is_found_whatever_its_case(string name, string asked) =>
        Assert.Equal(SearchText.Fold(name), SearchText.Fold(asked));

    [Fact]
    public void What_a_name_is_sorted_by_is_no_longer_than_a_name_and_has_no_half_characters()
    {
        Assert.Equal(PartnerRules.MaxName, SearchText.SortName(new string('\uFDFA', PartnerRules.MaxName)).Length);
        Assert.Equal(new string('a', PartnerRules.MaxName - 1),
            SearchText.SortName(new string('a', PartnerRules.MaxName - 1) + "\U0001F600"));
    }
}
