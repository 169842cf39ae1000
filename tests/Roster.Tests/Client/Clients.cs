using Roster.Access;
using Roster.Client;
using RosterClient = Roster.Client.RosterClient;

namespace Roster.Tests.Client;

/// <summary>Clients of the library, as programs make them, but without waits between attempts.</summary>
internal static class Clients
{
    private static readonly HttpClient Http = new();

    /// <summary>A client with a key of a new, empty workspace.</summary>
    public static async Task<RosterClient> NewClientAsync(this RosterHost host, Scopes scopes = Scopes.All) =>
        ClientOf(host, await host.NewWorkspaceAsync(scopes));

    /// <summary>A client with the same key.</summary>
    public static RosterClient ClientOf(this RosterHost host, Hosting.RosterClient api) => Of(host.Address, api.Key!, Http);

    public static RosterClient Of(Uri address, string key, HttpClient? http = null) =>
        new(http ?? Http, new RosterClientOptions { Address = address, Key = key, RetryDelay = TimeSpan.Zero });

    /// <summary>Partners with external ids from 0.</summary>
    public static IEnumerable<PartnerWrite> Some(int count) =>
        Enumerable.Range(0, count).Select(i => new PartnerWrite { ExternalId = $"crm-{i}", Name = $"Partner {i}", Phone = $"+44 20 {i}" });

    public static async Task<List<T>> AllAsync<T>(this IAsyncEnumerable<T> items)
    {
        var all = new List<T>();
        await foreach (var item in items)
            all.Add(item);
        return all;
    }
}
