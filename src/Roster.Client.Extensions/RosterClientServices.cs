using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Roster.Client.Extensions;

/// <summary>Roster in dependency injection.</summary>
public static class RosterClientServices
{
    /// <summary>The name of the client at the factory of HTTP clients.</summary>
    public const string HttpClientName = "Roster.Client";

    /// <summary>
    /// Adds <see cref="RosterClient"/>, made anew wherever it is asked for, on a client of the HTTP client factory. Its answers
    /// may be compressed. It tries again by itself: do not add a handler that does so too.
    /// </summary>
    /// <returns>For more handlers, such as a proxy or a certificate.</returns>
    public static IHttpClientBuilder AddRosterClient(this IServiceCollection services, Action<RosterClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<RosterClientOptions>().Configure(configure);
        services.AddTransient(provider => new RosterClient(
            provider.GetRequiredService<IHttpClientFactory>().CreateClient(HttpClientName),
            provider.GetRequiredService<IOptions<RosterClientOptions>>().Value));
        return services.AddHttpClient(HttpClientName)
            // It would end a long upload. The time for each attempt counts from the last byte: AttemptTimeout.
            .ConfigureHttpClient(http => http.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                // A request that is sent on elsewhere has no key any more, so it would be refused as if the key were wrong.
                AllowAutoRedirect = false,
                AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Brotli,
                UseCookies = false,
                ConnectTimeout = TimeSpan.FromSeconds(10),
            });
    }

    /// <summary>
    /// Adds a check that the server answers, from its database, and knows the key. It asks once, without trying again.
    /// </summary>
    public static IHealthChecksBuilder AddRoster(
        this IHealthChecksBuilder builder, string name = "roster", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null,
        TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(name, provider => new RosterHealthCheck(
            provider.GetRequiredService<IHttpClientFactory>(), provider.GetRequiredService<IOptions<RosterClientOptions>>()),
            failureStatus, tags, timeout));
    }
}
