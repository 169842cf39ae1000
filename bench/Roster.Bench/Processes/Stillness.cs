using System.Diagnostics;

namespace Roster.Bench.Processes;

/// <summary>Waiting until nothing works any more.</summary>
internal static class Stillness
{
    /// <summary>Longer than the server's checkpointer waits after a write, 200 ms, before it begins.</summary>
    public static readonly TimeSpan OfServers = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>Long enough for the work that the server puts off while the directory is filled.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    /// <param name="look">What was done until now.</param>
    /// <param name="longEnough">How long nothing may have been done.</param>
    public static async Task WaitAsync(Func<Work> look, TimeSpan longEnough, CancellationToken cancel)
    {
        var begun = Stopwatch.GetTimestamp();
        var stillSince = begun;
        var work = look();
        while (Stopwatch.GetElapsedTime(stillSince) < longEnough)
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience)
                throw new InvalidOperationException("The server does not come to rest.");
            await Task.Delay(LookEvery, cancel);
            var now = look();
            if (now != work)
                (work, stillSince) = (now, Stopwatch.GetTimestamp());
        }
    }
}
