using System.Diagnostics;

namespace Roster.Tests.Hosting;

/// <summary>A folder with the files of another system, and programs that run with it as their root.</summary>
internal sealed class RootFolder(string path)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>The environment of programs that run in it.</summary>
    public static readonly Dictionary<string, string> Variables = new()
    {
        ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin",
        ["DEBIAN_FRONTEND"] = "noninteractive",
        ["LC_ALL"] = "C.UTF-8",
    };

    public string Path => path;

    /// <summary>A file of it, by its path in it.</summary>
    public string File(string inside) => System.IO.Path.Combine(path, inside.TrimStart('/'));

    /// <summary>
    /// The command that runs a program in it, with /dev and /proc. These are mounted for the program alone, so nothing is left
    /// when it ends. Its process is the one that is started.
    /// </summary>
    /// <param name="user">A name or a number of the root, with its group.</param>
    /// <param name="writable">A folder of the root that alone can be written; null for all of it.</param>
    public string[] Command(string user, string? writable, params IEnumerable<string> program)
    {
        var guard = writable is null ? "" : $"""
            mount --bind "$1" "$1" && mount --bind "$1{writable}" "$1{writable}" && mount -o remount,bind,ro "$1" &&
            """;
        return [
            "unshare", "--mount", "sh", "-c",
            $"{guard} mount --rbind /dev \"$1/dev\" && mount --rbind /proc \"$1/proc\" && exec chroot --userspec={user} \"$@\"",
            "sh", path, .. program];
    }

    /// <summary>Runs a program in it as root, to its end.</summary>
    /// <returns>All that it wrote.</returns>
    public async Task<string> RunAsync(params IEnumerable<string> program)
    {
        var command = Command("0:0", null, program);
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in Variables)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(Patience);
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', program)} exits with {process.ExitCode}:\n{await output}{await errors}");
        return await output + await errors;
    }
}
