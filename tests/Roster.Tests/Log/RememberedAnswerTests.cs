using Roster.Changes;
using Roster.Log;

namespace Roster.Tests.Log;

/// <summary>The size of what is stored for each request with an idempotency key.</summary>
public sealed class RememberedAnswerTests
{
    [Theory]
    [InlineData(10_000, 0, 200)]
    [InlineData(0, 10_000, 200_000)]
    [InlineData(5_000, 5_000, 100_000)]
    public void An_answer_is_kept_as_what_the_log_does_not_have(int created, int unchanged, int maxBytes)
    {
        var ids = new PartnerIds(new Timestamp(1_700_000_000_000_000), UInt128.One << 60);
        var stored = Enumerable.Range(0, unchanged).Select(_ => Some.Partner(ids.Next())).ToArray();
        var items = stored.Select(partner => $$"""{"id":"{{partner.Id}}"}""").Concat(Enumerable.Repeat("""{"name":"n"}""", created));
        var change = Some.Upsert("[" + string.Join(',', items) + "]");
        var now = new RowsNow(change.Count);
        for (var i = 0; i < unchanged; i++)
            now[i] = stored[i];

        var bytes = RememberedAnswer.Encode(change.PlanOn(now, new Moment(new Revision(1, new Timestamp(1)), new Timestamp(2_000_000), 1)));

        TestContext.Current.TestOutputHelper!.WriteLine($"{created} created, {unchanged} unchanged: {bytes.Length} bytes");
        Assert.InRange(bytes.Length, 1, maxBytes);
    }
}
