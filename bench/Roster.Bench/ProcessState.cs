using System.Diagnostics;
using System.Globalization;

namespace Roster.Bench;

/// <summary>What Linux knows of another process: whether it works, and how much memory it holds.</summary>
internal sealed class ProcessState(int processId)
{
    /// <summary>Longer than the server's checkpointer waits after a write, 200 ms, before it begins.</summary>
    private static readonly TimeSpan Stillness = TimeSpan.FromMilliseconds(400);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>Long enough for the work that the server puts off while the directory is filled.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    private readonly string _directory = $"/proc/{processId}/";

    /// <summary>Physical memory now, in MiB.</summary>
    public double ResidentMebibytes => Mebibytes("VmRSS:");

    /// <summary>The most physical memory since the start or <see cref="ResetPeak"/>, in MiB.</summary>
    public double PeakMebibytes => Mebibytes("VmHWM:");

    public void ResetPeak() => File.WriteAllText(_directory + "clear_refs", "5");

    /// <summary>Waits until the process has neither computed nor written to disk for a while.</summary>
    public async Task WaitUntilIdleAsync(CancellationToken cancel)
    {
        var begun = Stopwatch.GetTimestamp();
        var stillSince = begun;
        var work = Work();
        while (Stopwatch.GetElapsedTime(stillSince) < Stillness)
        {
            if (Stopwatch.GetElapsedTime(begun) > Patience)
                throw new InvalidOperationException("The server does not come to rest.");
            await Task.Delay(LookEvery, cancel);
            var now = Work();
            if (now != work)
                (work, stillSince) = (now, Stopwatch.GetTimestamp());
        }
    }

    /// <summary>Processor time in ticks of 10 ms, and bytes written to disk.</summary>
    private (long Ticks, long Written) Work()
    {
        const int UserTime = 11;
        var stat = File.ReadAllText(_directory + "stat");
        // The fields after the command's name, which is in parentheses and may have spaces.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (Number(fields[UserTime]) + Number(fields[UserTime + 1]), Number(Field("io", "write_bytes:")));
    }

    private double Mebibytes(string field) => Number(Field("status", field).Split(' ')[0]) / 1024.0;

    private string Field(string file, string field)
    {
        var lines = File.ReadLines(_directory + file);
        return lines.First(line => line.StartsWith(field, StringComparison.Ordinal))[field.Length..].Trim();
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
