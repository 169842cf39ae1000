using Npgsql;
using Roster.Changes;
using Roster.Log;
using Roster.Storage.Postgres.Connections;

namespace Roster.Storage.Postgres;

/// <summary>
/// Answers stored under idempotency keys. A running request has a claim: a row without an answer, which other nodes
/// see. The write's own transaction adds the answer, only if the claim is still this attempt's.
/// </summary>
internal sealed partial class PostgresStore
{
    /// <summary>A claim may be lost in a crash.</summary>
    private const string CommitLazily = "set local synchronous_commit = off";

    private const string DeleteUnused = """
        delete from idempotency where workspace_id = $1 and key = $2
            and ((revision is null and at < $3) or (revision is not null and at < $4))
        """;

    private const string InsertClaim = """
        insert into idempotency (workspace_id, key, claim, fingerprint, at) values ($1, $2, $3, $4, $5) on conflict do nothing
        """;

    private const string SelectRemembered = """
        select fingerprint, revision, at, key_id, request_id, answer, claim from idempotency
        where workspace_id = $1 and key = $2 and at >= case when revision is null then $4::bigint else $3::bigint end
        """;

    private const string DeleteClaim = "delete from idempotency where workspace_id = $1 and key = $2 and claim = $3 and revision is null";

    private const string UpdateClaims = """
        update idempotency set at = n.at, key_id = n.key_id, request_id = n.request_id, revision = n.revision, answer = n.answer
        from unnest((select $2::bytea[]), (select $3::uuid[]), (select $4::bigint[]), (select $5::uuid[]), (select $6::uuid[]),
                (select $7::bigint[]), (select $8::bytea[]))
            as n (key, claim, at, key_id, request_id, revision, answer)
        where idempotency.workspace_id = $1 and idempotency.key = n.key and idempotency.claim = n.claim and idempotency.revision is null
        returning idempotency.claim
        """;

    /// <summary>
    /// Deletes some of the oldest outdated rows. Each claim adds one row and deletes up to 100, so the table does not
    /// grow, and no request pays for all that expired at once. Expired claims wait as long: they are few and invisible.
    /// </summary>
    private const string DeleteOld = """
        delete from idempotency where workspace_id = $1 and at < $2 and key = any (array(
            select key from idempotency where workspace_id = $1 and at < $2 order by at limit 100))
        """;

    public async Task<IdempotencyState> FindIdempotencyAsync(
        long workspaceId, ReadOnlyMemory<byte> key, Timestamp rememberedSince, Timestamp staleSince, CancellationToken cancel) =>
        await _database.ReadPlannedWithoutValuesAsync(
            connection => FindRememberedAsync(connection, workspaceId, key.ToArray(), rememberedSince, staleSince, null, cancel), cancel);

    public async Task<IdempotencyState> ClaimAsync(
        long workspaceId, Idempotency idempotency, Timestamp now, Timestamp staleSince, CancellationToken cancel)
    {
        var state = default(IdempotencyState);
        await _database.WriteAgainAsync(async connection =>
        {
            await connection.RunAsync(cancel,
                new(CommitLazily), new(DeleteUnused, workspaceId, idempotency.Key, staleSince, idempotency.RememberedSince),
                new(DeleteOld, workspaceId, idempotency.RememberedSince < staleSince ? idempotency.RememberedSince : staleSince));
            var inserted = await connection.RunAsync(cancel,
                new PostgresStatement(InsertClaim, workspaceId, idempotency.Key, idempotency.ClaimId, idempotency.Fingerprint, now));
            state = inserted == 1 ? new IdempotencyState.Unused()
                : await FindRememberedAsync(
                    connection, workspaceId, idempotency.Key, idempotency.RememberedSince, staleSince, idempotency.ClaimId, cancel);
        }, cancel);
        return state!;
    }

    public Task ReleaseAsync(long workspaceId, Idempotency idempotency, CancellationToken cancel) => _database.WriteAgainAsync(
        connection => connection.RunAsync(cancel,
            new(CommitLazily), new(DeleteClaim, workspaceId, idempotency.Key, idempotency.ClaimId)), cancel);

    /// <param name="ownClaim">
    /// This attempt's claim, which may exist already: if the answer to its COMMIT was lost, the work is done again.
    /// </param>
    private static async Task<IdempotencyState> FindRememberedAsync(
        NpgsqlConnection connection,
        long workspaceId,
        byte[] key,
        Timestamp rememberedSince,
        Timestamp staleSince,
        Guid? ownClaim,
        CancellationToken cancel) =>
        (await connection.ListAsync<IdempotencyState>(
            new PostgresStatement(SelectRemembered, workspaceId, key, rememberedSince, staleSince),
            row => !row.IsDBNull(1)
                ? new IdempotencyState.Done(
                    row.GetFieldValue<byte[]>(0),
                    row.GetInt64(1),
                    row.Timestamp(2),
                    new Origin(row.GetGuid(3), row.GetGuid(4)),
                    row.GetFieldValue<byte[]>(5))
                : row.GetGuid(6) == ownClaim ? new IdempotencyState.Unused()
                : new IdempotencyState.Running(row.GetFieldValue<byte[]>(0)),
            cancel)).SingleOrDefault() ?? new IdempotencyState.Unused();

    private static PostgresStatement RememberAnswers(long workspaceId, (ChangePlan Plan, WriteRequest Request)[] remembered) =>
        new(
            UpdateClaims, workspaceId,
            remembered.Select(one => one.Request.Idempotency!.Key).ToArray(),
            remembered.Select(one => one.Request.Idempotency!.ClaimId).ToArray(),
            remembered.Select(one => Math.Max(one.Plan.Revision.At.Microseconds, one.Request.Idempotency!.At.Microseconds)).ToArray(),
            remembered.Select(one => one.Request.Origin.KeyId).ToArray(),
            remembered.Select(one => one.Request.Origin.RequestId).ToArray(),
            remembered.Select(one => one.Plan.Revision.Number).ToArray(),
            remembered.Select(one => RememberedAnswer.Encode(one.Plan)).ToArray());
}
