using System.Security.Cryptography;
using Roster.Changes;
using Roster.Server.Http;
using Roster.Server.Operations;
using Roster.Server.Partners;

namespace Roster.Server.ChangeSets;

/// <summary>The end of every write's path: claim its idempotency key, plan it on the rows as they are, write the plan, respond.</summary>
internal sealed class PartnerWrite(IRosterStore store, TimeProvider clock, ServerSettings settings)
{
    /// <param name="body">SHA-256 of the body; null where there is none.</param>
    /// <param name="answer">What to answer with; gives the same bytes for the same plan.</param>
    public async Task RunAsync(
        HttpContext http, Change change, byte[]? body, WriteOptions options, StageTimes times, Func<ChangePlan, JsonAnswer> answer)
    {
        var caller = http.Caller();
        var idempotency = IdempotencyOf(http, options, body);
        if (idempotency is not null && await AnswerAgainAsync(http, caller.WorkspaceId, idempotency, options, answer))
            return;
        await using var ahead = new AnswerAhead(answer);
        var request = new WriteRequest(change, new Origin(caller.Id, http.RequestId()), options.IsDryRun, options.IfRevision, idempotency)
        {
            Planned = ahead.Begin,
        };
        var plan = await WriteAsync(caller.WorkspaceId, request, times, http.RequestAborted);
        if (ProblemOf(plan, change) is { } problem)
        {
            await problem.WriteAsync(http);
            return;
        }
        PartnerAnswer.ShowOutcome(http, plan, options);
        using var written = await ahead.OfAsync(plan);
        times.End("respond");
        times.Show(http);
        await written.SendAsync(http);
    }

    private async Task<ChangePlan> WriteAsync(long workspaceId, WriteRequest request, StageTimes times, CancellationToken cancel)
    {
        var isKept = false;
        try
        {
            var written = await store.WriteAsync(workspaceId, request, cancel);
            isKept = request.Keeps(written.Plan);
            times.Add("plan", written.Planning);
            times.Add("write", written.Writing);
            return written.Plan;
        }
        catch (StoreException unknown) when (unknown.Trouble == StoreTrouble.OutcomeUnknown)
        {
            // The key stays claimed: it is not certain that nothing was carried out.
            isKept = true;
            throw;
        }
        finally
        {
            if (!isKept && request.Idempotency is { } idempotency)
                await ReleaseAsync(workspaceId, idempotency);
        }
    }

    private async Task ReleaseAsync(long workspaceId, Idempotency idempotency)
    {
        try
        {
            await store.ReleaseAsync(workspaceId, idempotency, CancellationToken.None);
        }
        catch (StoreException)
        {
            // The claim runs out by itself.
        }
    }

    private static Problem? ProblemOf(ChangePlan plan, Change change) =>
        plan.IsStale ? Problem.RevisionChanged(plan.End.Number)
        : plan.TooManyDeletes is var (wanted, allowed) ? Problem.TooManyDeletes(wanted, allowed, plan.Faults)
        : plan.Faults.Count > 0 ? Problem.ValidationFailed(plan.Faults, change.Count) : null;

    private Idempotency? IdempotencyOf(HttpContext http, WriteOptions options, byte[]? body) => options.IdempotencyKey is not { } key ? null
        : new Idempotency(
            WriteOptions.HashOf(key), WriteOptions.Fingerprint(http.Request, body), Guid.CreateVersion7(), Timestamp.From(clock.GetUtcNow() - settings.IdempotencyKept));

    /// <summary>Claims the key, or answers for who did before.</summary>
    /// <returns>False, with nothing answered, where the key is this request's now.</returns>
    private async Task<bool> AnswerAgainAsync(
        HttpContext http, long workspaceId, Idempotency idempotency, WriteOptions options, Func<ChangePlan, JsonAnswer> answer)
    {
        var now = clock.GetUtcNow();
        var state = await store.ClaimAsync(
            workspaceId, idempotency, Timestamp.From(now), Timestamp.From(now - Idempotency.LongestWrite), http.RequestAborted);
        switch (state)
        {
            case IdempotencyState.Running running:
                await (IsSame(running.Fingerprint) ? Problem.IdempotencyRunning : Problem.IdempotencyMismatch).WriteAsync(http);
                return true;
            case IdempotencyState.Done done when !IsSame(done.Fingerprint):
                await Problem.IdempotencyMismatch.WriteAsync(http);
                return true;
            case IdempotencyState.Done done:
                var plan = await KeptAnswer.ReplayAsync(done.Answer, store, workspaceId, http.RequestAborted);
                http.Response.Headers["Idempotent-Replayed"] = "true";
                PartnerAnswer.ShowOutcome(http, plan, options);
                using (var kept = answer(plan))
                    await kept.SendAsync(http);
                return true;
            default:
                return false;
        }

        bool IsSame(byte[] fingerprint) => CryptographicOperations.FixedTimeEquals(fingerprint, idempotency.Fingerprint);
    }
}
