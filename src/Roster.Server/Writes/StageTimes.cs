using System.Diagnostics;
using System.Globalization;
using Roster.Server.Hosting;
using Roster.Server.Operations;

namespace Roster.Server.Writes;

/// <summary>
/// The duration of each stage of a request, for its trace, and for the <c>Server-Timing</c> header if it is switched on.
/// </summary>
internal sealed class StageTimes
{
    private readonly List<string> _stages = [];
    private long _since = Stopwatch.GetTimestamp();

    /// <summary>Ends a stage that began at the end of the stage before.</summary>
    public void End(string stage) => Add(stage, Stopwatch.GetElapsedTime(_since));

    /// <summary>Adds a stage that was timed elsewhere.</summary>
    /// <param name="ago">How long ago it ended.</param>
    public void Add(string stage, TimeSpan elapsed, TimeSpan ago = default)
    {
        RequestSpan.Stage(stage, elapsed, ago);
        _stages.Add(string.Create(CultureInfo.InvariantCulture, $"{stage};dur={elapsed.TotalMilliseconds:0.###}"));
        _since = Stopwatch.GetTimestamp();
    }

    public void Show(HttpContext http)
    {
        if (http.RequestServices.GetRequiredService<ServerSettings>().ServerTiming)
            http.Response.Headers["Server-Timing"] = string.Join(", ", _stages);
    }
}
