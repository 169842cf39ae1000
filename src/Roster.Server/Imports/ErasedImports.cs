using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Roster.Batches;
using Roster.Imports;

namespace Roster.Server.Imports;

/// <summary>
/// Removes what imports have stored of partners that are about to be erased: the cells of their rows, and the file, which
/// cannot be changed. Receipts and counts stay.
/// </summary>
internal sealed class ErasedImports(IRosterStore store, StoredImports imports)
{
    /// <summary>
    /// The ids that a plan found have smaller numbers of their blocks; those of created partners have these, and those that
    /// rows in conflict met have larger ones.
    /// </summary>
    public const int FirstAppliedIds = 1_000_000;

    public const int FirstConflictIds = 2_000_000;

    private const string FileGone =
        "The file was deleted, since partners were erased that it may name; send it again to read or plan it anew.";

    private const int IdBlocksAtOnce = 1_000;

    /// <summary>A block with the ids of partners in some blocks of rows.</summary>
    /// <param name="firstBlock">The first block of rows that has one of them.</param>
    /// <param name="lastBlock">The last one.</param>
    public static ImportBlock IdsOf(int number, IEnumerable<Guid> ids, int firstBlock, int lastBlock)
    {
        var head = new byte[2 * sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(head, firstBlock);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(sizeof(int)), lastBlock);
        return new ImportBlock(ImportBlockKind.Ids, number, head, MemoryMarshal.AsBytes<Guid>(ids.ToArray()).ToArray());
    }

    /// <summary>
    /// Forgets these partners. It is done before they are erased: a failure leaves them to be erased again. And once more
    /// after that, if a server has been working on an import: it may have stored rows again that it had read before.
    /// </summary>
    /// <returns>Whether a server works on one of the imports.</returns>
    public async Task<bool> ForgetAsync(long workspaceId, IReadOnlySet<Guid> erased, CancellationToken cancel)
    {
        var isAnyAtWork = false;
        foreach (var stored in await store.ListOpenImportsAsync(workspaceId, cancel))
        {
            var import = Import.Of(stored);
            isAnyAtWork |= import.Work is not null;
            if (import.Counts is null)
                await ForgetFileAsync(import, cancel);
            else
                await ForgetInAsync(import, erased, cancel);
        }
        return isAnyAtWork;
    }

    /// <summary>Forgets a file whose rows are not planned yet: any of them may be about these partners.</summary>
    private Task ForgetFileAsync(Import import, CancellationToken cancel) => imports.ForgetAsync(
        import,
        now => now with { Work = null, Lease = null, FileGone = FileGone },
        cancel);

    private async Task ForgetInAsync(Import import, IReadOnlySet<Guid> erased, CancellationToken cancel)
    {
        var blocks = new SortedSet<int>();
        var appliedParts = 0;
        var from = 0;
        while (await store.ListImportBlocksAsync(import.WorkspaceId, import.Id, ImportBlockKind.Ids, from, IdBlocksAtOnce, cancel)
            is { Count: > 0 } heads)
        {
            from = heads[^1].Number + 1;
            foreach (var head in heads)
            {
                appliedParts += head.Number is >= FirstAppliedIds and < FirstConflictIds ? 1 : 0;
                var ids = await store.ReadImportBlockAsync(import.WorkspaceId, import.Id, ImportBlockKind.Ids, head.Number, cancel);
                if (ids is null || !HasAny(ids.Bytes, erased))
                    continue;
                var first = BinaryPrimitives.ReadInt32LittleEndian(head.Head);
                var last = BinaryPrimitives.ReadInt32LittleEndian(head.Head.AsSpan(sizeof(int)));
                blocks.UnionWith(Enumerable.Range(first, last - first + 1));
            }
        }
        // A crash after a part was written leaves its created partners unnamed: then all rows that may be theirs are emptied.
        var areSomeUnnamed = import.Counts is { Created: > 0 }
            && (await store.ListImportPartsAsync(import.WorkspaceId, import.Id, cancel)).Count > appliedParts;
        if (areSomeUnnamed)
            await foreach (var head in PlannedRows.HeadsAsync(store, import, 0, cancel))
                blocks.Add(head.Number);
        if (blocks.Count == 0)
            return;
        var lines = new HashSet<int>();
        foreach (var block in blocks)
            await EmptyAsync(
                import, block, row => row.Id is { } id ? erased.Contains(id) : areSomeUnnamed && row.Change == RowChange.Created, lines,
                cancel);
        // Other rows about the same partners have no id: they have a fault that names one of these lines.
        await foreach (var head in PlannedRows.HeadsAsync(store, import, 0, cancel))
            if (RowBlock.FaultsIn(head) > 0)
                await EmptyAsync(
                    import, head.Number,
                    row => row.Faults?.Any(one => one.Code == FaultCode.DuplicateMatch && one.OtherLine is { } line && lines.Contains(line))
                        == true,
                    null, cancel);
        await store.DeleteImportBlocksAsync(import.WorkspaceId, import.Id, ImportBlockKind.File, 0, cancel);
        await store.DeleteImportBlocksAsync(import.WorkspaceId, import.Id, ImportBlockKind.Edits, 0, cancel);
        await imports.ChangeAsync(
            import.WorkspaceId, import.Id,
            now => StoredImports.WithoutSamples(now) with
            {
                Edits = 0,
                Erasures = now.Erasures + 1,
                FileGone = FileGone,
            },
            cancel);
    }

    /// <param name="emptied">Gets the lines of the rows that are emptied; or null.</param>
    private async Task EmptyAsync(
        Import import, int block, Func<PlannedRow, bool> isErased, HashSet<int>? emptied, CancellationToken cancel)
    {
        var rows = await PlannedRows.ReadAsync(store, import, block, cancel);
        var isChanged = false;
        for (var i = 0; i < rows.Length; i++)
        {
            if (!isErased(rows[i]))
                continue;
            emptied?.Add(rows[i].Line);
            rows[i] = rows[i] with { Cells = [.. rows[i].Cells.Select(_ => (string?)null)], Fields = null };
            isChanged = true;
        }
        if (isChanged)
            await store.WriteImportBlocksAsync(import.WorkspaceId, import.Id, [RowBlock.Encode(block, rows)], cancel);
    }

    private static bool HasAny(byte[] ids, IReadOnlySet<Guid> erased)
    {
        foreach (var id in MemoryMarshal.Cast<byte, Guid>(ids))
            if (erased.Contains(id))
                return true;
        return false;
    }
}
