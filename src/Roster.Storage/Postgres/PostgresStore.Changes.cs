using System.Diagnostics;
using Roster.Batches;
using Roster.Changes;
using Roster.Log;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Writing;

namespace Roster.Storage.Postgres;

/// <summary>
/// Writes changes: each stage by its name, from reading the rows to the commit. The number of round trips does not
/// depend on the number of rows.
/// </summary>
internal sealed partial class PostgresStore
{
    /// <summary>How long an erasure, already committed, waits for its vacuum.</summary>
    private static readonly TimeSpan VacuumPatience = TimeSpan.FromSeconds(15);

    private const string SelectRememberedBy = "select revision from idempotency where workspace_id = $1 and key = $2 and request_id = $3";

    private const string SelectWritten =
        "select revision from change_set where workspace_id = $1 and revision = $2 and request_id = $3";

    public async Task<WrittenPlan> WriteAsync(long workspaceId, WriteRequest request, CancellationToken cancel)
    {
        if (request.Change.MatchOn == MatchOn.Email)
            await Search.ReachNewestAsync(workspaceId, cancel);
        var written = await _writer.RunAsync(workspaceId, request, cancel);
        if (request.Writes(written.Plan))
            _search?.Changed(workspaceId);
        if (written.Plan.Kind == ChangeKind.Erase && request.Writes(written.Plan))
            // A vacuum lets the server overwrite the space of erased values.
            await _database.TidyAsync(workspaceId, "vacuum", ["partner", "change_set"], VacuumPatience, CancellationToken.None);
        return written;
    }

    private async Task WriteTogetherAsync(long workspaceId, IReadOnlyList<PostgresWriter.Write> writes)
    {
        for (var left = writes; left.Count > 0;)
        {
            // A write that lost its key to another attempt fails alone; the others in its transaction are planned
            // again.
            List<PostgresWriter.Write> lost;
            try
            {
                lost = await TryWriteTogetherAsync(workspaceId, left);
            }
            catch (DamagedPartnerException) when (left.Count > 1)
            {
                // It fails only the writes that name the partner.
                foreach (var one in left)
                    await WriteAloneAsync(workspaceId, one);
                return;
            }
            foreach (var one in lost)
                one.Fail(new ClaimLostException());
            left = lost.Count == 0 ? [] : [.. left.Except(lost)];
        }
    }

    private async Task WriteAloneAsync(long workspaceId, PostgresWriter.Write one)
    {
        try
        {
            await WriteTogetherAsync(workspaceId, [one]);
        }
        catch (StoreException failure)
        {
            one.Fail(failure);
        }
    }

    /// <returns>
    /// The writes that lost their claim of an idempotency key. If there are any, nothing was written.
    /// </returns>
    private async Task<List<PostgresWriter.Write>> TryWriteTogetherAsync(long workspaceId, IReadOnlyList<PostgresWriter.Write> writes)
    {
        var (plans, planned, lost) = await _database.WriteAsync(
            workspaceId, writes[0].Since,
            async connection =>
            {
                using var rows = new PostgresRows([.. writes.Select(write => write.Request.Change)]);
                var end = await _rowReader.BeginAndReadAsync(connection, workspaceId, rows);
                var plans = writes[0].SeesOnlyNamed ? PlanAll(writes, rows, end)
                    : [PlanOne(
                        writes[0],
                        await _rowReader.ReadMoreAsync(connection, workspaceId, writes[0].Request.Change, rows, end),
                        end)];
                var planned = Stopwatch.GetTimestamp();
                var outcomes = plans.Zip(writes, (plan, write) => (Plan: plan, write.Request)).ToArray();
                var toWrite = Array.FindAll(outcomes, one => one.Request.Writes(one.Plan));
                if (toWrite.Length > 0)
                    await PostgresRowWriter.SendAsync(connection, workspaceId, toWrite);
                var toRemember = Array.FindAll(outcomes, one => one.Request.Remembers(one.Plan));
                var remembered = toRemember.Length == 0 ? [] : (await connection.ListAsync(
                    RememberAnswers(workspaceId, toRemember), row => row.GetGuid(0), CancellationToken.None)).ToHashSet();
                var lost = writes.Zip(plans)
                    .Where(one => one.First.Request.Remembers(one.Second)
                        && !remembered.Contains(one.First.Request.Idempotency!.ClaimId))
                    .Select(one => one.First).ToList();
                return ((Plans: plans, Planned: planned, Lost: lost), lost.Count == 0 && toWrite.Length + toRemember.Length > 0);
            },
            written =>
            {
                var one = written.Plans.Zip(writes).FirstOrDefault(one => one.Second.Request.Writes(one.First));
                if (one.First is { } plan)
                    return new PostgresStatement(SelectWritten, workspaceId, plan.Revision.Number, one.Second.Request.Origin.RequestId);
                var remembered = written.Plans.Zip(writes).First(one => one.Second.Request.Remembers(one.First)).Second.Request;
                return new PostgresStatement(SelectRememberedBy, workspaceId, remembered.Idempotency!.Key, remembered.Origin.RequestId);
            },
            CancellationToken.None);
        if (lost.Count == 0)
            for (var i = 0; i < writes.Count; i++)
                writes[i].Complete(plans[i], planned);
        return lost;
    }

    /// <summary>Plans changes that need only the rows that they name, each on the results of those before it.</summary>
    private List<ChangePlan> PlanAll(IReadOnlyList<PostgresWriter.Write> writes, PostgresRows rows, Revision end)
    {
        var plans = new List<ChangePlan>(writes.Count);
        foreach (var write in writes)
        {
            var plan = PlanOne(write, rows.Of(write.Request.Change), end);
            plans.Add(plan);
            if (writes.Count == 1 || !write.Request.Writes(plan))
                continue;
            end = plan.Revision;
            foreach (var done in plan.Changes)
                rows.Change(done.After);
        }
        return plans;
    }

    private ChangePlan PlanOne(PostgresWriter.Write write, RowsNow rows, Revision end) =>
        write.Request.PlanOn(rows, Moment.At(end, _clock));
}
