namespace Roster.Tests.Server;

/// <summary>Answers that are made and that nobody reads, and the memory that they and their requests hold.</summary>
public sealed class UnreadAnswerTests(SqliteHost host)
{
    private const int AllReads = 40_000;

    [Theory]
    [InlineData("GET", "text/csv")]
    [InlineData("GET", "application/x-ndjson")]
    [InlineData("GET", "application/json")]
    [InlineData("HEAD", "text/csv")]
    public async Task Small_lists_are_answered_while_the_memory_of_reads_is_all_taken(string method, string accept)
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        await api.CreateAsync();
        using var all = await own.Limits.TakeMemoryForPageAsync(AllReads, isUnderWay: false, CancellationToken.None);

        var answer = await api.SendAsync(HttpMethod.Parse(method), "/api/partners?take=10", accept: accept);

        Assert.Equal(200, answer.Status);
    }
}
