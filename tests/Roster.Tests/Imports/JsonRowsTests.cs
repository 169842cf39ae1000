namespace Roster.Tests.Imports;

/// <summary>Rows of JSON and NDJSON.</summary>
public sealed class JsonRowsTests
{
    [Fact]
    public void One_object_a_line_is_a_row_and_its_members_are_columns()
    {
        var exam = Imported.Examine("rows.ndjson");

        Assert.Equal("name,tags,metadata.region,metadata.rank,email,active,phone", Imported.Names(exam));
        Assert.Equal((3, 1, 1, 1), (exam.Rows, exam.BlankRows, exam.FaultyRows, exam.BlankColumns));
        Assert.Equal(
            ["1: Ada|vip|eu|EU|1.50|||", "3: Bob||||b@example.com|true|", "4! The value of \"a.b\" is nested too deep for a table."],
            Imported.Rows("rows.ndjson"));
    }

    [Fact]
    public void An_array_of_objects_is_read_as_numbered_rows()
    {
        Assert.Equal(["1: Ada|EU||", "2: ||b@example.com|1e3"], Imported.Rows("rows.json"));
        Assert.Equal(["1: Ada Lovelace"], Imported.Rows(Imported.Text("""[{"name":"Ada Lovelace"}]""")));
        Assert.Equal(3, Imported.Examine("cases/name-invisible.json").Rows);
        Assert.Equal("externalId,name,email,phone", Imported.Names(Imported.Examine("cases/plus-phone.json")));
    }

    [Theory]
    [InlineData("[{\"a\":\"x\"},7,{\"a\":\"y\"}]", "2! This is not an object; a row is written {\"name\": \"Ada\"}.")]
    [InlineData("[{\"a\":\"x\"},[[1]],{\"a\":\"y\"}]", "2! This is not an object; a row is written {\"name\": \"Ada\"}.")]
    [InlineData("[{\"a\":\"x\"},{\"a\":1,\"a\":2}]", "2! The member \"a\" is there twice.")]
    [InlineData("[{\"a\":\"x\"},{\"a\":[{\"b\":1}]}]", "2! The value of \"a\" is nested too deep for a table.")]
    [InlineData("[{\"a\":\"x\"},{\"a\":\"\\ud800\"}]", "2! A text has half of a surrogate pair, which is no character.")]
    [InlineData("{\"a\":\"x\"}\n{\"a\":}\n{\"a\":\"y\"}",
        "2! This line is not one JSON object: see byte 6. A value was expected: "
        + "a text in double quotation marks, null, or another value that JSON has.")]
    [InlineData("{\"a\":\"x\"}\r\n{\"a\":1} {\"a\":2}\r\n{\"a\":\"y\"}",
        "2! This line is not one JSON object: see byte 9. A second JSON value begins here. One array has all items; "
        + "one object a line is Content-Type: application/x-ndjson.")]
    public void A_row_that_is_no_row_is_a_fault_and_the_others_are_read(string text, string fault)
    {
        var rows = Imported.Rows(Imported.Text(text));

        Assert.Equal(fault, rows[1]);
        Assert.Equal("1: x", rows[0]);
        Assert.True(rows.Count == 2 || rows[2] == "3: y");
    }

    [Fact]
    public void JSON_that_is_cut_off_is_refused() => Assert.Equal(
        "The JSON breaks off at row 2. The text ends in the middle of the JSON. It is cut off, "
        + "or a closing ], } or quotation mark is missing.",
        Imported.Refusal(Imported.Text("[{\"a\":1},{\"a\":")));

    [Fact]
    public void Lines_may_end_with_CR_alone() =>
        Assert.Equal(["1: 1", "2: 2"], Imported.Rows(Imported.Text("{\"a\":1}\r{\"a\":2}\r")));
}
