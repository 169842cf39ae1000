using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Roster.Tests.Client;

/// <summary>Traces and metrics named Roster.Client.</summary>
public sealed class TraceTests(SqliteHost host)
{
    [Fact]
    public async Task A_call_is_one_activity_and_one_measurement_however_often_it_is_sent()
    {
        var activities = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Roster.Client",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activities.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        var measured = new ConcurrentQueue<(string Name, double Value, string? Call)>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "Roster.Client")
                    self.EnableMeasurementEvents(instrument);
            },
        };
        meters.SetMeasurementEventCallback<double>(
            (instrument, value, tags, _) => measured.Enqueue((instrument.Name, value, CallOf(tags))));
        meters.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) => measured.Enqueue((instrument.Name, value, CallOf(tags))));
        meters.Start();
        using var proxy = new CuttingProxy(host.Address);
        var client = Clients.Of(proxy.Address, (await host.NewWorkspaceAsync()).Key!, proxy.Http);
        proxy.CutAnswerAfter(0);

        // The other tests that run now do not use this call through a cut line.
        using var parent = new Activity("test").Start();
        await client.RestoreAsync((await client.DeleteAsync(
            (await client.CreateAsync(Clients.Some(1))).Partners.Select(partner => partner.Id), new() { ReturnChanges = true }))
            .Changes.Select(change => change.Id!.Value));
        parent.Stop();

        var mine = activities.Where(activity => activity.TraceId == parent.TraceId).ToList();
        Assert.Equal(
            ["roster receipt", "roster create", "roster delete", "roster restore"], mine.Select(activity => activity.OperationName));
        Assert.All(mine, activity => Assert.NotNull(activity.GetTagItem("roster.request_id")));
        Assert.Equal("retry", mine[1].Events.Single().Name);
        Assert.Contains(measured, one => one is ("roster.client.call.duration", > 0, "restore"));
        Assert.Contains(measured, one => one is ("roster.client.retries", 1, "create"));
    }

    private static string? CallOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var (name, value) in tags)
            if (name == "roster.call")
                return (string?)value;
        return null;
    }
}
