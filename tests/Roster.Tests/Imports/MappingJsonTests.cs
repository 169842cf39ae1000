using System.Text;
using Roster.Imports;

namespace Roster.Tests.Imports;

public sealed class MappingJsonTests
{
    private static readonly string[] Columns = ["E-mail 1 - Value", "Vorname", "Nachname", "Tags", "الاسم"];

    [Fact]
    public void A_mapping_is_written_and_read_back()
    {
        ColumnMapping[] mapping =
        [
            new("E-mail 1 - Value", "email"), new("Vorname", "name.given"), new("Nachname", "name.family", Trims: false),
            new("Tags", "metadata.x", Clears: true), new("الاسم", null),
        ];

        var json = MappingJson.Write(mapping);

        Assert.StartsWith(
            """{"columns":[{"column":"E-mail 1 - Value","target":"email","empty":"keep","trim":true},{"column":"Vorname",""",
            Encoding.UTF8.GetString(json), StringComparison.Ordinal);
        Assert.Contains("الاسم", Encoding.UTF8.GetString(json), StringComparison.Ordinal);
        Assert.Equal(mapping, MappingJson.Read(json, Columns).Columns);
    }

    [Fact]
    public void Members_may_be_left_out() => Assert.Equal(
        [new("Vorname", null, Clears: false, Trims: true)], Read("""{"columns":[{"column":"Vorname"}]}""").Columns);

    [Theory]
    [InlineData("""{"column":"Vorname","target":"First Name"}""", "columns[0].target", "did you mean name.given?")]
    [InlineData("""{"column":"Vorname","target":"emial"}""", "columns[0].target", "did you mean email?")]
    [InlineData("""{"column":"Vorname","target":"createdAt"}""", "columns[0].target", "the targets are id, name, email")]
    [InlineData("""{"column":"Vorname","target":"metadata.a b"}""", "columns[0].target", "A key of metadata has 1 to 40")]
    [InlineData("""{"column":"Vorname"},{"column":"Vorname"}""", "columns[1].column", "given twice, also as columns[0]")]
    [InlineData("""{"column":"Vorname","target":"email"},{"column":"Tags","target":"email"}""", "columns[1].target", "\"Vorname\" already")]
    [InlineData("""{"column":"Vorname","target":"metadata.a"},{"column":"Tags","target":"metadata.a"}""", "columns[1].target", "choose")]
    [InlineData("""{"column":"Vorname","target":"tags"},{"column":"Tags","target":"addTags"}""", "columns[1].target", "excludes tags")]
    [InlineData("""{"column":"Vorname","target":"name.given"},{"column":"Tags","target":"name"}""", "columns[1].target", "name excludes")]
    [InlineData("""{"column":"vorname"}""", "columns[0].column", "The file has no column \"vorname\". Did you mean \"Vorname\"?")]
    [InlineData("""{"column":"Ort"}""", "columns[0].column", "The file has no column \"Ort\".")]
    [InlineData("""{"column":"Vorname","target":"name.given","empty":"clear"}""", "columns[0].empty", "cannot clear name.given")]
    [InlineData("""{"column":"Vorname","empty":"delete"}""", "columns[0].empty", "keep or clear")]
    [InlineData("""{"column":"Vorname","trim":"yes"}""", "columns[0].trim", "true or false")]
    [InlineData("""{"column":"Vorname","traget":"email"}""", "columns[0].traget", "no such member")]
    [InlineData("""{"column":"Vorname","target":{"a":[1]}}""", "columns[0].target", "must be a string or null")]
    [InlineData("""{"column":"Vorname","column":"Tags"}""", "columns[0].column", "column is given twice")]
    [InlineData("""{"column":"\ud800"}""", "columns[0].column", "must be a string")]
    [InlineData("""{"target":"email"}""", "columns[0].column", "column is missing")]
    [InlineData("""7""", "columns[0]", "must be an object")]
    public void A_fault_names_the_member_and_says_what_is_wrong(string columns, string member, string message)
    {
        var reading = Read($$"""{"columns":[{{columns}}]}""");

        var fault = Assert.Single(reading.Faults);
        Assert.Equal(member, fault.Member);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Empty(reading.Columns);
    }

    [Theory]
    [InlineData("[]", "", "must be an object")]
    [InlineData("{}", "columns", "columns is missing")]
    [InlineData("""{"columns":{}}""", "columns", "must be an array")]
    [InlineData("""{"columns":[],"columns":[]}""", "columns", "given twice")]
    [InlineData("""{"columns":[],"name":{"a":[]}}""", "name", "no such member")]
    [InlineData("", "", "not JSON at line 1, byte 1")]
    [InlineData("""{"columns":[]}x""", "", "not JSON at line 1")]
    [InlineData("""{"columns":[""", "", "not JSON at line 1")]
    [InlineData("""{"columns":[[[[[[[[[[1]]]]]]]]]]}""", "", "not JSON at line 1")]
    public void Other_JSON_is_refused(string json, string member, string message)
    {
        var fault = Assert.Single(Read(json).Faults);
        Assert.Equal(member, fault.Member);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_of_the_name_may_have_several_columns() => Assert.Empty(Read(
        """{"columns":[{"column":"Vorname","target":"name.given"},{"column":"Nachname","target":"name.given"}]}""").Faults);

    [Fact]
    public void A_mapping_has_1000_columns_and_64_KiB_at_most()
    {
        Assert.Empty(Read(Many(1_000), null).Faults);
        Assert.Equal("The mapping has more than 1000 columns.", Assert.Single(Read(Many(1_001), null).Faults).Message);
        var large = Many(1_000) + new string(' ', MappingJson.MaxBytes);
        Assert.Equal("The mapping is larger than 65536 bytes.", Assert.Single(Read(large, null).Faults).Message);

        static string Many(int count) =>
            $$"""{"columns":[{{string.Join(',', Enumerable.Range(0, count).Select(i => $$"""{"column":"c{{i}}"}"""))}}]}""";
    }

    private static MappingReading Read(string json) => Read(json, Columns);

    private static MappingReading Read(string json, string[]? columns) => MappingJson.Read(Encoding.UTF8.GetBytes(json), columns);
}
