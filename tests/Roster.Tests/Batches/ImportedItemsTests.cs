using System.Buffers;
using System.Text;
using Roster.Batches;
using Roster.Changes;
using Roster.Partners;

namespace Roster.Tests.Batches;

/// <summary>The second way to finish a batch: with its valid items, whatever is wrong with the others.</summary>
public sealed class ImportedItemsTests
{
    [Fact]
    public void Valid_items_are_given_with_their_places()
    {
        var read = Read("""[{"name":"Ada"},{},7,{"name":"Bob","email":"no"},{"name":"Cyd"}]""");

        Assert.Equal(5, read.Count);
        Assert.Equal([(0, "Ada"), (4, "Cyd")], read.Valid.Select(item => (item.Index, item.Row.Values[PartnerField.Name]!)));
        Assert.Equal([1, 2, 3], read.Faults.Keys.Order());
    }

    [Fact]
    public void A_last_item_that_is_not_read_has_no_row()
    {
        var read = Read("""[{"name":"Ada"},7]""");
        Assert.Equal([0], read.Valid.Select(item => item.Index));
        Assert.Equal([1], read.Faults.Keys);
    }

    [Fact]
    public void Every_fault_is_listed_if_there_is_no_limit()
    {
        var json = $"[{string.Join(',', Enumerable.Repeat("""{"email":"no","phone":""}""", 3_000))}]";

        var all = Read(json);
        Assert.Equal((3_000, 9_000), (all.Faults.Count, all.Faults.Values.Sum(faults => faults.Count)));
        var some = Read(json, Fault.MaxListed);
        Assert.Equal(Fault.MaxListed, some.Faults.Values.Sum(faults => faults.Count));
        Assert.Empty(some.Valid);
    }

    [Fact]
    public void Doubts_are_given_for_every_item_that_has_some()
    {
        var read = Read("""[{"name":"\u200b"},{"name":"\u200b","email":"no"}]""");
        Assert.Equal([0, 1], read.Doubts.Select(doubt => doubt.Index));
        Assert.Equal([0], read.Valid.Select(item => item.Index));
    }

    [Fact]
    public void An_id_given_twice_is_a_fault_of_the_second_item()
    {
        const string Item = """{"id":"019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10"}""";
        var read = Read($"[{Item},{Item}]");
        Assert.Equal([0], read.Valid.Select(item => item.Index));
        Assert.Equal(("duplicate_id", 0), (read.Faults[1].Single().Code, read.Faults[1].Single().OtherIndex));
    }

    private static ImportedItems Read(string json, int maxFaults = int.MaxValue)
    {
        var batch = new BatchBuilder(ChangeKind.Upsert, maxFaults: maxFaults);
        new JsonBatchReader(batch).Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)), isFinal: true);
        return batch.FinishItems();
    }
}
