using Roster.Batches;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Http;
using Roster.Server.Writes;

namespace Roster.Server.Partners;

/// <summary>Endpoints of a workspace's partners.</summary>
internal static class PartnerEndpoints
{
    /// <summary>PUT /api/partners: updates by id or match key, and creates the others.</summary>
    public static Task UpsertAsync(HttpContext http, IRosterStore store, RequestLimits limits, PartnerWrite write) =>
        WriteAsync(http, store, limits, write, ChangeKind.Upsert, RequestBody.Json, RequestBody.Ndjson, RequestBody.Csv);

    /// <summary>POST /api/partners: creates partners.</summary>
    public static Task CreateAsync(HttpContext http, IRosterStore store, RequestLimits limits, PartnerWrite write) =>
        WriteAsync(http, store, limits, write, ChangeKind.Create, RequestBody.Json, RequestBody.Ndjson, RequestBody.Csv);

    /// <summary>DELETE /api/partners: deletes partners by id, all or none.</summary>
    public static Task DeleteAsync(HttpContext http, IRosterStore store, RequestLimits limits, PartnerWrite write) =>
        WriteAsync(http, store, limits, write, ChangeKind.Delete, RequestBody.Json);

    /// <summary>POST /api/partners/restore: restores deleted partners by id, all or none.</summary>
    public static Task RestoreAsync(HttpContext http, IRosterStore store, RequestLimits limits, PartnerWrite write) =>
        WriteAsync(http, store, limits, write, ChangeKind.Restore, RequestBody.Json);

    /// <summary>POST /api/partners/erase: removes partners for good, also their values in the log.</summary>
    public static Task EraseAsync(HttpContext http, IRosterStore store, RequestLimits limits, PartnerWrite write) =>
        WriteAsync(http, store, limits, write, ChangeKind.Erase, RequestBody.Json);

