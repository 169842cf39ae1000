using System.Diagnostics;

namespace Roster.Tests.Operations;

/// <summary>The command bench/soak.py, for a moment: what it says of a server needs an hour.</summary>
public sealed class SoakCommandTests
{
    [Fact]
    public async Task A_short_soak_gets_right_answers_to_requests_of_every_kind_and_reports_each_measure()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The command reads /proc.");
        var start = new ProcessStartInfo("python3",
        [
            Path.Combine(Repository.Root, "bench/soak.py"), "--minutes", "0.05", "--partners", "500", "--rate", "40",
            "--server", .. RosterProcess.Command,
        ])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using var soak = Process.Start(start)!;

        var report = await soak.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.DoesNotContain("wrong", report, StringComparison.Ordinal);
        foreach (var measure in new[] { "rss, MiB", "managed, MiB", "files", "threads", "db, MiB", "search, MiB" })
            Assert.Contains($"\n| {measure} | ", report, StringComparison.Ordinal);
        foreach (var kind in new[] { "batch", "undo", "repeated", "removed", "feed", "asOf" })
            Assert.Contains($"\n| {kind} | ", report, StringComparison.Ordinal);
    }
}
