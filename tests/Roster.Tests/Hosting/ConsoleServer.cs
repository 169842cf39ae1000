using System.Text.RegularExpressions;

namespace Roster.Tests.Hosting;

/// <summary>The published server on an SQLite file of its own, shared by the tests of the console. Each has its own workspace.</summary>
public sealed partial class ConsoleServer : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Lazy<RosterProcess> _server;

    public ConsoleServer() => _server = new Lazy<RosterProcess>(() => RosterProcess.Serve(
        _folder.Path, "--rows-per-minute", "0", "--failed-authentications", "100000"));

    public Uri Address => _server.Value.Address;

    /// <summary>Where it was started, for commands of the server.</summary>
    public string Folder => _folder.Path;

    [GeneratedRegex("roster_[0-9A-Za-z]{38}")]
    private static partial Regex Key();

    /// <summary>A client with a key of a new, empty workspace.</summary>
    /// <param name="scopes">As for <c>--scopes</c>.</param>
    /// <param name="name">If omitted, one that no other has.</param>
    internal RosterClient NewWorkspace(string scopes = "all", string? name = null)
    {
        _ = _server.Value;
        name ??= Guid.NewGuid().ToString("N");
        Assert.Equal(0, RosterProcess.Run(_folder.Path, "workspaces", "create", name).ExitCode);
        return NewKey(name, scopes);
    }

    internal RosterClient NewKey(string workspace, string scopes)
    {
        var made = RosterProcess.Run(_folder.Path, "keys", "create", "--workspace", workspace, "--name", "test", "--scopes", scopes);
        Assert.True(made.ExitCode == 0, made.Errors);
        return Client(Key().Match(made.Output).Value);
    }

    internal RosterClient Client(string key) => _server.Value.Client(key);

    public void Dispose()
    {
        if (_server.IsValueCreated)
            _server.Value.Dispose();
        _folder.Dispose();
    }
}
