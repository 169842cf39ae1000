using System.Buffers;
using System.Globalization;
using Roster.Batches;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;
using Roster.Server.Formats;
using Roster.Server.Http;

namespace Roster.Fuzz.Targets;

/// <summary>
/// A reader of batches. What it reads does not depend on how the bytes come in. An accepted batch is planned and logged;
/// its answer, sent back in any format, changes nothing, and gives a partner without values the same values.
/// </summary>
internal abstract class BatchTarget(string name) : FuzzTarget(name)
{
    private const IncludedFields Everything =
        IncludedFields.Revision | IncludedFields.DeletedAt | IncludedFields.Tags | IncludedFields.Metadata;

    private static readonly Timestamp Then = new(1_700_000_000_000_000);

    private static readonly Moment Now = new(new Revision(7, Then), Then.AddMilliseconds(5), 42);

    private static readonly PartnerValues Nameless = PartnerValues.Gone.With(PartnerField.Name, "nobody yet");

    private static readonly Func<BatchBuilder>[] Builders =
    [
        () => new BatchBuilder(ChangeKind.Upsert),
        () => new BatchBuilder(ChangeKind.Upsert, MatchOn.Email, creates: CreatedItems.WithoutKeyToo),
        () => new BatchBuilder(ChangeKind.Mirror, MatchOn.ExternalId, Mirror.Default),
        () => new BatchBuilder(ChangeKind.Create),
    ];

    /// <summary>The builders of the calls that take this format.</summary>
    protected virtual IEnumerable<Func<BatchBuilder>> Calls => Builders;

    /// <summary>The readers of the format's dialects.</summary>
    protected abstract IEnumerable<Func<BatchBuilder, BatchReader>> Readers { get; }

    public override void Run(byte[] input)
    {
        foreach (var reader in Readers)
            foreach (var call in Calls)
                Run(input, () => reader(call()));
    }

    private void Run(byte[] input, Func<BatchReader> reader)
    {
        var whole = Read(input, reader(), Math.Max(1, input.Length));
        var inPieces = Read(input, reader(), 1 + input.Length / 64);
        FuzzException.UnlessSame(Describe(whole), Describe(inPieces), "in pieces");
        if (whole is not BatchReading.Accepted(var change))
            return;
        Accept();
        if (change is Upsert upsert)
            Plan(upsert);
    }

    private static BatchReading Read(byte[] input, BatchReader reader, int piece)
    {
        var unread = 0;
        for (var end = Math.Min(piece, input.Length); !reader.IsDone; end = Math.Min(end + piece, input.Length))
        {
            var bytes = Segments(input.AsMemory(unread..end), piece);
            unread += (int)bytes.Slice(0, reader.Read(bytes, isFinal: end == input.Length)).Length;
            if (end == input.Length)
                break;
        }
        return reader.Finish();
    }

