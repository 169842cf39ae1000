using Roster.Imports;

namespace Roster.Tests.Imports;

/// <summary>The divider, the header and the columns of CSV files.</summary>
public sealed class TableShapeTests
{
    [Theory]
    [InlineData("semicolon-decimals.csv", ';', "Firma,Umsatz,E-Mail")]
    [InlineData("tabs.tsv", '\t', "name,email,note")]
    [InlineData("pipes.txt", '|', "name,email")]
    [InlineData("sep-semicolon.csv", ';', "name,email")]
    [InlineData("returns.csv", ',', "name,email")]
    [InlineData("office-utf8.csv", ',', "Name,E-mail,Phone,Since,Active,Sum")]
    [InlineData("cases/semicolon.csv", ';', "name,email")]
    [InlineData("cases/sep-line.csv", ',', "name,email")]
    [InlineData("cases/title-case-header.csv", ',', "Name,Email,Phone")]
    [InlineData("cases/blank-key.csv", ',', "externalId,name,email")]
    [InlineData("cases/key-column-missing.csv", ',', "name,email")]
    public void Divider_and_header_are_found(string name, char divider, string columns)
    {
        var exam = Imported.Examine(name);

        Assert.Equal(divider, exam.Shape.Divider);
        Assert.Equal(columns, Imported.Names(exam));
    }

    [Theory]
    [InlineData("name,metadata.k,Metadata.K\nAda,1,2\n", 1, "name,metadata.k,Metadata.K")]
    [InlineData("Name,note,NOTE\nAda,1,2\n", null, "Column 1,Column 2,Column 3")]
    public void Keys_of_metadata_that_differ_in_case_are_two_columns_of_a_header(string text, int? line, string columns)
    {
        var exam = Imported.ExamineText(text);

        Assert.Equal((line, columns), (exam.Shape.HeaderLine, Imported.Names(exam)));
    }

    [Fact]
    public void A_CSV_of_LibreOffice_in_windows_1252_is_read()
    {
        Assert.Null(Imported.Examine("office-1252.csv").Shape.Encoding);

        var exam = Imported.Examine("office-1252.csv", new AskedShape(Encoding: "windows-1252"));

        Assert.Equal((';', "José Müller"), (exam.Shape.Divider, exam.Columns[0].Samples[1]));
    }

    [Theory]
    [InlineData("name\nAda\n", ',')]
    [InlineData("1,5;2,5\n3,5;4,5\n", ';')]
    [InlineData("name;note\nAda;\"a,b,c\"\nBob;\"d,e,f\"\n", ';')]
    [InlineData("name,tags\nAda,a|b\nBob,c|d\n", ',')]
    [InlineData("Report of 2026\n\nname;email\nAda;a@example.com\nBob;b@example.com\n", ';')]
    public void The_divider_that_makes_even_rows_is_taken(string text, char divider) =>
        Assert.Equal(divider, Imported.ExamineText(text).Shape.Divider);

    [Fact]
    public void A_divider_that_is_not_read_is_named() => Assert.Equal(
        "The file's first line says that cells are divided by ^. Use a comma, semicolon, tab or pipe.",
        Imported.Refusal("sep-pipe-wrong.csv"));

    [Theory]
    [InlineData("Name,Email\nAda,a@example.com\n", 1)]
    [InlineData("a@example.com,Ada\nb@example.com,Bob\n", null)]
    [InlineData("Ada,London\nBob,London\nCy,London\n", null)]
    [InlineData("Name,Active\nAda,Active\nBob,Inactive\n", 1)]
    [InlineData("Name,Name\nAda,Bob\n", null)]
    [InlineData("name,2024\nAda,5\n", null)]
    [InlineData(",name,email\n0,Ada,a@example.com\n", 1)]
    [InlineData("Partners,,\n\nName,Mail,Phone\nAda,a@example.com,1\n", 3)]
    public void The_header_is_the_first_line_that_is_unlike_those_below(string text, int? line) =>
        Assert.Equal(line, Imported.ExamineText(text).Shape.HeaderLine);

    [Fact]
    public void A_file_without_a_header_has_numbered_columns()
    {
        var exam = Imported.Examine("no-header.csv");

        Assert.Null(exam.Shape.HeaderLine);
        Assert.Equal(("Column 1,Column 2,Column 3", 2), (Imported.Names(exam), exam.Rows));
    }

