using Roster.Imports;

namespace Roster.Tests.Imports;

public sealed class MappingSuggestionTests
{
    [Fact]
    public void An_exact_name_comes_before_a_synonym_and_a_synonym_before_contents()
    {
        Assert.Equal(("email", MappingReason.Exact), Suggest("Work email", "E-Mail")["E-Mail"]);
        Assert.Equal((null, MappingReason.None), Suggest("Work email", "E-Mail")["Work email"]);
        var mixed = Suggest(Column("Login", "ada@example.com"), Column("Work email", "ada@work.example"));
        Assert.Equal(("email", MappingReason.Synonym), mixed["Work email"]);
        Assert.Equal((null, MappingReason.None), mixed["Login"]);
    }

    [Theory]
    [InlineData("E-MAIL ADDRESS", "email")]
    [InlineData("e_mail.address", "email")]
    [InlineData("Prenom", "name.given")]
    [InlineData("TÉLÉPHONE", "phone")]
    [InlineData("Telefono", "phone")]
    [InlineData("الاسم الاول", "name.given")]
    [InlineData("الإسم الأوّل", "name.given")]
    [InlineData("البريد الالكتروني", "email")]
    [InlineData("Geschäftlich: Telefon", null)]
    public void Names_are_compared_without_case_accents_spaces_and_punctuation(string name, string? target) =>
        Assert.Equal(target, Suggest(name)[name].Target);

    [Theory]
    [InlineData("E-mail 2 - Value", "E-mail 1 - Value", "email")]
    [InlineData("Home email", "Work email", "email")]
    [InlineData("Mobile", "Work phone", "phone")]
    [InlineData("Account ID", "Contact ID", "externalId")]
    public void The_better_column_has_the_target_wherever_it_stands(string worse, string better, string target)
    {
        foreach (var suggested in new[] { Suggest(worse, better), Suggest(better, worse) })
        {
            Assert.Equal((target, MappingReason.Synonym), suggested[better]);
            Assert.Equal((null, MappingReason.None), suggested[worse]);
        }
    }

    [Fact]
    public void An_empty_column_loses_to_one_with_cells()
    {
        var suggested = Suggest(new ImportColumn("Business Phone", [], 0), new ImportColumn("Mobile Phone", ["+49 30 123456"], 0.9));
        Assert.Equal("phone", suggested["Mobile Phone"].Target);
        suggested = Suggest(
            new ImportColumn("Business Phone", ["+49 30 123457"], 0.4), new ImportColumn("Mobile Phone", ["+49 30 123456"], 0.9));
        Assert.Equal("phone", suggested["Business Phone"].Target);
    }

    [Fact]
    public void Parts_of_a_name_are_joined_only_if_no_column_has_the_whole_name()
    {
        var parts = Suggest("First name", "Last name", "Company");
        Assert.Equal(("name.given", "name.family", null), (parts["First name"].Target, parts["Last name"].Target, parts["Company"].Target));
        var whole = Suggest("First name", "Last name", "Full name");
        Assert.Equal((null, null, "name"), (whole["First name"].Target, whole["Last name"].Target, whole["Full name"].Target));
        Assert.Equal("name", Suggest("Company", "City")["Company"].Target);
    }

    [Theory]
    [InlineData("Nom", "Prénom", "name.family")]
    [InlineData("Name", "Vorname", "name.family")]
    [InlineData("Nombre", "Apellidos", "name.given")]
    [InlineData("الاسم", "اسم العائلة", "name.given")]
    [InlineData("Nom", "Ville", "name")]
    [InlineData("Nombre", "Ciudad", "name")]
    [InlineData("Name", "First name", "name")]
    public void A_word_for_name_is_a_part_of_it_beside_the_other_part(string name, string other, string target) =>
        Assert.Equal(target, Suggest(other, name)[name].Target);

    [Fact]
    public void A_word_for_name_is_the_whole_name_if_both_parts_have_columns() =>
        Assert.Equal("name", Suggest("Name", "Vorname", "Nachname")["Name"].Target);

    [Fact]
    public void An_id_column_has_our_ids_only_if_they_are_UUIDs()
    {
        Assert.Equal(("id", MappingReason.Exact), Suggest(Column("ID", "019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10"))["ID"]);
        Assert.Equal(("externalId", MappingReason.Contents), Suggest(Column("id", "cus_JeGmWqYRVUNu44"))["id"]);
        Assert.Equal("externalId", Suggest(Column("Id", "4711"), Column("Account ID", "17"))["Id"].Target);
        var both = Suggest(Column("id", "4711"), Column("externalId", "x"));
        Assert.Equal((null, "externalId"), (both["id"].Target, both["externalId"].Target));
    }

    [Theory]
    [InlineData("Record ID")]
    [InlineData("Contact ID")]
    [InlineData("Account ID 18")]
    [InlineData("Customer ID")]
    [InlineData("Kundennummer")]
    public void Ids_of_other_systems_are_external_ids(string name) => Assert.Equal("externalId", Suggest(name)[name].Target);

