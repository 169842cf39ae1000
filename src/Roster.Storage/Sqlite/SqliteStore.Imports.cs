using Roster.Imports;
using Roster.Storage.Sqlite.Connections;

namespace Roster.Storage.Sqlite;

/// <summary>
/// Imports. What they are is in the file; what they read and plan is in a file beside it, <see cref="SqliteImportBlocks"/>.
/// </summary>
internal sealed partial class SqliteStore
{
    /// <summary>Columns in the order of <see cref="MapImport"/>.</summary>
    private const string ImportColumns = "workspace_id, id, step, due_at, document";

    private const string InsertImport =
        $"insert into import ({ImportColumns}) values (?1, ?2, ?3, ?4, ?5) on conflict do nothing";

    private const string UpdateImport =
        "update import set step = ?3, due_at = ?4, document = ?5 where workspace_id = ?1 and id = ?2 and step = ?3 - 1 returning step";

    private const string SelectImport = $"select {ImportColumns} from import where workspace_id = ?1 and id = ?2";

    private const string SelectImports =
        $"select {ImportColumns} from import where workspace_id = ?1 and id < ?2 order by id desc limit ?3";

    private const string CountOpenImports =
        "select count(*) from import indexed by import_open where workspace_id = ?1 and due_at is not null";

    private const string SelectOpenImports =
        $"select {ImportColumns} from import indexed by import_open where workspace_id = ?1 and due_at is not null";

    private const string SelectDueImports = $"""
        select {ImportColumns} from import indexed by import_due
        where due_at > ?1 and due_at <= ?2 and instr(?3, ',' || workspace_id || ',') = 0
        order by due_at, workspace_id limit ?4
        """;

    private const string SelectImportParts =
        "select part, revision from import_part where workspace_id = ?1 and import_id = ?2 order by part";

    private const string InsertMapping = """
        insert or replace into import_mapping (workspace_id, name, at, document) select ?1, ?2, ?3, ?4
        where ?2 >= '#' and ?2 < '$'
            or (select count(*) from import_mapping where workspace_id = ?1 and name <> ?2 and not (name >= '#' and name < '$')) < ?5
        returning name
        """;

    /// <summary>Deletes one of the mappings for headers, the oldest, if there are too many. Each new one adds one.</summary>
    private const string DeleteOldMapping = """
        delete from import_mapping where workspace_id = ?1 and name = (
            select name from import_mapping where workspace_id = ?1 and name >= '#' and name < '$' order by at limit 1)
          and (select count(*) from import_mapping where workspace_id = ?1 and name >= '#' and name < '$') > ?2
        """;

    private const string SelectMapping = "select at, document from import_mapping where workspace_id = ?1 and name = ?2";

    private const string SelectMappings = """
        select name, at from import_mapping where workspace_id = ?1 and not (name >= '#' and name < '$') order by name limit ?2
        """;

    private const string DeleteMapping = "delete from import_mapping where workspace_id = ?1 and name = ?2 returning name";

    public Task AddImportAsync(StoredImport import, CancellationToken cancel) => _writer.RunAsync(1, database =>
    {
        Bind(database.Prepare(InsertImport), import).Run();
        return true;
    }, cancel);

    public Task<bool> ReplaceImportAsync(StoredImport import, CancellationToken cancel) => _writer.RunAsync(1, database =>
    {
        var isReplaced = IsAnyRow(Bind(database.Prepare(UpdateImport), import));
        // Before the import's commit: if it fails, the import is as it was.
        if (isReplaced && import.Block is { } block)
            _importBlocks.Write(import.WorkspaceId, import.Id, [block]);
        return isReplaced;
    }, cancel);

    public Task<StoredImport?> FindImportAsync(long workspaceId, Guid id, CancellationToken cancel) =>
        Task.FromResult(FindImport(workspaceId, id));

    public Task<IReadOnlyList<StoredImport>> ListImportsAsync(long workspaceId, Guid? before, int take, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<StoredImport>>(_readers.Read(database => ReadImports(
            database.Prepare(SelectImports).Bind(1, workspaceId).Bind(2, before ?? Guid.AllBitsSet).Bind(3, take))));

    public Task<long> CountOpenImportsAsync(long workspaceId, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database =>
        {
            using var row = database.Prepare(CountOpenImports).Bind(1, workspaceId).Query();
            row.Step();
            return row.Int64(0);
        }));

