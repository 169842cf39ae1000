using Npgsql;
using Roster.Imports;
using Roster.Storage.Postgres.Connections;
using Roster.Storage.Postgres.Tools;

namespace Roster.Storage.Postgres;

/// <summary>Imports, and in blocks what they read and plan, so that any server can go on with them.</summary>
internal sealed partial class PostgresStore
{
    /// <summary>Columns in the order of <see cref="MapImport"/>.</summary>
    private const string ImportColumns = "workspace_id, id, step, due_at, document";

    private const string InsertImport = $"insert into import ({ImportColumns}) values ($1, $2, $3, $4, $5) on conflict do nothing";

    private const string UpdateImport =
        "update import set step = $3, due_at = $4, document = $5 where workspace_id = $1 and id = $2 and step = $3 - 1";

    private const string SelectImport = $"select {ImportColumns} from import where workspace_id = $1 and id = $2";

    private const string SelectImports =
        $"select {ImportColumns} from import where workspace_id = $1 and id < $2 order by id desc limit (select $3::bigint)";

    private const string CountOpenImports = "select count(*) from import where workspace_id = $1 and due_at is not null";

    private const string SelectOpenImports = $"select {ImportColumns} from import where workspace_id = $1 and due_at is not null";

    internal const string SelectDueImports = $"""
        select {ImportColumns} from import where due_at > $1 and due_at <= $2 and workspace_id <> all ($3)
        order by due_at, workspace_id limit $4
        """;

    internal const string SelectDueImportsOf = $"""
        select {ImportColumns} from import where due_at > $1 and due_at <= $2 and workspace_id = any ($3)
        order by due_at, workspace_id limit $4
        """;

    private const string SelectImportParts =
        "select part, revision from import_part where workspace_id = $1 and import_id = $2 order by part";

    private const string DeleteBlock =
        "delete from import_block where workspace_id = $1 and import_id = $2 and kind = $3 and number = $4";

    /// <summary>Another server may write the same block at once: one of the two is enough.</summary>
    private const string InsertBlock = """
        insert into import_block (workspace_id, import_id, kind, number, head, bytes) values ($1, $2, $3::int, $4, $5, $6)
        on conflict do nothing
        """;

    private const string SelectBlock =
        "select head, bytes from import_block where workspace_id = $1 and import_id = $2 and kind = $3 and number = $4";

    private const string SelectBlocks = """
        select number, head from import_block where workspace_id = $1 and import_id = $2 and kind = $3 and number >= $4
        order by number limit (select $5::bigint)
        """;

    private const string DeleteBlocks =
        "delete from import_block where workspace_id = $1 and import_id = $2 and kind = $3 and number >= $4";

    private const string UpdateMapping = "update import_mapping set at = $3, document = $4 where workspace_id = $1 and name = $2";

    private const string InsertMapping = """
        insert into import_mapping (workspace_id, name, at, document) select e.workspace_id, $2, $3, $4 from log_end as e
        where e.workspace_id = $1 and ($2::text collate "C" >= '#' and $2::text collate "C" < '$'
            or (select count(*) from import_mapping where workspace_id = $1 and name <> $2 and not (name >= '#' and name < '$')) < $5)
        on conflict do nothing
        """;

    /// <summary>Deletes one of the mappings for headers, the oldest, if there are too many. Each new one adds one.</summary>
    private const string DeleteOldMapping = """
        delete from import_mapping where workspace_id = $1 and name = (
            select name from import_mapping where workspace_id = $1 and name >= '#' and name < '$' order by at limit 1)
          and (select count(*) from import_mapping where workspace_id = $1 and name >= '#' and name < '$') > $2
        """;

    private const string SelectMapping = "select at, document from import_mapping where workspace_id = $1 and name = $2";

    /// <summary>Puts that meet may store a few more than are allowed.</summary>
    private const string SelectMappings = """
        select name, at from import_mapping where workspace_id = $1 and not (name >= '#' and name < '$')
        order by name limit (select $2::bigint)
        """;

    private const string DeleteMapping = "delete from import_mapping where workspace_id = $1 and name = $2";

