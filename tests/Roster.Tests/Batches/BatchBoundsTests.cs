using System.Buffers;
using System.Text;
using Roster.Batches;
using Roster.Changes;
using Roster.Partners;

namespace Roster.Tests.Batches;

/// <summary>
/// Reading an invalid batch allocates little memory, whatever it contains. Counted in allocated bytes.
/// </summary>
public sealed class BatchBoundsTests
{
    private const int Million = 1_000_000;

    [Fact]
    public void An_item_of_a_million_members_is_one_fault_and_the_items_beside_it_are_read()
    {
        var (refused, allocated) = Read($$"""[{"phone":7},{"phone":1{{Repeat(",\"phone\":1")}} },{"email":"nobody"}]""");

        Assert.Equal(
            ["0 phone invalid_type", "0 name name_required", "1  too_many_fields", "2 email invalid_email", "2 name name_required"],
            refused.Faults.Listed.Select(fault => $"{fault.Index} {fault.Field} {fault.Code}"));
        Assert.Equal((5, 3, 3), (refused.Faults.Count, refused.Faults.Items, refused.Items));
        Assert.InRange(allocated, 0, 1 << 20);
    }

    [Fact]
    public void A_line_of_a_million_members_is_one_fault_and_the_lines_beside_it_are_read()
    {
        var (refused, allocated) = Read($$"""{"x":{{Repeat("1,\"x\":")}}1}""" + "\n{\"name\":7}\n",
            new NdjsonBatchReader(new BatchBuilder(ChangeKind.Upsert)));

        Assert.Equal([(1, "too_many_fields"), (2, "invalid_type")], refused.Faults.Listed.Select(fault => (fault.Place.Line, fault.Code)));
        Assert.InRange(allocated, 0, 1 << 20);
    }

    [Fact]
    public void An_item_of_64_members_is_read_as_ever()
    {
        var members = Enumerable.Range(0, 63).Select(i => $"\"x{i}\":1").Append("\"name\":\"n\"");

        var (refused, _) = Read($$"""[{ {{string.Join(',', members)}} }]""");

        Assert.Equal(63, refused.Faults.Count);
        Assert.All(refused.Faults.Listed, fault => Assert.Equal("unknown_field", fault.Code));
    }

    [Fact]
    public void A_value_that_is_passed_over_is_one_fault_whatever_is_in_it()
    {
        var (refused, allocated) = Read($$"""[{"name":"n","createdAt":["\ud800"{{Repeat(",\"\\ud800\"")}}]}]""");

        Assert.Equal(["createdAt invalid_text"], refused.Faults.Listed.Select(fault => $"{fault.Field} {fault.Code}"));
        Assert.InRange(allocated, 0, 1 << 20);
    }

    [Fact]
    public void A_name_of_a_million_characters_is_not_kept()
    {
        var (refused, allocated) = Read($$"""[{"name":"n","{{new string('a', Million)}}":"\ud800"}]""");

        Assert.Equal([(null, "unknown_field"), (null, "invalid_text")], refused.Faults.Listed.Select(fault => (fault.Field, fault.Code)));
        Assert.InRange(allocated, 0, 1 << 20);
    }

    [Theory]
    [InlineData(64, 64)]
    [InlineData(65, 64)]
    [InlineData(700, 64)]
    public void A_name_is_shown_up_to_64_characters(int length, int shown)
    {
        var field = Read($$"""[{"name":"n","{{new string('a', length)}}":1}]""").Refused.Faults.Listed[0].Field!;

        Assert.Equal((shown, length > 64), (field.Length, field.EndsWith('…')));
    }

    [Fact]
    public void A_shown_name_is_never_cut_within_a_character()
    {
        var name = new string('a', 62) + "😀aaaa";

        Assert.Equal(new string('a', 62) + "…", Read($$"""[{"name":"n","{{name}}":1}]""").Refused.Faults.Listed[0].Field);
    }

    [Fact]
    public void All_faults_are_counted_and_a_thousand_kept()
    {
        var item = $$"""{ {{string.Join(',', Enumerable.Range(0, 50).Select(i => $"\"x{i}\":1"))}} }""";

        var (refused, _) = Read("[" + string.Join(',', Enumerable.Repeat(item, PartnerRules.MaxItems)) + "]");

        Assert.Equal((PartnerRules.MaxItems * 51, PartnerRules.MaxItems), (refused.Faults.Count, refused.Faults.Items));
        Assert.Equal(Fault.MaxListed, refused.Faults.Listed.Count);
        Assert.Equal(Fault.MaxListed / 51, refused.Faults.Listed[^1].Index);
    }

    [Fact]
    public void No_fault_says_what_was_sent()
    {
        const string Sent = "s3cret";
        string[] values =
        [
            $"\"{Sent}\"", $"\" {Sent}@example.com\"", $"\"{Sent}\\u0000\"", $"\"{Sent}\\ud800\"",
            $"\"{string.Concat(Enumerable.Repeat(Sent, 50))}\"", $"[\"{Sent}\"]", $$"""{"{{Sent}}":1}""",
        ];
        foreach (var field in PartnerField.All.Select(one => one.WireName))
            foreach (var value in values)
                if (TryRead($$"""[{"{{field}}":{{value}} }]""", out var refused))
                    Assert.All(refused.Faults.Listed, fault => Assert.DoesNotContain(Sent, fault.Message, StringComparison.Ordinal));
    }

    private static string Repeat(string text) => new StringBuilder(text.Length * Million).Insert(0, text, Million).ToString();

    private static (BatchReading.Refused Refused, long Allocated) Read(string json) =>
        Read(json, new JsonBatchReader(new BatchBuilder(ChangeKind.Upsert)));

    private static (BatchReading.Refused Refused, long Allocated) Read(string json, BatchReader reader)
    {
        var bytes = new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json));
        var before = GC.GetAllocatedBytesForCurrentThread();
        reader.Read(bytes, isFinal: true);
        var reading = reader.Finish();
        return (Assert.IsType<BatchReading.Refused>(reading), GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static bool TryRead(string json, out BatchReading.Refused refused)
    {
        var reader = new JsonBatchReader(new BatchBuilder(ChangeKind.Upsert));
        reader.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)), isFinal: true);
        refused = (reader.Finish() as BatchReading.Refused)!;
        return refused is not null;
    }
}
