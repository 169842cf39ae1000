using Microsoft.AspNetCore.HttpOverrides;
using Roster.Server.Hosting;

namespace Roster.Server.Guard;

internal static class TrustedProxies
{
    /// <summary>
    /// Reads a client's address and scheme from a proxy's headers, but only for proxies that the operator named.
    /// </summary>
    public static void UseTrustedProxies(this WebApplication app, ServerSettings settings)
    {
        if (settings.TrustedProxies is not { Count: > 0 } networks)
            return;
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            // Any number of trusted proxies in a row.
            ForwardLimit = null,
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var network in networks)
            options.KnownIPNetworks.Add(network);
        app.UseForwardedHeaders(options);
    }
}
