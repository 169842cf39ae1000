namespace Roster.Client;

/// <summary>
/// The client of a Roster server. It is safe for use by several threads. Each call tries again where that helps and cannot
/// do harm: after 408, 429, 502 to 504 and lost connections, with waits that grow and obey <c>Retry-After</c>, bounded by
/// <see cref="RosterClientOptions"/>. Each write has an idempotency key, so it is carried out once however often it is sent.
/// Every call can throw <see cref="RosterException"/>.
/// </summary>
public sealed partial class RosterClient
{
    /// <summary>Most items of one request; an upsert of more becomes an import.</summary>
    public const int MaxItems = 10_000;

    private readonly Caller _caller;

    /// <param name="http">It sends the requests; its <see cref="HttpClient.BaseAddress"/> counts if the options have none.</param>
    /// <exception cref="ArgumentException">The address or the key is missing, or an option cannot be.</exception>
    public RosterClient(HttpClient http, RosterClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(options);
        _caller = new Caller(http, options);
        Imports = new ImportCalls(_caller);
        Keys = new KeyCalls(_caller);
    }

    /// <summary>Files as people have them: uploaded, planned, looked at, applied, undone.</summary>
    public ImportCalls Imports { get; }

    /// <summary>The workspace's API keys.</summary>
    public KeyCalls Keys { get; }

    /// <summary>
    /// Who calls: the key's name, scopes and end, its workspace, and the server's version. Needs no scope.
    /// </summary>
    public Task<Identity> WhoAmIAsync(CancellationToken cancel = default) => _caller.SendAsync(
        new Call("whoami", HttpMethod.Get, "api/session"), Read.Json(RosterJsonContext.Default.Identity), cancel);
}
