using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;

namespace Roster.Server.Hosting;

/// <summary>
/// What systemd is told of a service with <c>Type=notify</c> (sd_notify(3)): that it is ready, that it stops, and signs of
/// life where the unit has <c>WatchdogSec=</c>. Without systemd it does nothing.
/// </summary>
internal sealed class Systemd : IDisposable
{
    /// <summary>After the requests' time to finish: for closing the database, and what the disk needs for that.</summary>
    private static readonly TimeSpan Closing = TimeSpan.FromSeconds(15);

    private readonly SystemdNotifier _notifier = new();
    private Timer? _signs;

    /// <summary>The server listens, and the first key is where it should be. The signs of life begin.</summary>
    public void Ready()
    {
        Notify(ServiceState.Ready);
        if (SignsAfter() is { } period)
            // From a thread of the pool, which all requests need as well.
            _signs = new Timer(_ => Notify(new ServiceState("WATCHDOG=1")), null, TimeSpan.Zero, period);
    }

    /// <summary>The server stops. It may take as long as its setting says, even if the unit's <c>TimeoutStopSec=</c> is shorter.</summary>
    public void Stopping(TimeSpan requestsMayTake)
    {
        var microseconds = (requestsMayTake + Closing).TotalMicroseconds.ToString("0", CultureInfo.InvariantCulture);
        Notify(new ServiceState($"STOPPING=1\nEXTEND_TIMEOUT_USEC={microseconds}"));
    }

    public void Dispose() => _signs?.Dispose();

    /// <returns>Half of the time after which systemd takes this process for dead; null if it does not look.</returns>
    private TimeSpan? SignsAfter()
    {
        var isOther = Environment.GetEnvironmentVariable("WATCHDOG_PID") is { Length: > 0 } process
            && process != Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return _notifier.IsEnabled && !isOther && long.TryParse(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), out var microseconds)
            && microseconds >= 2_000 ? TimeSpan.FromMicroseconds(microseconds / 2) : null;
    }

    private void Notify(ServiceState state)
    {
        try
        {
            _notifier.Notify(state);
        }
        catch (SocketException)
        {
            // Nobody hears it: the socket of another time, or one outside of this root. That ends no server.
        }
    }
}
