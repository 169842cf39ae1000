using System.Security.Cryptography;
using Roster.Changes;
using Roster.Log;
using Roster.Server.Formats;
using Roster.Server.Guard;
using Roster.Server.Hosting;
using Roster.Server.Http;
using Roster.Server.Imports;
using Roster.Server.Operations;

namespace Roster.Server.Writes;

/// <summary>
/// The last part of every write: claim its idempotency key, plan it on the current rows, write the plan, respond.
/// </summary>
internal sealed class PartnerWrite(IRosterStore store, SteadyClock clock, ServerSettings settings, LogWatch watch, ErasedImports imports)
{
    /// <param name="body">SHA-256 of the body, or null.</param>
    /// <param name="answer">Makes the answer; must give the same bytes for the same plan.</param>
    /// <param name="explain">Called if the change is refused: returns a better reason than its faults, or null.</param>
    public Task RunAsync(
        HttpContext http, Change change, byte[]? body, WriteOptions options, StageTimes times, Func<ChangePlan, JsonAnswer> answer,
        Func<Task<Problem?>>? explain = null) =>
        SendAsync(http, MakeAsync(http, change, body, options, times, answer, explain));

    /// <summary>A method of its own, so that only the answer's bytes are held while a slow client reads.</summary>
    private static async Task SendAsync(HttpContext http, Task<(JsonAnswer Answer, bool IsOwed)> making)
    {
        var (answer, isOwed) = await making;
        await answer.SendAsync(http, isOwed);
    }

    private async Task<(JsonAnswer Answer, bool IsOwed)> MakeAsync(
        HttpContext http, Change change, byte[]? body, WriteOptions options, StageTimes times, Func<ChangePlan, JsonAnswer> answer,
        Func<Task<Problem?>>? explain)
    {
        var caller = http.Caller();
        var idempotency = IdempotencyOf(http, options, body);
        if (idempotency is not null && await AnswerAgainAsync(http, caller.WorkspaceId, idempotency, options, answer) is { } again)
            return (again, false);
        var request = new WriteRequest(change, new Origin(caller.Id, http.RequestId()), options.IsDryRun, options.IfRevision, idempotency);
        var plan = await WriteAsync(caller.WorkspaceId, request, times, http.RequestAborted);
        if (ProblemOf(plan, change) is { } problem)
        {
            var better = explain is null || plan.Faults.Count == 0 ? null : await explain();
            return ((better ?? problem).AnswerTo(http), false);
        }
        options.ShowOutcome(http, plan);
        var written = answer(plan);
        times.End("respond");
        times.Show(http);
        return (written, request.Writes(plan));
    }

    private async Task<ChangePlan> WriteAsync(long workspaceId, WriteRequest request, StageTimes times, CancellationToken cancel)
    {
        var isClaimSpent = false;
        try
        {
            var erased = request.Change.Kind == ChangeKind.Erase && !request.IsDryRun
                ? request.Change.Named.Select(named => named.Id).ToHashSet() : null;
            // An erasure that is refused leaves the imports as they are.
            if (erased is not null && await RefusedAsync(workspaceId, request, cancel) is { } refused)
                return refused;
            var isImporting = erased is not null && await imports.ForgetAsync(workspaceId, erased, cancel);
            var written = await store.WriteMeasuredAsync(workspaceId, request, cancel);
            isClaimSpent = request.Remembers(written.Plan);
            if (request.Writes(written.Plan))
                watch.Reached(workspaceId, written.Plan.Revision.Number);
            times.Add("plan", written.Planning, written.Writing);
            times.Add("write", written.Writing);
            if (isImporting)
                await ForgetAgainAsync(workspaceId, erased!);
            return written.Plan;
        }
        catch (StoreException unknown) when (unknown.Trouble == StoreTrouble.OutcomeUnknown)
        {
            // The key stays claimed, since the write may have been carried out.
            isClaimSpent = true;
            throw;
        }
        finally
        {
            if (!isClaimSpent && request.Idempotency is { } idempotency)
                await ReleaseAsync(workspaceId, idempotency);
        }
    }

    /// <exception cref="StoreException">The partners are erased, and imports may have something of them.</exception>
    private async Task ForgetAgainAsync(long workspaceId, HashSet<Guid> erased)
    {
        try
        {
            await imports.ForgetAsync(workspaceId, erased, CancellationToken.None);
        }
        catch (StoreException failure)
        {
            throw new StoreException(
                StoreTrouble.OutcomeUnknown,
                "Partners were erased, but imports that were worked on may still have rows of them; delete those imports. "
                    + failure.Message,
                failure);
        }
    }

    /// <returns>The plan if it has a problem; null if it can be written now.</returns>
    private async Task<ChangePlan?> RefusedAsync(long workspaceId, WriteRequest request, CancellationToken cancel)
    {
        var tried = await store.WriteMeasuredAsync(workspaceId, request with { IsDryRun = true, Idempotency = null }, cancel);
        return ProblemOf(tried.Plan, request.Change) is null ? null : tried.Plan;
    }

    private async Task ReleaseAsync(long workspaceId, Idempotency idempotency)
    {
        try
        {
            await store.ReleaseAsync(workspaceId, idempotency, CancellationToken.None);
        }
        catch (StoreException)
        {
            // The claim expires by itself.
        }
    }

    private static Problem? ProblemOf(ChangePlan plan, Change change) =>
        plan.IsStale ? Problem.RevisionChanged(plan.End.Number)
        : plan.UndoneBy is { } by ? Problem.AlreadyUndone(by)
        : plan.TooManyDeletes is var (wanted, allowed) ? Problem.TooManyDeletes(wanted, allowed, plan.Faults)
        : plan.Faults.Count > 0 ? Problem.ValidationFailed(plan.Faults, change.Count) : null;

    private Idempotency? IdempotencyOf(HttpContext http, WriteOptions options, byte[]? body) => options.IdempotencyKey is not { } key ? null
        : new Idempotency(
            WriteOptions.HashOf(key),
            WriteOptions.Fingerprint(http.Request, body),
            Guid.CreateVersion7(),
            Timestamp.From(clock.Latest),
            Timestamp.From(clock.Earliest - settings.IdempotencyRemembered));

    /// <summary>Claims the key, or answers for the request that has it.</summary>
    /// <returns>Null if the key is this request's now.</returns>
    private async Task<JsonAnswer?> AnswerAgainAsync(
        HttpContext http, long workspaceId, Idempotency idempotency, WriteOptions options, Func<ChangePlan, JsonAnswer> answer)
    {
        var state = await store.ClaimAsync(
            workspaceId, idempotency, idempotency.At, Timestamp.From(clock.Earliest - Idempotency.LongestWrite), http.RequestAborted);
        switch (state)
        {
            case IdempotencyState.Running running:
                return (IsSame(running.Fingerprint) ? Problem.IdempotencyRunning : Problem.IdempotencyMismatch).AnswerTo(http);
            case IdempotencyState.Done done when !IsSame(done.Fingerprint):
                return Problem.IdempotencyMismatch.AnswerTo(http);
            case IdempotencyState.Done done:
                var plan = await RememberedAnswer.ReplayAsync(done.Answer, store, workspaceId, http.RequestAborted);
                http.Response.Headers["Idempotent-Replayed"] = "true";
                options.ShowOutcome(http, plan);
                var again = answer(plan);
                again.Otherwise = Problem.RepeatOverloaded;
                return again;
            default:
                return null;
        }

        bool IsSame(byte[] fingerprint) => CryptographicOperations.FixedTimeEquals(fingerprint, idempotency.Fingerprint);
    }
}
