using System.Collections.Concurrent;
using Roster.Changes;
using Roster.Log;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite;

/// <summary>
/// Answers stored under idempotency keys. Only one server uses the file, so running requests are known in memory only,
/// and forgotten when the process ends, as they should be.
/// </summary>
internal sealed partial class SqliteStore
{
    private const string SelectRemembered = """
        select fingerprint, revision, at, key_id, request_id, answer from idempotency where workspace_id = ?1 and key = ?2 and at >= ?3
        """;

    private const string InsertRemembered = """
        insert or replace into idempotency (workspace_id, key, fingerprint, at, key_id, request_id, revision, answer)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """;

    /// <summary>
    /// Deletes some outdated answers: enough that they become fewer, and few enough not to delay a write.
    /// </summary>
    private const string DeleteOldRemembered = """
        delete from idempotency where workspace_id = ?1
          and key in (select key from idempotency indexed by idempotency_at where workspace_id = ?1 and at < ?2 order by at limit 100)
        """;

    private readonly ConcurrentDictionary<(long WorkspaceId, string Key), Claim> _running = [];

    /// <summary>
    /// Claims of writes with an unknown outcome: at most as many as writes that shared a transaction.
    /// </summary>
    private readonly ConcurrentQueue<(long WorkspaceId, Idempotency Idempotency)> _unknown = [];

    public Task<IdempotencyState> FindIdempotencyAsync(
        long workspaceId, ReadOnlyMemory<byte> key, Timestamp rememberedSince, Timestamp staleSince, CancellationToken cancel) =>
        Task.FromResult<IdempotencyState>(
            _running.TryGetValue((workspaceId, Convert.ToHexString(key.Span)), out var running) && running.At >= staleSince
                ? new IdempotencyState.Running(running.Of.Fingerprint)
                : ReadRemembered(workspaceId, key.Span.ToArray(), rememberedSince) is { } done ? done : new IdempotencyState.Unused());

    public Task<IdempotencyState> ClaimAsync(
        long workspaceId, Idempotency idempotency, Timestamp now, Timestamp staleSince, CancellationToken cancel)
    {
        var key = KeyOf(workspaceId, idempotency);
        var mine = new Claim(idempotency, now);
        while (!_running.TryAdd(key, mine))
            if (_running.TryGetValue(key, out var other))
            {
                if (other.At >= staleSince)
                    return Task.FromResult<IdempotencyState>(new IdempotencyState.Running(other.Of.Fingerprint));
                if (_running.TryUpdate(key, mine, other))
                    break;
            }
        IdempotencyState.Done? done;
        try
        {
            done = ReadRemembered(workspaceId, idempotency.Key, idempotency.RememberedSince);
        }
        catch
        {
            Release(workspaceId, idempotency);
            throw;
        }
        if (done is null)
            return Task.FromResult<IdempotencyState>(new IdempotencyState.Unused());
        Release(workspaceId, idempotency);
        return Task.FromResult<IdempotencyState>(done);
    }

    public Task ReleaseAsync(long workspaceId, Idempotency idempotency, CancellationToken cancel)
    {
        Release(workspaceId, idempotency);
        return Task.CompletedTask;
    }

    private static (long WorkspaceId, string Key) KeyOf(long workspaceId, Idempotency idempotency) =>
        (workspaceId, Convert.ToHexString(idempotency.Key));

    /// <summary>Releases a claim, unless another attempt has taken it over.</summary>
    private void Release(long workspaceId, Idempotency idempotency)
    {
        var key = KeyOf(workspaceId, idempotency);
        if (_running.TryGetValue(key, out var claim) && claim.Of.ClaimId == idempotency.ClaimId)
            _running.TryRemove(new KeyValuePair<(long, string), Claim>(key, claim));
    }

    /// <summary>Releases the claims of writes that are certain now not to have been carried out.</summary>
    private void ReleaseUnknown()
    {
        while (_unknown.TryDequeue(out var unknown))
            Release(unknown.WorkspaceId, unknown.Idempotency);
    }

    /// <summary>Runs a write. If its outcome is unknown, its claim stays.</summary>
    private async Task<T> WriteOrNoteUnknownAsync<T>(
        long workspaceId, WriteRequest request, Func<SqliteDatabase, T> work, CancellationToken cancel)
    {
        try
        {
            return await _writer.RunAsync(request.Change.Count, work, cancel);
        }
        catch (StoreException unknown) when (unknown.Trouble == StoreTrouble.OutcomeUnknown && request.Idempotency is not null)
        {
            _unknown.Enqueue((workspaceId, request.Idempotency));
            throw;
        }
    }

    private IdempotencyState.Done? ReadRemembered(long workspaceId, byte[] key, Timestamp rememberedSince) => _readers.Read(database =>
    {
        using var row = database.Prepare(SelectRemembered).Bind(1, workspaceId).Bind(2, key).Bind(3, rememberedSince).Query();
        return !row.Step() ? null : new IdempotencyState.Done(
            row.Blob(0).ToArray(), row.Int64(1), row.Timestamp(2), new Origin(row.Guid(3), row.Guid(4)), row.Blob(5).ToArray());
    });

    private void RememberAnswer(SqliteDatabase database, long workspaceId, ChangePlan plan, WriteRequest request)
    {
        var idempotency = request.Idempotency!;
        // Both checks fail only if this attempt took so long that another one took over its key.
        if (_running.TryGetValue(KeyOf(workspaceId, idempotency), out var claim) && claim.Of.ClaimId != idempotency.ClaimId)
            throw new ClaimLostException();
        var select = database.Prepare(SelectRemembered)
            .Bind(1, workspaceId).Bind(2, idempotency.Key).Bind(3, idempotency.RememberedSince);
        using (var row = select.Query())
            if (row.Step())
                throw new ClaimLostException();
        database.Prepare(DeleteOldRemembered).Bind(1, workspaceId).Bind(2, idempotency.RememberedSince).Run();
        var at = plan.Revision.At > idempotency.At ? plan.Revision.At : idempotency.At;
        database.Prepare(InsertRemembered)
            .Bind(1, workspaceId).Bind(2, idempotency.Key).Bind(3, idempotency.Fingerprint).Bind(4, at)
            .Bind(5, request.Origin.KeyId).Bind(6, request.Origin.RequestId)
            .Bind(7, plan.Revision.Number).Bind(8, RememberedAnswer.Encode(plan)).Run();
    }

    /// <param name="At">
    /// The time of the claim. After <see cref="Idempotency.LongestWrite"/> another attempt may take it over.
    /// </param>
    private sealed record Claim(Idempotency Of, Timestamp At);
}
