using Roster.Server.Commands;

namespace Roster.Server.Operations;

/// <summary>Where metrics are served, and where metrics and traces are sent.</summary>
/// <param name="MetricsUrls">Addresses for Prometheus, apart from the public ones; empty for none.</param>
/// <param name="Variables">The <c>OTEL_*</c> variables by which OpenTelemetry sends.</param>
internal sealed record TelemetrySettings(
    IReadOnlyList<string> MetricsUrls, bool SendsMetrics, bool SendsTraces, IReadOnlyDictionary<string, string?> Variables)
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

    public static TelemetrySettings Off { get; } = new([], false, false, new Dictionary<string, string?>());

    public bool HasMetrics => MetricsUrls.Count > 0 || SendsMetrics;

    /// <param name="metricsUrls">Addresses to listen on.</param>
    /// <param name="otlp">A collector's address; empty for that of the variables, if they have one.</param>
    /// <param name="environment">Looks up a variable.</param>
    /// <exception cref="SettingException">It is not an address.</exception>
    public static TelemetrySettings Parse(
        IReadOnlyList<string> metricsUrls, string otlp, IReadOnlyDictionary<string, string?> environment)
    {
        var variables = environment.Where(one => one.Key.StartsWith("OTEL_", StringComparison.Ordinal) && one.Value is { Length: > 0 })
            .ToDictionary(one => one.Key, one => one.Value);
        if (otlp.Length > 0)
        {
            if (!Uri.TryCreate(otlp, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
                throw new SettingException($"--otlp takes the address of a collector such as http://localhost:4318, not '{otlp}'.");
            variables[Endpoint] = otlp;
            variables.TryAdd(Protocol, "http/protobuf");
        }
        return new TelemetrySettings(metricsUrls, Sends("METRICS"), Sends("TRACES"), variables);

        bool Sends(string signal) => !Is("OTEL_SDK_DISABLED", "true") && !Is($"OTEL_{signal}_EXPORTER", "none")
            && (variables.ContainsKey(Endpoint) || variables.ContainsKey($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"));

        bool Is(string variable, string value) =>
            variables.TryGetValue(variable, out var set) && string.Equals(set, value, StringComparison.OrdinalIgnoreCase);
    }
}
