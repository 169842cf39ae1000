namespace Roster.Tests;

/// <summary>The time by which things are forgotten, while the machine's clock is set.</summary>
public sealed class SteadyClockTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly MovableClock _clock = new();
    private readonly SteadyClock _steady;
    private readonly DateTimeOffset _begun;

    public SteadyClockTests() => (_steady, _begun) = (new SteadyClock(_clock), _clock.GetUtcNow());

    [Fact]
    public void Time_that_passes_counts()
    {
        _clock.Move(31 * Day);

        AssertAbout(31 * Day, _steady.Earliest);
        AssertAbout(31 * Day, _steady.Latest);
    }

    [Fact]
    public void A_clock_that_is_set_ahead_makes_nothing_due_early_and_is_believed_after_a_day()
    {
        _clock.Set(Day);
        AssertAbout(TimeSpan.Zero, _steady.Earliest);
        AssertAbout(Day, _steady.Latest);

        _clock.Move(23 * Hour);
        AssertAbout(23 * Hour, _steady.Earliest);
        _clock.Move(2 * Hour);
        AssertAbout(25 * Hour + Day, _steady.Earliest);
    }

    [Fact]
    public void A_clock_that_is_set_back_begins_no_time_early_and_is_believed_after_a_day()
    {
        _clock.Set(-Hour);
        AssertAbout(-Hour, _steady.Earliest);
        AssertAbout(TimeSpan.Zero, _steady.Latest);

        _clock.Move(25 * Hour);
        AssertAbout(24 * Hour, _steady.Latest);
    }

    [Fact]
    public void A_clock_that_is_set_right_again_is_believed_at_once_and_one_that_is_set_anew_waits_anew()
    {
        _clock.Set(Day);
        AssertAbout(TimeSpan.Zero, _steady.Earliest);
        _clock.Move(20 * Hour);
        _clock.Set(-Day);
        AssertAbout(20 * Hour, _steady.Latest);
        _clock.Set(2 * Day);
        AssertAbout(20 * Hour, _steady.Earliest);

        _clock.Move(23 * Hour);
        AssertAbout(43 * Hour, _steady.Earliest);
    }

    [Fact]
    public void A_clock_that_is_kept_right_in_small_steps_is_followed()
    {
        for (var i = 0; i < 100; i++)
        {
            _clock.Move(TimeSpan.FromMinutes(10));
            _clock.Set(TimeSpan.FromSeconds(5));
            // They would be 5 seconds apart and more, and time passes between the two looks.
            Assert.InRange(_steady.Latest - _steady.Earliest, TimeSpan.FromSeconds(-3), TimeSpan.FromSeconds(3));
        }
    }

    private void AssertAbout(TimeSpan expected, DateTimeOffset time) =>
        Assert.InRange(time - _begun - expected, TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(1));
}
