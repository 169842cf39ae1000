using System.Globalization;
using System.Text.Json;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Hosting;
using Roster.Server.Http;
using Roster.Server.Writes;

namespace Roster.Server.ChangeSets;

/// <summary>Endpoints of a workspace's log: read and undo change sets.</summary>
internal static class ChangeSetEndpoints
{
    private const int DefaultTake = 50;
    private const int MaxTake = 1_000;

    /// <summary>The path before a key, in lower case.</summary>
    private static readonly string[] ByKey = ["api", "changesets", "by-key"];

    /// <summary>GET /api/changesets: newest first.</summary>
    public static async Task ListAsync(HttpContext http, IRosterStore store)
    {
        var parameters = new Parameters(http.Request);
        var query = new ChangeSetQuery(
            parameters.Integer("take", 1, MaxTake) ?? DefaultTake,
            parameters.Revision("cursor"),
            parameters.Guid("actor"),
            parameters.Time("since"),
            parameters.Choice("kind", [(null, null), .. ChangeKind.All.Select(kind => ((string?)kind, (string?)kind))]));
        if (await parameters.RefuseAsync(http))
            return;
        var found = await store.ListChangeSetsAsync(http.Caller().WorkspaceId, query, http.RequestAborted);
        if (found.Count == query.Take)
            http.ShowNext("cursor", PartnerAnswer.Number(found[^1].Revision.Number));
        var actors = await Actors.OfAsync(http, store, found.Select(one => (Guid?)one.Origin.KeyId));
        await JsonAnswer.SendAsync(http, json =>
        {
            json.WriteStartArray();
            foreach (var changeSet in found)
                Write(json, changeSet, actors);
            json.WriteEndArray();
        });
    }

