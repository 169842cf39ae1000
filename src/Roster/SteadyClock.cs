namespace Roster;

/// <summary>
/// Times for what is kept for a time, so that nothing is forgotten early if the machine's clock is set ahead or back. It
/// compares the clock with the time that has really passed. A clock that was set is believed after a day.
/// </summary>
/// <remarks>
/// What was wrong when the process started cannot be seen. A machine that slept looks as if its clock had been set ahead:
/// what is due is then forgotten a day later.
/// </remarks>
public sealed class SteadyClock(TimeProvider clock)
{
    /// <summary>A clock that is kept right is moved by less than this between two looks.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan BelievedAfter = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private readonly long _begun = clock.GetTimestamp();

    /// <summary>When it began, by the clock as it is believed.</summary>
    private DateTimeOffset _start = clock.GetUtcNow();

    /// <summary>When it began, by the clock as it was set, and after what time that was seen.</summary>
    private (DateTimeOffset Start, TimeSpan SeenAfter)? _set;

    /// <summary>The time now, or earlier if the clock is ahead: what is due by this time can be forgotten.</summary>
    public DateTimeOffset Earliest
    {
        get
        {
            var (clockSays, believed) = Read();
            return clockSays < believed ? clockSays : believed;
        }
    }

    /// <summary>The time now, or later if the clock is behind: for the time from which something is kept.</summary>
    public DateTimeOffset Latest
    {
        get
        {
            var (clockSays, believed) = Read();
            return clockSays > believed ? clockSays : believed;
        }
    }

    private (DateTimeOffset ClockSays, DateTimeOffset Believed) Read()
    {
        lock (_lock)
        {
            var (now, passed) = (clock.GetUtcNow(), clock.GetElapsedTime(_begun));
            var start = now - passed;
            if ((start - _start).Duration() <= Tolerance)
                (_start, _set) = (start, null);
            else if (_set is not { } set || (start - set.Start).Duration() > Tolerance)
                _set = (start, passed);
            else if (passed - set.SeenAfter >= BelievedAfter)
                (_start, _set) = (start, null);
            return (now, _start + passed);
        }
    }
}
