using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Roster.Tests.Server;

/// <summary>The limits of each client. The engine does not matter here.</summary>
public sealed class LimitTests(SqliteHost host)
{
    [Fact]
    public async Task A_key_that_has_used_up_its_rows_gets_429_with_the_time_to_wait()
    {
        await using var own = await host.AnotherAsync(settings => settings with { RowsPerMinute = 10_000 });
        var api = await own.NewWorkspaceAsync();
        var batch = "[" + string.Join(',', Enumerable.Repeat("""{"name":"n"}""", 10_000)) + "]";

        var first = await api.PutAsync(batch);
        var second = await api.PutAsync(batch);

        Assert.Equal(200, first.Status);
        Assert.Equal("\"rows\";q=10000;w=60", first.Headers.GetValues("RateLimit-Policy").Single());
        Assert.StartsWith("\"rows\";r=", first.Headers.GetValues("RateLimit").Single(), StringComparison.Ordinal);
        Assert.Equal((429, "rate_limited"), (second.Status, second.Code));
        var wait = second.Json.GetProperty("retryAfter").GetInt32();
        Assert.InRange(wait, 1, 60);
        Assert.Equal(wait, second.Headers.RetryAfter!.Delta!.Value.TotalSeconds);
        Assert.Equal(200, (await (await own.NewWorkspaceAsync()).PutAsync("""[{"name":"another key"}]""")).Status);
    }

    [Fact]
    public async Task Without_a_limit_nothing_is_counted()
    {
        await using var own = await host.AnotherAsync(settings => settings with { RowsPerMinute = 0 });

        var answer = await (await own.NewWorkspaceAsync()).PutAsync("""[{"name":"n"}]""");

        Assert.Equal(200, answer.Status);
        Assert.False(answer.Headers.Contains("RateLimit"));
    }

    [Fact]
    public async Task The_last_row_of_a_key_is_enough_for_a_write_of_one_partner()
    {
        await using var own = await host.AnotherAsync(settings => settings with { RowsPerMinute = 2 });
        var api = await own.NewWorkspaceAsync();
        Assert.Equal(200, (await api.GetAsync("/api/partners")).Status);

        Assert.Equal(200, (await api.PutAsync("""[{"name":"n"}]""")).Status);
    }

    [Fact]
    public async Task Addresses_with_too_many_failed_authentications_get_429_and_their_valid_keys_still_work()
    {
        await using var own = await host.AnotherAsync(settings => settings with { FailedAuthentications = 30 });
        var api = await own.NewWorkspaceAsync();
        var statuses = new List<int>();
        for (var i = 0; i < 40; i++)
            statuses.Add((await own.WithKey("wrong").GetAsync("/api/partners")).Status);

        Assert.Equal(Enumerable.Repeat(401, 30), statuses.Take(30));
        Assert.Contains(429, statuses);
        Assert.Equal(200, (await api.GetAsync("/api/partners")).Status);
    }

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    public async Task Behind_a_trusted_proxy_clients_are_told_apart_and_an_IPv6_client_is_its_network(
        string first, string second, bool isSame)
    {
        await using var own = await host.AnotherAsync(
            settings => settings with { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")], FailedAuthentications = 30 });

        Assert.Equal(429, await FailAsync(own, first, 40));
        Assert.Equal(isSame ? 429 : 401, await FailAsync(own, second, 1));
    }

    [Fact]
    public async Task What_a_client_claims_of_its_address_counts_for_nothing_without_a_trusted_proxy()
    {
        await using var own = await host.AnotherAsync(settings => settings with { FailedAuthentications = 30 });

        Assert.Equal(429, await FailAsync(own, "192.0.2.1", 40));
        Assert.Equal(429, await FailAsync(own, "192.0.2.2", 1));
    }

    [Fact]
    public async Task Large_bodies_wait_for_memory_and_get_503_when_too_many_wait()
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var sockets = new List<TcpClient>();
        var head = Encoding.ASCII.GetBytes(
            $"PUT /api/partners HTTP/1.1\r\nHost: h\r\nAuthorization: {api.Key}\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {16 << 20}\r\n\r\n[");
        var answers = new List<Task<string>>();
        for (var i = 0; i < 12; i++)
        {
            sockets.Add(new TcpClient(own.Address.Host, own.Address.Port));
            await sockets[^1].GetStream().WriteAsync(head);
            answers.Add(new StreamReader(sockets[^1].GetStream()).ReadLineAsync()!);
        }

        var refused = await await Task.WhenAny(answers);

        Assert.Equal("HTTP/1.1 503 Service Unavailable", refused);
        Assert.Equal(200, (await api.PutAsync("""[{"name":"small ones still come through"}]""")).Status);
        foreach (var socket in sockets)
            socket.Dispose();
        await Task.WhenAll(answers.Select(answer => answer.ContinueWith(_ => { }, TaskScheduler.Default)));
        // Their memory is free again once they are gone.
        Answer large;
        do
            large = await api.PutAsync("[" + string.Join(',', Enumerable.Repeat("""{"name":"n"}""", 9_000)) + "]");
        while (large.Status == 503);
        Assert.Equal(200, large.Status);
    }

    [Fact]
    public async Task An_undo_of_more_than_a_key_can_ever_have_takes_all_that_it_can_have()
    {
        await using var own = await host.AnotherAsync(settings => settings with { RowsPerMinute = 10_000 });
        var api = await own.NewWorkspaceAsync();
        string Batch(int from) => "[" + string.Join(
            ',', Enumerable.Range(from, 10_000).Select(i => $$"""{"name":"n","externalId":"{{i}}"}""")) + "]";
        Assert.Equal(200, (await api.PutAsync(Batch(0))).Status);
        // Another key of the workspace replaces all partners: 20,000 changes.
        var mirror = await (await own.NewKeyAsync(api.Workspace, Roster.Access.Scopes.All)).PutAsync(
            Encoding.UTF8.GetBytes(Batch(10_000)), path: "/api/partners?mode=mirror&matchOn=externalId&maxDeletes=10000");
        Assert.Equal((200, 10_000), (mirror.Status, mirror.Count("Roster-Deleted")));
        var undoing = await own.NewKeyAsync(api.Workspace, Roster.Access.Scopes.All);

        var undone = await undoing.SendAsync(HttpMethod.Post, "/api/changesets/2/undo");

        Assert.Equal((200, 10_000, 10_000), (undone.Status, undone.Count("Roster-Restored"), undone.Count("Roster-Deleted")));
        var next = await undoing.SendAsync(HttpMethod.Post, "/api/changesets/3/undo");
        Assert.Equal((429, "rate_limited"), (next.Status, next.Code));
    }

    [Fact]
    public async Task Feeds_that_wait_hold_no_memory_that_others_need()
    {
        var api = await host.NewWorkspaceAsync();
        var others = await host.NewWorkspaceAsync();
        var waiting = Enumerable.Range(0, 40).Select(_ => others.GetAsync("/api/partners/changes?take=10000&wait=30")).ToList();

        var batch = "[" + string.Join(',', Enumerable.Repeat("""{"name":"n"}""", 10_000)) + "]";
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(200, (await api.PutAsync(batch)).Status);
            Assert.Equal(10_000, (await api.GetAsync("/api/partners?take=10000")).Items.Count);
        }

        Assert.All(waiting, feed => Assert.False(feed.IsCompleted));
        await others.PutAsync("""[{"name":"n"}]""");
        Assert.All(await Task.WhenAll(waiting), feed => Assert.Equal(200, feed.Status));
    }

