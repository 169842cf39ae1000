using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Roster.Tests.Server;

/// <summary>Answers that are made and that nobody reads, and the memory that they and their requests hold.</summary>
public sealed class UnreadAnswerTests(SqliteHost host)
{
    private const int AllRoom = 64 << 20;
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

    [Fact]
    public async Task Rows_of_an_import_as_CSV_that_nobody_reads_hold_no_memory_of_reads()
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var note = new string('n', 1_000);
        var (id, _) = await api.NewPlanAsync("name,note\n" + string.Concat(Enumerable.Range(0, 8_000).Select(i => $"{i},{note}\n")));
        var path = $"/api/imports/{id}/rows";

        using var deaf = await AskAsync(own, api, $"GET {path}", accept: "text/csv");
        await HoldsNothingAsync(own);

        var rows = (await api.GetAsync(path, "text/csv")).Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            ["name,note,roster_change,roster_faults", .. Enumerable.Range(0, 8_000).Select(i => $"{i},{note},created,")], rows);
    }

    [Fact]
    public async Task Rows_of_an_import_as_CSV_are_refused_where_too_many_wait_for_memory()
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var (id, _) = await api.NewPlanAsync("name\nAda\n");
        var path = $"/api/imports/{id}/rows";
        using var end = new CancellationTokenSource();
        using var all = await own.Limits.TakeMemoryForPageAsync(AllReads, isUnderWay: false, CancellationToken.None);
        var waiting = Enumerable.Range(0, 16)
            .Select(_ => own.Limits.TakeMemoryForPageAsync(AllReads, isUnderWay: false, end.Token)).ToList();

        var refused = await api.GetAsync(path, "text/csv");

        Assert.Equal((503, "overloaded"), (refused.Status, refused.Code));
        await end.CancelAsync();
        await Task.WhenAll(waiting.Select(one => Assert.ThrowsAnyAsync<OperationCanceledException>(() => one)));
        var answer = api.GetAsync(path, "text/csv");
        all!.Dispose();
        Assert.Equal(200, (await answer).Status);
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

    [Fact]
    public async Task Where_there_is_no_room_for_answers_only_what_was_written_is_told_in_full()
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var ids = (await api.PutAsync(Large(100))).Ids;
        var items = Phones("1");
        var same = "[" + string.Join(',', ids.Select(id => $$"""{"id":"{{id}}"}""")) + "]";
        var written = await WriteAsync(items, "once");
        Assert.Equal((200, 100), (written.Status, written.Count("Roster-Updated")));
        using var all = await own.Unsent.EnterAsync(new DefaultHttpContext(), AllRoom, isOwed: true);
        var waiting = new List<Task<Roster.Server.Guard.UnsentAnswers.Sending?>>();
        do
            waiting.Add(own.Unsent.EnterAsync(new DefaultHttpContext(), AllRoom, isOwed: false).AsTask());
        while (!waiting[^1].IsCompleted);

        var dryRun = await api.PutAsync(Encoding.UTF8.GetBytes(Phones("2")), path: "/api/partners?dryRun=true");
        var repeated = await WriteAsync(items, "once");
        var unchanged = await WriteAsync(same, "unchanged");
        var stale = await api.PutAsync(Stale(ids));
        var other = await api.PutAsync(Phones("3"));

        foreach (var refused in new[] { dryRun, repeated, unchanged })
        {
            Assert.Equal((503, "overloaded"), (refused.Status, refused.Code));
            Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
            Assert.Single(refused.Headers.GetValues("Roster-Request-Id"));
            Assert.False(refused.Headers.Contains("Roster-Updated") || refused.Headers.Contains("Idempotent-Replayed"));
        }
        Assert.Contains("was carried out before", repeated.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("was carried out before", dryRun.Text + unchanged.Text, StringComparison.Ordinal);
        Assert.Equal((400, "validation_failed"), (stale.Status, stale.Code));
        Assert.Equal((0, true, 100), (
            stale.Json.GetProperty("details").GetArrayLength(), stale.Json.GetProperty("truncated").GetBoolean(),
            stale.Json.GetProperty("detailCount").GetInt32()));
        Assert.Equal((200, 100), (other.Status, other.Count("Roster-Updated")));

        all!.Dispose();
        foreach (var one in waiting)
            (await one)?.Dispose();
        var again = await WriteAsync(items, "once");
        Assert.Equal((200, "true"), (again.Status, again.Headers.GetValues("Idempotent-Replayed").Single()));
        Assert.Equal(written.Text, again.Text);
        Assert.Equal(200, (await WriteAsync(same, "unchanged")).Status);
        Assert.Equal(100, (await api.PutAsync(Stale(ids))).Faults.Count);

        string Phones(string phone) => "[" + string.Join(',', ids.Select(id => $$"""{"id":"{{id}}","phone":"{{phone}}"}""")) + "]";

        Task<Answer> WriteAsync(string body, string key) => api.SendAsync(
            HttpMethod.Put, "/api/partners", new StringContent(body, Encoding.UTF8, "application/json"),
            headers: [("Idempotency-Key", key)]);
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
