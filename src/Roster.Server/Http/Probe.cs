namespace Roster.Server.Http;

/// <summary>
/// An endpoint that a monitor asks again and again. Its requests are not logged unless they fail, and are neither
/// measured nor traced: they say nothing about what users wait for.
/// </summary>
internal sealed class Probe;

internal static class ProbeExtensions
{
    private static readonly Probe Mark = new();

    public static void AsProbe(this IEndpointConventionBuilder route) => route.WithMetadata(Mark).DisableHttpMetrics();

    public static bool IsProbe(this Endpoint? endpoint) => endpoint?.Metadata.GetMetadata<Probe>() is not null;
}
