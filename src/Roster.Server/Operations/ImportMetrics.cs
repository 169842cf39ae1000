using System.Diagnostics.Metrics;
using Roster.Imports;

namespace Roster.Server.Operations;

/// <summary>Counts imports by what becomes of them.</summary>
internal static class ImportMetrics
{
    private static readonly Counter<long> Imports = Telemetry.Meter.CreateCounter<long>(
        "roster.imports", "{import}", "Imports that came into a state.");

    public static void Entered(ImportState state)
    {
        if (Imports.Enabled)
            Imports.Add(1, new KeyValuePair<string, object?>("roster.state", state.ToString().ToLowerInvariant()));
    }
}