    /// <summary>GET /api/changesets/{revision}.</summary>
    public static async Task GetAsync(HttpContext http, string revision, IRosterStore store)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        if (await FindAsync(http, revision, store) is not { } changeSet)
        {
            await Problem.NotFound.WriteAsync(http);
            return;
        }
        var actors = await Actors.OfAsync(http, store, changeSet.Origin.KeyId);
        await JsonAnswer.SendAsync(http, json => Write(json, changeSet, actors));
    }

    /// <summary>GET /api/changesets/{revision}/changes: its changes, with old and new values.</summary>
    public static async Task ChangesAsync(HttpContext http, string revision, IRosterStore store, RequestLimits limits)
    {
        var parameters = new Parameters(http.Request);
        var take = parameters.Integer("take", 1, PartnerRules.MaxItems) ?? MaxTake;
        var from = parameters.Integer("cursor", 0, int.MaxValue) ?? 0;
        if ((parameters.Finish() ?? await limits.TakeMemoryForPastAsync(http, take)) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        await (await ReadChangesAsync(http, revision, from, take, store)).SendAsync(http);
    }

    /// <summary>A method of its own, so that the changes are not held while a slow client reads.</summary>
    private static async Task<JsonAnswer> ReadChangesAsync(HttpContext http, string revision, int from, int take, IRosterStore store)
    {
        var workspace = http.Caller().WorkspaceId;
        // One more than a page, to know whether there is another page.
        if (ParseRevision(revision) is not { } number
            || await LoggedChangeSet.ReadAsync(store, workspace, number, from, take + 1, http.RequestAborted) is not { } changeSet)
            return Problem.NotFound.AnswerTo(http);
        var page = changeSet.Changes.Take(take).ToList();
        var now = await store.FindAsync(workspace, page.Select(change => change.Id), http.RequestAborted);
        var present = page.Where(change => now.ContainsKey(change.Id)).Select(change => now[change.Id]).ToList();
        var after = (await new History(store, workspace).AsOfAsync(present, number, http.RequestAborted))
            .OfType<Partner>().ToDictionary(partner => partner.Id);
        if (changeSet.Changes.Count > take)
            http.ShowNext("cursor", PartnerAnswer.Number(from + take));
        return JsonAnswer.Of(json =>
        {
            json.WriteStartArray();
            foreach (var change in page)
                ChangeJson.Write(json, change, after.GetValueOrDefault(change.Id));
            json.WriteEndArray();
        });
    }

    /// <summary>GET /api/changesets/by-key/{key}: the state of the request with an idempotency key.</summary>
    public static async Task ByKeyAsync(HttpContext http, IRosterStore store, SteadyClock clock, ServerSettings settings)
    {
        if (await new Parameters(http.Request).RefuseAsync(http))
            return;
        var name = Uri.UnescapeDataString(RawPath.After(http, ByKey));
        var now = clock.Earliest;
        var state = !WriteOptions.IsKey(name) ? new IdempotencyState.Unused()
            : await store.FindIdempotencyAsync(
                http.Caller().WorkspaceId, WriteOptions.HashOf(name), Timestamp.From(now - settings.IdempotencyRemembered),
                Timestamp.From(now - Idempotency.LongestWrite), http.RequestAborted);
        var actors = await Actors.OfAsync(http, store, (state as IdempotencyState.Done)?.Origin.KeyId);
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
                json.WriteActor(actors.Of(done.Origin.KeyId));
                json.WriteString("requestId", done.Origin.RequestId);
            }
            json.WriteEndObject();
        });
    }

    /// <summary>POST /api/changesets/{revision}/undo: a new change set that reverts this one.</summary>
    public static async Task UndoAsync(HttpContext http, string revision, IRosterStore store, RequestLimits limits, PartnerWrite write)
    {
        var times = new StageTimes();
        var parameters = new Parameters(http.Request);
        var options = WriteOptions.Read(http.Request, parameters);
        var skips = parameters.Choice("onConflict", (null, false), ("fail", false), ("skip", true));
        if (await parameters.RefuseAsync(http))
            return;
        if (await FindAsync(http, revision, store) is not { } changeSet)
        {
            await Problem.NotFound.WriteAsync(http);
            return;
        }
        var (workspace, number, size) = (http.Caller().WorkspaceId, changeSet.Revision.Number, changeSet.Counts.Changed);
        if ((limits.TakeRows(http, Math.Max(0, size - 1)) ?? await limits.TakeMemoryForUndoAsync(http, size)) is { } limited)
        {
            await limited.WriteAsync(http);
            return;
        }
        await write.RunAsync(http, await ReadAsync(), null, options, times, plan => JsonAnswer.Of(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("undoes", number);
            json.WritePropertyName("changes");
            ChangeJson.WritePlan(json, plan, options.IsDryRun);
            json.WriteStartArray("kept");
            foreach (var conflict in plan.LeftAsIs)
                Problem.WriteFault(json, conflict);
            json.WriteEndArray();
            json.WriteEndObject();
        }), AnotherWasFasterAsync);

        // A method of its own, so that what is undone is not held while a slow client reads.
        async Task<Undo> ReadAsync()
        {
            var undone = await LoggedChangeSet.ReadAsync(store, workspace, number, 0, int.MaxValue, http.RequestAborted)
                ?? throw new DamagedLogException("A change set is gone from the log.");
            var state = await (await UndoState.OfAsync(store, workspace, changeSet, http.RequestAborted))
                .WithPutBackAsync(store, workspace, undone, http.RequestAborted);
            return new Undo(undone, state, skips);
        }

        // Of two concurrent undos, the second one conflicts with the first: report that instead of conflicts.
        async Task<Problem?> AnotherWasFasterAsync() => await FindAsync(http, revision, store) is { } later
            && (await UndoState.OfAsync(store, workspace, later, http.RequestAborted)).UndoneBy is { } by
                ? Problem.AlreadyUndone(by) : null;
    }

    private static async Task<ChangeSet?> FindAsync(HttpContext http, string revision, IRosterStore store) =>
        ParseRevision(revision) is not { } number ? null
        : (await store.ListChangeSetsAsync(http.Caller().WorkspaceId, new ChangeSetQuery(1, number + 1), http.RequestAborted))
            .FirstOrDefault(found => found.Revision.Number == number);

    private static long? ParseRevision(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < long.MaxValue ? number : null;

    private static void Write(Utf8JsonWriter json, ChangeSet changeSet, Actors actors)
    {
        json.WriteStartObject();
        WriteHead(json, new ChangeSetHead(changeSet.Revision, changeSet.Kind, changeSet.Origin), actors);
        json.WriteNumber("created", changeSet.Counts.Created);
        json.WriteNumber("updated", changeSet.Counts.Updated);
        json.WriteNumber("unchanged", changeSet.Counts.Unchanged);
        json.WriteNumber("deleted", changeSet.Counts.Deleted);
        json.WriteNumber("restored", changeSet.Counts.Restored);
        WriteRevision("undoes", changeSet.Undoes);
        WriteRevision("undoneBy", changeSet.UndoneBy);
        if (changeSet.Import is { } import)
        {
            json.WriteStartObject("import");
            json.WriteString("id", import.ImportId);
            json.WriteNumber("part", import.Part);
            json.WriteNumber("parts", import.Parts);
            json.WriteEndObject();
        }
        json.WriteEndObject();

        void WriteRevision(string name, long? revision)
        {
            if (revision is { } number)
                json.WriteNumber(name, number);
            else
                json.WriteNull(name);
        }
    }

    /// <summary>Writes the revision, time, kind and origin of a change set.</summary>
    public static void WriteHead(Utf8JsonWriter json, ChangeSetHead head, Actors actors)
    {
        json.WriteNumber("revision", head.Revision.Number);
        json.WriteString("at", head.Revision.At.ToString());
        json.WriteString("kind", head.Kind);
        json.WriteString("keyId", head.Origin.KeyId);
        json.WriteActor(actors.Of(head.Origin.KeyId));
        json.WriteString("requestId", head.Origin.RequestId);
    }
}
