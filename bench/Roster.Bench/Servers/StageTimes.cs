using System.Globalization;
using System.Net.Http.Headers;

namespace Roster.Bench.Servers;

/// <summary>The stages in an answer's Server-Timing header, in order, with their milliseconds.</summary>
internal sealed class StageTimes
{
    private readonly List<(string Stage, double Milliseconds)> _stages = [];

    public IReadOnlyList<(string Stage, double Milliseconds)> Stages => _stages;

    public double Sum => _stages.Sum(stage => stage.Milliseconds);

    public static StageTimes Of(HttpResponseHeaders headers)
    {
        const string Duration = ";dur=";
        var times = new StageTimes();
        if (!headers.TryGetValues("Server-Timing", out var values))
            return times;
        foreach (var entry in values.SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries)))
        {
            var end = entry.IndexOf(Duration, StringComparison.Ordinal);
            var duration = double.Parse(entry.AsSpan(end + Duration.Length), CultureInfo.InvariantCulture);
            times._stages.Add((entry[..end], duration));
        }
        return times;
    }
}