    private static ReadOnlySequence<byte> Segments(ReadOnlyMemory<byte> bytes, int size)
    {
        var first = new Segment(bytes[..Math.Min(size, bytes.Length)], 0);
        var last = first;
        for (var at = size; at < bytes.Length; at += size)
            last = last.Append(bytes[at..Math.Min(at + size, bytes.Length)]);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private static string Describe(BatchReading reading) => reading switch
    {
        BatchReading.Accepted { Change: Upsert upsert } => string.Join('\n', upsert.Rows.Select(Describe)),
        BatchReading.Accepted { Change: var change } => $"{change.Kind} {string.Join(' ', change.Named)}",
        BatchReading.Refused refused => string.Create(
            CultureInfo.InvariantCulture,
            $"{refused.Body?.Kind} {refused.Body?.Line}:{refused.Body?.Byte} {refused.Body?.Reason?.English} {refused.Count} "
            + $"{refused.Faults.Count} {refused.Faults.Items} {string.Join('\n', refused.Faults.Listed)} "
            + $"{string.Join(' ', refused.Named)} {string.Join(' ', refused.Doubts)}"),
        _ => throw new FuzzException($"an unknown reading: {reading}"),
    };

    private static string Describe(BatchRow row) =>
        $"{row.Given} {row.Id} {row.IfUpdatedAt} {Describe(row.Values)} {string.Join(' ', row.Edits.Select(Describe))}";

    private static string Describe(FieldEdit edit) => edit switch
    {
        TagEdit tags => $"{tags.IsReplaced} +{string.Join('|', tags.Added)} -{string.Join('|', tags.Removed)}",
        MetadataEdit metadata => $"{metadata.IsReplaced} {string.Join(' ', metadata.Keys)}",
        _ => throw new FuzzException($"an unknown edit: {edit}"),
    };

    private static string Describe(PartnerValues values) =>
        string.Join(' ', PartnerField.Values.Select(field => $"{field}={values[field] ?? "(null)"}"));

    private static void Plan(Upsert upsert)
    {
        var plan = upsert.PlanOn(Rows(upsert, row => Named(row)), Now);
        if (plan.Faults.Count > 0 || plan.TooManyDeletes is not null)
            return;
        FuzzException.UnlessSame(upsert.Count, plan.Answer.Count, "partners of the answer");
        CheckLog(plan);
        var keys = plan.Answer.SelectMany(partner => MetadataText.Read(partner.Metadata).Keys)
            .Distinct().Order(StringComparer.Ordinal).ToList();
        SendBack(plan.Answer, WriteJson(plan.Answer), batch => new JsonBatchReader(batch));
        SendBack(plan.Answer, WriteLines(plan.Answer), batch => new NdjsonBatchReader(batch));
        if (keys.Count > CsvFormat.MaxColumns - 20)
            return;
        var divider = CsvFormat.Dividers[upsert.Count % CsvFormat.Dividers.Count].Divider;
        foreach (var format in new CsvFormat[] { new(divider), new(divider, IsSpreadsheet: true) })
            // Without the profile, CSV takes no phone that begins with an apostrophe (docs/reference/api.md).
            if (format.IsSpreadsheet || !plan.Answer.Any(partner => partner.Phone?.StartsWith('\'') ?? false))
                SendBack(plan.Answer, WriteCsv(plan.Answer, keys, format), batch => new CsvBatchReader(batch, format));
    }

    /// <summary>The rows of a directory that has the partners that the batch names, and no others.</summary>
    private static RowsNow Rows(Upsert upsert, Func<BatchRow, Partner> named)
    {
        var rows = new RowsNow(upsert.Count);
        foreach (var (index, _) in upsert.Named)
            rows[index] = named(upsert.Rows[index]);
        return rows;
    }

    private static Partner Named(BatchRow row) => new(row.Id!.Value, Nameless, Then, row.IfUpdatedAt ?? Then, null, 7);

    private static void CheckLog(ChangePlan plan)
    {
        var encoded = ChangeEncoding.Encode(plan);
        var expected = plan.Changes.Select(change => new LoggedChange(
            change.After.Id,
            change.Before is { } was ? new LoggedState(was.Revision, was.UpdatedAt, was.DeletedAt, was.Values) : null));
        FuzzException.Unless(ChangeEncoding.Decode(encoded).SequenceEqual(expected), "the log has other states before");
        // The states after the change are those that the next one logs.
        var next = plan.Changes.Select(change => new PartnerChange(change.After, change.After)).ToList();
        var logged = ChangeEncoding.Decode(ChangeEncoding.Encode(next));
        FuzzException.Unless(
            logged.Zip(next).All(one => one.First.Before!.Of(one.Second.After) == one.Second.After), "the log has other states after");
    }

    private static void SendBack(IReadOnlyList<Partner> partners, byte[] written, Func<BatchBuilder, BatchReader> reader)
    {
        var reading = Read(written, reader(new BatchBuilder(ChangeKind.Upsert)), Math.Max(1, written.Length));
        if (reading is not BatchReading.Accepted { Change: Upsert upsert })
            throw new FuzzException($"the answer is refused: {Describe(reading)}");
        FuzzException.UnlessSame(partners.Count, upsert.Count, "items of the answer");
        var known = partners.ToDictionary(partner => partner.Id);
        var again = upsert.PlanOn(Rows(upsert, row => known[row.Id!.Value]), Now);
        FuzzException.UnlessSame("", string.Join('\n', again.Faults.Listed), "faults of the answer");
        FuzzException.UnlessSame(0, again.Changes.Count, "changes by the answer");
        if (upsert.PlanOn(Rows(upsert, Named), Now) is { Faults.Count: 0 } anew)
            foreach (var (partner, read) in partners.Zip(anew.Answer))
                FuzzException.UnlessSame(Describe(partner.Values), Describe(read.Values), "values of the answer");
    }

    private static byte[] WriteJson(IReadOnlyList<Partner> partners)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new PartnerJson(buffer, Everything))
            json.WriteArray(partners);
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] WriteLines(IReadOnlyList<Partner> partners)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new PartnerJson(buffer, Everything))
            foreach (var partner in partners)
                json.WriteLine(partner);
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] WriteCsv(IReadOnlyList<Partner> partners, IReadOnlyList<string> keys, CsvFormat format)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var csv = new PartnerCsv(buffer, Everything, keys, format);
        csv.WriteHeader();
        foreach (var partner in partners)
            csv.Write(partner);
        return buffer.WrittenSpan.ToArray();
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}

internal sealed class JsonTarget() : BatchTarget("json")
{
    protected override IEnumerable<Func<BatchBuilder>> Calls =>
        [.. base.Calls, () => new BatchBuilder(ChangeKind.Delete), () => new BatchBuilder(ChangeKind.Erase)];

    protected override IEnumerable<Func<BatchBuilder, BatchReader>> Readers => [batch => new JsonBatchReader(batch)];
}

internal sealed class NdjsonTarget() : BatchTarget("ndjson")
{
    protected override IEnumerable<Func<BatchBuilder, BatchReader>> Readers => [batch => new NdjsonBatchReader(batch)];
}

internal sealed class CsvTarget() : BatchTarget("csv")
{
    private static readonly CsvFormat[] Formats =
        [new(), new(';', IsSpreadsheet: true), new('\t', IgnoresColumns: true), new('|', IsSpreadsheet: true, IgnoresColumns: true)];

    protected override IEnumerable<Func<BatchBuilder>> Calls => base.Calls.Take(2);

    protected override IEnumerable<Func<BatchBuilder, BatchReader>> Readers =>
        Formats.Select(format => (Func<BatchBuilder, BatchReader>)(batch => new CsvBatchReader(batch, format)));
}
