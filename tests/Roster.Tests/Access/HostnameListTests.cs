using Roster.Access;

namespace Roster.Tests.Access;

public sealed class HostnameListTests
{
    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "a.example", true)]
    [InlineData("a.example", "", false)]
    [InlineData("a.example", "a.example", true)]
    [InlineData("a.example", "A.Example", true)]
    [InlineData("a.example b.example", "b.example", true)]
    [InlineData("a.example", "a.example b.example", false)]
    [InlineData("*.example.com", "a.example.com", true)]
    [InlineData("*.example.com", "a.b.example.com *.b.example.com", true)]
    [InlineData("*.example.com", "*.example.com", true)]
    [InlineData("*.example.com", "example.com", false)]
    [InlineData("*.example.com", "evilexample.com", false)]
    [InlineData("*.example.com", "*.com", false)]
    [InlineData("a.example.com", "*.example.com", false)]
    [InlineData("a.example.com", "*.a.example.com", false)]
    [InlineData("*.a.example", "*.b.example", false)]
    [InlineData("[::1]", "::1", true)]
    [InlineData("::1", "[::1]", true)]
    [InlineData("127.0.0.1", "127.0.0.2", false)]
    public void A_list_covers_another_where_it_allows_every_page_of_it(string list, string other, bool covers)
    {
        var one = Parse(list);
        var two = Parse(other);

        Assert.Equal(covers, one.Covers(two));
        // The same, tested with page addresses.
        string[] hosts =
        [
            "a.example", "b.example", "a.example.com", "a.b.example.com", "x.y.b.example.com", "example.com", "evilexample.com",
            "x.a.example.com", "other.com", "x.a.example", "x.b.example", "[::1]", "127.0.0.1", "127.0.0.2",
        ];
        Assert.Equal(covers, hosts.All(host => !two.AllowsPage($"https://{host}/") || one.AllowsPage($"https://{host}/")));
    }

    [Fact]
    public void A_stored_list_is_what_was_stored_and_one_that_says_nothing_allows_nothing()
    {
        Assert.True(HostnameList.Stored(null).AllowsPage("https://a.example"));
        Assert.True(HostnameList.Stored("a.example *.b.example").AllowsPage("https://x.b.example"));
        Assert.False(HostnameList.Stored("").AllowsPage("https://a.example"));
        Assert.False(HostnameList.Stored("no host name!").AllowsPage("https://a.example"));
    }

    [Theory]
    [InlineData("münchen.example", "https://münchen.example", true)]
    [InlineData("münchen.example", "https://xn--mnchen-3ya.example", true)]
    [InlineData("MÜNCHEN.example", "https://xn--mnchen-3ya.example:8443/a", true)]
    [InlineData("*.münchen.example", "https://a.xn--mnchen-3ya.example", true)]
    [InlineData("*.münchen.example", "https://xn--mnchen-3ya.example", false)]
    [InlineData("xn--mnchen-3ya.example", "https://münchen.example", true)]
    [InlineData("münchen.example", "https://munchen.example", false)]
    [InlineData("0:0::1", "https://[::1]", true)]
    [InlineData("2024", "https://2024/", true)]
    public void A_host_with_other_letters_is_allowed_as_browsers_send_it(string name, string page, bool allows)
    {
        var list = Parse(name);

        Assert.Equal(allows, list.AllowsPage(page));
        Assert.Equal(allows, HostnameList.Stored(list.ToStored()).AllowsPage(page));
        Assert.True(list.Covers(list));
    }

    private static HostnameList Parse(string names) => HostnameList.Parse(names.Split(' ', StringSplitOptions.RemoveEmptyEntries), out _)!;
}
