using Roster.Changes;

namespace Roster.Tests.Changes;

/// <summary>How many partners a mirror may delete.</summary>
public sealed class MirrorTests
{
    [Theory]
    [InlineData("0", 500, 0)]
    [InlineData("7", 500, 7)]
    [InlineData("10000", 20_000, 10_000)]
    [InlineData("0%", 500, 0)]
    [InlineData("1%", 199, 1)]
    [InlineData("10%", 500, 50)]
    [InlineData("100%", 500, 500)]
    [InlineData("100%", 20_000, 10_000)]
    public void The_limit_is_a_number_or_a_share_of_the_live_partners_and_never_more_than_a_batch(string text, long live, long allowed) =>
        Assert.Equal(allowed, Mirror.Parse(text)!.Allowed(live));

    [Theory]
    [InlineData("")]
    [InlineData("%")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1.5%")]
    [InlineData("10001")]
    [InlineData("101%")]
    [InlineData("1%%")]
    public void Anything_else_is_no_limit(string text) => Assert.Null(Mirror.Parse(text));

    [Fact]
    public void Five_percent_may_be_deleted_where_nothing_else_is_said() => Assert.Equal(50, Mirror.Default.Allowed(1_000));
}
