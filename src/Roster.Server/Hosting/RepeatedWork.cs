namespace Roster.Server.Hosting;

/// <summary>
/// Work that is repeated while the server runs. A failed pass is logged, and the next one follows: no failure here ends
/// the server.
/// </summary>
/// <param name="interval">The shortest time from one pass to the next.</param>
internal abstract class RepeatedWork(TimeSpan interval, ILogger logger) : BackgroundService
{
    protected ILogger Logger => logger;

    /// <summary>Whether the first pass runs at the start, not one interval later.</summary>
    protected virtual bool BeginsAtOnce => false;

    protected abstract Task PassAsync(CancellationToken cancel);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval);
        // A pass that keeps failing is logged once, until one succeeds.
        var hasFailed = false;
        try
        {
            if (!BeginsAtOnce)
                await timer.WaitForNextTickAsync(stoppingToken);
            do
                hasFailed = !await TryPassAsync(!hasFailed, stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task<bool> TryPassAsync(bool logs, CancellationToken cancel)
    {
        try
        {
            await PassAsync(cancel);
            return true;
        }
        catch (Exception failure) when (!cancel.IsCancellationRequested)
        {
            if (logs)
                ServerLog.RepeatedWorkFailed(logger, failure, GetType().Name);
            return false;
        }
    }
}
