using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Roster.Bench.Load;

/// <summary>Waits for any of several sockets, to the microsecond. .NET's own waits take whole milliseconds.</summary>
internal sealed partial class Poll
{
    private const short ReadableEvent = 1;

    private readonly Entry[] _entries;

    public Poll(IEnumerable<Socket> sockets) =>
        _entries = [.. sockets.Select(socket => new Entry { File = (int)socket.Handle, Wanted = ReadableEvent })];

    /// <summary>Returns when a socket has something to read or the time is up.</summary>
    /// <returns>The number of such sockets.</returns>
    public int Wait(TimeSpan timeout)
    {
        var time = new Time { Seconds = (long)timeout.TotalSeconds, Nanoseconds = timeout.Ticks % TimeSpan.TicksPerSecond * 100 };
        return Wait(_entries, (ulong)_entries.Length, time, 0);
    }

    public bool IsReadable(int socket) => _entries[socket].Happened != 0;

    [LibraryImport("libc", EntryPoint = "ppoll")]
    private static partial int Wait([In, Out] Entry[] entries, ulong count, in Time timeout, nint signals);

    [StructLayout(LayoutKind.Sequential)]
    private struct Entry
    {
        public int File;
        public short Wanted;
        public short Happened;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
