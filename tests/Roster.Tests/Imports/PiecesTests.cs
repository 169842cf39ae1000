using System.Text;
using CsCheck;
using Roster.Imports;

namespace Roster.Tests.Imports;

/// <summary>
/// What is read does not depend on how a file's bytes arrive; and whatever they are, the outcome is a result or a
/// sentence.
/// </summary>
public sealed class PiecesTests
{
    private static readonly string[] CsvPieces =
        ["a", "N", ",", ",", ";", "\t", "|", "\"", "\"", "\"\"", "\r", "\n", "\r\n", " ", "é", "👩",
            "\uFEFF", "\0", "name", "email", "sep=,", "1", "@b.example"];

    private static readonly string[] JsonPieces =
        ["{", "}", "[", "]", ":", ",", "\"", "\"name\"", "\"a\"", "\\u00e9", "null", "1", "\n", "\r\n", " ", "é", "{\"name\":\"a\"}",
            "{\"a\":{\"b\":1}}", "{\"t\":[\"x\",\"y\"]}", "\u001e"];

    [Theory]
    [InlineData("name,email\n")]
    [InlineData("")]
    public void CSV_in_pieces_is_read_as_the_whole(string start) => Check(start, CsvPieces, Encoding.UTF8);

    [Fact]
    public void CSV_in_UTF_16_is_read_in_pieces_as_the_whole() => Check("\uFEFFname,email\r\n", CsvPieces, Encoding.Unicode);

    [Theory]
    [InlineData("[{\"name\":\"a\"},")]
    [InlineData("{\"name\":\"a\"}\n")]
    public void JSON_in_pieces_is_read_as_the_whole(string start) => Check(start, JsonPieces, Encoding.UTF8);

    [Fact]
    public void Random_bytes_give_a_result_or_a_sentence() => Gen.Byte.Array[0, 300].Sample(bytes => Same(bytes));

    [Theory]
    [InlineData("cells.xlsx")]
    [InlineData("office.xlsx")]
    public void A_damaged_workbook_gives_a_result_or_a_sentence(string name)
    {
        var whole = Imported.Kept(name).ToArray();
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Array[1, 8].Sample(
            changes =>
            {
                var bytes = (byte[])whole.Clone();
                foreach (var (at, value) in changes)
                    bytes[at] = value;
                Same(bytes);
                Same(bytes[..changes[0].Item1]);
            },
            iter: 100);
    }

    [Fact]
    public void A_line_end_of_two_characters_may_be_torn_between_buffers()
    {
        for (var length = 65_520; length < 65_545; length++)
        {
            var csv = "name,x\r\n" + new string('a', length) + ",1\r\nBob,2\r\n";
            Assert.Equal("3: Bob|2", Imported.Rows(Imported.Text(csv))[1]);
            var json = "{\"n\":\"" + new string('a', length) + "\"}\r\n{\"n\":\"Bob\"}\r\n";
            Assert.Equal("2: Bob", Imported.Rows(Imported.Text(json))[1]);
        }
    }

    private static void Check(string start, string[] pieces, Encoding encoding) => Some.Of(pieces).Array[0, 60].Sample(
        chosen => Same(encoding.GetBytes(start + string.Concat(chosen))), iter: 1_000);

    private static void Same(byte[] bytes)
    {
        var whole = Outcome(new MemoryStream(bytes));
        Assert.Equal(whole, Outcome(new PiecesStream(bytes, 1)));
        Assert.Equal(whole, Outcome(new PiecesStream(bytes, 3, 1, 7)));
    }

    private static string Outcome(Stream file)
    {
        try
        {
            var exam = Imported.Files.Examine(file, null, null);
            return exam.Shape.Encoding is null && exam.Shape.Format != FileFormat.Xlsx
                ? string.Join('\n', exam.Encodings.Select(one => $"{one.Encoding} {string.Join('\n', one.Lines)}"))
                : $"{exam.Shape} {Imported.Names(exam)}\n{string.Join('\n', Imported.Rows(file))}";
        }
        catch (FileRefusedException refused)
        {
            return refused.Message;
        }
    }
}
