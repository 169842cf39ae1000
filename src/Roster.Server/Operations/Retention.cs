namespace Roster.Server.Operations;

/// <summary>Forgets old values that are older than the operator keeps them, a little at a time.</summary>
internal sealed class Retention(IRosterStore store, ServerSettings settings, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
                await ForgetAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task ForgetAsync(CancellationToken cancel)
    {
        try
        {
            var before = Timestamp.From(clock.GetUtcNow() - settings.OldValuesKept!.Value);
            foreach (var workspace in await store.ListWorkspacesAsync(cancel))
                while (await store.ForgetValuesAsync(workspace.Id, before, cancel))
                    cancel.ThrowIfCancellationRequested();
        }
        catch (StoreException)
        {
            // Requests meet the same trouble and report it; the next round goes on where this one stopped.
        }
    }
}
