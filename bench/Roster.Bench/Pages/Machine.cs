using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Roster.Bench.Pages;

/// <summary>Describes the machine in a sentence.</summary>
internal static class Machine
{
    private const int Flushes = 200;
    private const int FlushBytes = 4096;

    /// <param name="directory">A directory on the disk of the databases.</param>
    public static string Describe(string directory)
    {
        var processor = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
        return $"{Environment.ProcessorCount} cores ({processor}), {RuntimeInformation.OSDescription}, "
            + $"{new DriveInfo(directory).DriveFormat}, "
            + $"where writing and flushing 4 KiB takes {FlushMilliseconds(directory):0.00} ms; {RuntimeInformation.FrameworkDescription}";
    }

    private static double FlushMilliseconds(string directory)
    {
        using var file = new FileStream(
            Path.Combine(directory, "flush"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        var page = new byte[FlushBytes];
        return Spread.Of(Enumerable.Range(0, Flushes).Select(_ =>
        {
            var start = Stopwatch.GetTimestamp();
            file.Write(page);
            file.Flush(flushToDisk: true);
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        })).Median;
    }
}