    [Theory]
    [InlineData("Labels")]
    [InlineData("Group Membership")]
    [InlineData("Tags")]
    [InlineData("Categories")]
    [InlineData("Kategorien")]
    public void Tags_of_other_systems_are_added(string name) =>
        Assert.Equal(("addTags", MappingReason.Synonym), Suggest("Name", name)[name]);

    [Fact]
    public void Tags_are_replaced_only_by_an_export_of_ours()
    {
        var ours = Suggest(Column("id", "019324e6-3c1d-7d0a-a1f5-3e2b5c8d9f10"), Column("name", "a"), Column("tags", "a|b"));
        Assert.Equal(("tags", MappingReason.Exact), ours["tags"]);
        var theirs = Suggest(Column("id", "4711"), Column("name", "a"), Column("tags", "a|b"));
        Assert.Equal("addTags", theirs["tags"].Target);
    }

    [Fact]
    public void Nothing_is_asked_only_if_every_name_is_known_exactly()
    {
        Assert.True(Suggestion(Column("Name"), Column("E-Mail"), Column("External ID"), Column("updated_at")).IsExact);
        Assert.Null(Suggest("updated_at")["updated_at"].Target);
        Assert.False(Suggestion(Column("Name"), Column("E-mail address")).IsExact);
        Assert.False(Suggestion(Column("Name"), Column("Colour")).IsExact);
        Assert.False(Suggestion(Column("Name"), Column("Name (2)")).IsExact);
    }

    [Fact]
    public void Metadata_is_imported_only_if_the_file_calls_it_so()
    {
        var suggested = Suggest("metadata.region", "Region", "metadata", "metadata.?");
        Assert.Equal(("metadata.region", MappingReason.Exact), suggested["metadata.region"]);
        Assert.All(["Region", "metadata", "metadata.?"], (string name) => Assert.Null(suggested[name].Target));
    }

    [Fact]
    public void Nine_of_ten_addresses_make_a_column_of_addresses()
    {
        var addresses = Enumerable.Range(0, 9).Select(i => $"Ada <a{i}@example.com>").ToList();
        Assert.Equal(("email", MappingReason.Contents), Suggest(new ImportColumn("Kontakt 1", [.. addresses, "none"], 1))["Kontakt 1"]);
        Assert.Null(Suggest(new ImportColumn("Kontakt 1", [.. addresses, "none", "none"], 1))["Kontakt 1"].Target);
        Assert.Null(Suggest(Column("Contact owner", "sam@example.com"))["Contact owner"].Target);
    }

    [Theory]
    [InlineData("+49 30 123456", true)]
    [InlineData("0171-1234567", true)]
    [InlineData("(555) 123-4567", true)]
    [InlineData("555-123-4567", true)]
    [InlineData("'+966511223344", true)]
    [InlineData("4711234", false)]
    [InlineData("1234567890", false)]
    [InlineData("2024-01-31", false)]
    [InlineData("01.02.2024", false)]
    [InlineData("0.123456789", false)]
    [InlineData("01067", false)]
    public void Phone_numbers_are_known_by_their_look_if_nothing_else_is_a_phone(string cell, bool isPhone)
    {
        Assert.Equal(isPhone ? "phone" : null, Suggest(Column("Erreichbar", cell))["Erreichbar"].Target);
        Assert.Null(Suggest(Column("Erreichbar", cell), Column("Mobile", "1"))["Erreichbar"].Target);
    }

    [Fact]
    public void Headers_with_the_same_names_have_one_fingerprint_whatever_their_case_and_accents()
    {
        var one = HeaderText.Fingerprint(["Prénom", "E-Mail", "#"]);
        Assert.Matches("^[0-9a-f]{64}$", one);
        Assert.Equal(one, HeaderText.Fingerprint(["PRENOM", "email", "#"]));
        Assert.NotEqual(one, HeaderText.Fingerprint(["E-Mail", "Prénom", "#"]));
        Assert.NotEqual(one, HeaderText.Fingerprint(["Prénom", "E-Mail", "*"]));
        Assert.NotEqual(HeaderText.Fingerprint(["ab", "c"]), HeaderText.Fingerprint(["a", "bc"]));
        Assert.Equal("", HeaderText.Fold("\uD800\uFFFE…"));
    }

    [Fact]
    public void A_remembered_mapping_is_spelled_as_the_next_file_is() => Assert.Equal(
        [new("PRENOM", "name.given"), new("e-mail", "email", Clears: true)],
        MappingRules.Respell(
            [new("Prénom", "name.given"), new("E-Mail", "email", Clears: true), new("Gone", "phone")], ["e-mail", "PRENOM", "New"]));

    private static ImportColumn Column(string name, params string[] samples) => new(name, samples, samples.Length == 0 ? 0 : 1);

    private static MappingSuggestion Suggestion(params ImportColumn[] columns) => MappingSuggestion.For(columns);

    private static Dictionary<string, (string? Target, MappingReason Reason)> Suggest(params ImportColumn[] columns) =>
        Suggestion(columns).Columns
            .ToDictionary(one => one.Mapping.Column, one => (one.Mapping.Target, one.Reason), StringComparer.Ordinal);

    private static Dictionary<string, (string? Target, MappingReason Reason)> Suggest(params string[] names) =>
        Suggest([.. names.Select(name => Column(name))]);
}