    public Task AddImportAsync(StoredImport import, CancellationToken cancel) =>
        _database.WriteAgainAsync(connection => connection.RunAsync(cancel, Of(InsertImport, import)), cancel);

    public async Task<bool> ReplaceImportAsync(StoredImport import, CancellationToken cancel)
    {
        var isStored = false;
        await _database.WriteAgainAsync(async connection =>
        {
            if (await connection.RunAsync(cancel, Of(UpdateImport, import)) == 1)
            {
                if (import.Block is { } block)
                    await connection.RunAsync(cancel, Of(import.WorkspaceId, import.Id, block));
                isStored = true;
                return;
            }
            // If the answer to an earlier COMMIT was lost, it may be stored already.
            isStored = (await connection.ListAsync(new PostgresStatement(SelectImport, import.WorkspaceId, import.Id), MapImport, cancel))
                    is [var stored] && stored.Step == import.Step && stored.Document.AsSpan().SequenceEqual(import.Document);
        }, cancel);
        return isStored;
    }

    public Task<StoredImport?> FindImportAsync(long workspaceId, Guid id, CancellationToken cancel) =>
        _database.ReadAsync(
            async connection =>
                (await connection.ListAsync(new PostgresStatement(SelectImport, workspaceId, id), MapImport, cancel)).SingleOrDefault(),
            cancel);

    public async Task<IReadOnlyList<StoredImport>> ListImportsAsync(
        long workspaceId, Guid? before, int take, CancellationToken cancel) =>
        await _database.ReadAsync(
            connection => connection.ListAsync(
                new PostgresStatement(SelectImports, workspaceId, before ?? Guid.AllBitsSet, (long)take), MapImport, cancel),
            cancel);

    public Task<long> CountOpenImportsAsync(long workspaceId, CancellationToken cancel) =>
        _database.ReadAsync(
            connection => connection.OneAsync(new PostgresStatement(CountOpenImports, workspaceId), row => row.GetInt64(0), cancel),
            cancel);

    public async Task<IReadOnlyList<StoredImport>> ListOpenImportsAsync(long workspaceId, CancellationToken cancel) =>
        await _database.ReadAsync(
            connection => connection.ListAsync(new PostgresStatement(SelectOpenImports, workspaceId), MapImport, cancel), cancel);

    public async Task<IReadOnlyList<StoredImport>> ListDueImportsAsync(
        DueImports range, IReadOnlyCollection<long> except, int take, CancellationToken cancel)
    {
        var all = new PostgresStatement(SelectDueImports, range.After, range.Until, except.ToArray(), (long)take);
        if (!_database.IsCitus)
            return await _database.ReadAsync(connection => connection.ListAsync(all, MapImport, cancel), cancel);
        var (due, _) = await _database.ReadNowAsync(
            connection => PostgresCitus.ListAsync(
                connection, all,
                workspaces => new PostgresStatement(
                    SelectDueImportsOf, range.After, range.Until, workspaces.Except(except).ToArray(), (long)take),
                MapImport),
            cancel);
        return [.. due.OrderBy(import => import.DueAt).ThenBy(import => import.WorkspaceId).Take(take)];
    }

    public async Task<IReadOnlyList<WrittenPart>> ListImportPartsAsync(long workspaceId, Guid id, CancellationToken cancel) =>
        await _database.ReadPlannedWithoutValuesAsync(
            connection => connection.ListAsync(
                new PostgresStatement(SelectImportParts, workspaceId, id),
                row => new WrittenPart(row.GetInt32(0), row.GetInt64(1)), cancel),
            cancel);

    public Task WriteImportBlocksAsync(long workspaceId, Guid id, IReadOnlyList<ImportBlock> blocks, CancellationToken cancel) =>
        _database.WriteAgainAsync(
            connection => connection.RunAsync(cancel, blocks.SelectMany(block => Of(workspaceId, id, block))), cancel);

    public Task<ImportBlock?> ReadImportBlockAsync(
        long workspaceId, Guid id, ImportBlockKind kind, int number, CancellationToken cancel) =>
        _database.ReadAsync(
            async connection => (await connection.ListAsync(
                new PostgresStatement(SelectBlock, workspaceId, id, (int)kind, number),
                row => new ImportBlock(kind, number, row.GetFieldValue<byte[]>(0), row.GetFieldValue<byte[]>(1)),
                cancel)).SingleOrDefault(),
            cancel);

