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
    [InlineData("01005B5D22")]
    [InlineData("01005B5B2230313933323465362D336331642D376430612D613166352D336532623563386439663130222C312C322C"
        + "6E756C6C2C2261222C2262222C2263222C2264222C2265225D5D")]
    public void An_unknown_version_or_damaged_bytes_are_refused(string hex) =>
        Assert.Throws<DamagedLogException>(() => ChangeEncoding.Decode(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("")]
    [InlineData("01")]
    [InlineData("00005B5D")]
    [InlineData("03005B5B5D5D")]
    [InlineData("01025B5D")]
    [InlineData("02005B5B226E616D65222C226E6F6E65225D5D")]
    public void What_a_newer_version_wrote_is_called_that_and_not_damaged(string hex)
    {
        var refusal = Assert.Throws<DamagedLogException>(() => ChangeEncoding.Decode(Convert.FromHexString(hex)));

        Assert.StartsWith(
            "The change set is in an encoding that this version of Roster does not know.", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\u0003\0", """[["name"],["019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10"]]""")]
    [InlineData("\u0001\0", """["a","019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10"]""")]
    public void Nothing_is_shown_of_what_is_no_entry_that_this_version_knows(string header, string json)
    {
        var all = new Wanted(_ => EntryUse.Read);

        Assert.Throws<DamagedLogException>(() => Read(Encoding.UTF8.GetBytes(header + json), 1_000, all));
        Assert.Equal(0, all.Looked);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3_000)]
    public void Bytes_after_the_end_are_refused_and_an_empty_piece_is_none(int count)
    {
        var ids = new PartnerIds(new(1_700_000_000_000_000), 1);
        var encoded = ChangeEncoding.Encode(Enumerable.Range(0, count).Select(_ => new PartnerChange(null, Some.Partner(ids.Next()))));
        var all = new Wanted(_ => EntryUse.Read);
        using var decoder = new ChangeSetDecoder(all);

        Assert.True(decoder.Write([]));
        Assert.True(decoder.Write(encoded));
        Assert.True(decoder.Write([]));
        decoder.Complete();
        Assert.Equal(count, all.Entries.Count);
        Assert.Throws<DamagedLogException>(() => decoder.Write("1"u8));
        Assert.Throws<DamagedLogException>(() => ChangeEncoding.Decode(encoded.Append((byte)'1').ToArray()));
    }

    [Fact]
    public void A_partner_whose_values_are_gone_is_encoded_without_any()
    {
        var partner = Some.Partner(Guid.NewGuid());

        var encoded = ChangeEncoding.Encode([new(partner with { Values = PartnerValues.Gone }, partner)]);

        Assert.Equal(
            new LoggedState(partner.Revision, partner.UpdatedAt, null, null), Assert.Single(ChangeEncoding.Decode(encoded)).Before);
    }

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

    [Theory]
    [InlineData(2)]
    [InlineData(3_000)]
    public void What_is_not_as_its_checksum_says_is_refused_also_after_no_more_was_wanted(int count)
    {
        var ids = new PartnerIds(new(1_700_000_000_000_000), 1);
        var encoded = ChangeEncoding.Encode(Enumerable.Range(0, count).Select(_ => new PartnerChange(null, Some.Partner(ids.Next()))));
        var checksum = Checksum.Of(encoded);

        Assert.Equal(count, ChangeEncoding.Decode(encoded, checksum).Count);
        var first = new Wanted(_ => EntryUse.Stop);
        Assert.True(Read(encoded, 7, first, checksum));
        Assert.Equal(1, first.Looked);
        var damage = Assert.Throws<DamagedLogException>(() => ChangeEncoding.Decode(encoded, checksum ^ 1));
        Assert.StartsWith("The change set is not as it was written (checksum).", damage.Message, StringComparison.Ordinal);
        Assert.Throws<DamagedLogException>(() => Read(encoded, 7, new Wanted(_ => EntryUse.Stop), checksum ^ 1));
    }

    [Theory]
    [InlineData("n")]
    [InlineData("長")]
    public void An_entry_that_is_longer_than_any_can_be_is_refused(string letter)
    {
        var partner = Some.Partner(Guid.NewGuid()).With(PartnerField.Name, string.Concat(Enumerable.Repeat(letter, 200_000)));
        var encoded = ChangeEncoding.Encode([new(partner, partner)]);

        Assert.Throws<DamagedLogException>(() => ChangeEncoding.Decode(encoded));
        // The same without compression.
        var json = $"""[["name"],["{partner.Id}",1,1,null,"{partner.Name}"]]""";
        Assert.Throws<DamagedLogException>(() => ChangeEncoding.Decode(new byte[] { 2, 0 }.Concat(Encoding.UTF8.GetBytes(json)).ToArray()));
    }

    private static bool Read(ReadOnlyMemory<byte> encoded, int size, LogVisitor visitor, long? checksum = null)
    {
        using var decoder = new ChangeSetDecoder(visitor, checksum);
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
