using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Roster.Server.Hosting;

namespace Roster.Server.Operations;

/// <summary>
/// Has OpenTelemetry listen to what Roster and .NET measure and trace, if the settings ask for it. Else nothing listens.
/// Only this folder knows OpenTelemetry (docs/decisions/0025-telemetry.md).
/// </summary>
internal static class TelemetrySetup
{
    private const string ServiceName = "roster";

    /// <summary>
    /// Ours, the runtime's, and those of requests and connections. Metrics of further libraries have labels that are not
    /// ours to bound.
    /// </summary>
    private static readonly string[] Meters =
        [Telemetry.Name, "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    /// <summary>ASP.NET Core's for the request, ours for its stages. Those of the database would have its queries' text.</summary>
    private static readonly string[] Sources = [Telemetry.Name, "Microsoft.AspNetCore"];

    public static void AddTelemetry(this WebApplicationBuilder builder, TelemetrySettings settings)
    {
        if (settings is { HasMetrics: false, SendsTraces: false })
            return;
        // OpenTelemetry takes its variables from the configuration.
        builder.Configuration.AddInMemoryCollection(settings.Variables);
        var services = builder.Services;
        services.AddOptions<OtlpExporterOptions>().Configure<ILoggerFactory>((otlp, loggers) =>
            otlp.HttpClientFactory = () => new HttpClient(new CollectorReach(loggers.CreateLogger("Roster")))
            {
                Timeout = TimeSpan.FromMilliseconds(otlp.TimeoutMilliseconds),
            });
        // The variables come last, so OTEL_SERVICE_NAME names the service otherwise.
        var telemetry = services.AddOpenTelemetry().ConfigureResource(resource => resource.Clear()
            .AddService(ServiceName, serviceVersion: ServerVersion.Text).AddTelemetrySdk().AddEnvironmentVariableDetector());
        if (settings.HasMetrics)
        {
            services.AddSingleton<Readiness>().AddHostedService(provider => provider.GetRequiredService<Readiness>());
            services.AddSingleton<StateMetrics>().AddHostedService(provider => provider.GetRequiredService<StateMetrics>());
            telemetry.WithMetrics(metrics =>
            {
                metrics.AddMeter(Meters);
                if (settings.MetricsUrls.Count > 0)
                    metrics.AddPrometheusExporter(text => text.ScopeInfoEnabled = false);
                if (settings.SendsMetrics)
                    metrics.AddOtlpExporter();
            });
        }
        if (settings.SendsTraces)
            telemetry.WithTracing(traces => traces.AddSource(Sources).AddOtlpExporter());
    }
}
