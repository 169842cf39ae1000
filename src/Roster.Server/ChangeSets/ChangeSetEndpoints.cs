using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Roster.Changes;
using Roster.Server.Http;
using Roster.Server.Operations;
using Roster.Server.Partners;

namespace Roster.Server.ChangeSets;

/// <summary>The calls on a workspace's log: looking back, and undoing.</summary>
internal static class ChangeSetEndpoints
{
    private const int DefaultTake = 50;
    private const int MaxTake = 1_000;
    private const string ByKey = "/by-key/";

    /// <summary>GET /api/changesets: newest first.</summary>
    public static async Task ListAsync(HttpContext http, IRosterStore store)
    {
        var parameters = new Parameters(http.Request);
        var query = new ChangeSetQuery(
            parameters.Integer("take", 1, MaxTake) ?? DefaultTake, parameters.Revision("cursor"), parameters.Guid("actor"), parameters.Time("since"),
            parameters.Choice("kind", [(null, null), .. ChangeKind.All.Select(kind => ((string?)kind, (string?)kind))]));
        if (await parameters.RefuseAsync(http))
            return;
        var found = await store.ListChangeSetsAsync(http.Caller().WorkspaceId, query, http.RequestAborted);
        if (found.Count == query.Take)
            http.ShowNext("cursor", PartnerAnswer.Number(found[^1].Revision.Number));
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartArray();
            foreach (var changeSet in found)
                Write(json, changeSet);
            json.WriteEndArray();
        });
    }

    /// <summary>GET /api/changesets/{revision}.</summary>
    public static async Task GetAsync(HttpContext http, string revision, IRosterStore store)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        if (await FindAsync(http, revision, store) is { } changeSet)
            await JsonAnswer.SendAsync(http, json => Write(json, changeSet));
        else
            await Problem.NotFound.WriteAsync(http);
    }

    /// <summary>GET /api/changesets/{revision}/changes: what it did, with old and new values.</summary>
    public static async Task ChangesAsync(HttpContext http, string revision, IRosterStore store)
    {
        var parameters = new Parameters(http.Request);
        var take = parameters.Integer("take", 1, PartnerRules.MaxItems) ?? MaxTake;
        var from = parameters.Integer("cursor", 0, int.MaxValue) ?? 0;
        if (await parameters.RefuseAsync(http))
            return;
        var workspace = http.Caller().WorkspaceId;
        if (await ReadAsync(http, revision, store) is not { } changeSet)
        {
            await Problem.NotFound.WriteAsync(http);
            return;
        }
        var page = changeSet.Changes.Skip(from).Take(take).ToList();
        var now = await store.FindAsync(workspace, page.Select(change => change.Id), http.RequestAborted);
        var present = page.Where(change => now.ContainsKey(change.Id)).Select(change => now[change.Id]).ToList();
        var after = (await new History(store, workspace).AsOfAsync(present, changeSet.Revision.Number, http.RequestAborted))
            .OfType<Partner>().ToDictionary(partner => partner.Id);
        if (from + page.Count < changeSet.Changes.Count)
            http.ShowNext("cursor", PartnerAnswer.Number(from + page.Count));
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartArray();
            foreach (var change in page)
                ChangeJson.Write(json, change, after.GetValueOrDefault(change.Id));
            json.WriteEndArray();
        });
    }

    /// <summary>GET /api/changesets/by-key/{key}: what became of the request with an idempotency key.</summary>
    public static async Task ByKeyAsync(HttpContext http, IRosterStore store, TimeProvider clock, ServerSettings settings)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        // As it was sent: routing takes some escapes for what they mean, and not others.
        var path = http.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?')[0];
        var name = Uri.UnescapeDataString(path[(path.IndexOf(ByKey, StringComparison.OrdinalIgnoreCase) + ByKey.Length)..]);
        var now = clock.GetUtcNow();
        var state = !WriteOptions.IsKey(name) ? new IdempotencyState.Unused()
            : await store.FindIdempotencyAsync(
                http.Caller().WorkspaceId, WriteOptions.HashOf(name), Timestamp.From(now - settings.IdempotencyKept),
                Timestamp.From(now - Idempotency.LongestWrite), http.RequestAborted);
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartObject();
            json.WriteString("state", state switch
            {
                IdempotencyState.Done => "committed",
                IdempotencyState.Running => "running",
                _ => "unseen",
            });
            if (state is IdempotencyState.Done done)
            {
                json.WriteNumber("revision", done.Revision);
                json.WriteString("at", done.At.ToString());
                json.WriteString("keyId", done.Origin.KeyId);
                json.WriteString("requestId", done.Origin.RequestId);
            }
            json.WriteEndObject();
        });
    }

    /// <summary>POST /api/changesets/{revision}/undo: a new change set that puts back what this one changed.</summary>
    public static async Task UndoAsync(HttpContext http, string revision, IRosterStore store, RequestLimits limits, PartnerWrite write)
    {
        var times = new StageTimes();
        var parameters = new Parameters(http.Request);
        var options = WriteOptions.Read(http.Request, parameters);
        var skips = parameters.Choice("onConflict", (null, false), ("fail", false), ("skip", true));
        if (await parameters.RefuseAsync(http))
            return;
        if (await ReadAsync(http, revision, store) is not { } undone)
        {
            await Problem.NotFound.WriteAsync(http);
            return;
        }
        if (limits.TakeRows(http, undone.Changes.Count - 1) is { } limited)
        {
            await limited.WriteAsync(http);
            return;
        }
        await write.RunAsync(http, new Undo(undone, skips), null, options, times, plan => JsonAnswer.Of(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("undoes", undone.Revision.Number);
            json.WritePropertyName("changes");
            ChangeJson.WritePlan(json, plan, options.IsDryRun);
            json.WriteStartArray("kept");
            foreach (var kept in plan.Kept)
                Problem.WriteFault(json, kept);
            json.WriteEndArray();
            json.WriteEndObject();
        }));
    }

    private static async Task<ChangeSet?> FindAsync(HttpContext http, string revision, IRosterStore store) =>
        ParseRevision(revision) is not { } number ? null
        : (await store.ListChangeSetsAsync(http.Caller().WorkspaceId, new ChangeSetQuery(1, number + 1), http.RequestAborted))
            .FirstOrDefault(found => found.Revision.Number == number);

    private static async Task<LoggedChangeSet?> ReadAsync(HttpContext http, string revision, IRosterStore store) =>
        ParseRevision(revision) is { } number
            ? (await store.ReadLogAsync(http.Caller().WorkspaceId, [number], http.RequestAborted)).SingleOrDefault() : null;

    private static long? ParseRevision(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < long.MaxValue ? number : null;

    private static void Write(Utf8JsonWriter json, ChangeSet changeSet)
    {
        json.WriteStartObject();
        WriteHead(json, changeSet.Revision, changeSet.Kind, changeSet.Origin);
        json.WriteNumber("created", changeSet.Counts.Created);
        json.WriteNumber("updated", changeSet.Counts.Updated);
        json.WriteNumber("unchanged", changeSet.Counts.Unchanged);
        json.WriteNumber("deleted", changeSet.Counts.Deleted);
        json.WriteNumber("restored", changeSet.Counts.Restored);
        WriteRevision("undoes", changeSet.Undoes);
        WriteRevision("undoneBy", changeSet.UndoneBy);
        json.WriteEndObject();

        void WriteRevision(string name, long? revision)
        {
            if (revision is { } number)
                json.WriteNumber(name, number);
            else
                json.WriteNull(name);
        }
    }

    /// <summary>Which change set it is, when it was made, and by whom.</summary>
    public static void WriteHead(Utf8JsonWriter json, Revision revision, string kind, Origin origin)
    {
        json.WriteNumber("revision", revision.Number);
        json.WriteString("at", revision.At.ToString());
        json.WriteString("kind", kind);
        json.WriteString("keyId", origin.KeyId);
        json.WriteString("requestId", origin.RequestId);
    }
}
