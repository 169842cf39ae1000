using Roster.Changes;
using Roster.Server.Http;

namespace Roster.Server.Partners;

internal static class PartnerEndpoints
{
    /// <summary>PUT /api/partners: read the batch, plan it on the rows as they are, write the plan, respond.</summary>
    public static async Task UpsertAsync(HttpContext http, IRosterStore store)
    {
        var times = new StageTimes();
        if ((RefuseParameters(http.Request) ?? RequestBody.Refuse(http.Request)) is { } refusal)
        {
            await refusal.WriteAsync(http);
            return;
        }
        var caller = http.Caller();
        var reading = await RequestBody.ReadBatchAsync(http.Request, http.RequestAborted);
        times.End("read");
        if (reading is not BatchReading.Accepted(var batch))
        {
            await Problem.Refused(await WithUnknownAsync((BatchReading.Refused)reading)).WriteAsync(http);
            return;
        }
        var written = await store.UpsertAsync(
            caller.WorkspaceId, batch, new Origin(caller.Id, http.RequestId()), http.RequestAborted);
        times.Add("plan", written.Planning);
        times.Add("write", written.Writing);
        if (written.Plan.Faults.Count > 0)
            await Problem.ValidationFailed(written.Plan.Faults, batch.Rows.Count).WriteAsync(http);
        else
            await PartnerAnswer.WriteAsync(http, written.Plan, times);

        async Task<BatchReading.Refused> WithUnknownAsync(BatchReading.Refused refused)
        {
            var live = await store.FindLiveAsync(caller.WorkspaceId, refused.Named.Select(named => named.Id), http.RequestAborted);
            var unknown = new FaultList();
            foreach (var named in refused.Named)
                if (!live.Contains(named.Id))
                    unknown.Add(Fault.NotFound(named.Index, named.Id));
            return refused with { Faults = refused.Faults.With(unknown) };
        }
    }

    private static Problem? RefuseParameters(HttpRequest request) =>
        request.Query.Keys.FirstOrDefault() is { } name ? Problem.UnknownParameter(name) : null;
}
