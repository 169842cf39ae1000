namespace Roster.Tests.Hosting;

/// <summary>
/// The clock of server processes, which can be set while they run, as by <c>date --set</c>. The time that passes stays true.
/// By libfaketime, Debian's package faketime.
/// </summary>
internal sealed class SetClock : IDisposable
{
    private static readonly string? Library = Directory.Exists("/usr/lib")
        ? Directory.EnumerateDirectories("/usr/lib").Select(folder => Path.Combine(folder, "faketime", "libfaketime.so.1"))
            .FirstOrDefault(File.Exists)
        : null;

    private readonly TempFolder _folder = new();

    public SetClock()
    {
        Assert.SkipWhen(Library is null, "There is no libfaketime; test.sh installs it.");
        Set("+0");
    }

    private string Control => _folder.File("offset");

    /// <summary>The environment of a process.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = Library!,
        ["FAKETIME_TIMESTAMP_FILE"] = Control,
        ["FAKETIME_NO_CACHE"] = "1",
        ["DONT_FAKE_MONOTONIC"] = "1",
        ["NO_FAKE_STAT"] = "1",
    };

    /// <param name="offset">From the true time, such as <c>-1h</c> or <c>+1d</c>.</param>
    public void Set(string offset)
    {
        // The file is replaced as a whole: the process reads it at each look at the clock.
        var next = Control + ".next";
        File.WriteAllText(next, offset);
        File.Move(next, Control, overwrite: true);
    }

    public void Dispose() => _folder.Dispose();
}
