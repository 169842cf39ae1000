using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Roster.Tests.Hosting;

/// <summary>
/// The real server in a process of its own: the published build that <c>ROSTER_TEST_SERVER</c> names (<c>test.sh</c>
/// makes it), or else what was built beside the tests.
/// </summary>
internal sealed partial class RosterProcess : IDisposable
{
    private static readonly Dictionary<string, string> NoVariables = [];

    /// <summary>The exit code of a process that SIGKILL has ended.</summary>
    public const int Killed = 128 + 9;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly BlockingCollection<string> _errors = [];
    private readonly List<string> _before = [];
    private readonly ConcurrentQueue<string> _log = [];
    private readonly string _outputFile;
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        Expect100ContinueTimeout = Patience,
        // Tests have self-signed certificates.
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost" },
    });

    private RosterProcess(Process process, string output)
    {
        (_process, _outputFile) = (process, output);
        process.ErrorDataReceived += (_, line) =>
        {
            try
            {
                if (line.Data is null)
                    _errors.CompleteAdding();
                else
                {
                    _log.Enqueue(line.Data);
                    _errors.Add(line.Data);
                }
            }
            catch (ObjectDisposedException)
            {
                // Nobody reads what a process says after it was disposed of.
            }
        };
        process.BeginErrorReadLine();
    }

    /// <summary>The command that starts the server, without its arguments.</summary>
    public static string[] Command =>
        Environment.GetEnvironmentVariable("ROSTER_TEST_SERVER") is { Length: > 0 } published ? [published] : Built;

    private static string[] Built => ["dotnet", Path.Combine(AppContext.BaseDirectory, "Roster.Server.dll")];

    public Uri Address { get; private set; } = null!;

    public int Id => _process.Id;

    /// <summary>Memory of the process in MiB.</summary>
    /// <param name="field">
    /// As Linux calls it: <c>VmRSS:</c> is now, <c>VmHWM:</c> the most since the start or <see cref="ForgetPeakAsync"/>.
    /// </param>
    public long Mebibytes(string field) => long.Parse(
        File.ReadLines($"/proc/{Id}/status")
            .First(line => line.StartsWith(field, StringComparison.Ordinal))[field.Length..].Trim().Split(' ')[0],
        CultureInfo.InvariantCulture) / 1_024;

    /// <summary>Has the most memory counted from now on.</summary>
    public Task ForgetPeakAsync() => File.WriteAllTextAsync($"/proc/{Id}/clear_refs", "5");

    [GeneratedRegex("""Listening on (https?://\S+);""")]
    private static partial Regex Listening();

    /// <summary>Starts a server on a free port.</summary>
    public static RosterProcess Begin(string workingFolder, params string[] arguments) => Begin(workingFolder, NoVariables, arguments);

    private static RosterProcess Begin(
        string workingFolder, IReadOnlyDictionary<string, string> environment,
        string[] arguments, int? handles = null, string[]? command = null, string? umask = null)
    {
        var limit = (handles is null ? "" : $"ulimit -n {handles}; ") + (umask is null ? "" : $"umask {umask}; ");
        // Standard output goes to a file: it is complete when the log says that the server listens. A second pipe might
        // lag behind.
        var output = Path.GetTempFileName();
        string[] withUrls = arguments.Contains("--urls") ? arguments : ["--urls", "http://127.0.0.1:0", .. arguments];
        string[] all = [.. command ?? Command, .. withUrls];
        // Whoever runs the tests in the background has them ignore two signals, and a server would inherit that.
        var script = limit + "output=$1; shift; exec env --default-signal=INT,QUIT \"$@\" >\"$output\"";
        string[] shell = ["sh", "-c", script, "sh", output, .. all];
        return new RosterProcess(Start(workingFolder, shell, environment), output);
    }

    /// <summary>Starts a server on a free port and waits until it listens.</summary>
    public static RosterProcess Serve(string workingFolder, params string[] arguments) => Serve(workingFolder, NoVariables, arguments);

    /// <param name="environment">Variables in addition to the test's own.</param>
    public static RosterProcess Serve(string workingFolder, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Await(Begin(workingFolder, environment, arguments));

    /// <summary>Starts the server that was built beside the tests: .NET can run a test's code inside it.</summary>
    public static RosterProcess ServeBuilt(
        string workingFolder, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Await(Begin(workingFolder, environment, arguments, command: Built));

    /// <summary>Starts a server by another command, such as one in a root of its own.</summary>
    public static RosterProcess ServeBy(string[] command, params string[] arguments) =>
        Await(Begin(Repository.Root, NoVariables, arguments, command: command));

    /// <summary>Starts a server with a limit of open files.</summary>
    public static RosterProcess ServeWithHandles(int handles, string workingFolder, params string[] arguments) =>
        Await(Begin(workingFolder, NoVariables, arguments, handles));

    /// <summary>Starts a server whose files could be read by all or by nobody else.</summary>
    public static RosterProcess ServeWithUmask(string umask, string workingFolder, params string[] arguments) =>
        Await(Begin(workingFolder, NoVariables, arguments, umask: umask));

    /// <summary>Starts a server that may be killed before it listens.</summary>
    /// <param name="environment">Variables in addition to the test's own.</param>
    /// <param name="begun">Gets the process while it starts.</param>
    /// <returns>Null if it was killed.</returns>
    public static RosterProcess? ServeUnlessKilled(
        string workingFolder, IReadOnlyDictionary<string, string> environment, Action<RosterProcess> begun, params string[] arguments)
    {
        var server = Begin(workingFolder, environment, arguments);
        begun(server);
        if (IsListening(server))
            return server;
        var exitCode = server.WaitForExit();
        server.Dispose();
        Assert.True(exitCode == Killed, string.Join('\n', server._before));
        return null;
    }

    private static RosterProcess Await(RosterProcess server)
    {
        if (IsListening(server))
            return server;
        server.Dispose();
        throw new InvalidOperationException("The server did not start: " + string.Join('\n', server._before));
    }

    /// <returns>Whether it came to listen, for which this waits; otherwise it has ended.</returns>
    private static bool IsListening(RosterProcess server)
    {
        var before = server._before;
        while (server._errors.TryTake(out var line, Patience))
        {
            before.Add(line);
            if (Listening().Match(line) is { Success: true } match)
            {
                server.Address = new Uri(match.Groups[1].Value);
                server._http.BaseAddress = server.Address;
                return true;
            }
        }
        return false;
    }

    /// <summary>Runs a command to its end.</summary>
    public static (int ExitCode, string Output, string Errors) Run(string workingFolder, params string[] arguments) =>
        Run(workingFolder, NoVariables, arguments);

    /// <param name="environment">Variables in addition to the test's own.</param>
    public static (int ExitCode, string Output, string Errors) Run(
        string workingFolder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using var process = Start(workingFolder, [.. Command, .. arguments], environment);
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(Patience));
        return (process.ExitCode, output, errors.Result);
    }

    /// <summary>Starts a command, to be interrupted.</summary>
    public static Process StartCommand(string workingFolder, params string[] arguments) =>
        StartCommand(workingFolder, NoVariables, arguments);

    /// <param name="environment">Variables in addition to the test's own.</param>
    public static Process StartCommand(string workingFolder, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        // Where the tests run in the background of a shell, that has made them ignore SIGINT, and the command would inherit it.
        Start(workingFolder, ["env", "--default-signal=INT", .. Command, .. arguments], environment);

    /// <summary>Starts a command whose files could be read by all or by nobody else.</summary>
    public static Process StartWithUmask(string umask, string workingFolder, params string[] arguments) =>
        Start(workingFolder, ["sh", "-c", $"umask {umask}; exec \"$@\"", "sh", .. Command, .. arguments], NoVariables);

    [GeneratedRegex("roster_[0-9A-Za-z]{38}")]
    private static partial Regex Key();

    /// <summary>A client with the key that the first start has printed.</summary>
    public RosterClient FirstClient() => Client(Key().Match(Output()).Value);

    public RosterClient Client(string? key) => new(_http, key, null);

    /// <summary>The server's standard output so far. The first start's welcome is there before it listens.</summary>
    public string Output() => File.ReadAllText(_outputFile);

    /// <summary>The server's log so far.</summary>
    public string Log() => string.Join('\n', _log);

    /// <summary>Waits for a log line with this text, which may be from before it listened.</summary>
    public Task SaysAsync(string text) => Task.Run(() =>
    {
        if (_before.Exists(line => line.Contains(text, StringComparison.Ordinal)))
            return;
        while (_errors.TryTake(out var line, Patience))
            if (line.Contains(text, StringComparison.Ordinal))
                return;
        Assert.Fail($"The server never said '{text}'. Its last lines:\n{string.Join('\n', _log.TakeLast(20))}");
    });

    /// <summary>The log lines since it listened or since the last wait, until it ends.</summary>
    public IReadOnlyList<string> Rest() => [.. _errors.GetConsumingEnumerable()];

    /// <summary>Like <see cref="SaysAsync"/>, but finds any earlier line as well.</summary>
    public Task HasSaidAsync(string text) => Log().Contains(text, StringComparison.Ordinal) ? Task.CompletedTask : SaysAsync(text);

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public bool HasExited => _process.HasExited;

    public void Terminate() => Signal("TERM");

    /// <param name="name">The signal's name, such as TERM.</param>
    public void Signal(string name) => Process.Start("kill", ["-" + name, $"{_process.Id}"]).WaitForExit();

    public int WaitForExit()
    {
        Assert.True(_process.WaitForExit(Patience));
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
        _http.Dispose();
        _errors.Dispose();
        File.Delete(_outputFile);
    }

    private static Process Start(string workingFolder, string[] command, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = workingFolder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
