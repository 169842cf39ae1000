using Roster.Log;

namespace Roster.Fuzz.Targets;

/// <summary>
/// The bytes of a change set: read, or refused as damaged. What is read is the same in pieces, and after it was written.
/// </summary>
internal sealed class LogTarget() : FuzzTarget("log")
{
    /// <summary>Brotli unpacks to many times the size; only what is an entry is held.</summary>
    public override long MaxAllocated(int length) => base.MaxAllocated(length) + length * 65_536L;

    public override void Run(byte[] input)
    {
        if (Read(input) is not { } entries)
            return;
        Accept();
        foreach (var size in new[] { 1, 7, 1_000 })
            FuzzException.Unless(ReadInPieces(input, size).SequenceEqual(entries), $"other entries in pieces of {size}");
        FuzzException.Unless(
            ChangeEncoding.DecodeIds(input).SequenceEqual(entries.Select(entry => entry.Id)), "the ids are not those of the entries");
        var written = ChangeEncoding.EncodeAgain(entries);
        FuzzException.Unless(ChangeEncoding.Decode(written).SequenceEqual(entries), "other entries when written again");
        FuzzException.Unless(ChangeEncoding.EncodeAgain(entries).AsSpan().SequenceEqual(written), "other bytes when written again");
    }

    private static IReadOnlyList<LoggedChange>? Read(byte[] input)
    {
        try
        {
            return ChangeEncoding.Decode(input);
        }
        catch (DamagedLogException)
        {
            return null;
        }
    }

    private static List<LoggedChange> ReadInPieces(byte[] input, int size)
    {
        var all = new AllEntries();
        using var decoder = new ChangeSetDecoder(all);
        for (var at = 0; at < input.Length; at += size)
            decoder.Write(input.AsSpan(at, Math.Min(size, input.Length - at)));
        decoder.Complete();
        return all.Entries;
    }

    private sealed class AllEntries : LogVisitor
    {
        public List<LoggedChange> Entries { get; } = [];

        public override void Begin(ChangeSetHead head)
        {
        }

        public override EntryUse Look(Guid id) => EntryUse.Read;

        public override void Take(LoggedChange entry) => Entries.Add(entry);
    }
}
