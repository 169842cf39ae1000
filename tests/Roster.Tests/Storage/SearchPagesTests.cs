using CsCheck;
using Roster.Storage.Postgres.Search;

namespace Roster.Tests.Storage;

/// <summary>The lists of PostgreSQL's search index as bytes.</summary>
public sealed class SearchPagesTests
{
    private static readonly Gen<int[]> Numbers = Gen.Int[0, int.MaxValue].Array[1, 2_000].Select(numbers => numbers.Distinct().Order().ToArray());

    [Fact]
    public void Each_list_is_found_whole_in_the_page_that_begins_at_or_before_its_key() => Gen.Dictionary(Gen.Int, Numbers)[1, 30].Sample(lists =>
    {
        var pages = new SearchPages();
        foreach (var (key, numbers) in lists.OrderBy(list => list.Key))
            pages.Add(key, numbers);
        var packed = pages.Take(isEnd: true);

        foreach (var (key, numbers) in lists)
            Assert.Equal(numbers, SearchList.Unpack(SearchPage.Find(packed.Last(page => page.First <= key).Lists, key).Span));
        Assert.All(packed, page => Assert.True(SearchPage.Find(page.Lists, page.First - 1).IsEmpty));
    }, iter: 50);

    [Fact]
    public void Lists_are_cut_and_joined_as_sets_are() => Gen.Select(Numbers, Numbers).Sample((left, right) =>
    {
        Assert.Equal(left.Intersect(right).Order(), SearchList.Both([.. left], [.. right]));
        Assert.Equal(left.Concat(right).Order(), SearchList.Either([.. left], [.. right]));
    }, iter: 50);
}
