using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using OpenTelemetry.Metrics;

namespace Roster.Server.Operations;

/// <summary>
/// Serves metrics as text for Prometheus at /metrics, on addresses of its own: a second small server in the process, with
/// nothing else on it, so nothing of it can be reached on the public addresses.
/// </summary>
internal static class MetricsServer
{
    public const string Path = "/metrics";

    /// <summary>A few scrapers, each of which keeps a connection.</summary>
    private const int MaxConnections = 32;

    /// <param name="server">The services of the server that is measured.</param>
    /// <returns>Null if no addresses are set.</returns>
    public static WebApplication? Build(IReadOnlyList<string> urls, IServiceProvider server)
    {
        if (urls.Count == 0)
            return null;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls([.. urls]).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxConcurrentConnections = MaxConnections;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });
        var app = builder.Build();
        app.Use((http, next) =>
        {
            // A scrape is no request of a user.
            if (http.Features.Get<IHttpMetricsTagsFeature>() is { } metrics)
                metrics.MetricsDisabled = true;
            if (Activity.Current is { } span)
                RequestSpan.Drop(span);
            return next(http);
        });
        app.UseOpenTelemetryPrometheusScrapingEndpoint(
            server.GetRequiredService<MeterProvider>(), predicate: null, Path, configureBranchedPipeline: null, optionsName: null);
        return app;
    }
}
