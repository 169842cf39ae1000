using System.Globalization;

namespace Roster.Bench.Processes;

/// <summary>The work of processes: processor time in ticks of 10 ms, and bytes written to disk.</summary>
internal readonly record struct Work(long Ticks, long Written)
{
    public static Work operator +(Work left, Work right) => new(left.Ticks + right.Ticks, left.Written + right.Written);
}

internal static class ProcessStates
{
    /// <summary>The sum over all of them.</summary>
    public static Work Sum(this IEnumerable<ProcessState> processes) =>
        processes.Aggregate(default(Work), (sum, process) => sum + process.Work);
}

/// <summary>Reads the work and the memory of a process from Linux.</summary>
internal sealed class ProcessState(int processId)
{
    private readonly string _directory = $"/proc/{processId}/";

    /// <summary>Physical memory now, in MB.</summary>
    public double ResidentMegabytes => Megabytes("VmRSS:");

    /// <summary>The most physical memory since the start or <see cref="ResetPeak"/>, in MB.</summary>
    public double PeakMegabytes => Megabytes("VmHWM:");

    /// <summary>Of the process and of its children that have ended. Zero once it has ended itself.</summary>
    public Work Work
    {
        get
        {
            const int FirstTime = 11;
            const int Times = 4;
            try
            {
                var stat = File.ReadAllText(_directory + "stat");
                // The fields after the command's name, which is in parentheses and may contain spaces.
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                return new Work(fields.Skip(FirstTime).Take(Times).Sum(Number), Number(Field("io", "write_bytes:")));
            }
            catch (IOException)
            {
                return default;
            }
        }
    }

    /// <summary>Its command line, or the title it has set. Empty once it has ended.</summary>
    public string Command
    {
        get
        {
            try
            {
                return File.ReadAllText(_directory + "cmdline");
            }
            catch (IOException)
            {
                return "";
            }
        }
    }

    /// <summary>The running children of the process's first thread.</summary>
    public IEnumerable<ProcessState> Children =>
        File.ReadAllText($"{_directory}task/{processId}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(child => new ProcessState((int)Number(child)));

    public void ResetPeak() => File.WriteAllText(_directory + "clear_refs", "5");

    private double Megabytes(string field) => Number(Field("status", field).Split(' ')[0]) * 1024 / 1e6;

    private string Field(string file, string field)
    {
        var lines = File.ReadLines(_directory + file);
        return lines.First(line => line.StartsWith(field, StringComparison.Ordinal))[field.Length..].Trim();
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