    [Theory]
    [InlineData("GET /api/partners?take=10000")]
    [InlineData("GET /api/partners/changes?take=10000&after=0")]
    [InlineData("GET /api/changesets/1/changes?take=10000")]
    [InlineData("GET /api/partners", "text/csv")]
    public async Task Clients_that_never_read_their_large_answers_shut_nobody_out(string request, string accept = "*/*")
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var batch = "[" + string.Join(
            ',', Enumerable.Repeat($$"""{"name":"{{new string('n', 250)}}","email":"a@b.example"}""", 10_000)) + "]";
        Assert.Equal(200, (await api.PutAsync(batch)).Status);
        var deaf = new List<TcpClient>();
        try
        {
            // Each has an answer of about 4 MB: more than all waiting answers may have together.
            for (var i = 0; i < 24; i++)
            {
                deaf.Add(new TcpClient { ReceiveBufferSize = 4_096 });
                await deaf[^1].ConnectAsync(own.Address.Host, own.Address.Port);
                await deaf[^1].GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                    $"{request} HTTP/1.1\r\nHost: h\r\nAuthorization: {api.Key}\r\nAccept: {accept}\r\n\r\n"));
                // The server has built the answer and begun to send it.
                Assert.Equal(1, await deaf[^1].GetStream().ReadAsync(new byte[1]));
            }

            Assert.Equal(10_000, (await api.GetAsync("/api/partners?take=10000")).Items.Count);
            Assert.Equal(200, (await api.PutAsync(batch)).Status);
            Assert.Equal(20_001, (await api.GetAsync("/api/partners", accept: "text/csv")).Text
                .Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        }
        finally
        {
            foreach (var socket in deaf)
                socket.Dispose();
        }
    }

    [Fact]
    public async Task Answers_carry_what_keeps_them_safe()
    {
        var api = await host.NewWorkspaceAsync();
        foreach (var path in new[] { "/api/partners", "/api/keys", "/api/nothing", "/health/live", "/errors", "/openapi/v1.json" })
        {
            var answer = await api.GetAsync(path);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
            Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
            var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            Assert.StartsWith("default-src 'none'; ", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.False(answer.Headers.Contains("Server"));
            Assert.Contains("Origin", answer.Headers.Vary);
            Assert.False(answer.Headers.Contains("Strict-Transport-Security"));
            Assert.Equal(path is "/api/partners" or "/api/keys", answer.Headers.CacheControl?.NoStore ?? false);
        }
        Assert.True((await host.WithKey(null).GetAsync("/api/partners")).Headers.CacheControl!.NoStore);
    }

    [Fact]
    public async Task The_pages_for_people_can_be_put_in_no_frame()
    {
        foreach (var path in new[] { "/errors", "/help", "/docs/" })
        {
            var page = await host.WithKey(null).GetAsync(path);
            Assert.Equal((200, "DENY"), (page.Status, page.Headers.GetValues("X-Frame-Options").Single()));
            Assert.Contains("frame-ancestors 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_page_of_errors_may_use_its_own_style_and_has_nothing_else()
    {
        var page = await host.WithKey(null).GetAsync("/errors");

        var style = System.Text.RegularExpressions.Regex.Match(page.Text, "(?s)<style>(.*?)</style>").Groups[1].Value;
        var hash = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(style)));
        Assert.Contains($"style-src 'sha256-{hash}'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.DoesNotMatch("<script|<img|<link| style=| on[a-z]+=", page.Text);
    }

    private static async Task<int> FailAsync(RosterHost own, string address, int times)
    {
        var status = 0;
        for (var i = 0; i < times; i++)
            status = (await own.WithKey(null).SendAsync(HttpMethod.Get, "/api/partners", headers: [("X-Forwarded-For", address)])).Status;
        return status;
    }
}
