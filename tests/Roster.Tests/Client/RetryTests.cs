using System.Net;
using System.Net.Sockets;
using System.Text;
using Roster.Client;
using RosterClient = Roster.Client.RosterClient;

namespace Roster.Tests.Client;

/// <summary>
/// What the client does when something between it and the server answers instead: a proxy stands in front of the real one.
/// </summary>
public sealed class RetryTests(SqliteHost host)
{
    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_call_that_can_succeed_later_is_sent_again_and_carried_out_once(int status)
    {
        var (client, proxy, _) = await NewAsync(new Proxy { Status = status, Refusals = 2 });

        Assert.Equal((2, 1), (await client.CreateAsync(Clients.Some(2)) is var made ? made.Created : 0, made.Revision));
        Assert.True(proxy.Requests.Count >= 3);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(500)]
    public async Task Any_other_refusal_is_final(int status)
    {
        var (client, proxy, _) = await NewAsync(new Proxy { Status = status, Refusals = 2 });

        var refused = await Assert.ThrowsAsync<RosterException>(() => client.CreateAsync(Clients.Some(2)));

        Assert.Equal((RosterErrors.InvalidAnswer, status), (refused.Code, refused.Status));
        Assert.Single(proxy.Requests);
    }

    [Fact]
    public async Task It_waits_as_long_as_the_answer_says_and_longer_each_time_otherwise()
    {
        var (client, _, clock) = await NewAsync(new Proxy { Status = 429, Refusals = 1, RetryAfter = 7 });
        await client.CreateAsync(Clients.Some(1));
        Assert.Equal([TimeSpan.FromSeconds(7)], clock.Waits);

        (client, _, clock) = await NewAsync(new Proxy { Status = 429, Refusals = 4 });
        await client.CreateAsync(Clients.Some(1));
        Assert.Equal(4, clock.Waits.Count);
        foreach (var (i, wait) in clock.Waits.Index())
            Assert.InRange(wait.TotalSeconds, 0.25 * Math.Pow(2, i), 0.5 * Math.Pow(2, i));
    }

    [Fact]
    public async Task It_gives_up_at_once_if_the_wait_would_be_too_long_and_says_how_long_it_is()
    {
        var (client, proxy, clock) = await NewAsync(new Proxy { Status = 503, Refusals = 9, RetryAfter = 61 });

        var refused = await Assert.ThrowsAsync<RosterException>(() => client.WhoAmIAsync());

        Assert.Equal((TimeSpan.FromSeconds(61), 1, 0), (refused.RetryAfter!.Value, proxy.Requests.Count, clock.Waits.Count));
    }

    [Fact]
    public async Task It_gives_up_after_so_many_attempts()
    {
        var (client, proxy, clock) = await NewAsync(new Proxy { Status = 503, Refusals = int.MaxValue });

        var refused = await Assert.ThrowsAsync<RosterException>(() => client.WhoAmIAsync());

        Assert.Equal((503, true, 6, 5), (refused.Status, refused.IsTransient, proxy.Requests.Count, clock.Waits.Count));
    }

    [Fact]
    public async Task After_a_time_out_it_asks_the_receipt_before_it_sends_again()
    {
        var (client, proxy, _) = await NewAsync(new Proxy { Silent = 1 });

        var made = await client.CreateAsync(Clients.Some(2));

        Assert.Equal((2, 1, true), (made.Created, made.Revision, made.IsReplay));
        Assert.Equal(3, proxy.Requests.Count);
        Assert.Equal("POST /api/partners", proxy.Requests[0]);
        Assert.StartsWith("GET /api/changesets/by-key/", proxy.Requests[1], StringComparison.Ordinal);
        Assert.Equal("POST /api/partners", proxy.Requests[2]);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(429)]
    [InlineData(500)]
    public async Task A_refusal_after_a_time_out_does_not_say_that_nothing_was_written(int status)
    {
        var (client, proxy, _) = await NewAsync(new Proxy { Silent = 1, Status = status, Refusals = 9, RetryAfter = 61 });

        var lost = await Assert.ThrowsAsync<RosterException>(() => client.CreateAsync(Clients.Some(2)));

        Assert.Equal((RosterErrors.NoAnswer, true), (lost.Code, lost.IsTransient));
        Assert.Equal((status, TimeSpan.FromSeconds(61)), (((RosterException)lost.InnerException!).Status, lost.RetryAfter));
        proxy.Refusals = 0;
        Assert.Equal(Receipt.Committed, (await client.GetReceiptAsync(lost.IdempotencyKey!)).State);
    }

