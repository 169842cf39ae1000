using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Roster.Access;
using Roster.Server.Commands;
using Roster.Server.Guard;
using Roster.Server.Hosting;
using Roster.Server.Imports;
using Roster.Storage;

namespace Roster.Tests.Hosting;

/// <summary>
/// The real server on a real port and a real engine, shared by tests. Each test has a workspace of its own.
/// </summary>
public abstract partial class RosterHost : IAsyncLifetime
{
    private readonly StringWriter _logText = new();
    private readonly TextWriter _log;
    private static readonly Lock Building = new();

    private IRosterStore _store = null!;
    private WebApplication _app = null!;
    private HttpClient _http = null!;
    private Func<ServerSettings, ServerSettings> _change = settings => settings;
    private Func<IRosterStore, IRosterStore> _wrap = store => store;

    protected RosterHost() => _log = TextWriter.Synchronized(_logText);

    public Uri Address { get; private set; } = null!;

    /// <summary>The server's clock. A test that moves it needs a host of its own.</summary>
    internal MovableClock Clock { get; } = new();

    internal IRosterStore Store => There(_store);

    internal IEnumerable<Microsoft.AspNetCore.Http.Endpoint> Endpoints =>
        ((Microsoft.AspNetCore.Routing.IEndpointRouteBuilder)There(_app)).DataSources.SelectMany(source => source.Endpoints);

    /// <summary>What looks for imports that are due.</summary>
    internal ImportWorker ImportWorker => There(_app).Services.GetRequiredService<ImportWorker>();

    internal RequestLimits Limits => There(_app).Services.GetRequiredService<RequestLimits>();

    internal UnsentAnswers Unsent => There(_app).Services.GetRequiredService<UnsentAnswers>();

    /// <summary>The database, as for <c>--database</c>.</summary>
    internal abstract string Database { get; }

    /// <summary>Why this engine is not available; its tests are skipped then.</summary>
    protected virtual string? Missing => null;

    /// <summary>A host on another database, if one can be had.</summary>
    /// <param name="alone">Whether no other server may use that database.</param>
    protected abstract RosterHost Create(bool alone);

    /// <summary>The server's log so far.</summary>
    internal string Log()
    {
        // The synchronized writer locks itself.
        lock (_log)
            return _logText.ToString();
    }

    public virtual async ValueTask InitializeAsync()
    {
        if (Missing is not null)
            return;
        _store = await Roster.Storage.Store.Parse(Database).OpenAsync(StoreUse.Serve, Clock, CancellationToken.None);
        // The log takes the console's writer where it is made, and all hosts have one console.
        lock (Building)
        {
            Console.SetError(_log);
            _app = Roster.Server.Program.Build(
                _change(new ServerSettings(
                    ["http://127.0.0.1:0"], ServerTiming: true, LogFormat.Json, FailedAuthentications: 100_000)),
                _wrap(_store), Clock);
        }
        await _app.StartAsync();
        Address = new Uri(_app.Urls.First());
        // Cookies are of the test, not of the host.
        _http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = Address };
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Missing is not null)
            return;
        _http.Dispose();
        await _app.DisposeAsync();
        await _store.DisposeAsync();
        var log = Log();
        if (Leak().Match(log) is { Success: true } leak)
            throw new InvalidOperationException(
                $"The log has a key or an e-mail address: {log.Substring(Math.Max(0, leak.Index - 200), 250)}");
    }

    /// <summary>
    /// A check for the whole suite: the log contains no key and no e-mail address. Keys have a pattern of their own,
    /// the tests' partners have addresses, and nothing else in the log looks like either.
    /// </summary>
    [GeneratedRegex("roster_[0-9A-Za-z]{38}|[0-9A-Za-z]@[0-9A-Za-z]")]
    private static partial Regex Leak();

    /// <summary>A second host on the same kind of engine, for one test alone; dispose it.</summary>
    /// <param name="wrap">Wraps the store, for example to count calls.</param>
    /// <param name="alone">
    /// Whether no other server may use its database: servers on the same one share the work of its imports.
    /// </param>
    internal async Task<RosterHost> AnotherAsync(
        Func<ServerSettings, ServerSettings>? change = null, Func<IRosterStore, IRosterStore>? wrap = null, bool alone = false)
    {
        var another = There(Create(alone));
        another._change = change ?? (settings => settings);
        another._wrap = wrap ?? (store => store);
        await another.InitializeAsync();
        return another;
    }

    /// <summary>A client with a key of a new, empty workspace.</summary>
    internal async Task<RosterClient> NewWorkspaceAsync(Scopes scopes = Scopes.All)
    {
        var now = Timestamp.Now(Clock);
        var workspace = (await Store.AddWorkspaceAsync(Guid.NewGuid().ToString(), now, CancellationToken.None))!;
        return await NewKeyAsync(workspace, scopes);
    }

    internal async Task<RosterClient> NewKeyAsync(Workspace workspace, Scopes scopes, Timestamp? expiresAt = null)
    {
        var secret = await KeyCommands.AddAsync(
            Store, workspace, "test", scopes, Timestamp.Now(Clock), expiresAt, CancellationToken.None);
        return new RosterClient(_http, secret.Text, workspace);
    }

    /// <summary>A client with this text as its key, valid or not.</summary>
    internal RosterClient WithKey(string? key) => new(There(_http), key, null);

    private T There<T>(T it)
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        return it;
    }
}

/// <summary>The system's clock with an offset.</summary>
internal sealed class MovableClock : TimeProvider
{
    private long _passedTicks;
    private long _setTicks;

    public override DateTimeOffset GetUtcNow() =>
        base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _passedTicks) + Interlocked.Read(ref _setTicks));

    public override long GetTimestamp() =>
        base.GetTimestamp() + (Interlocked.Read(ref _passedTicks) * (TimestampFrequency / TimeSpan.TicksPerSecond));

    /// <summary>Time passes.</summary>
    public void Move(TimeSpan by) => Interlocked.Add(ref _passedTicks, by.Ticks);

    /// <summary>Somebody sets the clock, and no time passes.</summary>
    public void Set(TimeSpan by) => Interlocked.Add(ref _setTicks, by.Ticks);
}
