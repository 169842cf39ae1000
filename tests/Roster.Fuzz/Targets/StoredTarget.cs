using Roster.Imports;
using Roster.Log;

namespace Roster.Fuzz.Targets;

/// <summary>
/// What a damaged database may give: a remembered answer, planned rows and edits of an import, the import's document. It is
/// read, or refused as damaged.
/// </summary>
internal sealed class StoredTarget() : FuzzTarget("stored")
{
    /// <summary>As for <see cref="LogTarget"/>; the whole JSON is in memory.</summary>
    public override long MaxAllocated(int length) => base.MaxAllocated(length) + length * 65_536L;

    public override void Run(byte[] input)
    {
        var block = new ImportBlock(ImportBlockKind.Rows, 0, [], input);
        if (TryRead(() => RowBlock.Decode(block)) is { } rows)
        {
            var again = RowBlock.Encode(0, rows);
            FuzzException.UnlessSame(RowBlock.CountsOf(rows), RowBlock.CountsOf(again), "counts of planned rows");
            UnlessSame(again.Bytes, RowBlock.Encode(0, RowBlock.Decode(again)).Bytes, "planned rows");
        }
        if (TryRead(() => RowBlock.DecodeEdits(block)) is { } edits)
        {
            var again = RowBlock.EncodeEdits(edits);
            UnlessSame(again.Bytes, RowBlock.EncodeEdits(RowBlock.DecodeEdits(again)).Bytes, "edits");
        }
        TryRead(() => RememberedAnswer.Read(input));
        if (TryRead(() => Import.Of(new StoredImport(1, Guid.Empty, 1, null, input))) is { } import)
        {
            var stored = import.ToStored(null);
            UnlessSame(stored.Document, Import.Of(stored).ToStored(null).Document, "an import");
        }
    }

    private static void UnlessSame(byte[] stored, byte[] again, string what) =>
        FuzzException.Unless(stored.AsSpan().SequenceEqual(again), what + " is stored differently");

    private T? TryRead<T>(Func<T> read)
        where T : class
    {
        try
        {
            var value = read();
            Accept();
            return value;
        }
        catch (StoreException damaged) when (damaged.Trouble == StoreTrouble.Damaged)
        {
            return null;
        }
    }
}
