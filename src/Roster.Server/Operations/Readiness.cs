using Roster.Server.Hosting;

namespace Roster.Server.Operations;

/// <summary>Asks what /health/ready asks, again and again, for those who read metrics only.</summary>
internal sealed class Readiness(Health health, ILogger<Readiness> logger) : RepeatedWork(TimeSpan.FromSeconds(5), logger)
{
    /// <summary>A database that takes longer is not ready.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    protected override bool BeginsAtOnce => true;

    /// <summary>Null before the first answer.</summary>
    public bool? IsReady { get; private set; }

    protected override async Task PassAsync(CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            await health.CheckAsync(patience.Token).WaitAsync(patience.Token);
            IsReady = true;
        }
        catch (Exception failure) when (failure is StoreException || !cancel.IsCancellationRequested)
        {
            // Whoever reads the metric sees it; requests that meet the trouble log it.
            IsReady = false;
        }
    }
}