    public Task<IReadOnlyList<StoredImport>> ListOpenImportsAsync(long workspaceId, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<StoredImport>>(_readers.Read(
            database => ReadImports(database.Prepare(SelectOpenImports).Bind(1, workspaceId))));

    public Task<IReadOnlyList<StoredImport>> ListDueImportsAsync(
        DueImports range, IReadOnlyCollection<long> except, int take, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<StoredImport>>(_readers.Read(database => ReadImports(
            database.Prepare(SelectDueImports).Bind(1, range.After).Bind(2, range.Until)
                .Bind(3, $",{string.Join(',', except)},").Bind(4, take))));

    public Task<IReadOnlyList<WrittenPart>> ListImportPartsAsync(long workspaceId, Guid id, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyList<WrittenPart>>(database =>
        {
            var parts = new List<WrittenPart>();
            using var rows = database.Prepare(SelectImportParts).Bind(1, workspaceId).Bind(2, id).Query();
            while (rows.Step())
                parts.Add(new WrittenPart((int)rows.Int64(0), rows.Int64(1)));
            return parts;
        }));

    public Task WriteImportBlocksAsync(long workspaceId, Guid id, IReadOnlyList<ImportBlock> blocks, CancellationToken cancel) =>
        Task.Run(() => _importBlocks.Write(workspaceId, id, blocks), cancel);

    public Task<ImportBlock?> ReadImportBlockAsync(
        long workspaceId, Guid id, ImportBlockKind kind, int number, CancellationToken cancel) =>
        Task.FromResult(_importBlocks.Read(workspaceId, id, kind, number));

    public Task<IReadOnlyList<ImportBlock>> ListImportBlocksAsync(
        long workspaceId, Guid id, ImportBlockKind kind, int from, int take, CancellationToken cancel) =>
        Task.FromResult(_importBlocks.List(workspaceId, id, kind, from, take));

    public Task DeleteImportBlocksAsync(long workspaceId, Guid id, ImportBlockKind kind, int from, CancellationToken cancel) =>
        Task.Run(() => _importBlocks.Delete(workspaceId, id, kind, from), cancel);

    public Task<int> DeleteLostImportBlocksAsync(CancellationToken cancel) => Task.Run(
        () =>
        {
            var lost = 0;
            var last = (WorkspaceId: long.MinValue, Id: Guid.Empty);
            while (_importBlocks.FindImportAfter(last.WorkspaceId, last.Id) is { } import)
            {
                cancel.ThrowIfCancellationRequested();
                last = import;
                // An import is stored before its first block.
                if (FindImport(import.WorkspaceId, import.Id) is { DueAt: not null })
                    continue;
                foreach (var kind in Enum.GetValues<ImportBlockKind>())
                    _importBlocks.Delete(import.WorkspaceId, import.Id, kind, 0);
                lost++;
            }
            return lost;
        },
        cancel);

    public Task<bool> PutMappingAsync(long workspaceId, StoredMapping mapping, CancellationToken cancel) => _writer.RunAsync(1, database =>
    {
        var isStored = IsAnyRow(database.Prepare(InsertMapping)
            .Bind(1, workspaceId).Bind(2, mapping.Name).Bind(3, mapping.At).Bind(4, mapping.Document).Bind(5, ImportLimits.MaxMappings));
        database.Prepare(DeleteOldMapping).Bind(1, workspaceId).Bind(2, ImportLimits.MaxRememberedHeaders).Run();
        return isStored;
    }, cancel);

    public Task<StoredMapping?> FindMappingAsync(long workspaceId, string name, CancellationToken cancel) =>
        Task.FromResult(_readers.Read(database =>
        {
            using var row = database.Prepare(SelectMapping).Bind(1, workspaceId).Bind(2, name).Query();
            return row.Step() ? new StoredMapping(name, row.Timestamp(0), row.Blob(1).ToArray()) : null;
        }));

    public Task<IReadOnlyList<NamedMapping>> ListMappingsAsync(long workspaceId, CancellationToken cancel) =>
        Task.FromResult(_readers.Read<IReadOnlyList<NamedMapping>>(database =>
        {
            var mappings = new List<NamedMapping>();
            using var rows = database.Prepare(SelectMappings).Bind(1, workspaceId).Bind(2, 2 * ImportLimits.MaxMappings).Query();
            while (rows.Step())
                mappings.Add(new NamedMapping(rows.Text(0), rows.Timestamp(1)));
            return mappings;
        }));

    public Task<bool> DeleteMappingAsync(long workspaceId, string name, CancellationToken cancel) =>
        _writer.RunAsync(1, database => IsAnyRow(database.Prepare(DeleteMapping).Bind(1, workspaceId).Bind(2, name)), cancel);

    private StoredImport? FindImport(long workspaceId, Guid id) => _readers.Read(database =>
    {
        using var row = database.Prepare(SelectImport).Bind(1, workspaceId).Bind(2, id).Query();
        return row.Step() ? MapImport(row) : null;
    });

    /// <summary>Runs a statement that returns at most one row to its end.</summary>
    private static bool IsAnyRow(SqliteStatement statement)
    {
        using var row = statement.Query();
        return row.Step() && !row.Step();
    }

    private static SqliteStatement Bind(SqliteStatement statement, StoredImport import) =>
        statement.Bind(1, import.WorkspaceId).Bind(2, import.Id).Bind(3, import.Step).Bind(4, import.DueAt).Bind(5, import.Document);

    private static List<StoredImport> ReadImports(SqliteStatement select)
    {
        var found = new List<StoredImport>();
        using var rows = select.Query();
        while (rows.Step())
            found.Add(MapImport(rows));
        return found;
    }

    private static StoredImport MapImport(SqliteStatement.Rows row) =>
        new(row.Int64(0), row.Guid(1), row.Int64(2), row.TimestampOrNull(3), row.Blob(4).ToArray());
}
