using System.Buffers;
using System.Reflection;
using System.Text;
using Roster.Batches;
using Roster.Changes;

namespace Roster.Tests.Batches;

/// <summary>What a sender is told of an item that is wrong: the field, and in full what to send instead.</summary>
public sealed class RefusedItemsTests
{
    private const string Uuid = "019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10";

    [Theory]
    [InlineData("""{"name":"a","name":"b"}""", "name duplicate_field name is given twice in this item; send it once.")]
    [InlineData("""{"id":null,"name":"n"}""", "id invalid_id id is null; omit it to create a partner.")]
    [InlineData("""{"id":"x"}""", $"id invalid_id id is not a UUID such as {Uuid}; omit it to create a partner.")]
    [InlineData(
        """{"name":"n","metadata":{"a":"1","a":"2"}}""",
        "metadata.a duplicate_field This key of metadata is given twice in the item; send it once.")]
    [InlineData(
        """{"name":"n","metadata":{"a b":1}}""",
        "metadata invalid_type A value of metadata must be a string or null; send numbers, and yes or no, as text.")]
    [InlineData(
        """{"name":"n","ifUpdatedAt":"yesterday"}""",
        "ifUpdatedAt invalid_time ifUpdatedAt is not a time such as 2024-01-01T00:00:00.000Z.")]
    [InlineData("5", "- invalid_type The item is not an object.")]
    [InlineData(
        """{"name":"n","tags":["a"],"addTags":["b"]}""",
        "tags conflicting_fields tags replaces all tags; send it alone, or addTags and removeTags.")]
    [InlineData(
        """{"name":"n","addTags":["A"],"removeTags":["a"]}""", "removeTags conflicting_fields addTags and removeTags have the same tag.")]
    [InlineData(
        """{"name":"n","\ud800":1}""",
        "- invalid_text A field name, or the value of an unknown field, has a lone surrogate or invalid UTF-8.")]
    [InlineData("""{"name":"n","x":"\ud800"}""", "x invalid_text x has a lone surrogate or invalid UTF-8.")]
    public void Of_an_item(string item, string said) => Assert.Contains(said, Said(new BatchBuilder(ChangeKind.Upsert), item));

    [Fact]
    public void Of_an_id_where_the_server_makes_them_and_of_an_item_that_should_be_one()
    {
        Assert.Equal(
            ["id id_not_allowed This call creates partners and gives them their ids; use PUT to update."],
            Said(new BatchBuilder(ChangeKind.Create), $$"""{"id":"{{Uuid}}","name":"n"}"""));
        Assert.Equal(
            [$"- invalid_id The item is not a UUID such as {Uuid}."], Said(new BatchBuilder(ChangeKind.Delete), "\"x\""));
    }

    [Fact]
    public void Of_an_item_that_names_no_partner_where_none_may_be_created_so()
    {
        const string New = "so it would create a new partner each time it is sent; give it one";
        var unnamed = """{"name":"n"}""";

        Assert.Equal(
            ["id no_match The item has no id, and mode=update creates no partner."],
            Said(new BatchBuilder(ChangeKind.Upsert, creates: CreatedItems.None), unnamed));
        Assert.Equal(
            ["email no_match The item has neither id nor email, and mode=update creates no partner."],
            Said(new BatchBuilder(ChangeKind.Upsert, MatchOn.Email, creates: CreatedItems.None), unnamed));
        Assert.Equal(
            [$"externalId match_key_missing The item has neither id nor externalId, {New}, or allow that with withoutKey=create."],
            Said(new BatchBuilder(ChangeKind.Upsert, MatchOn.ExternalId), unnamed));
        Assert.Equal(
            [$"externalId match_key_missing The item has neither id nor externalId, {New}."],
            Said(new BatchBuilder(ChangeKind.Mirror, MatchOn.ExternalId, Mirror.Default), unnamed));
        // A key that is wrong is a key, so that only that is said.
        Assert.Equal(
            ["externalId invalid_type"],
            Said(new BatchBuilder(ChangeKind.Upsert, MatchOn.ExternalId), """{"name":"n","externalId":5}""")
                .Select(said => string.Join(' ', said.Split(' ')[..2])));
    }

    [Fact]
    public void Of_more_members_than_an_item_may_have_and_nothing_else_of_it()
    {
        var members = string.Join(',', Enumerable.Range(0, 70).Select(i => $"\"x{i}\":1"));

        var said = Assert.Single(Said(new BatchBuilder(ChangeKind.Upsert), $$"""{{{members}}}"""));

        Assert.StartsWith(
            "- too_many_fields The item has more than 64 members, and was not read further; the fields are ",
            said, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_body_that_cannot_be_read_in_both_languages()
    {
        var reasons = typeof(BodyReason).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (BodyReason)field.GetValue(null)!).Append(BodyReason.Divider(';')).Append(BodyReason.Divider('/')).ToList();

        Assert.InRange(reasons.Count, 20, 100);
        Assert.All(reasons, reason => Assert.EndsWith(".", reason.English, StringComparison.Ordinal));
        Assert.All(reasons, reason => Assert.Contains(reason.Arabic, letter => letter is >= '\u0621' and <= '\u064A'));
        Assert.Equal(reasons.Count, reasons.Select(reason => reason.English).Distinct().Count());
    }

    /// <returns>Field, code and message of each fault.</returns>
    private static IReadOnlyList<string> Said(BatchBuilder batch, string item)
    {
        var reader = new JsonBatchReader(batch);
        reader.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes($"[{item}]")), isFinal: true);
        var refused = Assert.IsType<BatchReading.Refused>(reader.Finish());
        return [.. refused.Faults.Listed.Select(fault => $"{fault.Field ?? "-"} {fault.Code} {fault.Message}")];
    }
}
