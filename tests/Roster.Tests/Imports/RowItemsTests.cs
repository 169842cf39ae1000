using System.Text;
using Roster.Batches;
using Roster.Changes;
using Roster.Imports;
using Roster.Partners;

namespace Roster.Tests.Imports;

public sealed class RowItemsTests
{
    private const string Id = "019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10";

    [Fact]
    public void A_row_becomes_an_item_with_the_fields_of_its_columns()
    {
        var row = Valid(
            ["id", "name", "email", "phone", "externalId", "metadata.region", null],
            [Id, "Ada", "ada@example.com", "+44 1", "x1", "EU", "ignored"]);

        Assert.Equal(Guid.Parse(Id), row.Id);
        Assert.Equal(["Ada", "ada@example.com", "+44 1", "x1"], Texts(row));
        Assert.Equal([new("region", "EU")], Assert.IsType<MetadataEdit>(Assert.Single(row.Edits)).Keys);
        Assert.Equal(
            FieldSet.Of(
                PartnerField.Id, PartnerField.Name, PartnerField.Email, PartnerField.Phone, PartnerField.ExternalId, PartnerField.Metadata),
            row.Given);
    }

    [Theory]
    [InlineData("\u00A0Ada \t", "Ada")]
    [InlineData("\u200F\u202Bأحمد\u202C", "أحمد")]
    [InlineData("  ' Ada", "' Ada")]
    [InlineData("'=Ada", "=Ada")]
    [InlineData("'+Ada", "+Ada")]
    [InlineData("'-Ada", "-Ada")]
    [InlineData("'@Ada", "@Ada")]
    [InlineData("''t", "'t")]
    [InlineData("'t Hooft", "'t Hooft")]
    [InlineData("'68 Records", "'68 Records")]
    [InlineData(@"\\N", @"\N")]
    public void Outer_white_space_and_guards_are_taken_off(string cell, string name) =>
        Assert.Equal(name, Valid(["name"], [cell]).Values[PartnerField.Name]);

    [Fact]
    public void White_space_stays_where_the_column_says_so() =>
        Assert.Equal(" Ada ", Valid(new ColumnMapping[] { new("a", "name", Trims: false) }, [" Ada "]).Values[PartnerField.Name]);

    [Theory]
    [InlineData("mailto:ada@example.com")]
    [InlineData("MAILTO:ada@example.com?subject=Hello")]
    [InlineData("Ada Lovelace <ada@example.com>")]
    [InlineData("\"Lovelace, Ada\" <ada@example.com>")]
    [InlineData("<ada@example.com>")]
    [InlineData("<mailto:ada@example.com>")]
    [InlineData("ada@example.com <ada@example.com>")]
    [InlineData("'ada@example.com' <ada@example.com>")]
    [InlineData(" ada@example.com\u00A0")]
    public void An_address_is_understood_as_people_have_it(string cell) =>
        Assert.Equal("ada@example.com", Valid(["name", "email"], ["Ada", cell]).Email);

    [Theory]
    [InlineData("ada@example.com; bob@example.com")]
    [InlineData("ada@example.com, Bob <bob@example.com>")]
    [InlineData("Ada <ada@example.com>, Bob <bob@example.com>")]
    [InlineData("ada@example.com ::: bob@example.com")]
    public void Two_addresses_are_a_fault(string cell)
    {
        var fault = Fault(["name", "email"], ["Ada", cell]);
        Assert.Equal(("invalid_email", "email", (7, 2)), (fault.Code, fault.Field, fault.Place));
        Assert.Equal("email is two addresses; a partner has one.", fault.Message);
    }

    [Theory]
    [InlineData("#N/A")]
    [InlineData("#REF!")]
    [InlineData("#WERT!")]
    [InlineData(" #n/a ")]
    [InlineData("#¡VALOR!")]
    [InlineData("Err:502")]
    [InlineData("########")]
    public void An_error_of_the_spreadsheet_is_a_fault_in_every_field(string cell)
    {
        foreach (var target in new[] { "name", "email", "phone", "externalId", "tags", "addTags", "metadata.a", "name.given", "id" })
        {
            var fault = Fault([target], [cell]);
            Assert.Equal(("invalid_text", (7, 1)), (fault.Code, fault.Place));
            Assert.Equal(target == "name.given" ? "name" : target, fault.Field);
            Assert.Contains("is an error of the spreadsheet", fault.Message, StringComparison.Ordinal);
        }
        Assert.Empty(Read(["name", null], ["Ada", cell]).Faults);
    }

