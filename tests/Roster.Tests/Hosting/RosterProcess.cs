using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Roster.Tests.Hosting;

/// <summary>
/// The real server in a process of its own: the published build that <c>ROSTER_TEST_SERVER</c> names, which <c>test.sh</c> makes, or else what
/// was built beside the tests.
/// </summary>
internal sealed partial class RosterProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly BlockingCollection<string> _errors = [];
    private readonly List<string> _output = [];
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        Expect100ContinueTimeout = Patience,
        // The certificates of tests are their own.
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Subject == "CN=localhost" },
    });

    private RosterProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) =>
        {
            lock (_output)
                _output.Add(line.Data ?? "");
        };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
                _errors.CompleteAdding();
            else
                _errors.Add(line.Data);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Address { get; private set; } = null!;

    public int Id => _process.Id;

    [GeneratedRegex("""Listening on (https?://\S+);""")]
    private static partial Regex Listening();

    /// <summary>Starts a server on a free port and returns when it listens.</summary>
    public static RosterProcess Serve(string workingFolder, params string[] arguments)
    {
        var server = new RosterProcess(Start(workingFolder, arguments.Contains("--urls") ? arguments : ["--urls", "http://127.0.0.1:0", .. arguments]));
        var before = new List<string>();
        while (server._errors.TryTake(out var line, Patience))
        {
            before.Add(line);
            if (Listening().Match(line) is { Success: true } match)
            {
                server.Address = new Uri(match.Groups[1].Value);
                server._http.BaseAddress = server.Address;
                return server;
            }
        }
        server.Dispose();
        throw new InvalidOperationException("The server did not start: " + string.Join('\n', before));
    }

    /// <summary>Runs a command to its end.</summary>
    public static (int ExitCode, string Output, string Errors) Run(string workingFolder, params string[] arguments)
    {
        using var process = Start(workingFolder, arguments);
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(Patience));
        return (process.ExitCode, output, errors.Result);
    }

    public RosterClient Client(string key) => new(_http, key, null);

    /// <summary>What the server has printed on standard output; a first start's welcome comes before it listens.</summary>
    public string Output()
    {
        lock (_output)
            return string.Join('\n', _output);
    }

    /// <summary>Returns when the server has logged a line with this text.</summary>
    public Task SaysAsync(string text) => Task.Run(() =>
    {
        while (_errors.TryTake(out var line, Patience))
            if (line.Contains(text, StringComparison.Ordinal))
                return;
        Assert.Fail($"The server never said '{text}'.");
    });

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Terminate() => Process.Start("kill", ["-TERM", $"{_process.Id}"]).WaitForExit();

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
    }

    private static Process Start(string workingFolder, IEnumerable<string> arguments)
    {
        var published = Environment.GetEnvironmentVariable("ROSTER_TEST_SERVER");
        var start = string.IsNullOrEmpty(published)
            ? new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Roster.Server.dll"), .. arguments])
            : new ProcessStartInfo(published, arguments);
        start.WorkingDirectory = workingFolder;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        return Process.Start(start)!;
    }
}
