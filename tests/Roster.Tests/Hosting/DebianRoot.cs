using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Roster.Tests.Hosting;

/// <summary>
/// A small Debian of this machine's version, in which packages are installed. It is made once, by mmdebstrap from Debian's
/// servers or <c>DEBIAN_MIRROR</c>, and kept in <c>artifacts/debian</c>.
/// </summary>
internal static class DebianRoot
{
    private const string Mirror = "http://deb.debian.org/debian";

    /// <summary>With what installs a package, and what Roster's depends on.</summary>
    private const string Packages =
        "apt,libicu72,libssl3,systemd-standalone-sysusers,systemd-standalone-tmpfiles,init-system-helpers";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly Lazy<Task<string>> Archive = new(MakeAsync);

    /// <summary>A new one in a folder.</summary>
    public static async Task<RootFolder> UnpackAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        await Repository.RunAsync("", "tar", "-xf", await Archive.Value, "-C", folder);
        return new RootFolder(folder);
    }

    private static async Task<string> MakeAsync()
    {
        const string Name = "VERSION_CODENAME=";
        var suite = File.ReadLines("/etc/os-release").First(line => line.StartsWith(Name, StringComparison.Ordinal))[Name.Length..];
        var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts/debian")).FullName;
        // With other packages it is another one.
        var name = $"{suite}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Packages)))[..8]}";
        var archive = Path.Combine(folder, $"{name}.tar");
        if (File.Exists(archive))
            return archive;
        var mirror = Environment.GetEnvironmentVariable("DEBIAN_MIRROR") is { Length: > 0 } other ? other : Mirror;
        var half = Path.Combine(folder, $"{name}.half.tar");
        using var process = Process.Start(new ProcessStartInfo("mmdebstrap",
            ["--quiet", "--variant=essential", $"--include={Packages}", "--dpkgopt=force-unsafe-io",
                // Pages and texts of other packages; those of Roster's are installed.
                "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
                "--dpkgopt=path-exclude=/usr/share/locale/*", "--customize-hook=rm \"$1\"/etc/dpkg/dpkg.cfg.d/99mmdebstrap",
                suite, half, mirror])
        { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }
        Assert.True(process.HasExited && process.ExitCode == 0,
            $"A Debian root could not be made from {mirror} within {Patience.TotalMinutes} minutes. Can this machine reach it? "
            + $"DEBIAN_MIRROR names another one.\n{await errors}");
        File.Move(half, archive);
        return archive;
    }
}
