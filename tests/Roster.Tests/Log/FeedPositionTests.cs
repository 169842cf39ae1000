using Roster.Log;

namespace Roster.Tests.Log;

/// <summary>Positions of the feed, as a mirror sends them back.</summary>
public sealed class FeedPositionTests
{
    private const string Mark = "019324e63c1d7d0aa1f53e2b5c8d9f10";
    private const string Last = "019324e63c1d7d0aa1f53e2b5c8d9f11";

    private static readonly Guid Request = Guid.Parse(Mark);

    public static TheoryData<string, FeedPosition> Positions => new()
    {
        { "0", new FeedPosition(0, 0, null, 0, null) },
        { "7", new FeedPosition(7, 0, null, 7, null) },
        { "9223372036854775806", new FeedPosition(long.MaxValue - 1, 0, null, long.MaxValue - 1, null) },
        { $"7-3-9-{Mark}", new FeedPosition(7, 3, null, 9, Request) },
        { $"8-1-9-{Mark}", new FeedPosition(8, 1, null, 9, Request) },
        { $"9-0-9-{Mark}", new FeedPosition(9, 0, null, 9, Request) },
        { $"7-2147483647-9-{Mark}", new FeedPosition(7, int.MaxValue, null, 9, Request) },
        { $"full-7-{Last}-9-{Mark}", new FeedPosition(7, 0, Guid.Parse(Last), 9, Request) },
        { $"full-9-{Last}-9-{Mark}", new FeedPosition(9, 0, Guid.Parse(Last), 9, Request) },
    };

    [Theory]
    [MemberData(nameof(Positions))]
    public void A_position_is_read_as_it_was_written(string text, FeedPosition position)
    {
        Assert.Equal(position, FeedPosition.Parse(text));
        Assert.Equal(text, position.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" 7")]
    [InlineData("+7")]
    [InlineData("-7")]
    [InlineData("seven")]
    [InlineData("9223372036854775807")]
    [InlineData("7-3")]
    [InlineData($"x-3-9-{Mark}")]
    [InlineData($"7-x-9-{Mark}")]
    [InlineData($"7-3-x-{Mark}")]
    [InlineData("7-3-9-x")]
    [InlineData($"7-2147483648-9-{Mark}")]
    [InlineData($"9-1-9-{Mark}")]
    [InlineData($"10-0-9-{Mark}")]
    [InlineData($"half-7-{Last}-9-{Mark}")]
    [InlineData($"full-x-{Last}-9-{Mark}")]
    [InlineData($"full-7-x-9-{Mark}")]
    [InlineData($"full-7-{Last}-x-{Mark}")]
    [InlineData($"full-7-{Last}-9-x")]
    [InlineData($"full-10-{Last}-9-{Mark}")]
    [InlineData($"full-7-{Last}-9-{Mark}-1")]
    public void What_no_page_of_the_feed_gave_is_no_position(string text) => Assert.Null(FeedPosition.Parse(text));

    [Fact]
    public void A_mirror_begins_with_the_whole_directory_or_with_the_first_change()
    {
        Assert.Equal(new FeedPosition(-1, 0, Guid.Empty, 0, null), FeedPosition.Start(isFull: true));
        Assert.Equal(new FeedPosition(0, 0, null, 0, null), FeedPosition.Start(isFull: false));
    }
}
