using System.Diagnostics.Metrics;
using Roster.Server.Backups;
using Roster.Server.Guard;
using Roster.Server.Hosting;
using Roster.Server.Imports;

namespace Roster.Server.Operations;

/// <summary>Metrics of the server's state, read when somebody asks. None asks the database.</summary>
internal sealed class StateMetrics : IHostedService, IDisposable
{
    private readonly Meter _meter = new(Telemetry.Name);

    public StateMetrics(
        IRosterStore store, RequestLimits limits, Readiness readiness, ExpiringKeys keys, ImportWorker imports, ServerBackups backups,
        ServerSettings settings, TimeProvider clock)
    {
        _meter.CreateObservableGauge(
            "roster.ready", () => Known<int>(readiness.IsReady switch { null => null, true => 1, false => 0 }),
            description: "1 if the database reads and writes, else 0.");
        _meter.CreateObservableGauge(
            "roster.notices",
            () => store.Notices.Codes.Select(code => new Measurement<int>(1, new KeyValuePair<string, object?>("roster.notice", code))),
            "{notice}", "Problems that /health/ready names, while they last.");
        _meter.CreateObservableGauge(
            "roster.write.queue.length", () => store.ReadLoad().WaitingWrites, "{write}", "Writes that wait for others.");
        _meter.CreateObservableGauge(
            "roster.search.lag", () => store.ReadLoad().SearchLag.TotalSeconds, "s", "Age of the oldest write that searches do not show.");
        _meter.CreateObservableGauge(
            "roster.sqlite.wal.size", () => Known(store.ReadLoad().LogBytes), "By", "Size of SQLite's write-ahead log.");
        _meter.CreateObservableGauge(
            "roster.disk.free", () => Known(store.ReadLoad().DiskFreeBytes), "By", "Free space of the disk with the SQLite file.");
        _meter.CreateObservableGauge(
            "roster.memory.budget.used",
            () => limits.Used.Select(one =>
                new Measurement<double>(one.Ratio, new KeyValuePair<string, object?>("roster.budget", one.Budget))),
            "1", "Part of a budget of memory that requests hold.");
        _meter.CreateObservableGauge(
            "roster.import.working", () => imports.AtWork, "{import}", "Imports that this server works on.");
        _meter.CreateObservableGauge(
            "roster.keys.expiring", () => keys.Count(Timestamp.Now(clock)), "{key}", "Keys in use that end within 14 days.");
        if (settings.Certificate is { } certificate)
            _meter.CreateObservableGauge(
                "roster.certificate.remaining", () => (certificate.EndsAt - clock.GetUtcNow()).TotalSeconds, "s",
                "Time until the certificate for https ends.");
        _meter.CreateObservableGauge(
            "roster.backup.age", () => Known(backups.Age?.TotalSeconds), "s", "Time since the last good backup.");
        if (settings is { Backups: { } plan, IsReadOnly: false })
            _meter.CreateObservableGauge(
                "roster.backup.every", () => plan.Every.TotalSeconds, "s", "Time after which the server makes the next backup.");
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<T>> Known<T>(T? value)
        where T : struct => value is { } known ? [new Measurement<T>(known)] : [];
}
