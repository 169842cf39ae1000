namespace Roster.Server.Hosting;

/// <summary>Forgets old values that are older than the operator's setting, in small steps.</summary>
internal sealed class Retention(IRosterStore store, ServerSettings settings, SteadyClock clock, ILogger<Retention> logger)
    : RepeatedWork(TimeSpan.FromMinutes(10), logger)
{
    protected override bool BeginsAtOnce => true;

    protected override async Task PassAsync(CancellationToken cancel)
    {
        var before = Timestamp.From(clock.Earliest - settings.OldValuesKept!.Value);
        StoreException? trouble = null;
        foreach (var workspaceId in await store.ListWorkspaceIdsAsync(cancel))
            try
            {
                await ForgetAsync(workspaceId, before, cancel);
            }
            catch (StoreException failure)
            {
                // A node can be away that others do not need.
                trouble ??= failure;
            }
        if (trouble is not null)
            throw trouble;
    }

    private async Task ForgetAsync(long workspaceId, Timestamp before, CancellationToken cancel)
    {
        for (var hasMore = true; hasMore;)
        {
            cancel.ThrowIfCancellationRequested();
            var forgotten = await store.ForgetValuesAsync(workspaceId, before, cancel);
            foreach (var revision in forgotten.Damaged)
                ServerLog.DamagedChangeSet(Logger, workspaceId, revision);
            hasMore = forgotten.HasMore;
        }
    }
}
