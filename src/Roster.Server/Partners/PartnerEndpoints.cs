using Roster.Changes;
using Roster.Server.Http;

namespace Roster.Server.Partners;

/// <summary>The calls on a workspace's partners.</summary>
internal static class PartnerEndpoints
{
    /// <summary>PUT /api/partners: updates by id or by a match, and creates the others.</summary>
    public static Task UpsertAsync(HttpContext http, IRosterStore store, RequestLimits limits) =>
        WriteAsync(http, store, limits, ChangeKind.Upsert, PartnerAnswer.OkAsync, RequestBody.Json, RequestBody.Ndjson, RequestBody.Csv);

    /// <summary>POST /api/partners: creates all of them.</summary>
    public static Task CreateAsync(HttpContext http, IRosterStore store, RequestLimits limits) =>
        WriteAsync(http, store, limits, ChangeKind.Create, PartnerAnswer.CreatedAsync, RequestBody.Json, RequestBody.Ndjson, RequestBody.Csv);

    /// <summary>DELETE /api/partners: deletes those with these ids, all or none.</summary>
    public static Task DeleteAsync(HttpContext http, IRosterStore store, RequestLimits limits) =>
        WriteAsync(http, store, limits, ChangeKind.Delete, PartnerAnswer.DeletedAsync, RequestBody.Json);

    /// <summary>POST /api/partners/restore: brings deleted ones back, all or none.</summary>
    public static Task RestoreAsync(HttpContext http, IRosterStore store, RequestLimits limits) =>
        WriteAsync(http, store, limits, ChangeKind.Restore, PartnerAnswer.OkAsync, RequestBody.Json);

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
        if ((parameters.Finish() ?? await limits.TakeMemoryForAnswerAsync(http, format.IsStreamed ? 0 : list.Query.Take)) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        if (list.IsCounted)
            http.Response.Headers["Roster-Total"] = PartnerAnswer.Number(await store.CountAsync(workspace, list.Query.Filter, http.RequestAborted));
        if (format.IsStreamed)
        {
            await PartnerExport.WriteAsync(http, store, list, format);
            return;
        }
        var page = await store.ListAsync(workspace, list.Query, http.RequestAborted);
        if (page.Next is not null)
            http.Response.Headers.Link = $"<{list.PathOf(page.Next)}>; rel=\"next\"";
        await PartnerAnswer.PageAsync(http, page.Partners, list.Include);
    }

    /// <summary>GET /api/partners/{id}.</summary>
    public static async Task GetAsync(HttpContext http, string id, IRosterStore store)
    {
        var parameters = new Parameters(http.Request);
        var include = parameters.Include();
        var withDeleted = parameters.Choice("deleted", ("false", false), ("true", true));
        if (parameters.Finish() is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        var partner = !Uuid.TryParse(id, out var key) ? null
            : (await store.FindAsync(http.Caller().WorkspaceId, [key], http.RequestAborted)).GetValueOrDefault(key);
        if (partner is null || (partner.DeletedAt is not null && !withDeleted))
            await Problem.NotFound.WriteAsync(http);
        else
            await PartnerAnswer.OneAsync(http, partner, include);
    }

    /// <summary>The path of every write: read the batch, plan it on the rows as they are, write the plan, respond.</summary>
    private static async Task WriteAsync(
        HttpContext http, IRosterStore store, RequestLimits limits, string kind, Func<HttpContext, ChangePlan, IncludedFields, StageTimes, Task> respond,
        params string[] types)
    {
        var times = new StageTimes();
        var parameters = new Parameters(http.Request);
        var include = kind == ChangeKind.Delete ? IncludedFields.None : parameters.Include();
        var matchOn = kind != ChangeKind.Upsert ? MatchOn.Nothing : parameters.Choice(
            "matchOn", (null, MatchOn.Nothing), ("externalId", MatchOn.ExternalId), ("email", MatchOn.Email));
        if ((parameters.Finish() ?? RequestBody.Refuse(http.Request, types) ?? await limits.TakeMemoryForBodyAsync(http)) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        var caller = http.Caller();
        var reading = await RequestBody.ReadBatchAsync(http.Request, new BatchBuilder(kind, matchOn), http.RequestAborted);
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
        var written = await store.WriteAsync(caller.WorkspaceId, change, new Origin(caller.Id, http.RequestId()), http.RequestAborted);
        times.Add("plan", written.Planning);
        times.Add("write", written.Writing);
        if (written.Plan.Faults.Count > 0)
            await Problem.ValidationFailed(written.Plan.Faults, change.Count).WriteAsync(http);
        else
            await respond(http, written.Plan, include, times);

        async Task<BatchReading.Refused> WithUnknownAsync(BatchReading.Refused refused)
        {
            var known = await store.FindAsync(caller.WorkspaceId, refused.Named.Select(named => named.Id), http.RequestAborted);
            var unknown = new FaultList();
            foreach (var named in refused.Named)
                if (known.GetValueOrDefault(named.Id) is not { } partner || (partner.DeletedAt is not null && kind != ChangeKind.Restore))
                    unknown.Add(Fault.NotFound(named.Index, named.Id, kind == ChangeKind.Upsert ? "id" : null));
            return refused with { Faults = refused.Faults.With(unknown) };
        }
    }
}
