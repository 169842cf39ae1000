using Roster.Imports;

namespace Roster;

/// <summary>The database operations on imports.</summary>
public interface IImportStore
{
    /// <summary>Adds an import, at step 1.</summary>
    Task AddImportAsync(StoredImport import, CancellationToken cancel);

    /// <summary>Stores the next step of an import, and the block that belongs to it.</summary>
    /// <param name="import">With a step one higher than the stored one.</param>
    /// <returns>False, with neither stored, if another step was stored meanwhile.</returns>
    Task<bool> ReplaceImportAsync(StoredImport import, CancellationToken cancel);

    Task<StoredImport?> FindImportAsync(long workspaceId, Guid id, CancellationToken cancel);

    /// <summary>Imports of a workspace, newest first.</summary>
    /// <param name="before">Only imports made before this one; null for the newest.</param>
    Task<IReadOnlyList<StoredImport>> ListImportsAsync(long workspaceId, Guid? before, int take, CancellationToken cancel);

    /// <summary>The number of a workspace's imports that still have something due, so also a file or rows.</summary>
    Task<long> CountOpenImportsAsync(long workspaceId, CancellationToken cancel);

    /// <summary>A workspace's imports that still have something due, so also a file or rows.</summary>
    Task<IReadOnlyList<StoredImport>> ListOpenImportsAsync(long workspaceId, CancellationToken cancel);

    /// <summary>Imports of all workspaces that are due in a range, the first ones first.</summary>
    /// <param name="except">Workspaces that are passed over.</param>
    Task<IReadOnlyList<StoredImport>> ListDueImportsAsync(
        DueImports range, IReadOnlyCollection<long> except, int take, CancellationToken cancel);

    /// <summary>The parts of an import that are written, in order.</summary>
    Task<IReadOnlyList<WrittenPart>> ListImportPartsAsync(long workspaceId, Guid id, CancellationToken cancel);

    /// <summary>Stores blocks, in place of those with the same numbers: all or none.</summary>
    /// <param name="blocks">At most those of 10,000 rows, by <see cref="ImportLimits.TextTogether"/>.</param>
    Task WriteImportBlocksAsync(long workspaceId, Guid id, IReadOnlyList<ImportBlock> blocks, CancellationToken cancel);

    /// <returns>Null if there is no such block (any more).</returns>
    Task<ImportBlock?> ReadImportBlockAsync(long workspaceId, Guid id, ImportBlockKind kind, int number, CancellationToken cancel);

    /// <summary>The heads of blocks, in order, without their bytes.</summary>
    /// <param name="from">The first number.</param>
    Task<IReadOnlyList<ImportBlock>> ListImportBlocksAsync(
        long workspaceId, Guid id, ImportBlockKind kind, int from, int take, CancellationToken cancel);

    /// <summary>Deletes the blocks of a kind from a number on; from 0, so that nothing can be read back from the disk.</summary>
    Task DeleteImportBlocksAsync(long workspaceId, Guid id, ImportBlockKind kind, int from, CancellationToken cancel);

    /// <summary>
    /// Deletes the blocks of imports that the directory does not know, or has forgotten: they can be left where blocks are
    /// in a file of their own, beside a restored backup.
    /// </summary>
    /// <returns>The number of these imports.</returns>
    Task<int> DeleteLostImportBlocksAsync(CancellationToken cancel);

    /// <summary>
    /// Stores a mapping in place of one with the same name. Of those for headers, whose names begin with #, the oldest go
    /// when there are more than <see cref="ImportLimits.MaxRememberedHeaders"/>.
    /// </summary>
    /// <returns>False, with nothing stored, if there are <see cref="ImportLimits.MaxMappings"/> others with names of their own.</returns>
    Task<bool> PutMappingAsync(long workspaceId, StoredMapping mapping, CancellationToken cancel);

    /// <returns>Null if there is none with this name.</returns>
    Task<StoredMapping?> FindMappingAsync(long workspaceId, string name, CancellationToken cancel);

    /// <summary>The mappings with names of their own, by name: at most <see cref="ImportLimits.MaxMappings"/> or a few more.</summary>
    Task<IReadOnlyList<NamedMapping>> ListMappingsAsync(long workspaceId, CancellationToken cancel);

    /// <summary>Deletes a mapping, if it is there.</summary>
    /// <returns>Whether it was there.</returns>
    Task<bool> DeleteMappingAsync(long workspaceId, string name, CancellationToken cancel);
}
