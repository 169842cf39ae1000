using System.Net.Sockets;
using System.Text;

namespace Roster.Tests.Server;

/// <summary>Answers that are made and that nobody reads, and the memory that they and their requests hold.</summary>
public sealed class UnreadAnswerTests(SqliteHost host)
{
    private const int AllReads = 40_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Errors_that_nobody_reads_hold_no_memory_of_writes()
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var ids = (await api.PutAsync(Large(1_000))).Ids;

        // A body of more than 64 KiB, which takes memory, and an answer that no connection holds by itself.
        using var deaf = await AskAsync(own, api, "PUT /api/partners", Stale(ids));

        await HoldsNothingAsync(own);
    }

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

    /// <summary>New partners with nearly as much metadata as they may have.</summary>
    private static string Large(int count)
    {
        var metadata = string.Join(',', Enumerable.Range(0, 15).Select(i => $"\"k{i}\":\"{new string('m', 500)}\""));
        return "[" + string.Join(',', Enumerable.Repeat($$"""{"name":"n","metadata":{ {{metadata}} } }""", count)) + "]";
    }

    /// <summary>Changes of partners that have changed since: each fault has the partner as it is now.</summary>
    private static string Stale(IEnumerable<string> ids) =>
        "[" + string.Join(',', ids.Select(id => $$"""{"id":"{{id}}","ifUpdatedAt":"2000-01-01T00:00:00Z"}""")) + "]";

    /// <summary>Sends a request, and reads no more than the first byte of its answer.</summary>
    private static async Task<TcpClient> AskAsync(RosterHost own, RosterClient api, string request, string body = "", string accept = "*/*")
    {
        var deaf = new TcpClient { ReceiveBufferSize = 4_096 };
        await deaf.ConnectAsync(own.Address.Host, own.Address.Port);
        await deaf.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"{request} HTTP/1.1\r\nHost: h\r\nAuthorization: {api.Key}\r\nAccept: {accept}\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {body.Length}\r\n\r\n{body}"));
        Assert.Equal(1, await deaf.GetStream().ReadAsync(new byte[1]));
        return deaf;
    }

    private static async Task HoldsNothingAsync(RosterHost own)
    {
        for (var start = TimeProvider.System.GetTimestamp(); own.Limits.Used.Any(budget => budget.Ratio != 0);)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, $"Held is: {string.Join(", ", own.Limits.Used)}");
            await Task.Delay(10);
        }
    }
}
