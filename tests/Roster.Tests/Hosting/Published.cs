namespace Roster.Tests.Hosting;

/// <summary>
/// The folders with the published programs: those that <c>ROSTER_TEST_SERVER</c> and <c>ROSTER_TEST_CLI</c> name
/// (<c>test.sh</c> makes them), or else published once for the tests that need them.
/// </summary>
internal static class Published
{
    private static readonly Lazy<Task<string>> LazyServer = new(() => FolderAsync("ROSTER_TEST_SERVER", "Roster.Server"));

    private static readonly Lazy<Task<string>> LazyCommand = new(() => FolderAsync("ROSTER_TEST_CLI", "Roster.Cli"));

    public static Task<string> Server => LazyServer.Value;

    public static Task<string> Command => LazyCommand.Value;

    private static async Task<string> FolderAsync(string variable, string project)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } program)
            return Path.GetDirectoryName(program)!;
        var folder = Path.Combine(Repository.Root, "artifacts/published", project);
        await Repository.RunAsync("", "dotnet", "publish", $"src/{project}", "-c", "Release", "-o", folder);
        return folder;
    }
}
