using System.Diagnostics;

namespace Roster.Tests.Hosting;

/// <summary>
/// The command <c>roster</c> in a process of its own, with a home folder of its own: the published build that
/// <c>ROSTER_TEST_CLI</c> names (<c>test.sh</c> makes it), or else what was built.
/// </summary>
internal sealed class RosterCommand : IDisposable
{
#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly TempFolder _home = new();

    /// <param name="server">Where it goes, with the key; null if the test says so itself.</param>
    public RosterCommand(Uri? server = null, string? key = null)
    {
        if (server is not null)
            Variables["ROSTER_URL"] = server.ToString();
        if (key is not null)
            Variables["ROSTER_KEY"] = key;
    }

    /// <summary>The program's file.</summary>
    public static string Path { get; } = Environment.GetEnvironmentVariable("ROSTER_TEST_CLI") is { Length: > 0 } published
        ? published : System.IO.Path.Combine(Repository.Root, "src/Roster.Cli/bin", Configuration, "net10.0", "roster");

    /// <summary>Its working folder and home.</summary>
    public string Folder => _home.Path;

    /// <summary>Environment variables beyond those of the tests.</summary>
    public Dictionary<string, string> Variables { get; } = [];

    public string File(string name) => _home.File(name);

    public string Write(string name, string content)
    {
        System.IO.File.WriteAllText(File(name), content);
        return name;
    }

    /// <summary>Runs it to its end; nothing is a terminal.</summary>
    public Task<Ended> RunAsync(params string[] arguments) => RunAsync("", arguments);

    /// <param name="input">Its standard input.</param>
    public async Task<Ended> RunAsync(string input, string[] arguments)
    {
        using var process = Start(Path, arguments);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        return await EndAsync(process);
    }

    /// <summary>Starts it, to be interrupted.</summary>
    public Process Start(params string[] arguments) => Start(Path, arguments);

    /// <summary>Runs a line of a shell in which <c>roster</c> is this program.</summary>
    public async Task<Ended> RunShellAsync(string line)
    {
        using var process = Start("bash", ["-c", line]);
        process.StandardInput.Close();
        return await EndAsync(process);
    }

    public static async Task<Ended> EndAsync(Process process)
    {
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(Patience);
        return new(process.ExitCode, await output, await errors);
    }

    public void Dispose() => _home.Dispose();

    private Process Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["HOME"] = Folder,
                ["PATH"] = $"{System.IO.Path.GetDirectoryName(Path)}:{Environment.GetEnvironmentVariable("PATH")}",
                ["XDG_CONFIG_HOME"] = null,
                ["XDG_STATE_HOME"] = null,
            },
        };
        foreach (var (name, value) in Variables)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>What it wrote, and its exit code.</summary>
    internal sealed record Ended(int Code, string Output, string Errors);
}
