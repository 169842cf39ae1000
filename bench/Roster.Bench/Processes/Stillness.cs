using System.Diagnostics;

namespace Roster.Bench.Processes;

/// <summary>Waits until nothing works any more.</summary>
internal static class Stillness
{
    /// <summary>Longer than the 200 ms that the server's checkpointer waits after a write.</summary>
    public static readonly TimeSpan OfServers = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>Long enough for the work that the server defers while the directory is filled.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    /// <param name="look">Returns the work done so far.</param>
    /// <param name="longEnough">How long no work may have been done.</param>
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
