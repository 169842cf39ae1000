namespace Roster.Server.Hosting;

/// <summary>Forgets old values that are older than the operator's setting, in small steps.</summary>
internal sealed class Retention(IRosterStore store, ServerSettings settings, TimeProvider clock, ILogger<Retention> logger)
    : RepeatedWork(TimeSpan.FromMinutes(10), logger)
{
    protected override bool BeginsAtOnce => true;

    protected override async Task PassAsync(CancellationToken cancel)
    {
        var before = Timestamp.From(clock.GetUtcNow() - settings.OldValuesKept!.Value);
        foreach (var workspace in await store.ListWorkspacesAsync(cancel))
            for (var hasMore = true; hasMore;)
            {
                cancel.ThrowIfCancellationRequested();
                var forgotten = await store.ForgetValuesAsync(workspace.Id, before, cancel);
                foreach (var revision in forgotten.Damaged)
                    ServerLog.DamagedChangeSet(Logger, workspace.Id, revision);
                hasMore = forgotten.HasMore;
            }
    }
}
