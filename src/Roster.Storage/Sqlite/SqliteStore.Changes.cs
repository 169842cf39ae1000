using System.Diagnostics;
using System.Security.Cryptography;
using Roster.Changes;

namespace Roster.Storage.Sqlite;

internal sealed partial class SqliteStore
{
    private const string SelectPartner = """
        select name, email, phone, created_at, updated_at, deleted_at, revision
        from partner where workspace_id = ?1 and id = ?2
        """;

    private const string InsertPartner = """
        insert into partner (workspace_id, id, name, email, phone, created_at, updated_at, revision)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        """;

    private const string UpdatePartner = """
        update partner set name = ?3, email = ?4, phone = ?5, updated_at = ?6, revision = ?7
        where workspace_id = ?1 and id = ?2
        """;

    private const string InsertChangeSet = """
        insert into change_set
            (workspace_id, revision, kind, key_id, request_id, created, updated, unchanged, at, changes)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        """;

    public async Task<WrittenPlan> UpsertAsync(long workspaceId, Batch batch, Origin origin, CancellationToken cancel)
    {
        var start = Stopwatch.GetTimestamp();
        var (plan, planned) = await _writer.RunAsync(batch.Rows.Count, database =>
        {
            var plan = ChangePlan.Upsert(batch, ReadNamed(database, workspaceId, batch), MomentOf(database, workspaceId));
            var planned = Stopwatch.GetTimestamp();
            if (plan.Changes.Count > 0)
                Write(database, workspaceId, plan, origin);
            return (plan, planned);
        }, cancel);
        return new WrittenPlan(plan, Stopwatch.GetElapsedTime(start, planned), Stopwatch.GetElapsedTime(planned));
    }

    public Task<IReadOnlySet<Guid>> FindLiveAsync(long workspaceId, IEnumerable<Guid> ids, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlySet<Guid>>(database =>
        {
            var live = new HashSet<Guid>();
            foreach (var id in ids)
                if (ReadPartner(database, workspaceId, id) is { DeletedAt: null })
                    live.Add(id);
            return live;
        }));

    /// <summary>The partners that the items name, each at its item's place; read in id order, as they lie in the file.</summary>
    private static Partner?[] ReadNamed(SqliteDatabase database, long workspaceId, Batch batch)
    {
        var rows = batch.Rows;
        var named = new List<(Guid Id, int Index)>();
        for (var i = 0; i < rows.Count; i++)
            if (rows[i].Id is { } id)
                named.Add((id, i));
        named.Sort();
        var now = new Partner?[rows.Count];
        foreach (var (id, index) in named)
            now[index] = ReadPartner(database, workspaceId, id);
        return now;
    }

    private static Partner? ReadPartner(SqliteDatabase database, long workspaceId, Guid id)
    {
        using var row = database.Prepare(SelectPartner).Bind(1, workspaceId).Bind(2, id).Query();
        return row.Step()
            ? new Partner(id, row.Text(0), row.TextOrNull(1), row.TextOrNull(2), row.Timestamp(3), row.Timestamp(4),
                row.TimestampOrNull(5), row.Int64(6))
            : null;
    }

    private Moment MomentOf(SqliteDatabase database, long workspaceId)
    {
        using var row = database.Prepare("select revision, changed_at from workspace where id = ?1").Bind(1, workspaceId).Query();
        if (!row.Step())
            throw new InvalidOperationException("The workspace is gone while one of its keys is in use.");
        Span<byte> seed = stackalloc byte[16];
        RandomNumberGenerator.Fill(seed);
        return new Moment(
            new Revision(row.Int64(0), row.Timestamp(1)), Timestamp.Now(_clock),
            System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(seed));
    }

    private static void Write(SqliteDatabase database, long workspaceId, ChangePlan plan, Origin origin)
    {
        // The log's entry is encoded on another core while this one writes the rows.
        var changes = Task.Run(() => ChangeEncoding.Encode(plan.Changes));
        foreach (var change in plan.Changes.OrderBy(change => change.After.Id))
        {
            if (change.Before is null)
                Insert(database, workspaceId, change.After);
            else
                Update(database, workspaceId, change.After);
        }
        database.Prepare("update workspace set revision = ?2, changed_at = ?3 where id = ?1")
            .Bind(1, workspaceId).Bind(2, plan.Revision.Number).Bind(3, plan.Revision.At).Run();
        database.Prepare(InsertChangeSet)
            .Bind(1, workspaceId).Bind(2, plan.Revision.Number).Bind(3, ChangeKind.Upsert)
            .Bind(4, origin.KeyId).Bind(5, origin.RequestId)
            .Bind(6, plan.Created).Bind(7, plan.Updated).Bind(8, plan.Unchanged)
            .Bind(9, plan.Revision.At).Bind(10, changes.GetAwaiter().GetResult().Span).Run();
    }

    private static void Insert(SqliteDatabase database, long workspaceId, Partner partner) =>
        database.Prepare(InsertPartner)
            .Bind(1, workspaceId).Bind(2, partner.Id).Bind(3, partner.Name).Bind(4, partner.Email).Bind(5, partner.Phone)
            .Bind(6, partner.CreatedAt).Bind(7, partner.UpdatedAt).Bind(8, partner.Revision).Run();

    private static void Update(SqliteDatabase database, long workspaceId, Partner partner) =>
        database.Prepare(UpdatePartner)
            .Bind(1, workspaceId).Bind(2, partner.Id).Bind(3, partner.Name).Bind(4, partner.Email).Bind(5, partner.Phone)
            .Bind(6, partner.UpdatedAt).Bind(7, partner.Revision).Run();
}
