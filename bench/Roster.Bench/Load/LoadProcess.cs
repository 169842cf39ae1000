using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Roster.Bench.Load;

/// <summary>
/// The load generator as its own process: it shares neither garbage collection nor threads with the benchmark.
/// </summary>
internal static class LoadProcess
{
    private const string Name = "call";

    /// <summary>Warm-up: load before the clock starts, so that the code of both sides is compiled.</summary>
    public static readonly TimeSpan Warming = TimeSpan.FromMilliseconds(300);

    /// <summary>Runs it and returns its result.</summary>
    /// <inheritdoc cref="LoadGenerator.Run"/>
    public static async Task<LoadResult> RunAsync(
        Requests requests, string directory, int port, int connections, TimeSpan duration, double? perSecond, CancellationToken cancel)
    {
        var file = Path.Combine(directory, "requests");
        requests.Save(file);
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            ArgumentList = { Name, file, Text(port), Text(connections), Text(duration.TotalSeconds), Text(perSecond ?? 0) },
            RedirectStandardOutput = true,
        };
        // If the benchmark was started as "dotnet Roster.Bench.dll", start this the same way.
        if (Path.GetFileName(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Insert(0, typeof(LoadProcess).Assembly.Location);
        using var process = Process.Start(start)!;
        try
        {
            var output = await process.StandardOutput.ReadToEndAsync(cancel);
            await process.WaitForExitAsync(cancel);
            if (process.ExitCode != 0)
                throw new InvalidOperationException("The load generator failed; it says above why.");
            return JsonSerializer.Deserialize<LoadResult>(output)!;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }

        static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
    }

    public static Command Command()
    {
        var file = new Argument<string>("file");
        var port = new Argument<int>("port");
        var connections = new Argument<int>("connections");
        var seconds = new Argument<double>("seconds");
        var perSecond = new Argument<double>("per-second");
        var command = new Command(Name, "Sends the requests of a file.") { file, port, connections, seconds, perSecond };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            using var generator = new LoadGenerator(
                Requests.Load(parsed.GetRequiredValue(file)), parsed.GetRequiredValue(port), parsed.GetRequiredValue(connections));
            var rate = parsed.GetRequiredValue(perSecond);
            generator.Run(Warming, null);
            var result = generator.Run(TimeSpan.FromSeconds(parsed.GetRequiredValue(seconds)), rate > 0 ? rate : null);
            Console.WriteLine(JsonSerializer.Serialize(result));
        });
        return command;
    }
}
