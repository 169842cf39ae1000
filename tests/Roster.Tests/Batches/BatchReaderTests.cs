using System.Buffers;
using System.Text;
using CsCheck;
using Roster.Batches;
using Roster.Changes;

namespace Roster.Tests.Batches;

/// <summary>A body may arrive in pieces of any length; the result is the same.</summary>
public sealed class BatchReaderTests
{
    private static readonly string[] CsvPieces =
        ["a", "N", ",", ",", ";", "\"", "\"", "\"\"", "\r", "\n", "\r\n", "'", "\\",
            " ", "é", "👩", "\uFEFF", "\0", "name", "email", "sep=,", "@b.example"];

    private static readonly string[] JsonPieces =
        ["{", "}", "[", "]", ":", ",", "\"", "\"name\"", "\"a\"", "\\", "\\u00e9", "null", "True", "tru", "n",
            "1", "-", "\n", "\r\n", " ", "é", "\0", "{\"name\":\"a\"}", "\u001e", "'", "//"];

    [Theory]
    [InlineData("name,email\n")]
    [InlineData("")]
    public void CSV_in_pieces_is_read_as_the_whole(string header) =>
        Check(header, CsvPieces, () => new CsvBatchReader(new BatchBuilder(ChangeKind.Upsert), new CsvFormat()));

    [Fact]
    public void NDJSON_in_pieces_is_read_as_the_whole() =>
        Check("{\"name\":\"a\"}\n", JsonPieces, () => new NdjsonBatchReader(new BatchBuilder(ChangeKind.Upsert)));

    [Fact]
    public void JSON_in_pieces_is_read_as_the_whole() =>
        Check("[{\"name\":\"a\"}", JsonPieces, () => new JsonBatchReader(new BatchBuilder(ChangeKind.Upsert)));

    [Fact]
    public void A_CSV_cell_without_end_is_not_held()
    {
        var reader = new CsvBatchReader(new BatchBuilder(ChangeKind.Upsert), new CsvFormat());
        Feed(reader, "name\n\""u8.ToArray());
        var piece = new byte[1 << 20];
        Array.Fill(piece, (byte)'x');
        Feed(reader, piece);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 31; i++)
            Feed(reader, piece);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
        reader.Read(ReadOnlySequence<byte>.Empty, isFinal: true);
        Assert.Equal((2, 1), ((BatchReading.Refused)reader.Finish()).Faults.Listed.Single().Place);

        static void Feed(CsvBatchReader reader, byte[] bytes)
        {
            var all = new ReadOnlySequence<byte>(bytes);
            Assert.Equal(all.End, reader.Read(all, isFinal: false));
        }
    }

    /// <summary>Random text of these pieces, sometimes with a byte that is not UTF-8.</summary>
    private static void Check(string start, string[] pieces, Func<BatchReader> open)
    {
        var bodies = Some.Of(pieces).Array[0, 30].Select(Gen.Int[-400, 400], (parts, broken) =>
        {
            var body = Encoding.UTF8.GetBytes(start + string.Concat(parts));
            if (broken > 0 && body.Length > 0)
                body[broken % body.Length] = 0xE9;
            return body;
        });
        bodies.Select(Gen.Int[1, 5].Array[40]).Sample((body, lengths) =>
        {
            var whole = open();
            whole.Read(new ReadOnlySequence<byte>(body), isFinal: true);
            Assert.Equal(Describe(whole.Finish()), Describe(ReadInPieces(open(), body, lengths)));
        }, iter: 4_000);
    }

    /// <summary>
    /// Reads as the server does: bytes not consumed come again, with more after them, in one segment or several.
    /// </summary>
    private static BatchReading ReadInPieces(BatchReader reader, byte[] body, int[] lengths)
    {
        var (consumed, come, turn) = (0, 0, 0);
        while (!reader.IsDone)
        {
            come = Math.Min(body.Length, come + lengths[turn++ % lengths.Length]);
            var bytes = Segments(body.AsMemory(consumed, come - consumed), lengths[turn % lengths.Length]);
            consumed += (int)bytes.Slice(0, reader.Read(bytes, isFinal: come == body.Length)).Length;
            if (come == body.Length)
                break;
        }
        return reader.Finish();
    }

    private static ReadOnlySequence<byte> Segments(ReadOnlyMemory<byte> bytes, int length)
    {
        var first = new Segment(bytes[..Math.Min(length, bytes.Length)], null);
        var last = first;
        for (var at = length; at < bytes.Length; at += length)
            last = new Segment(bytes.Slice(at, Math.Min(length, bytes.Length - at)), last);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private static string Describe(BatchReading reading) => reading is BatchReading.Refused refused
        ? $"{refused.Body?.Kind} {refused.Body?.Line} {refused.Body?.Byte}\n" + string.Join('\n', refused.Faults.Listed.Select(fault =>
            $"{fault.Index} {fault.Place} {fault.Field} {fault.Code} {fault.Message}"))
        : $"{reading.Items} accepted";

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> bytes, Segment? before)
        {
            Memory = bytes;
            RunningIndex = before is null ? 0 : before.RunningIndex + before.Memory.Length;
            if (before is not null)
                before.Next = this;
        }
    }
}
