using Microsoft.AspNetCore.Builder;
using Roster.Server.Hosting;

namespace Roster.Tests.Hosting;

/// <summary>A second server on a host's store that counts the calls of the store.</summary>
internal sealed class CountedServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http = new();

    private CountedServer(WebApplication app, CountedStore count) => (_app, Count) = (app, count);

    public CountedStore Count { get; }

    public static async Task<CountedServer> StartAsync(RosterHost host)
    {
        var store = CountedStore.Around(host.Store, out var count);
        var app = Roster.Server.Program.Build(
            new ServerSettings(["http://127.0.0.1:0"], ServerTiming: true, LogFormat.Json), store, host.Clock);
        await app.StartAsync();
        var server = new CountedServer(app, count);
        server._http.BaseAddress = new Uri(app.Urls.First());
        return server;
    }

    /// <summary>A client of a workspace, on this server.</summary>
    public RosterClient Client(RosterClient client) => new(_http, client.Key, client.Workspace);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }
}
