using System.Diagnostics;

namespace Roster.Bench;

/// <summary>Writes the progress of the benchmark to standard error.</summary>
internal static class Progress
{
    private static readonly long Start = Stopwatch.GetTimestamp();

    public static void Say(string what) => Console.Error.WriteLine($"{Stopwatch.GetElapsedTime(Start):mm\\:ss} {what}");
}
