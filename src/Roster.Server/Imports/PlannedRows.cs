using System.Runtime.CompilerServices;
using Roster.Imports;

namespace Roster.Server.Imports;

/// <summary>Reads an import's planned rows, block by block.</summary>
internal static class PlannedRows
{
    private const int HeadsAtOnce = 200;

    /// <summary>The heads of all blocks of planned rows, in order.</summary>
    public static async IAsyncEnumerable<ImportBlock> HeadsAsync(
        IRosterStore store, Import import, int from, [EnumeratorCancellation] CancellationToken cancel)
    {
        while (await store.ListImportBlocksAsync(import.WorkspaceId, import.Id, ImportBlockKind.Rows, from, HeadsAtOnce, cancel)
            is { Count: > 0 } heads)
        {
            foreach (var head in heads)
                yield return head;
            from = heads[^1].Number + 1;
        }
    }

    /// <exception cref="FileRefusedException">The rows are not stored any more.</exception>
    public static async Task<PlannedRow[]> ReadAsync(IRosterStore store, Import import, int number, CancellationToken cancel) =>
        RowBlock.Decode(await store.ReadImportBlockAsync(import.WorkspaceId, import.Id, ImportBlockKind.Rows, number, cancel)
            ?? throw Gone());

    public static FileRefusedException Gone() => new("rows_gone", "The rows are not stored any more; send the file again.");
}

/// <summary>The rows that people mended or left out.</summary>
internal static class RowEdits
{
    /// <summary>Most of them.</summary>
    public const int Max = 10_000;

    /// <summary>Most UTF-16 units of all their cells.</summary>
    public const int MaxText = 4 << 20;

    public static async Task<IReadOnlyDictionary<int, RowEdit>> ReadAsync(IRosterStore store, Import import, CancellationToken cancel) =>
        import.Edits > 0
        && await store.ReadImportBlockAsync(import.WorkspaceId, import.Id, ImportBlockKind.Edits, 0, cancel) is { } block
            ? RowBlock.DecodeEdits(block).ToDictionary(edit => edit.Line) : new Dictionary<int, RowEdit>();
}
