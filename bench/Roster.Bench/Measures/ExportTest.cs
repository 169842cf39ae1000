using Roster.Bench.Engines;
using Roster.Bench.Servers;

namespace Roster.Bench.Measures;

/// <summary>An export of the whole directory, several times, in seconds.</summary>
/// <param name="Engine">The engine alone; empty if not measured.</param>
/// <param name="Before">The server's physical memory before, in MB.</param>
/// <param name="Peak">The peak during the exports.</param>
internal sealed record ExportResult(
    string Format, IReadOnlyList<double> Server, IReadOnlyList<double> Engine, long Partners, long Bytes, double Before, double Peak);

/// <summary>The server's exports, in turn with the engine's own scan, written as the same lines of JSON.</summary>
internal static class ExportTest
{
    public static async Task<IReadOnlyList<ExportResult>> RunAsync(
        IEngine engine, RosterServer server, Contest contest, int rounds, CancellationToken cancel)
    {
        using var client = new ApiClient(server);
        return
        [
            await MeasureAsync("NDJSON", "application/x-ndjson", engine.Export),
            await MeasureAsync("CSV", "text/csv", null),
        ];

        async Task<ExportResult> MeasureAsync(string name, string format, Func<NdjsonExport>? export)
        {
            Progress.Say($"export as {name}");
            var (servers, engines) = (new List<double>(), new List<double>());
            var (partners, bytes) = ((long)contest.Partners, 0L);
            await contest.RestAsync(cancel);
            var before = server.State.ResidentMegabytes;
            server.State.ResetPeak();
            for (var round = 0; round <= rounds; round++)
            {
                await contest.RestAsync(cancel);
                var alone = export?.Invoke();
                await contest.RestAsync(cancel);
                var answer = await client.GetAsync($"{ReadPaths.Partners}?sort=asc", format, cancel);
                bytes = answer.Bytes;
                if (alone is not null && (alone.Rows != partners || alone.Bytes != bytes))
                    throw new InvalidOperationException(
                        $"The engine alone exported {alone.Bytes} bytes of {alone.Rows} partners, the server {bytes} of {partners}.");
                // The first round is the warm-up.
                if (round == 0)
                    continue;
                servers.Add(answer.Elapsed.TotalSeconds);
                if (alone is not null)
                    engines.Add(alone.Elapsed.TotalSeconds);
            }
            return new ExportResult(name, servers, engines, partners, bytes, before, server.State.PeakMegabytes);
        }
    }
}
