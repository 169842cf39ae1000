using Roster.Imports;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite;

/// <summary>
/// The files and rows of imports, in an SQLite file of their own: large uploads do not wait for, or delay, writes of the
/// directory, and a backup need not have them. What is deleted is overwritten. One connection, used by one caller at a
/// time; it is opened at the first use.
/// </summary>
/// <param name="path">Ends in <c>.imports</c>.</param>
internal sealed class SqliteImportBlocks(string path) : IDisposable
{
    internal const string CreateTable = """
        create table if not exists block (
            workspace_id integer not null,
            import_id    blob    not null,
            kind         integer not null,
            number       integer not null,
            head         blob    not null,
            bytes        blob    not null,
            primary key (workspace_id, import_id, kind, number)
        ) strict
        """;

    internal const string Upsert =
        "insert or replace into block (workspace_id, import_id, kind, number, head, bytes) values (?1, ?2, ?3, ?4, ?5, ?6)";

    internal const string SelectOne =
        "select head, bytes from block where workspace_id = ?1 and import_id = ?2 and kind = ?3 and number = ?4";

    /// <summary>The head comes before the bytes in a row, so that SQLite does not read the bytes.</summary>
    internal const string SelectHeads = """
        select number, head from block where workspace_id = ?1 and import_id = ?2 and kind = ?3 and number >= ?4
        order by number limit ?5
        """;

    /// <summary>The import that has the first block after those of another one.</summary>
    internal const string SelectNextImport = """
        select workspace_id, import_id from block where (workspace_id, import_id) > (?1, ?2)
        order by workspace_id, import_id limit 1
        """;

    internal const string DeleteSome = """
        delete from block where rowid in (
            select rowid from block where workspace_id = ?1 and import_id = ?2 and kind = ?3 and number >= ?4 limit ?5)
        """;

    /// <summary>
    /// Blocks that are deleted at a time, so that the log stays small, and nobody waits for long: of a file they have 1 MiB, others
    /// some 100 KB.
    /// </summary>
    private const int FileBlocksTogether = 20;
    private const int BlocksTogether = 200;

    /// <summary>Gives some of the free room back: about as much as is deleted at a time.</summary>
    private const string ShrinkSome = "pragma incremental_vacuum(5000)";

    private const string CountFreePages = "pragma freelist_count";

    internal const string CountChanges = "select changes()";

    /// <summary>Whether nothing is written.</summary>
    public bool IsReadOnly { get; init; }

    private readonly Lock _lock = new();
    private SqliteDatabase? _database;
    private bool _isClosed;

    public void Write(long workspaceId, Guid id, IReadOnlyList<ImportBlock> blocks) => Transact(database =>
    {
        foreach (var block in blocks)
            database.Prepare(Upsert).Bind(1, workspaceId).Bind(2, id).Bind(3, (long)block.Kind).Bind(4, block.Number)
                .Bind(5, block.Head).Bind(6, block.Bytes).Run();
    });

    public ImportBlock? Read(long workspaceId, Guid id, ImportBlockKind kind, int number) => With(database =>
    {
        using var row = database.Prepare(SelectOne)
            .Bind(1, workspaceId).Bind(2, id).Bind(3, (long)kind).Bind(4, number).Query();
        return row.Step() ? new ImportBlock(kind, number, row.Blob(0).ToArray(), row.Blob(1).ToArray()) : null;
    });

    public IReadOnlyList<ImportBlock> List(long workspaceId, Guid id, ImportBlockKind kind, int from, int take) => With(database =>
    {
        var found = new List<ImportBlock>();
        using var rows = database.Prepare(SelectHeads)
            .Bind(1, workspaceId).Bind(2, id).Bind(3, (long)kind).Bind(4, from).Bind(5, take).Query();
        while (rows.Step())
            found.Add(new ImportBlock(kind, (int)rows.Int64(0), rows.Blob(1).ToArray(), []));
        return found;
    });

    /// <summary>The next import that has blocks, in the order of workspaces and ids; null if there is none.</summary>
    public (long WorkspaceId, Guid Id)? FindImportAfter(long workspaceId, Guid id) =>
        !File.Exists(path) ? null : With<(long, Guid)?>(database =>
        {
            using var row = database.Prepare(SelectNextImport).Bind(1, workspaceId).Bind(2, id).Query();
            return row.Step() ? (row.Int64(0), row.Guid(1)) : null;
        });

    public void Delete(long workspaceId, Guid id, ImportBlockKind kind, int from)
    {
        var together = kind == ImportBlockKind.File ? FileBlocksTogether : BlocksTogether;
        for (var left = true; left;)
            Transact(database =>
            {
                database.Prepare(DeleteSome).Bind(1, workspaceId).Bind(2, id).Bind(3, (long)kind).Bind(4, from).Bind(5, together).Run();
                left = database.ReadInt64(CountChanges) > 0;
            });
        if (from > 0)
            return;
        long before, free = long.MaxValue;
        do
        {
            before = free;
            free = With(database =>
            {
                database.Execute(ShrinkSome);
                return database.ReadInt64(CountFreePages);
            });
        }
        while (free > 0 && free < before);
        // Leaves nothing of the deleted blocks in the log.
        With(database => database.TruncateLog());
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            _database?.Dispose();
            _database = null;
        }
    }

    private void Transact(Action<SqliteDatabase> work) => With(database =>
    {
        if (IsReadOnly)
            throw new StoreException(StoreTrouble.ReadOnly, "The server was started with --read-only on.");
        database.Execute("begin immediate");
        try
        {
            work(database);
            database.Commit();
            return true;
        }
        catch
        {
            database.Rollback();
            throw;
        }
    });

    /// <exception cref="DamagedImportsException">The file is damaged.</exception>
    /// <exception cref="StoreException">
    /// Nothing was written, or nothing that counts: what a failed COMMIT may have left is written over by whoever tries again.
    /// </exception>
    private T With<T>(Func<SqliteDatabase, T> work)
    {
        lock (_lock)
        {
            if (_isClosed)
                throw new StoreException(StoreTrouble.Unavailable, "The server stops.");
            // What is written to a file without a name is lost with the process. After a rollback that failed, nothing could begin.
            if (_database is { } open && (open.IsInTransaction || !open.IsInPlace()))
            {
                _database = null;
                open.Dispose();
            }
            try
            {
                return work(_database ??= Open());
            }
            catch (StoreException damage) when (damage.Trouble == StoreTrouble.Damaged)
            {
                throw new DamagedImportsException(path, damage);
            }
            catch (StoreException unknown) when (unknown.Trouble == StoreTrouble.OutcomeUnknown)
            {
                throw new StoreException(StoreTrouble.Unavailable, unknown.Message, unknown);
            }
        }
    }

    private SqliteDatabase Open()
    {
        var database = SqliteDatabase.Open(path, creates: true);
        try
        {
            database.Execute("pragma auto_vacuum = incremental");
            database.Execute("pragma journal_mode = wal");
            database.Execute("pragma synchronous = full");
            database.Execute("pragma secure_delete = on");
            database.Execute(CreateTable);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }
}