    /// <summary>GET /api/partners: a page of a list, or all of it as NDJSON or CSV.</summary>
    public static async Task ListAsync(HttpContext http, IRosterStore store, RequestLimits limits)
    {
        if (PartnerFormat.Negotiate(http.Request) is not { } format)
        {
            await Problem.NotAcceptable.WriteAsync(http);
            return;
        }
        var parameters = new Parameters(http.Request);
        var workspace = http.Caller().WorkspaceId;
        var list = PartnerListRequest.Parse(parameters, workspace, format);
        if ((parameters.Finish() ?? (format.IsStreamed ? null
            : list.AsOf is null ? await limits.TakeMemoryForAnswerAsync(http, list.Query.Take)
            : await limits.TakeMemoryForPastAsync(http, list.Query.Take))) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        if (await RefuseUnknownAsync(http, store, list.AsOf))
            return;
        if (list.IsCounted)
            http.Response.Headers["Roster-Total"] =
                PartnerAnswer.Number(await store.CountAsync(workspace, list.Query.Filter, http.RequestAborted));
        if (format.IsStreamed)
        {
            await PartnerExport.WriteAsync(http, store, limits, list, format);
            return;
        }
        var page = await list.ReadAsync(store, workspace, list.Query, http.RequestAborted);
        if (page.Next is not null)
            list.ShowNext(http, page.Next);
        await PartnerAnswer.PageAsync(http, page.Partners, list.Include);
    }

    /// <summary>GET /api/partners/{id}.</summary>
    public static async Task GetAsync(HttpContext http, string id, IRosterStore store, RequestLimits limits)
    {
        var parameters = new Parameters(http.Request);
        var include = parameters.Include();
        var withDeleted = parameters.Choice("deleted", ("false", false), ("true", true));
        var asOf = parameters.Revision("asOf");
        if ((parameters.Finish() ?? (asOf is null ? null : await limits.TakeMemoryForPastAsync(http, 1))) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        if (await RefuseUnknownAsync(http, store, asOf))
            return;
        var partner = !Uuid.TryParse(id, out var key) ? null
            : (await store.FindAsync(http.Caller().WorkspaceId, [key], http.RequestAborted)).GetValueOrDefault(key);
        if (partner is not null && asOf is { } revision)
            partner = (await new History(store, http.Caller().WorkspaceId).AsOfAsync([partner], revision, http.RequestAborted))[0];
        if (partner is null || (partner.DeletedAt is not null && !withDeleted))
            await Problem.NotFound.WriteAsync(http);
        else
            await PartnerAnswer.OneAsync(http, partner, include);
    }

    /// <returns>False, without an answer, if the workspace has this revision.</returns>
    private static async Task<bool> RefuseUnknownAsync(HttpContext http, IRosterStore store, long? asOf)
    {
        if (asOf is null or 0)
            return false;
        var upTo = await store.ListChangeSetsAsync(http.Caller().WorkspaceId, new ChangeSetQuery(1, asOf + 1), http.RequestAborted);
        if (upTo is [var found] && found.Revision.Number == asOf)
            return false;
        await Problem.InvalidParameter("asOf", "There is no such revision.").WriteAsync(http);
        return true;
    }

    /// <summary>
    /// The path of every write: read the batch, plan it on the current rows, write the plan, respond.
    /// </summary>
    private static async Task WriteAsync(
        HttpContext http, IRosterStore store, RequestLimits limits, PartnerWrite write, string kind, params string[] types)
    {
        var times = new StageTimes();
        var parameters = new Parameters(http.Request);
        var options = WriteOptions.Read(http.Request, parameters);
        var include = kind is ChangeKind.Delete or ChangeKind.Erase ? IncludedFields.None : parameters.Include();
        var ignoresColumns = kind is ChangeKind.Upsert or ChangeKind.Create
            && parameters.Choice("ignoreColumns", ("false", false), ("true", true));
        if (ignoresColumns && !RequestBody.IsCsv(http.Request))
            parameters.Reject("ignoreColumns", "It is for CSV.");
        var (matchOn, mirror, creates) = kind == ChangeKind.Upsert ? ReadUpsert(parameters) : default;
        if (mirror is not null)
            kind = ChangeKind.Mirror;
        if ((parameters.Finish() ?? RequestBody.Refuse(http.Request, types)
            ?? await limits.TakeMemoryForBodyAsync(http, RequestBody.MaxBytes, mirror is null ? 0 : PartnerRules.MaxItems)) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        var caller = http.Caller();
        var (reading, body, ignored) = await RequestBody.ReadBatchAsync(
            http.Request,
            new BatchBuilder(kind, matchOn, mirror, creates),
            ignoresColumns,
            isHashed: options.IdempotencyKey is not null,
            http.RequestAborted);
        options = options with { IgnoredColumns = ignored };
        times.End("read");
        if (limits.TakeRows(http, Math.Max(0, reading.Items - 1)) is { } limited)
        {
            await limited.WriteAsync(http);
            return;
        }
        if (reading is not BatchReading.Accepted(var change))
        {
            await Problem.Refused(await WithUnknownAsync((BatchReading.Refused)reading)).WriteAsync(http);
            return;
        }
        await write.RunAsync(
            http, change, body, options, times, plan => PartnerAnswer.Written(plan, include, options.WantsChanges, options.IsDryRun));

        async Task<BatchReading.Refused> WithUnknownAsync(BatchReading.Refused refused)
        {
            var known = await store.FindAsync(caller.WorkspaceId, refused.Named.Select(named => named.Id), http.RequestAborted);
            return refused.With(known, kind);
        }
    }

    private static (MatchOn MatchOn, Mirror? Mirror, CreatedItems Creates) ReadUpsert(Parameters parameters)
    {
        var matchOn = parameters.Choice(
            "matchOn", (null, MatchOn.Nothing), ("externalId", MatchOn.ExternalId), ("email", MatchOn.Email));
        var mode = parameters.Choice("mode", (null, ""), ("upsert", ""), ("update", "update"), ("mirror", "mirror"));
        var isMirror = mode == "mirror";
        var withoutKey = parameters.Choice("withoutKey", (null, CreatedItems.WithNewKey), ("create", CreatedItems.WithoutKeyToo));
        var text = parameters.Text("maxDeletes");
        var mirror = text is null ? Mirror.Default : Mirror.Parse(text);
        if (mirror is null)
            parameters.Reject(
                "maxDeletes", $"It is a number of partners up to {PartnerRules.MaxItems}, or of percent, such as 10% (write % as %25).");
        else if (text is not null && !isMirror)
            parameters.Reject("maxDeletes", "It is for mode=mirror.");
        if (isMirror && matchOn == MatchOn.Nothing)
            parameters.Reject("mode", "mirror needs matchOn, which says how items find their partners.");
        if (withoutKey != CreatedItems.WithNewKey && (matchOn == MatchOn.Nothing || mode != ""))
            parameters.Reject(
                "withoutKey", matchOn == MatchOn.Nothing ? "It is for matchOn." : $"mode={mode} creates no partner without a key.");
        return (matchOn, isMirror ? mirror : null, mode == "update" ? CreatedItems.None : withoutKey);
    }
}
