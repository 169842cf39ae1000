using Roster.Changes;
using Roster.Server.Http;
using Roster.Server.Operations;
using Roster.Server.Partners;

namespace Roster.Server.ChangeSets;

/// <summary>The calls on partners' past, and the feed for mirrors.</summary>
internal static class HistoryEndpoints
{
    private const int DefaultTake = 50;
    private const int MaxSteps = 1_000;
    private const int MaxWaitSeconds = 30;

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>GET /api/partners/{id}/history: what became of one partner, newest first.</summary>
    public static async Task OfPartnerAsync(HttpContext http, string id, IRosterStore store)
    {
        var parameters = new Parameters(http.Request);
        var take = parameters.Integer("take", 1, MaxSteps) ?? DefaultTake;
        var cursor = parameters.Revision("cursor");
        if (await parameters.RefuseAsync(http))
            return;
        var workspace = http.Caller().WorkspaceId;
        var partner = !Uuid.TryParse(id, out var key) ? null
            : (await store.FindAsync(workspace, [key], http.RequestAborted)).GetValueOrDefault(key);
        if (partner is null)
        {
            await Problem.NotFound.WriteAsync(http);
            return;
        }
        var history = new History(store, workspace);
        var from = cursor is { } revision ? (await history.AsOfAsync([partner], revision, http.RequestAborted))[0] : partner;
        var steps = from is null ? [] : await history.StepsAsync(from, take, http.RequestAborted);
        if (steps is [.., { Before: { } rest }])
            http.ShowNext("cursor", PartnerAnswer.Number(rest.Revision));
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartArray();
            foreach (var step in steps)
            {
                json.WriteStartObject();
                ChangeSetEndpoints.WriteHead(json, step.ChangeSet.Revision, step.ChangeSet.Kind, step.ChangeSet.Origin);
                ChangeJson.WriteChange(json, ChangeJson.NameOf(step.Before, step.After), step.Before, step.After);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>GET /api/partners/changes: each partner that was changed after a revision, once, as it is now, in the order of the log.</summary>
    public static async Task FeedAsync(
        HttpContext http, IRosterStore store, RequestLimits limits, IdleMemory memory, IHostApplicationLifetime server)
    {
        var parameters = new Parameters(http.Request);
        var take = parameters.Integer("take", 1, PartnerRules.MaxItems) ?? MaxSteps;
        var wait = TimeSpan.FromSeconds(parameters.Integer("wait", 0, MaxWaitSeconds) ?? 0);
        var isFull = parameters.Choice("full", ("false", false), ("true", true));
        var after = parameters.Text("after");
        var position = after is null ? FeedPosition.Start(isFull) : FeedPosition.Parse(after);
        if (position is null)
            parameters.Reject("after", "It is a revision, or what next was in the answer before.");
        var include = parameters.Include();
        if ((parameters.Finish() ?? await limits.TakeMemoryForAnswerAsync(http, take)) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        var feed = new Feed(store, http.Caller().WorkspaceId);
        var start = TimeProvider.System.GetTimestamp();
        var page = await feed.ReadAsync(position!, take, http.RequestAborted);
        // A server that stops is waited for by its operator, and so waits for nothing itself.
        while (page is { Partners.Count: 0, HasMore: false } && TimeProvider.System.GetElapsedTime(start) < wait
            && !server.ApplicationStopping.IsCancellationRequested)
        {
            await memory.RestAsync(Task.Delay(LookAgain, http.RequestAborted));
            page = await feed.ReadAsync(page.Next, take, http.RequestAborted);
        }
        if (page is null)
        {
            await Problem.InvalidParameter(
                "after", "There is no such revision. If the server was restored from a backup, begin again with full=true.").WriteAsync(http);
            return;
        }
        using var answer = JsonAnswer.OfBytes(buffer =>
        {
            using var json = new PartnerJson(buffer, include);
            json.WriteFeed(page.Partners, page.Next.ToString(), page.HasMore);
        });
        await answer.SendAsync(http);
    }
}
