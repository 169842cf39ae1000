using System.Diagnostics;
using System.Globalization;

namespace Roster.Tests.Hosting;

/// <summary>
/// A file system of a few megabytes, in memory. It is mounted for its own programs alone, so nothing is left when they end.
/// </summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly TempFolder _place = new();
    private readonly Process _holder;

    public SmallDisk(int mebibytes)
    {
        var size = string.Create(CultureInfo.InvariantCulture, $"size={mebibytes}m");
        // It ends with the tests, whose pipe it reads.
        const string Hold = "mount -t tmpfs -o \"$1\" tmpfs \"$2\" && echo mounted && exec cat";
        _holder = Process.Start(new ProcessStartInfo("unshare", ["--mount", "sh", "-c", Hold, "sh", size, _place.Path])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("mounted", _holder.StandardOutput.ReadLine());
    }

    /// <summary>A file of it, as its programs name it.</summary>
    public string File(string name) => _place.File(name);

    /// <summary>The command that runs a program which sees it. Its process is the one that is started.</summary>
    public string[] Command(params IEnumerable<string> program) =>
        ["nsenter", "--target", $"{_holder.Id}", "--mount", .. program];

    public void Resize(int mebibytes) =>
        Run("mount", "-o", string.Create(CultureInfo.InvariantCulture, $"remount,size={mebibytes}m"), _place.Path);

    /// <summary>Runs a program that sees it to its end, and returns its exit code with what it wrote.</summary>
    public (int ExitCode, string Text) Run(params IEnumerable<string> program)
    {
        var command = Command(program);
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        var text = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        return (process.ExitCode, text);
    }

    public void Dispose()
    {
        _holder.Kill();
        _holder.WaitForExit();
        _holder.Dispose();
        _place.Dispose();
    }
}
