using System.Text;
using CsCheck;
using Roster.Changes;
using Roster.Log;
using Roster.Partners;

namespace Roster.Tests.Log;

public sealed class ChangeEncodingTests
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[Gen.Char.AlphaNumeric, 1, 40], Some.Of("\"quoted\" \\ /", "مرحبا", "名前", "👩‍👩‍👧", "\u0093x\u0094", "\uFFFF"));

    private static readonly Gen<Timestamp> Time = Gen.Long[0, 4_000_000_000_000_000].Select(microseconds => new Timestamp(microseconds));

    private static readonly Gen<Partner> AnyPartner = Gen.Select(
        Gen.Guid, Text, Text.Null(), Text.Null(), Text.Null(), Time, Time.Nullable(), Gen.Long[0, long.MaxValue],
        (id, name, email, phone, externalId, at, deletedAt, revision) =>
            new Partner(id, Some.Values(name, email, phone, externalId), at, at, deletedAt, revision));

    [Fact]
    public void What_was_encoded_is_decoded() =>
        Gen.Select(AnyPartner.Null(), AnyPartner, (before, after) =>
                new PartnerChange(before is null ? null : before with { Id = after.Id }, after))
            .Array[0, 200]
            .Sample(changes => AssertIsDecoded(changes), iter: 300);

    [Fact]
    public void A_full_batch_is_decoded_though_it_spans_many_pieces_of_memory()
    {
        var text = new string('長', 100);
        AssertIsDecoded([.. Enumerable.Range(0, PartnerRules.MaxItems).Select(i =>
        {
            var values = Some.Values($"{text} {i}", $"{i}@example.com", null, $"e{i}");
            var before = new Partner(Guid.NewGuid(), values, new(i), new(i), null, i);
            return new PartnerChange(i % 5 == 0 ? null : before, before.With(PartnerField.Name, "Ada"));
        })]);
    }

    [Fact]
    public void The_encoding_is_the_documented_one_to_the_byte()
    {
        var id = Guid.Parse("019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10");
        var before = new Partner(id, Some.Values("Ada", null, "\"1\""), new(1), new(1_700_000_000_000_000), null, 12);

        var encoded = ChangeEncoding.Encode([
            new(before, before), new(null, before), new((before with { DeletedAt = new(5) }).With(PartnerField.ExternalId, "e1"), before),
        ]);

        const string Json =
            """[["name","email","phone","externalId","tags","metadata"],"""
            + """["019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10",12,1700000000000000,null,"Ada",null,"\"1\""],"""
            + """["019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10"],"""
            + """["019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10",12,1700000000000000,5,"Ada",null,"\"1\"","e1"]]""";
        Assert.Equal([2, 0, .. Encoding.UTF8.GetBytes(Json)], encoded.ToArray());
    }

    [Fact]
    public void A_log_entry_of_version_1_written_by_the_first_release_is_read()
    {
        // Compressed by another Brotli library: stored data must stay readable, whatever library compresses today.
        var stored = Convert.FromBase64String(
            "AQGDH4BbWyIwMTkzMjRlNi0zYzFkLTdkMGEtYTFmNS0zZTJiNWM4ZDlmMTAiLDEsMiwzLCJBZGEiLG51bGwsbnVsbF1dAw==");

        var change = Assert.Single(ChangeEncoding.Decode(stored));

        Assert.Equal(new LoggedState(1, new(2), new(3), Some.Values("Ada")), change.Before);
    }

    [Fact]
    public void Entries_of_every_form_of_version_1_are_read_for_ever()
    {
        const string Id = "019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10";
        const string Json =
            $"""[["{Id}"],["{Id}",7,5,null,"Ada","a@b.example",null,"e1"],["{Id}",7,5,6],["{Id}",7,5,null,"Ada",null,"1"]]""";

        var entries = ChangeEncoding.Decode(new byte[] { 1, 0 }.Concat(Encoding.UTF8.GetBytes(Json)).ToArray());

        Assert.Equal(
            [
                null,
                new LoggedState(7, new(5), null, Some.Values("Ada", "a@b.example", null, "e1")),
                new LoggedState(7, new(5), new(6), null),
                new LoggedState(7, new(5), null, Some.Values("Ada", null, "1")),
            ],
            entries.Select(entry => entry.Before));
    }

    [Theory]
    [InlineData("")]
    [InlineData("01")]
    [InlineData("00005B5D")]
    [InlineData("03005B5B5D5D")]
    [InlineData("02005B5D")]
    [InlineData("02005B5B226E616D65222C226E6F6E65225D5D")]
    [InlineData("01025B5D")]
    [InlineData("01005B")]
    [InlineData("01005B5B375D5D")]
    [InlineData("0101FFFFFF")]
    [InlineData("010037")]
    [InlineData("01005B5B5D5D")]
    [InlineData("01005B2261225D")]
    [InlineData("01005B5D37")]
    [InlineData("01005B5B2230313933323465362D336331642D376430612D613166352D336532623563386439663130222C312C322C"
        + "6E756C6C2C2261222C2262222C2263222C2264222C2265225D5D")]
    public void An_unknown_version_or_damaged_bytes_are_refused(string hex) =>
        Assert.Throws<DamagedLogException>(() => ChangeEncoding.Decode(Convert.FromHexString(hex)));

    [Fact]
    public void Ten_thousand_changes_take_a_few_bytes_each()
    {
        var ids = new PartnerIds(new(1_700_000_000_000_000), 1);
        var creates = Enumerable.Range(0, 10_000).Select(_ => new PartnerChange(null, Some.Partner(ids.Next()))).ToList();

        var bytesPerCreate = ChangeEncoding.Encode(creates).Length / 10_000.0;

        Assert.InRange(bytesPerCreate, 1, 16);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(5_000)]
    public void In_pieces_of_any_size_the_same_is_read_and_no_more_than_is_wanted(int size)
    {
        var ids = new PartnerIds(new(1_700_000_000_000_000), 1);
        var changes = Enumerable.Range(0, 3_000)
            .Select(i => Some.Partner(ids.Next()).With(PartnerField.Name, new string('n', 1 + (i * 37 % 255))))
            .Select(partner => new PartnerChange(partner, partner)).ToList();
        foreach (var encoded in new[] { ChangeEncoding.Encode(changes), ChangeEncoding.Encode(changes.Take(2)) })
        {
            var count = ChangeEncoding.DecodeIds(encoded).Count;
            var all = new Wanted(_ => EntryUse.Read);
            Assert.True(Read(encoded, size, all));
            Assert.Equal(ChangeEncoding.Decode(encoded), all.Entries);

            var last = new Wanted(at => at == count - 1 ? EntryUse.Read : EntryUse.Skip);
            Assert.True(Read(encoded, size, last));
            Assert.Equal(ChangeEncoding.Decode(encoded)[^1], Assert.Single(last.Entries));

            var first = new Wanted(at => at == 0 ? EntryUse.Read : EntryUse.Stop);
            Assert.False(Read(encoded, size, first));
            Assert.Equal((ChangeEncoding.Decode(encoded)[0], 2), (Assert.Single(first.Entries), first.Looked));
            Assert.Throws<DamagedLogException>(() => Read(encoded.AsMemory(..^1), size, new Wanted(_ => EntryUse.Skip)));
        }
    }

    private static bool Read(ReadOnlyMemory<byte> encoded, int size, LogVisitor visitor)
    {
        using var decoder = new ChangeSetDecoder(visitor);
        for (var at = 0; at < encoded.Length; at += size)
            if (!decoder.Write(encoded.Span.Slice(at, Math.Min(size, encoded.Length - at))))
                return false;
        decoder.Complete();
        return true;
    }

    private sealed class Wanted(Func<int, EntryUse> use) : LogVisitor
    {
        public List<LoggedChange> Entries { get; } = [];

        public int Looked { get; private set; }

        public override void Begin(ChangeSetHead head)
        {
        }

        public override EntryUse Look(Guid id) => use(Looked++);

        public override void Take(LoggedChange entry) => Entries.Add(entry);
    }

    private static void AssertIsDecoded(IReadOnlyList<PartnerChange> changes)
    {
        var encoded = ChangeEncoding.Encode(changes);
        Assert.Equal(changes.Select(Logged), ChangeEncoding.Decode(encoded));
        Assert.Equal(changes.Select(change => change.After.Id), ChangeEncoding.DecodeIds(encoded));
    }

    private static LoggedChange Logged(PartnerChange change) => new(
        change.After.Id,
        change.Before is { } was ? new(was.Revision, was.UpdatedAt, was.DeletedAt, was.Values) : null);
}