    public async Task<IReadOnlyList<ImportBlock>> ListImportBlocksAsync(
        long workspaceId, Guid id, ImportBlockKind kind, int from, int take, CancellationToken cancel) =>
        await _database.ReadAsync(
            connection => connection.ListAsync(
                new PostgresStatement(SelectBlocks, workspaceId, id, (int)kind, from, (long)take),
                row => new ImportBlock(kind, row.GetInt32(0), row.GetFieldValue<byte[]>(1), []), cancel),
            cancel);

    public async Task DeleteImportBlocksAsync(long workspaceId, Guid id, ImportBlockKind kind, int from, CancellationToken cancel)
    {
        await _database.WriteAgainAsync(
            connection => connection.RunAsync(cancel, new PostgresStatement(DeleteBlocks, workspaceId, id, (int)kind, from)), cancel);
        // A vacuum lets the server overwrite the space.
        if (from == 0)
            await _database.TidyAsync(workspaceId, "vacuum", ["import_block"], VacuumPatience, CancellationToken.None);
    }

    /// <summary>There are none: imports and blocks are in one database, and in one backup.</summary>
    public Task<int> DeleteLostImportBlocksAsync(CancellationToken cancel) => Task.FromResult(0);

    public async Task<bool> PutMappingAsync(long workspaceId, StoredMapping mapping, CancellationToken cancel)
    {
        var isStored = false;
        await _database.WriteAgainAsync(
            async connection =>
            {
                var update = new PostgresStatement(UpdateMapping, workspaceId, mapping.Name, mapping.At, mapping.Document);
                // Another request may insert the same name at once.
                isStored = await connection.RunAsync(cancel, update) == 1
                    || await connection.RunAsync(cancel, new PostgresStatement(
                        InsertMapping, workspaceId, mapping.Name, mapping.At, mapping.Document, (long)ImportLimits.MaxMappings)) == 1
                    || await connection.RunAsync(cancel, update) == 1;
                await connection.RunAsync(
                    cancel, new PostgresStatement(DeleteOldMapping, workspaceId, (long)ImportLimits.MaxRememberedHeaders));
            },
            cancel);
        return isStored;
    }

    public Task<StoredMapping?> FindMappingAsync(long workspaceId, string name, CancellationToken cancel) =>
        _database.ReadAsync(
            async connection => (await connection.ListAsync(
                new PostgresStatement(SelectMapping, workspaceId, name),
                row => new StoredMapping(name, row.Timestamp(0), row.GetFieldValue<byte[]>(1)), cancel)).SingleOrDefault(),
            cancel);

    public async Task<IReadOnlyList<NamedMapping>> ListMappingsAsync(long workspaceId, CancellationToken cancel) =>
        await _database.ReadAsync(
            connection => connection.ListAsync(
                new PostgresStatement(SelectMappings, workspaceId, 2L * ImportLimits.MaxMappings),
                row => new NamedMapping(row.GetString(0), row.Timestamp(1)), cancel),
            cancel);

    public async Task<bool> DeleteMappingAsync(long workspaceId, string name, CancellationToken cancel)
    {
        var isDeleted = false;
        await _database.WriteAgainAsync(
            async connection =>
                isDeleted |= await connection.RunAsync(cancel, new PostgresStatement(DeleteMapping, workspaceId, name)) == 1,
            cancel);
        return isDeleted;
    }

    private static PostgresStatement[] Of(long workspaceId, Guid id, ImportBlock block) =>
    [
        new(DeleteBlock, workspaceId, id, (int)block.Kind, block.Number),
        new(InsertBlock, workspaceId, id, (int)block.Kind, block.Number, block.Head, block.Bytes),
    ];

    private static PostgresStatement Of(string sql, StoredImport import) =>
        new(sql, import.WorkspaceId, import.Id, import.Step, import.DueAt, import.Document);

    private static StoredImport MapImport(NpgsqlDataReader row) =>
        new(row.GetInt64(0), row.GetGuid(1), row.GetInt64(2), row.TimestampOrNull(3), row.GetFieldValue<byte[]>(4));
}