    [Fact]
    public async Task A_large_upload_whose_answer_a_proxy_did_not_wait_for_is_looked_for_and_not_sent_again()
    {
        var (client, proxy, _) = await NewAsync(new Proxy { Status = 504, Impatient = 1 });

        var made = await client.UpsertAsync(Clients.Some(10_001));

        Assert.Equal(10_001, made.Created);
        Assert.Equal("POST /api/imports", proxy.Requests[0]);
        Assert.Single(proxy.Requests, request => request == "POST /api/imports");
    }

    [Fact]
    public async Task A_connection_that_is_reset_as_soon_as_it_is_made_is_made_again()
    {
        var resets = 1;
        var clock = new HastyClock();
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancel) =>
            {
                if (resets-- > 0)
                    return new NetworkStream(await ConnectToBeResetAsync(), ownsSocket: true);
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        var client = new RosterClient(http, new RosterClientOptions
        {
            Address = host.Address,
            Key = (await host.NewWorkspaceAsync()).Key!,
            AttemptTimeout = HastyClock.Never,
            TimeProvider = clock,
        });

        Assert.Equal(2, (await client.CreateAsync(Clients.Some(2))).Created);
        Assert.Single(clock.Waits);
    }

    [Fact]
    public async Task A_time_out_of_the_HTTP_client_is_named_as_such()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var http = new HttpClient { Timeout = TimeSpan.FromMilliseconds(50) };
        var client = new RosterClient(
            http, new RosterClientOptions { Address = new Uri($"http://{silent.LocalEndpoint}"), Key = "roster_x", MaxAttempts = 1 });

        var lost = await Assert.ThrowsAsync<RosterException>(() => client.WhoAmIAsync());

        Assert.Equal(RosterErrors.NoAnswer, lost.Code);
        Assert.Contains("HttpClient.Timeout", lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_too_large_is_not_read_to_its_end()
    {
        var client = new RosterClient(new HttpClient(), new RosterClientOptions
        {
            Address = host.Address,
            Key = (await host.NewWorkspaceAsync()).Key!,
            MaxAnswerBytes = 10_000,
        });
        await client.CreateAsync(Clients.Some(10));

        var refused = await Assert.ThrowsAsync<RosterException>(() => client.CreateAsync(Clients.Some(100).Skip(10)));

        Assert.Equal(RosterErrors.AnswerTooLarge, refused.Code);
    }

    private async Task<(RosterClient Client, Proxy Proxy, HastyClock Clock)> NewAsync(Proxy proxy)
    {
        var clock = new HastyClock();
        var client = new RosterClient(new HttpClient(proxy), new RosterClientOptions
        {
            Address = host.Address,
            Key = (await host.NewWorkspaceAsync()).Key!,
            AttemptTimeout = HastyClock.Never,
            TimeProvider = clock,
        });
        return (client, proxy, clock);
    }

    private static async Task<Socket> ConnectToBeResetAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint);
        using (var accepted = await listener.AcceptSocketAsync())
            accepted.LingerState = new LingerOption(true, 0);
        Assert.True(socket.Poll(TimeSpan.FromSeconds(60), SelectMode.SelectRead));
        return socket;
    }

    /// <summary>
    /// Refuses the first requests with a page of its own, or gives one instead of the first answers, or swallows them; then it
    /// passes all on.
    /// </summary>
    private sealed class Proxy() : DelegatingHandler(new SocketsHttpHandler())
    {
        public int Status { get; init; }

        public int Refusals { get; set; }

        public int? RetryAfter { get; init; }

        public int Silent { get; set; }

        public int Impatient { get; set; }

        public List<string> Requests { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add($"{request.Method} {request.RequestUri!.AbsolutePath}");
            var isSilent = Silent-- > 0;
            if (!isSilent && Refusals-- > 0)
                return Page();
            var answer = await base.SendAsync(request, cancellationToken);
            return isSilent ? throw new TaskCanceledException("time-out", new TimeoutException())
                : Impatient-- > 0 ? Page() : answer;
        }

        private HttpResponseMessage Page()
        {
            var page = new HttpResponseMessage((HttpStatusCode)Status)
            {
                Content = new StringContent("<h1>Sorry</h1>", Encoding.UTF8, "text/html"),
            };
            if (RetryAfter is { } seconds)
                page.Headers.RetryAfter = new(TimeSpan.FromSeconds(seconds));
            return page;
        }
    }

    /// <summary>A clock whose waits are over at once, and noted. Time-outs never come.</summary>
    private sealed class HastyClock : TimeProvider
    {
        public static readonly TimeSpan Never = TimeSpan.FromDays(1);

        public List<TimeSpan> Waits { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime < TimeSpan.Zero || dueTime >= Never)
                return base.CreateTimer(callback, state, dueTime, period);
            Waits.Add(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
