using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Roster.Server.Guard;

namespace Roster.Tests.Server;

/// <summary>Bodies that hold the memory of writes while they come in slowly.</summary>
public sealed class SlowSenderTests(SqliteHost host)
{
    private static readonly TimeSpan LongEnough = ArrivingBodies.Grace + TimeSpan.FromSeconds(1);

    private readonly MovableClock _clock = new();

    /// <param name="method">What the bodies are sent with.</param>
    /// <param name="senders">As many as leave too little memory for one more batch.</param>
    /// <param name="refused">As many as make room for it.</param>
    [Theory]
    [InlineData("PUT", 2, 1)]
    [InlineData("PATCH", 5, 2)]
    public async Task Where_others_wait_for_memory_the_slowest_are_refused_and_their_bodies_change_nothing(
        string method, int senders, int refused)
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var paths = new List<string>();
        for (var i = 0; i < senders; i++)
            paths.Add(method == "PUT" ? "/api/partners" : $"{ImportCalls.Path}/{(await api.NewPlanAsync("name\nAda\n")).Id}/rows");
        var item = method == "PUT" ? """{"name":"slow"}""" : """{"line":2,"skip":true}""";
        var bodies = paths.ConvertAll(_ => new SlowBody("application/json", "[", new string(' ', 1_000), item + "]"));
        var sent = paths.Zip(bodies, (path, body) => api.SendAsync(HttpMethod.Parse(method), path, body)).ToList();
        await HoldAsync(own, method == "PUT" ? 24 : 30);

        // Of unknown length, too.
        var body = new SlowBody("application/json", "[", " ", """{"name":"quick"}]""");
        body.End();
        var quick = api.SendAsync(HttpMethod.Put, "/api/partners", body);
        own.Clock.Move(LongEnough);

        Assert.Equal(200, (await quick).Status);
        bodies.ForEach(body => body.End());
        var answers = await Task.WhenAll(sent);
        Assert.Equal(refused, answers.Count(answer => answer.Status == 408));
        Assert.All(answers.Where(answer => answer.Status == 408), answer => Assert.Equal("request_timeout", answer.Code));
        Assert.Equal(senders - refused, answers.Count(answer => answer.Status is 200 or 202));
        Assert.Equal(method == "PUT" ? ["quick", "slow"] : ["quick"], (await api.GetAsync("/api/partners?sort=name")).Names);
        await HoldAsync(own, 0);
    }

    [Fact]
    public async Task Slow_senders_come_to_their_end_where_nobody_waits()
    {
        await using var own = await host.AnotherAsync();
        var api = await own.NewWorkspaceAsync();
        var body = new SlowBody("application/json", "[", new string(' ', 1_000), """{"name":"slow"}]""");
        var sent = api.SendAsync(HttpMethod.Put, "/api/partners", body);
        await HoldAsync(own, 12);

        own.Clock.Move(LongEnough);
        Assert.Equal(200, (await api.PutAsync("""[{"name":"quick"}]""")).Status);

        body.End();
        Assert.Equal(200, (await sent).Status);
    }

    [Fact]
    public async Task Of_those_that_are_too_slow_the_slowest_is_refused_and_the_next_one_when_that_has_ended()
    {
        var bodies = new ArrivingBodies(_clock);
        var (slow, slowest, quick) = (new Arriving(bodies), new Arriving(bodies), new Arriving(bodies));
        var seconds = (int)LongEnough.TotalSeconds + 60;
        await slow.SendAsync((ArrivingBodies.EnoughRate - (1 << 10)) * seconds);
        await slowest.SendAsync(1 << 10);
        await quick.SendAsync((ArrivingBodies.EnoughRate + 1) * seconds * 2);
        var (ofSlow, ofSlowest, ofQuick) = (slow.ReadAsync(), slowest.ReadAsync(), quick.ReadAsync());

        bodies.RefuseSlowest();
        _clock.Move(TimeSpan.FromSeconds(seconds));
        bodies.RefuseSlowest();
        bodies.RefuseSlowest();

        Assert.Equal(408, (await Assert.ThrowsAsync<BadHttpRequestException>(() => ofSlowest)).StatusCode);
        Assert.False(ofSlow.IsCompleted || ofQuick.IsCompleted);
        slowest.Body.Dispose();
        bodies.RefuseSlowest();
        Assert.Equal(408, (await Assert.ThrowsAsync<BadHttpRequestException>(() => ofSlow)).StatusCode);
        slow.Body.Dispose();
        bodies.RefuseSlowest();
        Assert.False(ofQuick.IsCompleted);
        await quick.WriteAsync(1);
        await ofQuick;
        quick.Body.Dispose();
    }

    /// <summary>Waits until bodies hold so many units of memory.</summary>
    private static async Task HoldAsync(RosterHost host, int units)
    {
        while (host.Limits.Used.Single(budget => budget.Budget == "write").Ratio != units / 32.0)
            await Task.Delay(10);
    }

    /// <summary>A body of which all that has come in has been read.</summary>
    private sealed class Arriving(ArrivingBodies bodies)
    {
        private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0));
        private long _passed;

        public ArrivingBodies.Body Body { get; } = bodies.Enter(CancellationToken.None);

        public async Task SendAsync(int bytes)
        {
            await WriteAsync(bytes);
            await ReadAsync();
        }

        public async Task WriteAsync(int bytes) => await _pipe.Writer.WriteAsync(new byte[bytes]);

        public async Task ReadAsync()
        {
            var read = await Body.ReadAtLeastAsync(_pipe.Reader, 1, _passed);
            _passed += read.Buffer.Length;
            _pipe.Reader.AdvanceTo(read.Buffer.End);
        }
    }
}
