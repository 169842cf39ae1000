using System.Diagnostics;
using Roster.Batches;
using Roster.Changes;
using Roster.Log;
using Roster.Storage.Sqlite.Writing;

namespace Roster.Storage.Sqlite;

/// <summary>Writes a change: each stage by its name, from reading the rows to the commit.</summary>
internal sealed partial class SqliteStore
{
    public async Task<WrittenPlan> WriteAsync(long workspaceId, WriteRequest request, CancellationToken cancel)
    {
        var change = request.Change;
        var start = Stopwatch.GetTimestamp();
        var index = change.MatchOn == MatchOn.Email ? await ReachNewestAsync(workspaceId, cancel) : null;
        var queued = Stopwatch.GetTimestamp();
        // Runs on the writer's thread, in a transaction that it may share with other small writes.
        var (plan, begun, planned) = await WriteOrNoteUnknownAsync(workspaceId, request, database =>
        {
            var begun = Stopwatch.GetTimestamp();
            var moment = Moment.At(ReadEnd(database, workspaceId), _clock);
            var byEmail = index is null ? null : new SqliteEmailMatches(database, workspaceId, index, moment.End.Number);
            var rows = _rowReader.Read(database, workspaceId, change, byEmail);
            var plan = request.PlanOn(rows, moment);
            var planned = Stopwatch.GetTimestamp();
            if (request.Writes(plan))
                SqliteRowWriter.Send(database, workspaceId, plan, request);
            if (request.Remembers(plan))
                RememberAnswer(database, workspaceId, plan, request);
            return (plan, begun, planned);
        }, cancel);
        // It is committed: from here on nothing may fail.
        if (request.Remembers(plan))
            Release(workspaceId, request.Idempotency!);
        if (request.Writes(plan) && plan.Kind == ChangeKind.Erase)
        {
            _cleaner?.Owe();
            _search?.Erased(workspaceId, plan.Revision.Number);
        }
        else if (request.Writes(plan))
            _search?.Changed(workspaceId);
        return new WrittenPlan(
            plan, Stopwatch.GetElapsedTime(queued, begun), Stopwatch.GetElapsedTime(start, planned), Stopwatch.GetElapsedTime(planned));
    }
}
