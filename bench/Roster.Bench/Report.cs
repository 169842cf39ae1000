using System.Runtime.InteropServices;

namespace Roster.Bench;

/// <summary>The results, on standard output.</summary>
internal static class Report
{
    public static void Machine(IEngine engine, string directory)
    {
        var processor = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
        var system = RuntimeInformation.OSDescription;
        Console.WriteLine($"Machine: {Environment.ProcessorCount} cores, {processor}, {system}");
        Console.WriteLine($"Disk: {new DriveInfo(directory).DriveFormat} at {directory}");
        Console.WriteLine($"Software: {RuntimeInformation.FrameworkDescription}, {engine.Name}");
    }

    public static void Times(IReadOnlyList<Sample> samples)
    {
        Console.WriteLine();
        Console.WriteLine($"{"ms: median (min–max)",-24} {"engine alone",22} {"Roster over HTTP",22} {"ratio",7}");
        foreach (var workload in Workload.All)
        {
            var engine = Spread.Of(samples.Where(sample => sample.Workload == workload.Reference)
                .Select(sample => sample.Engine!.Value.TotalMilliseconds));
            var server = Spread.Of(samples.Where(sample => sample.Workload == workload)
                .Select(sample => sample.Server.Elapsed.TotalMilliseconds));
            var name = workload.IsWrite ? workload.Name : $"{workload.Name} *";
            Console.WriteLine($"{name,-24} {engine,22} {server,22} {server.Median / engine.Median,7:0.00}");
        }
        Console.WriteLine("* against the engine's updates: there is nothing for the engine alone to do");
    }

    /// <summary>Medians; what no stage covers is sending, the network and the caller.</summary>
    public static void Stages(IReadOnlyList<Sample> samples)
    {
        var stages = samples[0].Server.Stages.Stages.Select(stage => stage.Stage).ToList();
        Console.WriteLine();
        Console.WriteLine($"{"Server-Timing, median ms",-24} {Columns(stages.Append("rest"))}");
        foreach (var workload in Workload.All)
        {
            var answers = samples.Where(sample => sample.Workload == workload).Select(sample => sample.Server).ToList();
            var medians = Enumerable.Range(0, stages.Count)
                .Select(i => Spread.Of(answers.Select(answer => answer.Stages.Stages[i].Milliseconds)).Median)
                .Append(Spread.Of(answers.Select(answer => answer.Rest)).Median);
            Console.WriteLine($"{workload.Name,-24} {Columns(medians.Select(median => $"{median:0.0}"))}");
        }

        static string Columns(IEnumerable<string> cells) => string.Concat(cells.Select(cell => $"{cell,9}"));
    }

    public static void Memory(double started, MemoryUse use)
    {
        Console.WriteLine();
        Console.WriteLine($"Server's memory, MiB: {started:0} started, {use.Before:0} idle after the above, "
            + $"{use.Peak:0} peak in {MemoryTest.Rounds} times 4 requests at once, {use.After:0} idle after them");
    }

    public static void Reads(IReadOnlyList<ReadResult> results)
    {
        Console.WriteLine();
        Console.WriteLine($"{"Reads over HTTP, ms",-38} {"p50",8} {"p99",8} {"max",8} {"times",7} {"bytes",9}");
        foreach (var result in results)
        {
            var sorted = result.Times.Select(time => time.TotalMilliseconds).Order().ToArray();
            var p99 = sorted[(int)Math.Ceiling(0.99 * sorted.Length) - 1];
            Console.WriteLine(
                $"{result.Name,-38} {sorted[sorted.Length / 2],8:0.00} {p99,8:0.00} {sorted[^1],8:0.00} {sorted.Length,7} {result.Bytes,9:N0}");
        }
    }

    public static void Exports(IReadOnlyList<ExportResult> results, int partners)
    {
        Console.WriteLine();
        foreach (var result in results)
            Console.WriteLine(
                $"Export of {partners:N0} as {result.Name}: {result.Elapsed.TotalSeconds:0.0} s, {result.Bytes / 1_048_576.0:0} MiB; "
                + $"server's memory {result.Before:0} MiB before, {result.Peak:0} at most");
    }

    public static void End(long stored) =>
        Console.WriteLine($"The server ended with exit code 0; its database holds all {stored:N0} partners.");

    private readonly record struct Spread(double Median, double Min, double Max)
    {
        public static Spread Of(IEnumerable<double> values)
        {
            var sorted = values.Order().ToArray();
            var middle = sorted.Length / 2;
            var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
            return new Spread(median, sorted[0], sorted[^1]);
        }

        public override string ToString() => $"{Median:0.0} ({Min:0.0}–{Max:0.0})";
    }
}
