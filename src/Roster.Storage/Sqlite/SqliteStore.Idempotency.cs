using System.Collections.Concurrent;
using Roster.Changes;

namespace Roster.Storage.Sqlite;

/// <summary>
/// Answers kept under idempotency keys. There is one server on a file, so what is being carried out is known in memory, and forgotten
/// where it should be: when the process ends.
/// </summary>
internal sealed partial class SqliteStore
{
    private const string SelectKept = """
        select fingerprint, revision, at, key_id, request_id, answer from idempotency where workspace_id = ?1 and key = ?2 and at >= ?3
        """;

    private const string InsertKept = """
        insert or replace into idempotency (workspace_id, key, fingerprint, at, key_id, request_id, revision, answer)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """;

    /// <summary>Some of those that are too old: so many that they become fewer, and so few that no write is held up by them.</summary>
    private const string DeleteOldKept = """
        delete from idempotency where workspace_id = ?1
          and key in (select key from idempotency indexed by idempotency_at where workspace_id = ?1 and at < ?2 order by at limit 100)
        """;

    private readonly ConcurrentDictionary<(long WorkspaceId, string Key), Idempotency> _running = [];

    public Task<IdempotencyState> FindIdempotencyAsync(
        long workspaceId, ReadOnlyMemory<byte> key, Timestamp keptSince, Timestamp staleSince, CancellationToken cancel) =>
        Task.FromResult<IdempotencyState>(
            _running.TryGetValue((workspaceId, Convert.ToHexString(key.Span)), out var running)
                ? new IdempotencyState.Running(running.Fingerprint)
                : ReadKept(workspaceId, key.Span.ToArray(), keptSince) is { } done ? done : new IdempotencyState.Unused());

    public Task<IdempotencyState> ClaimAsync(
        long workspaceId, Idempotency idempotency, Timestamp now, Timestamp staleSince, CancellationToken cancel)
    {
        var key = (workspaceId, Convert.ToHexString(idempotency.Key));
        if (!_running.TryAdd(key, idempotency))
            return Task.FromResult<IdempotencyState>(new IdempotencyState.Running(_running.GetValueOrDefault(key, idempotency).Fingerprint));
        if (ReadKept(workspaceId, idempotency.Key, idempotency.KeptSince) is not { } done)
            return Task.FromResult<IdempotencyState>(new IdempotencyState.Unused());
        _running.TryRemove(key, out _);
        return Task.FromResult<IdempotencyState>(done);
    }

    public Task ReleaseAsync(long workspaceId, Idempotency idempotency, CancellationToken cancel)
    {
        _running.TryRemove((workspaceId, Convert.ToHexString(idempotency.Key)), out _);
        return Task.CompletedTask;
    }

    private IdempotencyState.Done? ReadKept(long workspaceId, byte[] key, Timestamp keptSince) => _readers.Read(database =>
    {
        using var row = database.Prepare(SelectKept).Bind(1, workspaceId).Bind(2, key).Bind(3, keptSince).Query();
        return !row.Step() ? null : new IdempotencyState.Done(
            row.Blob(0).ToArray(), row.Int64(1), row.Timestamp(2), new Origin(row.Guid(3), row.Guid(4)), row.Blob(5).ToArray());
    });

    private void Keep(SqliteDatabase database, long workspaceId, ChangePlan plan, WriteRequest request)
    {
        var idempotency = request.Idempotency!;
        database.Prepare(DeleteOldKept).Bind(1, workspaceId).Bind(2, idempotency.KeptSince).Run();
        database.Prepare(InsertKept)
            .Bind(1, workspaceId).Bind(2, idempotency.Key).Bind(3, idempotency.Fingerprint).Bind(4, Timestamp.Now(_clock))
            .Bind(5, request.Origin.KeyId).Bind(6, request.Origin.RequestId).Bind(7, plan.Revision.Number).Bind(8, KeptAnswer.Encode(plan)).Run();
    }
}
