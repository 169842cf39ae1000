using System.Globalization;
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
    /// <exception cref="SettingException">It is not an address, or a variable has no value that OpenTelemetry takes.</exception>
    public static TelemetrySettings Parse(
        IReadOnlyList<string> metricsUrls, string otlp, IReadOnlyDictionary<string, string?> environment)
    {
        var variables = environment.Where(one => one.Key.StartsWith("OTEL_", StringComparison.Ordinal) && one.Value is { Length: > 0 })
            .ToDictionary(one => one.Key, one => one.Value);
        if (otlp.Length > 0)
        {
            if (!IsAddress(otlp))
                throw new SettingException($"--otlp takes the address of a collector such as http://localhost:4318{Not("", otlp)}.");
            variables[Endpoint] = otlp;
            variables.TryAdd(Protocol, "http/protobuf");
        }
        var (sendsMetrics, sendsTraces) = (Sends("METRICS"), Sends("TRACES"));
        if (sendsMetrics || sendsTraces)
            foreach (var (name, value) in variables)
                if (Wrong(name, value!) is { } wanted)
                    throw new SettingException($"{name} is {wanted}{Not(name, value!)}.");
        return new TelemetrySettings(metricsUrls, sendsMetrics, sendsTraces, variables);

        bool Sends(string signal) => !Is("OTEL_SDK_DISABLED", "true") && !Is($"OTEL_{signal}_EXPORTER", "none")
            && (variables.ContainsKey(Endpoint) || variables.ContainsKey($"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"));

        bool Is(string variable, string value) =>
            variables.TryGetValue(variable, out var set) && string.Equals(set, value, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Headers have tokens, and an address can have a password: a log must not have them.</summary>
    private static string Not(string name, string value) =>
        name.EndsWith("_HEADERS", StringComparison.Ordinal) || value.Contains('@', StringComparison.Ordinal) ? "" : $", not '{value}'";

    /// <summary>OpenTelemetry stops the server at some of these, and takes others for what nobody meant.</summary>
    /// <returns>What the variable has to be; null if it is that.</returns>
    private static string? Wrong(string name, string value)
    {
        if (name.StartsWith("OTEL_EXPORTER_OTLP_", StringComparison.Ordinal))
        {
            if (name.EndsWith("_ENDPOINT", StringComparison.Ordinal))
                return IsAddress(value) ? null : "the address of a collector such as http://localhost:4318";
            if (name.EndsWith("_PROTOCOL", StringComparison.Ordinal))
                return value is "grpc" or "http/protobuf" ? null : "grpc or http/protobuf";
            if (name.EndsWith("_HEADERS", StringComparison.Ordinal))
                return value.Split(',').All(header => header.IndexOf('=', StringComparison.Ordinal) > 0) ? null
                    : "NAME=VALUE, several divided by commas";
        }
        return name is not ("OTEL_METRIC_EXPORT_INTERVAL" or "OTEL_METRIC_EXPORT_TIMEOUT")
            && !name.StartsWith("OTEL_BSP_", StringComparison.Ordinal)
            && !(name.StartsWith("OTEL_EXPORTER_OTLP_", StringComparison.Ordinal) && name.EndsWith("_TIMEOUT", StringComparison.Ordinal))
            || (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
            ? null : "a whole number from 1";
    }

    private static bool IsAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is ("http" or "https");
}
