using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Roster.Client;

/// <summary>What traces and metrics say about a call, named <c>Roster.Client</c>. No partner's data is in them.</summary>
internal sealed class CallTrace : IDisposable
{
    private const string Name = "Roster.Client";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "roster.client.call.duration", "s", "Time of a call over all its attempts.");

    private static readonly Counter<long> Retried = Meter.CreateCounter<long>(
        "roster.client.retries", "{attempt}", "Attempts after the first one.");

    private readonly Call _call;
    private readonly TimeProvider _clock;
    private readonly long _start;
    private readonly Activity? _activity;
    private int? _status;
    private string? _error;

    public CallTrace(Call call, TimeProvider clock)
    {
        (_call, _clock, _start) = (call, clock, clock.GetTimestamp());
        _activity = Source.StartActivity($"roster {call.Name}", ActivityKind.Client);
        _activity?.SetTag("http.request.method", call.Method.Method);
    }

    public void Answered(HttpResponseMessage answer)
    {
        _status = (int)answer.StatusCode;
        _activity?.SetTag("http.response.status_code", _status).SetTag("roster.request_id", Headers.Text(answer, "Roster-Request-Id"));
    }

    public void Retries(RosterException why)
    {
        Retried.Add(1, new KeyValuePair<string, object?>("roster.call", _call.Name), new("error.type", why.Code));
        _activity?.AddEvent(new ActivityEvent("retry", tags: new ActivityTagsCollection { ["error.type"] = why.Code }));
    }

    public RosterException Failed(RosterException error)
    {
        _error = error.Code;
        _activity?.SetTag("error.type", error.Code).SetStatus(ActivityStatusCode.Error);
        return error;
    }

    public void Dispose()
    {
        var tags = new TagList { { "roster.call", _call.Name } };
        if (_status is { } status)
            tags.Add("http.response.status_code", status);
        if (_error is not null)
            tags.Add("error.type", _error);
        Duration.Record(_clock.GetElapsedTime(_start).TotalSeconds, tags);
        _activity?.Dispose();
    }
}
