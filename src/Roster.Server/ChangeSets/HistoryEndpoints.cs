using Roster.Log;
using Roster.Partners;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Http;
using Roster.Server.Writes;

namespace Roster.Server.ChangeSets;

/// <summary>Endpoints of partners' history, and the feed for mirrors.</summary>
internal static class HistoryEndpoints
{
    private const int DefaultTake = 50;
    private const int MaxSteps = 1_000;
    private const int MaxWaitSeconds = 30;

    /// <summary>GET /api/partners/{id}/history: the changes of one partner, newest first.</summary>
    public static async Task OfPartnerAsync(HttpContext http, string id, IRosterStore store, RequestLimits limits)
    {
        var parameters = new Parameters(http.Request);
        var take = parameters.Integer("take", 1, MaxSteps) ?? DefaultTake;
        var cursor = parameters.Revision("cursor");
        if ((parameters.Finish() ?? await limits.TakeMemoryForPastAsync(http, take)) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        await (await ReadStepsAsync(http, id, take, cursor, store)).SendAsync(http);
    }

    /// <summary>A method of its own, so that the steps are not held while a slow client reads.</summary>
    private static async Task<JsonAnswer> ReadStepsAsync(HttpContext http, string id, int take, long? cursor, IRosterStore store)
    {
        var workspace = http.Caller().WorkspaceId;
        var partner = !Uuid.TryParse(id, out var key) ? null
            : (await store.FindAsync(workspace, [key], http.RequestAborted)).GetValueOrDefault(key);
        if (partner is null)
            return Problem.NotFound.AnswerTo(http);
        var history = new History(store, workspace);
        // The cursor is the last change set of the page before. Its entry leads on, so earlier pages are not read
        // again.
        var (isFound, from) = cursor is { } revision ? await history.BeforeAsync(partner, revision, http.RequestAborted) : (true, partner);
        if (!isFound)
            return Problem.InvalidParameter("cursor", "It is what a Link header gave for this very partner.").AnswerTo(http);
        var steps = from is null ? [] : await history.StepsAsync(from, take, http.RequestAborted);
        if (steps is [.., { Before: not null } last])
            http.ShowNext("cursor", PartnerAnswer.Number(last.Head.Revision.Number));
        var actors = await Actors.OfAsync(http, store, steps.Select(step => (Guid?)step.Head.Origin.KeyId));
        return JsonAnswer.Of(json =>
        {
            json.WriteStartArray();
            foreach (var step in steps)
            {
                json.WriteStartObject();
                ChangeSetEndpoints.WriteHead(json, step.Head, actors);
                ChangeJson.WriteChange(json, ChangeJson.NameOf(step.Before, step.After), step.Before, step.After);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>
    /// GET /api/partners/changes: the partners changed after a revision, each once, in its current state, in the order
    /// of the log.
    /// </summary>
    public static async Task FeedAsync(
        HttpContext http, IRosterStore store, RequestLimits limits, LogWatch watch, IHostApplicationLifetime server)
    {
        var parameters = new Parameters(http.Request);
        var take = parameters.Integer("take", 1, PartnerRules.MaxItems) ?? MaxSteps;
        var wait = TimeSpan.FromSeconds(parameters.Integer("wait", 0, MaxWaitSeconds) ?? 0);
        var isFull = parameters.Choice("full", ("false", false), ("true", true));
        var after = parameters.Text("after");
        var position = after is null ? FeedPosition.Start(isFull) : FeedPosition.Parse(after);
        if (position is null)
            parameters.Reject("after", "It is a revision, or what next was in the answer before, unchanged.");
        if (after is not null && isFull)
            parameters.Reject("full", "It begins a reading, and after goes on with one: give one of them.");
        var include = parameters.Include();
        if (await parameters.RefuseAsync(http))
            return;
        var workspace = http.Caller().WorkspaceId;
        using var place = wait > TimeSpan.Zero ? watch.Enter(workspace) : null;
        if (wait > TimeSpan.Zero && place is null)
        {
            await Problem.TooManyWaiting.WriteAsync(http);
            return;
        }
        var feed = new Feed(store, workspace);
        var isOver = place is null;
        for (var start = TimeProvider.System.GetTimestamp(); ;)
        {
            if (await limits.TakeMemoryForAnswerAsync(http, take) is { } refusal)
            {
                await refusal.WriteAsync(http);
                return;
            }
            var page = await feed.ReadAsync(position!, take, http.RequestAborted);
            if (page is null)
            {
                await Problem.FeedGone.WriteAsync(http);
                return;
            }
            var left = wait - TimeProvider.System.GetElapsedTime(start);
            // If there is more but nothing was read, it is being written at this moment.
            var isNothing = page.Partners.Count == 0
                && (!page.HasMore || (page.Next.Revision, page.Next.Offset) == (position!.Revision, position.Offset));
            if (isOver || left <= TimeSpan.Zero || !isNothing)
            {
                await Answer(page, include).SendAsync(http);
                return;
            }
            position = page.Next;
            http.GiveBackMemory();
            // A stopping server does not wait any longer.
            isOver = !await place!.WaitAsync(position.Revision, left, server.ApplicationStopping, http.RequestAborted)
                || server.ApplicationStopping.IsCancellationRequested;
        }
    }

    /// <summary>A method of its own, so that its source objects are not held while a slow client reads.</summary>
    private static JsonAnswer Answer(FeedPage page, IncludedFields include) => JsonAnswer.OfBytes(buffer =>
    {
        using var json = new PartnerJson(buffer, include);
        json.WriteFeed(page.Partners, page.Next.ToString(), page.HasMore);
    });
}
