using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Roster.Tests.Hosting;

/// <summary>
/// Makes the disk fail for a server process, and connections that it makes: system calls return errors; the engine, the files and
/// the server are real.
/// On Linux, with a C compiler, which publishing the server needs as well.
/// </summary>
internal sealed class FaultyDisk : IDisposable
{
    public const int InputOutputError = 5;
    public const int NoRight = 13;
    public const int NoSpace = 28;
    public const int ReadOnly = 30;
    public const int NotConnected = 107;

    private static readonly Lazy<string> Library = new(Compile);

    private readonly TempFolder _folder = new();

    private string Control => _folder.File("faults");

    /// <summary>The environment of the process.</summary>
    public IReadOnlyDictionary<string, string> Environment =>
        new Dictionary<string, string> { ["LD_PRELOAD"] = Library.Value, ["ROSTER_FAULTS"] = Control };

    /// <summary>From now on, these calls fail, and no others.</summary>
    /// <param name="faults">
    /// Each as <c>sync 5 roster.db-wal</c>: the call (open, read, write, sync, truncate, rename, unlink, or change for the last
    /// five), the error number (0 only counts), and a part of the file's path. With <c>5@7</c> only the seventh such call fails;
    /// of a write, its first half is then written. In place of the error number, <c>kill</c> ends the process, and <c>stop</c>
    /// stops it before the call, until it gets SIGCONT. The call connect is a connection that is reset as soon as it is made; its
    /// path is the other side's address.
    /// </param>
    public void Fail(params IEnumerable<string> faults)
    {
        // Processes have it mapped, so it must never become shorter.
        using (var counts = new FileStream(Control + ".counts", FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite))
            counts.Write(new byte[64 * sizeof(long)]);
        // The file is replaced as a whole: the process reads it at each call.
        var next = Control + ".next";
        File.WriteAllLines(next, faults);
        File.Move(next, Control, overwrite: true);
    }

    /// <summary>From now on nothing fails.</summary>
    public void Heal() => File.Delete(Control);

    /// <summary>How many calls each fault has met, of all processes: those that failed and those that did not.</summary>
    public IReadOnlyList<long> Counts() => MemoryMarshal.Cast<byte, long>(File.ReadAllBytes(Control + ".counts")).ToArray();

    public void Dispose() => _folder.Dispose();

    private static string Compile()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Faults of a disk are made with LD_PRELOAD.");
        var folders = (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        var compiler = new[] { "clang", "gcc", "cc" }
            .FirstOrDefault(name => folders.Any(folder => File.Exists(Path.Combine(folder, name))));
        Assert.SkipWhen(compiler is null, "There is no C compiler; test.sh installs clang.");
        var library = Path.Combine(Path.GetTempPath(), $"roster-faulty-disk-{System.Environment.ProcessId}.so");
        using var compiling = Process.Start(
            compiler!,
            ["-shared", "-fPIC", "-O1", "-o", library, Path.Combine(AppContext.BaseDirectory, "Hosting", "faulty-disk.c"), "-ldl"]);
        compiling.WaitForExit();
        Assert.Equal(0, compiling.ExitCode);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(library);
        return library;
    }
}
