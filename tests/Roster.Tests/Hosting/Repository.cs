using System.Diagnostics;

namespace Roster.Tests.Hosting;

/// <summary>The sources of these tests, and programs run in them.</summary>
internal static class Repository
{
    /// <summary>The folder with Roster.slnx.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Runs a program in a folder of the repository until it ends.</summary>
    /// <returns>Its standard output. If it fails, the test shows its standard error too.</returns>
    public static async Task<string> RunAsync(string folder, string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Path.Combine(Root, folder),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
                ["DOTNET_NOLOGO"] = "1",
                ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
                ["MSBUILDDISABLENODEREUSE"] = "1",
                // Compilers run for seconds: to compile their own code better meanwhile takes longer than it saves.
                ["DOTNET_TieredCompilation"] = "0",
            },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0,
            $"{program} {string.Join(' ', start.ArgumentList)} exits with {process.ExitCode}:\n{output}{await errors}");
        return output;
    }

    /// <summary>
    /// Makes a folder like that of the sources, of links to them, for programs that write beside them. It has no <c>artifacts</c>.
    /// </summary>
    public static void LinkInto(string folder)
    {
        foreach (var entry in Directory.GetFileSystemEntries(Root).Where(entry => Path.GetFileName(entry) != "artifacts"))
            File.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(entry)), entry);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Roster.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? AppContext.BaseDirectory;
    }
}