    [Fact]
    public void A_person_says_where_the_header_is_or_that_there_is_none()
    {
        Assert.Equal(3, Imported.Examine("title-above.csv").Shape.HeaderLine);
        Assert.Equal("2: a|b", Imported.Rows(Imported.Text("x,y\na,b\n"))[0]);
        Assert.Equal(["1: x|y", "2: a|b"], Imported.Rows(Imported.Text("x,y\na,b\n"), new AskedShape(HeaderLine: AskedShape.NoHeader)));
        Assert.Equal("a,b", Imported.Names(Imported.ExamineText("x,y\na,b\n1,2\n", new AskedShape(HeaderLine: 2))));
        using var blanks = Imported.Text("x,y\na,b\n\n\n\n\n\n\n\n\n1,2\n");
        Assert.StartsWith("Line 9 was chosen", Imported.Refusal(blanks, null, new AskedShape(HeaderLine: 9)));
        Assert.StartsWith("Line 99 was chosen", Imported.Refusal(blanks, null, new AskedShape(HeaderLine: 99)));
    }

    [Fact]
    public void A_chosen_divider_counts_more_than_the_found_one() =>
        Assert.Equal("name;email", Imported.Names(Imported.ExamineText("name;email\nAda;a\n", new AskedShape(Divider: ','))));

    [Fact]
    public void Each_column_has_a_name_of_its_own()
    {
        Assert.Equal("Email,Email (2),Column 3,email (3)",
            Imported.Names(Imported.Examine("twice.csv", new AskedShape(HeaderLine: 1))));
    }

    [Fact]
    public void Blank_rows_and_columns_are_counted_and_passed_over()
    {
        var exam = Imported.Examine("blank-rows-columns.csv");

        Assert.Equal("name,Column 2,email,Column 4,Column 5", Imported.Names(exam));
        Assert.Equal((2, 3, 3), (exam.Rows, exam.BlankRows, exam.BlankColumns));
        Assert.Equal(["3: Ada||ada@example.com||", "6: Bob||bob@example.com||"], Imported.Rows("blank-rows-columns.csv"));
        Assert.Equal((1, 2), (Imported.Examine("cases/comma-only-rows.csv").Rows, Imported.Examine("cases/comma-only-rows.csv").BlankRows));
        var trailing = Imported.Examine("cases/trailing-columns.csv");
        Assert.Equal((1, 2), (trailing.Rows, trailing.BlankColumns));
    }

    [Fact]
    public void A_column_shows_three_different_samples_and_how_many_rows_have_it()
    {
        var column = Imported.ExamineText("name,n\na,1\na,\nb,2\n c ,3\nd,4\n" + new string('x', 100) + ",5\n").Columns[0];

        Assert.Equal(["a", "b", "c"], column.Samples);
        Assert.Equal((6, false), (column.Filled, column.IsBlank));
        Assert.Equal(80, Imported.ExamineText("name\n" + new string('x', 100) + "\n").Columns[0].Samples[0].Length);
    }

    [Fact]
    public void Quotation_marks_that_never_close_are_a_fault_where_they_open()
    {
        var exam = Imported.Examine("unclosed.csv");

        Assert.Equal((2, 1), (exam.Rows, exam.FaultyRows));
        Assert.Equal((3, "Column 1 opens a quotation mark here that is never closed."), exam.FirstFault);
        Assert.Equal(3, Imported.Examine("cases/unclosed-quote.csv").FirstFault?.Line);
    }

    [Fact]
    public void More_cells_than_columns_are_a_fault() => Assert.Equal(
        ["2! Cell 3 has text, and the table has 2 columns; quote a cell that has the divider in it.", "3: Ada|a", "4: Bob|"],
        Imported.Rows(Imported.Text("name,email\nDoe, John,j@example.com\nAda,a,\nBob\n")));

    [Fact]
    public void Cells_are_as_they_stand_there() =>
        Assert.Equal(["2: Ada|ada@example.com "], Imported.Rows("cases/email-trailing-space.csv"));

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void All_line_ends_are_read(string end)
    {
        var text = string.Join(end, "name,note", "Ada,\"two", "lines\"", "", "Bob,x", "");

        Assert.Equal([$"2: Ada|two{end}lines", "5: Bob|x"], Imported.Rows(Imported.Text(text)));
    }
}