    [Theory]
    [InlineData("email", "invalid_email", "email has nothing in it that can be seen")]
    [InlineData("phone", "invalid_text", "phone has nothing in it that can be seen")]
    [InlineData("externalId", "invalid_text", "externalId has nothing in it that can be seen")]
    [InlineData("tags", "invalid_text", "tags has nothing in it that can be seen")]
    [InlineData("metadata.a", "invalid_text", "metadata.a has nothing in it that can be seen")]
    public void What_cannot_be_seen_is_a_fault_and_not_an_empty_cell(string target, string code, string message)
    {
        var read = Read(["name", target], ["Ada", "\u200B\u200B"]);
        var fault = read.Faults.Count > 0 ? read.Faults[0].Single() : read.Doubts.Single().ToFault();
        Assert.Equal(code, fault.Code);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name")]
    [InlineData("name.given")]
    public void An_invisible_name_is_a_fault_unless_the_partner_has_it(string target)
    {
        var doubt = Assert.Single(Read([target], ["\u200B"]).Doubts);
        Assert.Equal(("name_required", (7, 1)), (doubt.ToFault().Code, doubt.Place));
    }

    [Theory]
    [InlineData("4.47E+11")]
    [InlineData("4,47E+11")]
    public void A_phone_that_Excel_has_cut_is_a_fault(string cell)
    {
        var fault = Assert.Single(Read(["name", "phone"], ["Ada", cell]).Doubts).ToFault();
        Assert.Equal(("invalid_phone", (7, 2)), (fault.Code, fault.Place));
        Assert.Contains("make the column text in Excel", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_phone_that_is_a_number_of_more_digits_than_a_workbook_keeps_is_a_fault()
    {
        var batch = Batch();
        var items = Items(["name", "phone"]);
        items.Add(batch, ["Ada", "1234567890123450"], 7, column => column == 1);
        items.Add(batch, ["Bob", "1234567890123450"], 8, _ => false);
        items.Add(batch, ["Cyd", "123456789012345"], 9, column => column == 1);

        var read = batch.FinishItems();

        Assert.Equal(("invalid_phone", (7, 2)), (read.Faults[0].Single().Code, read.Faults[0].Single().Place));
        Assert.Equal([1, 2], read.Valid.Select(item => item.Index));
    }

    [Fact]
    public void Leading_zeros_that_a_number_cell_has_lost_are_a_warning()
    {
        var items = Items(["name", "phone", "externalId", "metadata.a"]);
        items.Add(Batch(), ["1", "301234567", "42", "7"], 9, _ => true);
        Assert.Equal(
            [(9, "1", RowWarningCode.LeadingZeros), (9, "2", RowWarningCode.LeadingZeros)],
            items.Warnings.Select(one => (one.Line, one.Column, one.Code)));
        items.Add(Batch(), ["Ada", "030 1234567", "042", "7"], 10, _ => false);
        Assert.Empty(items.Warnings);
        items.Add(Batch(), ["Ada", null, "4.47E+11", null], 11, _ => false);
        Assert.Equal(RowWarningCode.Digits, items.Warnings.Single().Code);
        items.Add(Batch(), ["Ada", null, "1234567890123456", null], 12, column => column == 2);
        Assert.Equal(RowWarningCode.Digits, items.Warnings.Single().Code);
    }

    [Theory]
    [InlineData("phone", "'0171 1234567", "0171 1234567")]
    [InlineData("externalId", "'6859123456", "6859123456")]
    [InlineData("externalId", "''6859123456", "'6859123456")]
    public void An_apostrophe_that_marks_a_number_as_text_is_taken_off(string target, string cell, string value) =>
        Assert.Equal(value, Valid(["name", target], ["Ada", cell]).Values[ImportTarget.Parse(target)!.Value.Field]);

    [Fact]
    public void An_empty_cell_keeps_and_so_does_a_column_that_is_not_imported()
    {
        string?[] targets = ["id", "name", "email", "phone", "externalId", "tags", "addTags", "metadata.a", null];
        foreach (var target in targets[2..])
            foreach (var cell in new[] { null, "", " \u00A0" })
                Assert.Equal(FieldSet.Of(PartnerField.Id), Valid(["id", target], [Id, cell]).Given);
        Assert.Equal(FieldSet.Of(PartnerField.Id), Valid(["id", "name.given", "name.family"], [Id]).Given);
    }

    [Fact]
    public void An_empty_cell_clears_where_the_column_says_so()
    {
        var row = Valid(
            new ColumnMapping[] { new("a", "id"), new("b", "email", true), new("c", "tags", true), new("d", "metadata.a", true) },
            [Id, " ", "", null]);
        Assert.Equal(FieldSet.Of(PartnerField.Id, PartnerField.Email, PartnerField.Tags, PartnerField.Metadata), row.Given);
        Assert.Null(row.Email);
        Assert.Null(row.Edits.OfType<TagEdit>().Single().ApplyTo("old", out _));
        Assert.Null(row.Edits.OfType<MetadataEdit>().Single().ApplyTo("""{"a":"old"}""", out _));
    }

    [Fact]
    public void Backslash_N_clears()
    {
        var row = Valid(["id", "email", "tags", "metadata.a"], [Id, @"\N", @"\N", @"\N"]);
        Assert.Equal(FieldSet.Of(PartnerField.Id, PartnerField.Email, PartnerField.Tags, PartnerField.Metadata), row.Given);
        Assert.Null(row.Edits.OfType<TagEdit>().Single().ApplyTo("old", out _));
        Assert.Equal("name_required", Fault(["id", "name"], [Id, @"\N"]).Code);
    }

    [Theory]
    [InlineData("VIP|EU, West|a;b", "EU, West|VIP|a;b")]
    [InlineData("* myContacts ::: Work, old", "* myContacts|Work, old")]
    [InlineData("VIP; EU, West", "EU, West|VIP")]
    [InlineData("VIP, EU ,,", "EU|VIP")]
    [InlineData("\"VIP\",\"Blog\"", "Blog|VIP")]
    [InlineData("VIP", "VIP")]
    public void Tags_in_a_cell_are_divided(string cell, string tags)
    {
        var edit = Assert.IsType<TagEdit>(Assert.Single(Valid(["name", "addTags"], ["Ada", cell]).Edits));
        Assert.False(edit.IsReplaced);
        Assert.Equal(tags.Split('|').Order(StringComparer.Ordinal), edit.Added.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_cell_of_only_dividers_does_not_clear_tags() =>
        Assert.Equal(FieldSet.Of(PartnerField.Id), Valid(["id", "tags"], [Id, " ;;"]).Given);

    [Theory]
    [InlineData("Ada", "Lovelace", "Ada Lovelace")]
    [InlineData(" Ada\u00A0", " Lovelace ", "Ada Lovelace")]
    [InlineData("Ada", "", "Ada")]
    [InlineData(null, "Lovelace", "Lovelace")]
    [InlineData("\u200B", "Lovelace", "Lovelace")]
    public void Given_and_family_name_are_joined_by_one_space(string? given, string? family, string name)
    {
        Assert.Equal(name, Valid(["name.given", "name.family"], [given, family]).Values[PartnerField.Name]);
        Assert.Equal(name, Valid(["name.family", "name.given"], [family, given]).Values[PartnerField.Name]);
    }

    [Theory]
    [InlineData("4711")]
    [InlineData("{019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10}")]
    public void An_id_that_is_no_UUID_is_a_fault(string cell) =>
        Assert.Equal("invalid_id", Fault(["id", "name"], [cell, "Ada"]).Code);

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData(" \u00A0 ")]
    [InlineData("\u200B")]
    public void A_blank_match_key_is_a_fault_unless_it_may_create(string? key)
    {
        string?[] cells = ["Ada", key];
        var fault = Assert.Single(Read(["name", "externalId"], cells, new BatchBuilder(ChangeKind.Upsert, MatchOn.ExternalId)).Faults[0]);
        Assert.Equal("match_key_missing", fault.Code);
        var creating = new BatchBuilder(ChangeKind.Upsert, MatchOn.ExternalId, creates: CreatedItems.WithoutKeyToo);
        Assert.Equal(string.IsNullOrWhiteSpace(key), Read(["name", "externalId"], cells, creating).Valid.Count == 1);
    }

    [Fact]
    public void A_faulty_match_key_is_one_fault()
    {
        var fault = Fault(["email"], ["#N/A"], batch: new BatchBuilder(ChangeKind.Upsert, MatchOn.Email));
        Assert.Equal(("invalid_text", "email"), (fault.Code, fault.Field));
    }

    [Fact]
    public void A_row_that_cannot_be_read_is_one_fault_and_the_next_rows_are_used()
    {
        var batch = Batch();
        var items = Items(["name", "email"]);
        items.Add(batch, ["Ada", null], 2, _ => false);
        items.Add(batch, ["Bob"], 3, _ => false, fault: "The record has an unclosed quotation mark.");
        items.Add(batch, ["Cyd", "no"], 4, _ => false);
        items.Add(batch, ["Dan", "dan@example.com"], 5, _ => false);

        var read = batch.FinishItems();

        Assert.Equal([(0, "Ada"), (3, "Dan")], read.Valid.Select(item => (item.Index, item.Row.Values[PartnerField.Name]!)));
        Assert.Equal([1, 2], read.Faults.Keys.Order());
        Assert.Equal(("invalid_record", (3, 0)), (read.Faults[1].Single().Code, read.Faults[1].Single().Place));
        Assert.Equal(("invalid_email", (4, 2)), (read.Faults[2].Single().Code, read.Faults[2].Single().Place));
        Assert.Equal(4, read.Count);
    }

    [Fact]
    public void A_batch_has_10_000_rows()
    {
        var batch = Batch();
        var items = Items(["name"]);
        for (var i = 0; i < PartnerRules.MaxItems; i++)
            Assert.True(items.Add(batch, ["Ada"], i + 2, _ => false));
        Assert.False(items.Add(batch, ["Ada"], 0, _ => false));
        Assert.Equal(PartnerRules.MaxItems, batch.FinishItems().Valid.Count);
    }

    [Fact]
    public void A_lone_surrogate_is_a_fault()
    {
        foreach (var target in new[] { "name", "email", "phone", "externalId", "addTags", "metadata.a" })
            foreach (var cell in new[] { "\uD800", "a\uDC00b" })
                Assert.Equal("invalid_text", Fault([target], [cell]).Code);
        Assert.Equal("👩", Valid(["name"], ["👩"]).Values[PartnerField.Name]);
    }

    [Theory]
    [InlineData("a", "")]
    [InlineData("a", "𝒯𝒯")]
    [InlineData(" ", "Ada Lovelace")]
    public void A_cell_that_the_reader_has_cut_is_a_fault(string first, string rest)
    {
        using var file = new MemoryStream(Encoding.UTF8.GetBytes(
            $"name\n{new string(first[0], ImportLimits.MaxCell - (rest.Length / 2))}{rest}\n"));
        var cell = Imported.Rows(file)[0]["2: ".Length..];

        Assert.Equal("too_long", Fault(["name"], [cell]).Code);
    }

    [Fact]
    public void A_mapping_of_other_columns_is_refused() =>
        Assert.Throws<ArgumentException>(() => new RowItems([new("a", "name"), new("b", "name")], ["a", "b"]));

    private static List<string?> Texts(BatchRow row) =>
        [.. PartnerField.Values.Where(field => field.Kind == FieldKind.Text).Select(field => row.Values[field])];

    private static BatchBuilder Batch() => new(ChangeKind.Upsert, maxFaults: int.MaxValue);

    private static RowItems Items(string?[] targets) => new(Mapping(targets), [.. targets.Index().Select(one => $"{one.Index}")]);

    private static ColumnMapping[] Mapping(string?[] targets) =>
        [.. targets.Index().Select(one => new ColumnMapping($"{one.Index}", one.Item))];

    private static ImportedItems Read(string?[] targets, string?[] cells, BatchBuilder? batch = null) =>
        Read(Mapping(targets), cells, batch);

    private static ImportedItems Read(ColumnMapping[] mapping, string?[] cells, BatchBuilder? batch = null)
    {
        batch ??= Batch();
        Assert.True(new RowItems(mapping, [.. mapping.Select(one => one.Column)]).Add(batch, cells, 7, _ => false));
        return batch.FinishItems();
    }

    private static BatchRow Valid(string?[] targets, string?[] cells) => Valid(Mapping(targets), cells);

    private static BatchRow Valid(ColumnMapping[] mapping, string?[] cells)
    {
        var read = Read(mapping, cells);
        Assert.Equal([], read.Faults.Values.SelectMany(faults => faults).Select(fault => fault.Message));
        Assert.Empty(read.Doubts);
        return Assert.Single(read.Valid).Row;
    }

    /// <summary>The only fault of a row, whose name is given by another column unless the test is about the name.</summary>
    private static Fault Fault(string?[] targets, string?[] cells, BatchBuilder? batch = null)
    {
        var hasName = batch is not null || targets.Any(target => target?.StartsWith("name", StringComparison.Ordinal) == true);
        if (!hasName)
            (targets, cells) = ([.. targets, "name"], [.. cells, "Ada"]);
        var read = Read(targets, cells, batch);
        Assert.Empty(read.Valid);
        return Assert.Single(read.Faults[0]);
    }
}
